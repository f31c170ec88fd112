#!/usr/bin/env python
"""Django's command line, with the embedded servers where no others are named."""

import os
import sys

UNDEFINED_TABLE = "42P01"
# These read no row, and `check` must run where no server can.
WITHOUT_SERVERS = {"check", "makemessages", "compilemessages", "collectstatic", "help"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from accounts import asking
    from config import services

    asking.begin(asking.Asking("command", place=" ".join(sys.argv[1:2]), is_register=True))

    if sys.argv[1:] and sys.argv[1] not in WITHOUT_SERVERS:
        services.provide_secret_key()
        services.provide(broker=False)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"originmark: {error}")
    except ProgrammingError as error:
        if getattr(error.__cause__, "pgcode", None) != UNDEFINED_TABLE:
            raise
        sys.exit("originmark: the database has no tables yet. Run manage.py migrate, then manage.py load_reference.")


if __name__ == "__main__":
    main()
