"""Whoever owns the database edits the trail, in ten ways at twenty-one places each: both verifiers name the event."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from psycopg2.sql import SQL, Composable, Identifier

from accounts.models import AuditEvent, AuditHead, AuditLink
from accounts.trail import chain, heads, keys
from accounts.trail.seal import seal
from accounts.trail.verify import verify
from tests import cast
from tests.accounts.trail.trails import exported, verified_elsewhere

pytestmark = pytest.mark.django_db
# So many batches of so many events, each with its signed head.
BATCHES, IN_ONE = 12, 10
EVENTS = BATCHES * IN_ONE
PLACES = 21
# The columns of an event, with another value for each.
COLUMNS = {
    "at": "at + interval '1 microsecond'", "kind": "'delete'", "subject": "subject || 'x'", "key": "key || '0'",
    "user_id": "coalesce(user_id, 0) + 1", "role": "'analyst'", "channel": "'task'", "address": "'192.0.2.1'",
    "place": "place || '!'", "request": "'r'",
    "before": "'{\"name_en\": \"Other\"}'", "after": "jsonb_set(after, '{x}', '1')",
    "xid": "xid + 1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def trail(settings: Any, tmp_path: Path) -> list[dict[str, Any]]:
    """A trail of `EVENTS` events, good so far; the heads that others hold."""
    settings.VAR_DIR = tmp_path
    for batch in range(BATCHES):
        for number in range(IN_ONE):
            cast.operator(f"Operator {batch}-{number}")
        seal()
    witnesses = list(AuditHead.objects.order_by("seq").values(*heads.FIELDS))
    assert verify(witnesses=witnesses).events == EVENTS
    assert verify(witnesses=witnesses).fault is None
    assert verified_elsewhere(exported(), witnesses) is None
    with connection.cursor() as cursor:
        # What a superuser can do: no trigger stands in the way.
        cursor.execute("SET LOCAL session_replication_role = replica")
    return witnesses


def _sql(statement: str | Composable, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _key_at(seq: int) -> int:
    return AuditLink.objects.get(seq=seq).event_id


def _relink(first: int) -> None:
    """Work out the chain anew from `first` on, as it should be."""
    before = bytes(AuditLink.objects.get(seq=first - 1).sha256) if first > 1 else chain.START
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                "SELECT link.seq, {event} FROM accounts_auditlink link JOIN accounts_auditevent event "
                "ON event.id = link.event_id WHERE link.seq >= %s ORDER BY link.seq"
            ).format(event=chain.EVENT),
            [first],
        )
        for seq, event in cursor.fetchall():
            before = chain.link(before, chain.line_of(seq, event.encode()))
            cursor.execute("UPDATE accounts_auditlink SET sha256 = %s WHERE seq = %s", [before, seq])


def _inserted(key: int) -> None:
    """An event beside those that there are: that of the key before it once more."""
    _sql(
        "INSERT INTO accounts_auditevent SELECT (json_populate_record(event, json_build_object('id', %s::bigint))).* "
        "FROM accounts_auditevent event WHERE id = (SELECT max(id) FROM accounts_auditevent)",
        key,
    )


def change(seq: int, draw: random.Random) -> None:
    column, value = draw.choice(sorted(COLUMNS.items()))
    update = SQL("UPDATE accounts_auditevent SET {} = {} WHERE id = %s").format(Identifier(column), SQL(value))
    _sql(update, _key_at(seq))


def change_and_rehash(seq: int, draw: random.Random) -> None:
    """One event and its own link, and none of those that follow."""
    change(seq, draw)
    _relink(seq)
    later = AuditLink.objects.filter(seq__gt=seq)
    if not later:
        return
    _sql("UPDATE accounts_auditlink SET sha256 = decode(repeat('ab', 32), 'hex') WHERE seq = %s", seq + 1)


def remove(seq: int, draw: random.Random) -> None:
    _sql("DELETE FROM accounts_auditevent WHERE id = %s", _key_at(seq))


def remove_with_its_link(seq: int, draw: random.Random) -> None:
    remove(seq, draw)
    _sql("DELETE FROM accounts_auditlink WHERE seq = %s", seq)


def insert(seq: int, draw: random.Random) -> None:
    """An event is put in at a place, and all that follow move on by one."""
    _inserted(10**9)
    _sql("ALTER TABLE accounts_auditlink DROP CONSTRAINT accounts_auditlink_pkey")
    _sql("UPDATE accounts_auditlink SET seq = seq + 1 WHERE seq >= %s", seq)
    _sql("INSERT INTO accounts_auditlink VALUES (%s, 1000000000, sha256('x'))", seq)


def swap(seq: int, draw: random.Random) -> None:
    """Two events change places."""
    other = draw.choice([one for one in range(1, EVENTS + 1) if one > seq] or [seq - 1])
    mine, its = _key_at(seq), _key_at(other)
    _sql("UPDATE accounts_auditlink SET event_id = -1 WHERE seq = %s", seq)
    _sql("UPDATE accounts_auditlink SET event_id = %s WHERE seq = %s", mine, other)
    _sql("UPDATE accounts_auditlink SET event_id = %s WHERE seq = %s", its, seq)


def cut(seq: int, draw: random.Random) -> None:
    """The tail is gone, with all that would tell of it in the database."""
    _sql("DELETE FROM accounts_auditevent WHERE id IN (SELECT event_id FROM accounts_auditlink WHERE seq >= %s)", seq)
    _sql("DELETE FROM accounts_auditlink WHERE seq >= %s", seq)
    _sql("DELETE FROM accounts_audithead WHERE seq >= %s", seq)


def fork(seq: int, draw: random.Random) -> None:
    """A second event at a place that has one."""
    _inserted(10**9)
    _sql("ALTER TABLE accounts_auditlink DROP CONSTRAINT accounts_auditlink_pkey")
    _sql("INSERT INTO accounts_auditlink SELECT seq, 1000000000, sha256 FROM accounts_auditlink WHERE seq = %s", seq)


def rewrite(seq: int, draw: random.Random) -> None:
    """An event is changed and the chain worked out anew to its end, as whoever knows how would do."""
    change(seq, draw)
    _relink(seq)


def rewrite_and_sign(seq: int, draw: random.Random) -> None:
    """And every head signed anew, with another key."""
    rewrite(seq, draw)
    key = Ed25519PrivateKey.generate()
    for head in AuditHead.objects.filter(seq__gte=seq):
        sha256 = bytes(AuditLink.objects.get(seq=head.seq).sha256).hex()
        signature = key.sign(heads.message_of(head.seq, sha256, head.signed_at)).hex()
        _sql(
            "UPDATE accounts_audithead SET sha256 = %s, public_key = %s, signature = %s WHERE seq = %s",
            sha256, keys.public_hex(key), signature, head.seq,
        )  # fmt: skip


# How each edit is made, and how many events before the one that is named can be the bad one: what was worked out anew
# is consistent in itself, and is found where the next signature stands.
KINDS: dict[Callable[[int, random.Random], None], int] = {
    change: 0, change_and_rehash: 1, remove: 0, remove_with_its_link: 0, insert: 0, swap: 0, cut: 0, fork: 0,
    rewrite: IN_ONE, rewrite_and_sign: IN_ONE,
}  # fmt: skip


@pytest.mark.parametrize("edit", KINDS, ids=lambda edit: edit.__name__)
def test_an_edit_is_found_wherever_it_is(
    edit: Callable[[int, random.Random], None], trail: list[dict[str, Any]]
) -> None:
    draw = random.Random(edit.__name__)
    places = [1, EVENTS, *draw.sample(range(2, EVENTS), PLACES - 2)]
    for seq in places:
        with transaction.atomic():
            edit(seq, draw)
            first, second = verify(witnesses=trail).fault, verified_elsewhere(exported(), trail)
            transaction.set_rollback(True)
        assert first is not None, f"{edit.__name__} at {seq} was not found"
        assert second is not None, f"{edit.__name__} at {seq} was not found by the second verifier"
        _require_named(edit, seq, first.seq)
        _require_named(edit, seq, second[0])


def _require_named(edit: Callable[[int, random.Random], None], seq: int, named: int | None) -> None:
    assert named is not None
    batch_begins = (seq - 1) // IN_ONE * IN_ONE + 1
    match edit.__name__:
        case "rewrite" | "rewrite_and_sign":
            # The first event after the last signature that agrees, or the head that is not believed.
            assert batch_begins <= named <= batch_begins + IN_ONE - 1, (seq, named)
        case "change_and_rehash":
            assert batch_begins <= named <= seq + 1, (seq, named)
        case "swap":
            assert named == min(seq, named) >= seq - 1, (seq, named)
        case "fork":
            # The second event at its place is named by its own number, or as the one that should come next.
            assert named in (seq, seq + 1), (seq, named)
        case _:
            assert named == seq, (seq, named)


class TestWhatElseCanBeDone:
    def test_an_event_that_was_put_in_without_a_place_is_found(self, trail: list[dict[str, Any]]) -> None:
        _inserted(10**9)
        _sql("UPDATE accounts_auditevent SET xid = 1 WHERE id = 1000000000")
        seal()
        fault = verify(witnesses=trail).fault
        assert fault is not None
        assert fault.event_id == 10**9
        found = verified_elsewhere(exported(), trail)
        assert found is not None
        assert "never sealed" in found[1]

    def test_the_chain_cannot_be_continued_without_the_key(self, trail: list[dict[str, Any]]) -> None:
        _inserted(10**9)
        _sql("INSERT INTO accounts_auditlink VALUES (%s, 1000000000, sha256('x'))", EVENTS + 1)
        _relink(EVENTS + 1)
        fault = verify(witnesses=trail).fault
        assert fault is not None
        assert fault.seq == EVENTS + 1
        assert verified_elsewhere(exported(), trail) == (EVENTS + 1, "no signature follows it")

    def test_a_head_that_was_edited_or_taken_away_is_found(self, trail: list[dict[str, Any]]) -> None:
        for column, value in [("sha256", "0" * 64), ("signed_at", "2020"), ("signature", "00")]:
            with transaction.atomic():
                _sql(SQL("UPDATE accounts_audithead SET {} = %s WHERE seq = 30").format(Identifier(column)), value)
                assert verify().fault is not None
                assert verified_elsewhere(exported()) is not None
                transaction.set_rollback(True)
        _sql("DELETE FROM accounts_audithead WHERE seq = %s", EVENTS)
        assert verify().fault is not None
        assert verified_elsewhere(exported()) is not None

    def test_a_receipt_shows_that_what_it_names_was_cut_off(self, trail: list[dict[str, Any]]) -> None:
        cut(EVENTS - IN_ONE + 1, random.Random(1))
        assert verify(witnesses=trail[:-1]).fault is None, "what nobody holds a head of cannot be missed"
        fault = verify(witnesses=trail[-1:]).fault
        assert fault is not None
        assert fault.seq == EVENTS - IN_ONE + 1

    def test_an_export_that_was_edited_on_the_way_is_found(self, trail: list[dict[str, Any]]) -> None:
        lines = exported()
        first = next(place for place, line in enumerate(lines) if line.startswith(b"event "))
        for place in range(first, len(lines)):
            before, line, after = lines[:place], lines[place], lines[place + 1 :]
            for edited in ([line, line], [], [line.replace(b"Operator ", b"Operators ")], [b"x" + line], [b"\n"]):
                assert verified_elsewhere([*before, *edited, *after], trail) is not None, (place, edited)

    def test_no_event_of_the_trail_is_lost_by_looking(self, trail: list[dict[str, Any]]) -> None:
        assert AuditEvent.objects.count() == EVENTS
