"""Which tables the trail tells of, and how; `attach` has the database hold to it.

A table that is not named here is told of row by row, also one that is made tomorrow: what is left out is left out by
name, with its reason (`docs/trail.md` repeats them, and a test holds it to that).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connections

_DERIVED = "worked out of others that are told of, and made anew from them at any time"
_OWN_BOOKS = "the framework's own books"
_FAILURES = "counts of failures to sign in, with what was typed; each failure is told"
# Of these nothing is told.
SILENT: dict[str, str] = {
    "compliance_currentdetermination": _DERIVED,
    "compliance_outcomerollup": _DERIVED,
    "compliance_inventoryrollup": _DERIVED,
    "compliance_stockrollup": _DERIVED,
    "compliance_acquisitionrollup": _DERIVED,
    "compliance_summedstock": _DERIVED,
    "compliance_sharereading": _DERIVED,
    "compliance_centreshare": _DERIVED,
    "compliance_outlookrun": _DERIVED,
    "compliance_outlook": _DERIVED,
    "compliance_outlookerror": _DERIVED,
    "compliance_simulatedchange": _DERIVED,
    "django_session": "secrets; that somebody signs in and out is told",
    "accounts_idempotencykey": "answers that are kept for a week; their effects are told",
    "shared_cache": "a cache",
    "axes_accessattempt": _FAILURES,
    "axes_accessattemptexpiration": _FAILURES,
    "axes_accessfailurelog": _FAILURES,
    "axes_accesslog": _FAILURES,
    "django_content_type": _OWN_BOOKS,
    "auth_permission": _OWN_BOOKS,
    "django_migrations": _OWN_BOOKS,
}
# Of these one event a statement that adds: they come by COPY in very great numbers, and are only added to.
COUNTED = {
    "chips_inventoryline": "submission_id",
    "compliance_determination": "id",
    "compliance_outcomechange": "id",
}
# Never told: secrets; natural persons' names, which else could not be pseudonymised; and what is too large to be told,
# of which the digest is.
WITHHELD: dict[str, set[str]] = {
    "accounts_user": {"username", "first_name", "last_name", "email"},
    "accounts_apitoken": {"key_sha256"},
    "accounts_invitation": {"email", "last_error"},
    "account_emailaddress": {"email"},
    "account_emailconfirmation": {"key"},
    "mfa_authenticator": {"data"},
    "socialaccount_socialaccount": {"uid", "extra_data"},
    "socialaccount_socialapp": {"key", "settings"},
    "usersessions_usersession": {"user_agent", "data"},
    "authtoken_token": {"key"},
    "chips_reminder": {"last_error"},
    "compliance_exemptionnotice": {"last_error"},
    "chips_receipt": {"body"},
    "chips_upload": {"report"},
    "compliance_simulation": {"result"},
}
_SECRET = {"password", "secret", "token", "token_secret", "session_key", "session_data"}
# Signs of life of work that is going on, and what another event tells: a change of nothing else is no news.
UNHEEDED: dict[str, set[str]] = {
    "accounts_user": {"last_login"},
    "accounts_apitoken": {"last_used_at"},
    "mfa_authenticator": {"last_used_at"},
    "usersessions_usersession": {"last_seen_at", "ip", "user_agent", "data"},
    "chips_upload": {"alive_at", "lines_read", "percent_read", "claim"},
    "reports_reportrun": {"alive_at", "parts_done", "claim"},
}
# Where the primary key is itself a secret.
_KEYS = {"authtoken_token": "user_id"}
# Only ever added to, by anybody.
TRAIL = ("accounts_auditevent", "accounts_auditlink", "accounts_audithead")
KEPT_WHOLE = (*TRAIL, "compliance_determination")

_TABLES = """
    SELECT relation.relname, array_agg(attribute.attname::text ORDER BY attribute.attnum),
           (SELECT array_agg(part.attname::text) FROM pg_index keyed
            JOIN pg_attribute part ON part.attrelid = keyed.indrelid AND part.attnum = ANY (keyed.indkey)
            WHERE keyed.indrelid = relation.oid AND keyed.indisprimary)
    FROM pg_class relation
    JOIN pg_attribute attribute ON attribute.attrelid = relation.oid
    WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind IN ('r', 'p')
          AND attribute.attnum > 0 AND NOT attribute.attisdropped
    GROUP BY relation.oid, relation.relname
