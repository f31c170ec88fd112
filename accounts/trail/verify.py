"""Verifying the trail: that every event is what was sealed, at the place where it was sealed, and that none is gone."""

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import Error, connection, transaction
from psycopg2.sql import SQL

from accounts.trail import chain, heads, keys

# By COPY, so that PostgreSQL reads on while a line is hashed.
_LINKS = SQL("COPY ({links}) TO STDOUT").format(links=chain.LINKS)
_NEVER_SEALED = SQL("{events} LIMIT 1").format(events=chain.NEVER_SEALED)
_HEADS = """
    SELECT seq, sha256, signed_at, public_key, signature FROM accounts_audithead ORDER BY seq
"""


class Fault(NamedTuple):
    """What is wrong with the first event that is not as it was sealed: its number, its key, and how."""

    seq: int | None
    event_id: int | None
    reason: str

    def __str__(self) -> str:
        place = "" if self.seq is None else f"event {self.seq} of the chain"
        key = "" if self.event_id is None else f"event with the id {self.event_id}"
        return f"{' – '.join(filter(None, (place, key)))}: {self.reason}"


class Verified(NamedTuple):
    events: int
    heads: int
    last_sha256: str
    fault: Fault | None


class _Broken(Exception):
    def __init__(self, seq: int | None, event_id: int | None, reason: str) -> None:
        self.fault = Fault(seq, event_id, reason)


class _Walk:
    """The way along the chain, from link to link and past every head; COPY writes the links into it."""

    def __init__(self, trusted: set[str], signed: Iterable[dict[str, Any]]) -> None:
        self.trusted = trusted
        self.waiting = deque(sorted(signed, key=lambda head: int(head["seq"])))
        self.seq, self.sha256 = 0, chain.START
        # Up to where a signature agreed.
        self.agreed = self.heads = 0
        # psycopg2 would tell of what is raised while it reads as of a statement that was cancelled.
        self.broken: _Broken | None = None

    def write(self, row: bytes) -> None:
        """Take a link as COPY writes it."""
        seq, event_id, sha256, is_gone, event = row[:-1].split(b"\t", 4)
        if b"\\" in event:
            # Of what COPY escapes, JSON on one line has only this.
            event = event.replace(b"\\\\", b"\\")
        try:
            self.step(int(seq), int(event_id), sha256.decode(), is_gone == b"t", event)
        except _Broken as broken:
            self.broken = broken
            raise

    def step(self, seq: int, event_id: int, sha256: str, is_gone: bool, event: bytes) -> None:
        due = self.seq + 1
        if seq < due:
            raise _Broken(seq, event_id, "a second event stands at its place: the chain forks.")
        if seq > due:
            raise _Broken(due, None, f"it is missing; the next one has the number {seq}.")
        if is_gone:
            raise _Broken(seq, event_id, "it was removed.")
        found = chain.link(self.sha256, chain.line_of(seq, event))
        if found.hex() != sha256:
            raise _Broken(seq, event_id, "it is not what was sealed: it, or its place in the chain, was changed.")
        self.seq, self.sha256 = seq, found
        while self.waiting and self.waiting[0]["seq"] <= seq:
            self.agree(self.waiting.popleft())

    def agree(self, head: dict[str, Any]) -> None:
        """Hold what was walked, up to the event of `head`, against what was signed."""
        message = heads.message_of(head["seq"], head["sha256"], head["signed_at"])
        if head["public_key"] not in self.trusted:
            raise _Broken(head["seq"], None, "its head is signed by a key that is not this register's.")
        if not keys.is_signed(head["public_key"], head["signature"], message):
            raise _Broken(head["seq"], None, "its head is not what was signed.")
        if head["sha256"] != self.sha256.hex():
            reason = f"from here on, and by {head['seq']} at the latest, the chain was written anew: a head that was "
            raise _Broken(self.agreed + 1, None, reason + "signed names another hash.")
        self.agreed = self.seq
        self.heads += 1


@transaction.atomic
def verify(*, trusted: set[str] | None = None, witnesses: Iterable[dict[str, Any]] = ()) -> Verified:
    """Walk all of the chain, as it is at one instant, along the heads that the database keeps and the `witnesses`.

    Seal first: what is not sealed yet cannot be verified. `trusted` are the public keys whose heads are believed (the
    register's own where not given).
    """
    with connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(_HEADS)
        kept = [dict(zip(heads.FIELDS, row, strict=True)) for row in cursor.fetchall()]
    walk = _Walk(keys.trusted() if trusted is None else trusted, [*kept, *witnesses])
    fault = None
    try:
        _walk_all(walk, last_signed=max((one["seq"] for one in kept), default=0))
    except _Broken as broken:
        fault = broken.fault
    return Verified(walk.seq, walk.heads, walk.sha256.hex(), fault)


def _walk_all(walk: _Walk, *, last_signed: int) -> None:
    try:
        # What breaks off a COPY breaks its savepoint, and no more.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.copy_expert(_LINKS, walk)
    except Error:
        if walk.broken is None:
            raise
    if walk.broken:
        raise walk.broken
    if walk.waiting:
        cut = walk.waiting[0]["seq"]
        raise _Broken(walk.seq + 1, None, f"it was cut off: event {cut} was signed, and is not there.")
    if walk.seq > last_signed:
        raise _Broken(walk.agreed + 1, None, "no signature follows it: it was added by whoever has no key.")
    _require_all_sealed()


def _require_all_sealed() -> None:
    """An event of a transaction that was over before the last batch, and that no batch took, was put there since."""
    with connection.cursor() as cursor:
        cursor.execute(_NEVER_SEALED)
        inserted = cursor.fetchone()
    if inserted:
        raise _Broken(None, inserted[0], "it was inserted: its transaction was over before the last batch was sealed.")
