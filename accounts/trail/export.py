"""The whole trail as text, which `tools/verify_trail.py` verifies (`docs/trail.md` says how it reads)."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from psycopg2.sql import Composable

from accounts.trail import chain, heads
from accounts.trail.models import AuditHead

FIRST_LINE = "originmark trail 1"
_AT_ONCE = 5_000


def lines() -> Iterator[str]:
    """The trail at one instant, a line after the other: its heads, its events in their order, and what has no place."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.savepoint_ids:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield f"{FIRST_LINE}\n"
        for head in AuditHead.objects.order_by("seq").values(*heads.FIELDS).iterator():
            yield f"head {heads.written(head)}\n"
        for seq, _, sha256, is_gone, event in _rows(chain.LINKS):
            yield f"gone {seq}\n" if is_gone else f"event {sha256} {chain.line_of(seq, event.encode()).decode()}\n"
        for _, event in _rows(chain.NEVER_SEALED):
            yield f"unsealed {event}\n"


def _rows(query: Composable) -> Iterator[Any]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows
