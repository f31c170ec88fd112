"""Sealing: events take their places in the chain, in batches, by one process at a time.

An event can be sealed as soon as its transaction has committed, whenever it began: what commits late gets a later
place, and none is passed over. A batch looks at every event whose transaction was not surely over when the batch before
read them, and takes those that have no place yet.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from psycopg2.sql import SQL

from accounts.trail import chain, heads
from accounts.trail.models import AuditHead, AuditLink

AT_ONCE = 20_000
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('audit trail'), hashtext('seal'))"
_STANDING = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, system_identifier FROM pg_control_system()
"""
_UNSEALED = SQL("""
    SELECT event.id, {event} FROM accounts_auditevent event
    WHERE event.xid >= %s AND NOT EXISTS (SELECT FROM accounts_auditlink link WHERE link.event_id = event.id)
    ORDER BY event.id LIMIT %s
""").format(event=chain.EVENT)
_STORE = """
    INSERT INTO accounts_auditlink (seq, event_id, sha256)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])
"""


class _Last(NamedTuple):
    seq: int
    sha256: bytes
    oldest_xid: int


def seal(now: datetime | None = None) -> int:
    """Give every event that is committed its place in the chain, and sign the head; how many that were."""
    sealed = 0
    while True:
        batch = _seal_batch(now or timezone.now())
        sealed += batch
        if batch < AT_ONCE:
            return sealed


@transaction.atomic
def _seal_batch(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        # Before the events are read, so that what is over by then is read.
        cursor.execute(_STANDING)
        oldest, cluster = cursor.fetchone()
        last = _last(cluster)
        cursor.execute(_UNSEALED, [last.oldest_xid, AT_ONCE])
        events = cursor.fetchall()
        if not events:
            return 0
        head = heads.signed(*_store(last, events), now)
    # Where there are more, the next batch has to look at the same transactions again.
    head.oldest_xid = oldest if len(events) < AT_ONCE else last.oldest_xid
    head.cluster = cluster
    head.save(force_insert=True)
    return len(events)


def _last(cluster: int) -> _Last:
    """Where the chain ends, and before which transaction all events are sealed."""
    link = AuditLink.objects.order_by("-seq").first()
    head = AuditHead.objects.order_by("-seq").first()
    # A database that was restored elsewhere counts its transactions anew: there all events are looked at once.
    oldest = head.oldest_xid if head and head.cluster == cluster else 0
    return _Last(link.seq, bytes(link.sha256), oldest) if link else _Last(0, chain.START, oldest)


def _store(last: _Last, events: Sequence[tuple[int, str]]) -> tuple[int, bytes]:
    """Link `events` to the chain; the number and the hash of the last."""
    sha256, hashes = last.sha256, []
    for seq, (_, event) in enumerate(events, last.seq + 1):
        sha256 = chain.link(sha256, chain.line_of(seq, event.encode()))
        hashes.append(sha256)
    numbers = list(range(last.seq + 1, last.seq + 1 + len(events)))
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [numbers, [key for key, _ in events], hashes])
    return numbers[-1], sha256
