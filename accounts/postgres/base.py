"""Django's PostgreSQL, which is told with every transaction who is asking.

A session's SET was measured to outlive its transaction on the same connection: a pooler, or the next request on a
persistent connection, would speak in another's name. So it is told by `set_config(…, is_local => true)` alone, within
the transaction that it is for, in one message with the statement that begins it: no round trip is added, outside of a
transaction the two are one (the simple protocol runs one message as one transaction), and a pooler that shares a
connection by transactions never parts them.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2.extensions
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from accounts import asking
from accounts.wall import proof

SETTING, PROOF = "originmark.asking", "originmark.proof"
# Some statements cannot stand in a transaction (CREATE DATABASE, VACUUM, …): outside of one only these are told.
_TELLABLE = re.compile(r"\s*\(?\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|TRUNCATE|VALUES|TABLE|ALTER TABLE)\b", re.I)
# Has to come before anything else in its transaction, and asks for nothing.
_SETS = re.compile(r"\s*SET\s+(?:LOCAL\s+)?(?:TRANSACTION|SESSION CHARACTERISTICS)\b", re.I)
# Where it goes back to, something else was told; or the transaction ends.
_GOES_BACK = re.compile(r"\s*(?:ROLLBACK|COMMIT|END|ABORT)\b", re.I)
_TOLD = re.compile(
    rf"SELECT set_config\('{SETTING}', '(?:[^']|'')*', true\), set_config\('{PROOF}', '[0-9a-f ]*', true\); "
)


class TellingConnection(psycopg2.extensions.connection):
    """A connection that remembers what the transaction that it is in was told."""

    told: asking.Asking | None = None
    autocommit: Any

    def untold(self) -> asking.Asking | None:
        """Who is asking, where PostgreSQL does not know it yet."""
        now = asking.who()
        if self.get_transaction_status() == TRANSACTION_STATUS_IDLE:
            # Whatever comes next begins a transaction, in which nobody is asking.
            self.told = None
        return None if now is self.told else now or _NOBODY


class _Nobody(asking.Asking):
    written = ""


_NOBODY = _Nobody("command")
# After going back to a savepoint PostgreSQL knows what it knew there, whatever that was.
_UNKNOWN = _Nobody("command")


class TellingCursor(psycopg2.extensions.cursor):
    """A cursor that says who is asking in the same message as the first statement of a transaction."""

    connection: TellingConnection

    def execute(self, query: Any, params: Any = None) -> None:
        if self.name is not None:
            return self._execute_named(query, params)
        if (now := self.connection.untold()) is None and not _may_go_back(query):
            return super().execute(query, params)
        text = self._text(query)
        if _GOES_BACK.match(text):
            self.connection.told = _UNKNOWN
            return super().execute(query, params)
        if now is None or not self._is_tellable(text):
            return super().execute(query, params)
        super().execute(_telling(now, params is not None) + text, params)
        return self._remember(now)

    def executemany(self, query: Any, vars_list: Any) -> None:
        text = self._text(query)
        now = self.connection.untold()
        if now is None or not self._is_tellable(text):
            return super().executemany(query, vars_list)
        super().executemany(_telling(now, True) + text, vars_list)
        return self._remember(now)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        # Django does not look at its errors.
        with _told_in_brief():
            self._copy(sql, file, size)

    def _copy(self, sql: Any, file: Any, size: int) -> None:
        now = self.connection.untold()
        if now is None:
            return super().copy_expert(sql, file, size)
        if self.connection.autocommit and self.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
            # A COPY has its message for itself: of the two a transaction is made.
            return self._within(now, lambda: super(TellingCursor, self).copy_expert(sql, file, size))
        super().execute(_telling(now, False))
        self._remember(now)
        return super().copy_expert(sql, file, size)

    def _execute_named(self, query: Any, params: Any) -> None:
        """A cursor on the server's side: psycopg2 writes the DECLARE, so that the telling goes before it."""
        now = self.connection.untold()
        if now is None:
            return super().execute(query, params)
        if self.connection.autocommit and self.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
            return self._within(now, lambda: super(TellingCursor, self).execute(query, params))
        with self.connection.cursor() as other:
            # Says it by itself.
            other.execute("SELECT 1")
        return super().execute(query, params)

    def _within(self, now: asking.Asking, act: Any) -> None:
        with self.connection.cursor() as other:
            super(TellingCursor, other).execute("BEGIN; " + _telling(now, False))
            try:
                act()
            except BaseException:
                super(TellingCursor, other).execute("ROLLBACK")
                raise
            super(TellingCursor, other).execute("COMMIT")

    def _text(self, query: Any) -> str:
        if isinstance(query, bytes):
            return query.decode()
        return query if isinstance(query, str) else str(query.as_string(self))

    def _is_tellable(self, text: str) -> bool:
        if _SETS.match(text):
            return False
        return not self.connection.autocommit or _TELLABLE.match(text) is not None

    def _remember(self, now: asking.Asking) -> None:
        self.connection.told = None if now is _NOBODY else now


def _may_go_back(query: Any) -> bool:
    return not isinstance(query, str) or _GOES_BACK.match(query) is not None


def _telling(now: asking.Asking, is_template: bool) -> str:
    proven = proof.of(now.written) if now.written else ""
    written = now.written.replace("'", "''")
    if is_template:
        written = written.replace("%", "%%")
    return f"SELECT set_config('{SETTING}', '{written}', true), set_config('{PROOF}', '{proven}', true); "


@contextmanager
def _told_in_brief() -> Iterator[None]:
    try:
        yield
    except psycopg2.Error as error:
        _shorten(error)
        raise


def _shorten(error: psycopg2.Error) -> None:
    """Leave of what PostgreSQL says which rule was broken: its details repeat the row, and its context the line of a
    COPY, which would stand in logs and in what is kept of a failure."""
    if (said := error.diag.message_primary) is not None:
        error.args = (said,)


class BriefErrors(DatabaseErrorWrapper):
    """Django's errors, made of what is left of PostgreSQL's."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, psycopg2.Error):
            _shorten(error)
        super().__exit__(kind, error, trace)


class Operations(DatabaseOperations):
    """What was executed is shown without the telling, which nobody wrote."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        return _TOLD.sub("", super().last_executed_query(cursor, sql, params) or "")


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that `settings.DATABASES` names: ``accounts.postgres``."""

    ops_class = Operations

    @cached_property
    def wrap_database_errors(self) -> BriefErrors:
        return BriefErrors(self)

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        return params | {"connection_factory": TellingConnection, "cursor_factory": TellingCursor}
