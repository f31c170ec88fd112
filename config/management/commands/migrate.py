"""Django's `migrate`, which says what to do where a table is in use."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connections

# What PostgreSQL calls a lock that did not come within `lock_timeout` (see `accounts.apps`).
_LOCK_NOT_AVAILABLE = "55P03"


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            with connections[options["database"]].cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                (waited,) = cursor.fetchone()
            raise CommandError(
                f"A table that is to be changed is in use: its lock did not come within {waited}. Nothing of that "
                "migration was done, and those before it stand. Run migrate again; where it happens again, end what "
                "holds the table (pg_stat_activity shows it)."
            ) from error
