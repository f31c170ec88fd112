"""Being the application within a test: the role that owns nothing, and is shown by PostgreSQL what is the asker's."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from django.db import connection

from accounts.wall.tables import APP

PASSWORD = "of-the-tests"
_END = object()
_stands = True


@contextmanager
def within() -> Iterator[None]:
    """What is asked in here is asked by the application's role, on the connection of the test."""
    if not _stands:
        yield
        return
    _say(f"SET ROLE {APP}")
    try:
        yield
    finally:
        # In a transaction that is broken nothing can be said any more; with it goes the role.
        if not connection.needs_rollback:
            _say("RESET ROLE")


@contextmanager
def taken_out() -> Iterator[None]:
    """The second wall does not stand: what is answered is answered by the superuser that owns the tests' database."""
    global _stands
    _stands = False
    try:
        yield
    finally:
        _stands = True


def let_the_application_in() -> None:
    """Let the application's role log in, as `migrate` does."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {APP} LOGIN PASSWORD '{PASSWORD}'")


def application_url() -> str:
    """The address by which a process of its own logs in to the tests' database as the application."""
    known = connection.settings_dict
    port = f":{known['PORT']}" if known["PORT"] else ""
    return f"postgres://{APP}:{PASSWORD}@{quote(known['HOST'], safe='')}{port}/{known['NAME']}"


def read_within(parts: Iterable[Any]) -> Iterator[Any]:
    """`parts`, each made by the application's role."""
    each = iter(parts)
    try:
        while True:
            with within():
                part = next(each, _END)
            if part is _END:
                return
            yield part
    finally:
        if hasattr(each, "close"):
            each.close()


def _say(statement: str) -> None:
    connection.ensure_connection()
    # Past Django's cursor, which counts what is asked.
    with connection.connection.cursor() as cursor:
        cursor.execute(statement)
