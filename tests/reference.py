"""The reference data of the tests' database, put back whenever something empties the tables."""

import io
from collections.abc import Iterable

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.signals import post_migrate

from accounts.trail.tables import TRAIL
from centres.models import Region
from tests.workers import wait_for

# Until its end no trigger of the transaction tells or refuses anything: a superuser of the database can say so.
UNTOLD = "SET LOCAL session_replication_role = replica"
_APPS = ("accounts", "centres", "chips", "compliance", "reports")


def load_for_good() -> None:
    """Load the reference data, and keep it for the rest of the run.

    A transactional test empties every table at its end, and `flush` sends `post_migrate`: the same rows come back under
    the same keys, so that it does not matter which test runs before which.
    """
    call_command("load_reference", verbosity=0)
    empty(TRAIL)
    kept = _rows()

    def put_back(**signal: object) -> None:
        if not Region.objects.exists():
            _write(kept)

    post_migrate.connect(put_back, sender=apps.get_app_config("compliance"), weak=False)


def let_tables_be_emptied(patch: pytest.MonkeyPatch) -> None:
    """`flush`, which ends a transactional test, empties also what is only added to."""
    plain = DatabaseOperations.execute_sql_flush

    def untold(self: DatabaseOperations, sql_list: list[str]) -> None:
        # A page that was closed is answered for a moment still, and what it looks at is locked in another order.
        wait_for(_is_alone)
        plain(self, [UNTOLD, *sql_list])

    patch.setattr(DatabaseOperations, "execute_sql_flush", untold)


def _is_alone() -> bool:
    """Whether no other connection to the tests' database is in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle')"
        )
        (is_alone,) = cursor.fetchone()
    return bool(is_alone)


@transaction.atomic
def empty(tables: Iterable[str]) -> None:
    """Empty `tables`, also those that are only added to; nothing tells of it."""
    with connection.cursor() as cursor:
        cursor.execute(UNTOLD)
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        cursor.execute("SET LOCAL session_replication_role = origin")


def _rows() -> dict[str, bytes]:
    """By table what stands in it, as COPY writes it; tables without a row are left out."""
    tables = [model._meta.db_table for label in _APPS for model in apps.get_app_config(label).get_models()]
    return {table: rows for table in tables if (rows := _read(table))}


def _read(table: str) -> bytes:
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{table}" TO STDOUT', buffer)
    return buffer.getvalue()


@transaction.atomic
def _write(kept: dict[str, bytes]) -> None:
    with connection.cursor() as cursor:
        # They are as they were: no event, and nothing that had to be checked again.
        cursor.execute(UNTOLD)
        for table, rows in kept.items():
            cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.BytesIO(rows))