"""
_ATTACHED = """
    SELECT relation.relname, made.tgname, encode(made.tgargs, 'escape')
    FROM pg_trigger made JOIN pg_class relation ON relation.oid = made.tgrelid
    WHERE relation.relnamespace = 'public'::regnamespace AND made.tgname LIKE 'trail\\_%%'
"""


class Trigger(NamedTuple):
    """A trigger of the trail: on which table, under which name, with which arguments."""

    table: str
    name: str
    arguments: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        arguments = ", ".join("'" + one.replace("'", "''") + "'" for one in self.arguments)
        when = _WHEN[self.name].format(table=self.table)
        return f"CREATE TRIGGER {self.name} {when} EXECUTE FUNCTION {_CALLS.get(self.name, self.name)}({arguments})"


# Two names of triggers for one function: a table has both.
_CALLS = {"trail_inserted": "trail_rows", "trail_deleted": "trail_rows", "trail_kept_whole": "trail_kept"}
_WHEN = {
    "trail_inserted": 'AFTER INSERT ON "{table}" REFERENCING NEW TABLE AS trail_changed FOR EACH STATEMENT',
    "trail_counted": 'AFTER INSERT ON "{table}" REFERENCING NEW TABLE AS trail_changed FOR EACH STATEMENT',
    "trail_updated": 'AFTER UPDATE ON "{table}" FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)',
    "trail_deleted": 'AFTER DELETE ON "{table}" REFERENCING OLD TABLE AS trail_changed FOR EACH STATEMENT',
    "trail_truncated": 'AFTER TRUNCATE ON "{table}" FOR EACH STATEMENT',
    "trail_kept": 'BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW',
    "trail_kept_whole": 'BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT',
}


def attach(using: str = "default", **signal: Any) -> None:
    """Give every table the triggers that it should have, and take away any other of the trail's."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regproc('trail_kept') IS NOT NULL")
        if not cursor.fetchone()[0]:
            # The trail was unmade, or is not made yet.
            return
        wanted, found = set(due(cursor)), attached(cursor)
        for old in found - wanted:
            cursor.execute(f'DROP TRIGGER {old.name} ON "{old.table}"')
        for new in sorted(wanted - found):
            cursor.execute(new.sql)


def due(cursor: Any) -> Iterator[Trigger]:
    """The triggers that the tables of the database should have."""
    cursor.execute(_TABLES)
    for table, columns, keys in cursor.fetchall():
        if table in KEPT_WHOLE:
            yield Trigger(table, "trail_kept_whole")
        if table in TRAIL:
            yield Trigger(table, "trail_kept")
        elif table not in SILENT:
            yield from _telling(table, columns, (keys or columns)[0])


def _telling(table: str, columns: list[str], first_key: str) -> Iterator[Trigger]:
    key = _KEYS.get(table, first_key)
    withheld = _array((WITHHELD.get(table, set()) | _SECRET) & set(columns))
    if table in COUNTED:
        yield Trigger(table, "trail_counted", (COUNTED[table],))
    else:
        yield Trigger(table, "trail_inserted", (key, withheld))
    yield Trigger(table, "trail_updated", (key, withheld, _array(UNHEEDED.get(table, set()))))
    yield Trigger(table, "trail_deleted", (key, withheld))
    yield Trigger(table, "trail_truncated")


def attached(cursor: Any) -> set[Trigger]:
    """The triggers of the trail that there are."""
    cursor.execute(_ATTACHED)
    return {Trigger(table, name, tuple(arguments.split("\\000")[:-1])) for table, name, arguments in cursor.fetchall()}


def _array(names: set[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
