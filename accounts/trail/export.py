"""The whole trail as text, which `tools/verify_trail.py` verifies (`docs/trail.md` says how it reads)."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from accounts.trail import chain, heads
from accounts.trail.models import AuditHead

FIRST_LINE = "originmark trail 1"
_AT_ONCE = 5_000
_EVENTS = f"""
    SELECT link.seq, encode(link.sha256, 'hex'), event.id IS NULL, {chain.EVENT}
    FROM accounts_auditlink link LEFT JOIN accounts_auditevent event ON event.id = link.event_id
    ORDER BY link.seq, link.event_id
"""  # noqa: S608 - of constants alone
# Of transactions that were over before the last batch: none that is to be sealed yet.
_UNSEALED = f"""
    SELECT {chain.EVENT} FROM accounts_auditevent event
    WHERE NOT EXISTS (SELECT FROM accounts_auditlink link WHERE link.event_id = event.id)
          AND event.xid < coalesce((SELECT oldest_xid FROM accounts_audithead ORDER BY seq DESC LIMIT 1), 0)
    ORDER BY event.id
"""  # noqa: S608 - of constants alone


def lines() -> Iterator[str]:
    """The trail at one instant, a line after the other: its heads, its events in their order, and what has no place."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.savepoint_ids:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield f"{FIRST_LINE}\n"
        for head in AuditHead.objects.order_by("seq").values(*heads.FIELDS).iterator():
            yield f"head {heads.written(head)}\n"
        for seq, sha256, is_gone, event in _rows(_EVENTS):
            yield f"gone {seq}\n" if is_gone else f"event {sha256} {chain.line_of(seq, event.encode()).decode()}\n"
        for (event,) in _rows(_UNSEALED):
            yield f"unsealed {event}\n"


def _rows(query: str) -> Iterator[Any]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows
