"""The reference data of the tests' database, put back whenever `flush` would empty the tables."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg2.sql import SQL, Identifier

from accounts.trail.tables import TRAIL
from tests.workers import wait_for

# Until its end no trigger of the transaction tells or refuses anything: a superuser of the database can say so.
UNTOLD = "SET LOCAL session_replication_role = replica"


@contextmanager
def kept() -> Iterator[None]:
    """Load the reference data, and keep it for the rest of the run.

    A transactional test ends with `flush`, and what ships stands there again under the same keys, so that it does not
    matter which test runs before which. Most tables are as they were by then, and are left alone: to empty all of them
    and to write them anew took as long as the tests themselves.
    """
    call_command("load_reference", verbosity=0)
    empty(TRAIL)
    rows = _rows()

    def put_back(self: DatabaseOperations, sql_list: list[str]) -> None:
        if any("RESTART IDENTITY" in statement for statement in sql_list):
            # The next row would get the key of one that is put back.
            raise ValueError("What ships is put back under its keys: flush with reset_sequences=False.")
        # A page that was closed is answered for a moment still, and what it looks at is locked in another order.
        wait_for(_is_alone)
        _put_back(rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", put_back)
        yield


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
    """By table what stands in it, as COPY writes it: of every table that `flush` empties."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return {table: _read(table) for table in tables}


def _read(table: str) -> bytes:
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{table}" TO STDOUT', buffer)
    return buffer.getvalue()


@transaction.atomic
def _put_back(kept: dict[str, bytes]) -> None:
    with connection.cursor() as cursor:
        # They are as they were: no event, and nothing that had to be checked again.
        cursor.execute(UNTOLD)
        for table, rows in _rows().items():
            if rows != kept[table]:
                cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))
                cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.BytesIO(kept[table]))
