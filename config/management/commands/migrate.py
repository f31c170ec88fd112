"""Django's `migrate`, as the role that owns the tables; it says what to do where a table is in use."""

from typing import Any

import dj_database_url
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connections
from psycopg2.extensions import encrypt_password
from psycopg2.sql import SQL, Identifier, Literal

from accounts.wall.tables import APP

# What PostgreSQL calls a lock that did not come within `lock_timeout` (see `accounts.apps`).
_LOCK_NOT_AVAILABLE = "55P03"


class Command(Migrate):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # Before Django checks its models, for which it asks the server: from here on this process owns the tables, as
        # no other command does.
        if settings.DATABASE_OWNER_URL != settings.DATABASE_URL:
            connection = connections[options["database"]]
            connection.close()
            owner = dj_database_url.parse(settings.DATABASE_OWNER_URL)
            connection.settings_dict |= {key: owner[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
            with connection.cursor() as cursor:
                cursor.execute("SHOW lock_timeout")
                (waited,) = cursor.fetchone()
            raise CommandError(
                f"A table that is to be changed is in use: its lock did not come within {waited}. Nothing of that "
                "migration was done, and those before it stand. Run migrate again; where it happens again, end what "
                "holds the table (pg_stat_activity shows it)."
            ) from error
        if settings.DATABASE_OWNER_URL != settings.DATABASE_URL:
            _let_the_application_in(connection)


def _let_the_application_in(connection: Any) -> None:
    """Let the application's role log in as ``DATABASE_URL`` says."""
    known = dj_database_url.parse(settings.DATABASE_URL)
    if known["USER"] != APP:
        # Another name that may act as it is somebody else's to make.
        return
    with connection.cursor() as cursor:
        # A migration makes the role, unless that is still to come, or a superuser made it who keeps its password.
        cursor.execute("SELECT pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') FROM pg_roles WHERE rolname = %s", [APP])
        if cursor.fetchone() != (True,):
            return
        secret = known["PASSWORD"] and encrypt_password(known["PASSWORD"], APP, cursor.connection, "scram-sha-256")
        password = SQL("PASSWORD {}").format(Literal(secret)) if secret else SQL("")
        cursor.execute(SQL("ALTER ROLE {} LOGIN {}").format(Identifier(APP), password))
