"""The chain: every committed event once, whenever its transaction ended, and never a fork."""

import multiprocessing
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg2.sql import SQL, Identifier

from accounts.models import AuditEvent, AuditHead, AuditLink
from accounts.tasks import publish_head, seal_trail
from accounts.trail import heads, keys
from accounts.trail.seal import seal
from accounts.trail.verify import verify
from centres.models import Operator
from tests import cast
from tests.accounts.trail.trails import exported, verified_elsewhere
from tests.together import at_once
from tests.workers import wait_for

WRITERS = 8
APPENDED = 100_000
# As many events a transaction as a writer of the register makes at the most often.
IN_ONE = 50
PAUSES = 4


@pytest.fixture(autouse=True)
def own_var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def sealed_events() -> list[int]:
    return list(AuditLink.objects.order_by("seq").values_list("event_id", flat=True))


@pytest.mark.django_db
class TestSealing:
    def test_every_event_gets_the_next_place_and_the_head_is_signed(self) -> None:
        for name in "ABC":
            cast.operator(name)
        assert seal() == 3
        cast.operator("D")
        assert seal() == 1
        assert sealed_events() == list(AuditEvent.objects.order_by("pk").values_list("pk", flat=True))
        assert list(AuditLink.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]
        assert list(AuditHead.objects.order_by("seq").values_list("seq", flat=True)) == [3, 4]
        assert verify().fault is None

    def test_where_nothing_happened_nothing_is_sealed(self) -> None:
        assert seal() == 0
        assert not AuditHead.objects.exists()

    def test_more_events_than_a_batch_takes_are_sealed_in_several(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("accounts.trail.seal.AT_ONCE", 2)
        Operator.objects.bulk_create(Operator(name_en=n, name_zh=n, ownership="private") for n in "ABCDE")
        assert seal() == 5
        assert AuditHead.objects.count() == 3
        assert verify().fault is None

    def test_a_database_that_was_restored_elsewhere_goes_on_sealing(self) -> None:
        cast.operator("A")
        seal()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            # There transactions had far higher numbers than here.
            cursor.execute("UPDATE accounts_audithead SET cluster = 1, oldest_xid = 1000000000000")
            cursor.execute("SET LOCAL session_replication_role = origin")
        cast.operator("B")
        assert seal() == 1
        assert verify().fault is None

    def test_the_key_is_made_once_and_is_its_owners_alone(self, tmp_path: Path) -> None:
        cast.operator()
        seal()
        (path,) = tmp_path.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert keys.public_hex(keys.signing_key()) == AuditHead.objects.get().public_key

    def test_a_setting_gives_the_key(self, settings: Any, tmp_path: Path) -> None:
        keys.signing_key()
        (path,) = tmp_path.iterdir()
        settings.AUDIT_SIGNING_KEY = path.read_text()
        path.unlink()
        cast.operator()
        seal()
        assert list(tmp_path.iterdir()) == []
        assert verify().fault is None

    def test_a_setting_that_gives_none_says_so(self, settings: Any) -> None:
        settings.AUDIT_SIGNING_KEY = "no key"
        with pytest.raises(ImproperlyConfigured, match="AUDIT_SIGNING_KEY cannot be read"):
            keys.signing_key()

    def test_heads_of_the_key_before_are_believed_where_it_is_named(self, settings: Any, tmp_path: Path) -> None:
        cast.operator("A")
        seal()
        former = keys.public_hex(keys.signing_key())
        (tmp_path / "audit-signing-key.pem").unlink()
        cast.operator("B")
        seal()
        fault = verify().fault
        assert fault is not None
        assert "not this register's" in str(fault)
        settings.AUDIT_FORMER_PUBLIC_KEYS = [former]
        assert verify().fault is None


@pytest.mark.django_db
class TestHeads:
    def test_the_hourly_head_is_kept_beside_the_database_and_mailed(self, settings: Any) -> None:
        settings.AUDIT_HEAD_MAIL = "witness@example.org"
        cast.operator()
        publish_head()
        publish_head()
        (kept,) = heads.read_heads(heads.file_of_heads())
        assert kept == heads.newest()
        assert [message.to for message in mail.outbox] == [["witness@example.org"]]
        assert kept["sha256"] in mail.outbox[0].body

    def test_a_command_prints_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(CommandError, match="no head"):
            call_command("audit_head")
        cast.operator()
        call_command("audit_head")
        assert f'"seq": {AuditHead.objects.get().seq}' in capsys.readouterr().out

    def test_verifying_says_what_it_believed_and_found(self, capsys: pytest.CaptureFixture[str]) -> None:
        cast.operator()
        call_command("verify_audit")
        told = capsys.readouterr().out
        assert "1 events and 1 heads are as they were signed" in told
        assert keys.public_hex(keys.signing_key()) in told

    def test_what_was_cut_off_is_found_by_the_file_beside_the_database(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cast.operator("A")
        seal_trail()
        cast.operator("B")
        publish_head()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in ("accounts_auditlink", "accounts_audithead"):
                cursor.execute(SQL("DELETE FROM {} WHERE seq = 2").format(Identifier(table)))
            cursor.execute("DELETE FROM accounts_auditevent WHERE id = (SELECT max(id) FROM accounts_auditevent)")
        with pytest.raises(SystemExit):
            call_command("verify_audit")
        assert "event 2 of the chain: it was cut off" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
class TestWhoeverWrites:
    @pytest.fixture
    def other(self) -> Iterator[Any]:
        """Another connection, whose transactions end when the test says so."""
        one = psycopg2.connect(**_connect())
        yield one
        one.close()

    def test_a_transaction_that_commits_late_is_not_passed_over(self, other: Any) -> None:
        with other.cursor() as cursor:
            cursor.execute("UPDATE centres_region SET name_en = name_en || '!' WHERE code = '31'")
        cast.operator("While it was open")
        assert seal() == 1
        assert verify().fault is None
        other.commit()
        cast.operator("After it")
        assert seal() == 2
        assert len(sealed_events()) == AuditEvent.objects.count() == 3
        assert sealed_events() != sorted(sealed_events()), "the late one got a later place"
        assert verify().fault is None

    def test_one_that_is_rolled_back_leaves_a_gap_in_the_keys_and_none_in_the_chain(self, other: Any) -> None:
        with other.cursor() as cursor:
            cursor.execute("UPDATE centres_region SET name_en = name_en || '!'")
        other.rollback()
        cast.operator()
        seal()
        assert verify().events == 1

    def test_who_seals_at_the_same_moment_seals_once(self) -> None:
        Operator.objects.bulk_create(Operator(name_en=n, name_zh=n, ownership="private") for n in "ABCDEFGH")
        assert sorted(at_once([seal] * 6)) == [0] * 5 + [8]
        assert verify().fault is None

    def test_a_hundred_thousand_appends_by_eight_writers_raise_no_alarm(self) -> None:
        """Sealed all the while; and verified all the while, as whoever watches would."""
        context = multiprocessing.get_context("fork")
        connection.close()
        # Nobody writes on before so many batches were sealed of what was written, however busy the machine is.
        batches = context.Value("i", 0)
        writers = [context.Process(target=_write, args=(number, _connect(), batches)) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            batches.value += seal() > 0
            if batches.value % 5 == 1:
                assert verify().fault is None
        for writer in writers:
            writer.join()
        assert [writer.exitcode for writer in writers] == [0] * WRITERS
        seal()
        found = verify()
        assert found.fault is None
        assert found.events == AuditEvent.objects.count() == APPENDED
        assert batches.value >= PAUSES, "nothing was sealed while it was written"
        assert verified_elsewhere(exported()) is None


def _connect() -> dict[str, Any]:
    known = connection.settings_dict
    return {"dbname": known["NAME"], "host": known["HOST"], "user": known["USER"]}


def _is_sealed(batches: Any, due: int) -> bool:
    return bool(batches.value >= due)


def _write(number: int, to: dict[str, Any], batches: Any) -> None:
    """One writer's part of the events: every fifth of its transactions is begun, written and taken back besides."""
    with psycopg2.connect(**to) as own, own.cursor() as cursor:
        turns = APPENDED // WRITERS // IN_ONE
        for turn in range(turns):
            wait_for(partial(_is_sealed, batches, turn * (PAUSES + 1) // turns))
            if turn % 5 == 0:
                cursor.execute("SELECT trail_note('download', 'never', '', NULL)")
                own.rollback()
            cursor.execute(
                "SELECT count(trail_note('download', 'trial', %s || '-' || n, jsonb_build_object('n', n))) "
                "FROM generate_series(1, %s) n",
                [str(number), IN_ONE],
            )
            own.commit()


@pytest.mark.django_db(transaction=True)
def test_a_worker_seals_what_happens(worker: None) -> None:
    cast.operator()
    seal_trail.delay()
    wait_for(lambda: AuditHead.objects.exists())
    with transaction.atomic():
        assert AuditHead.objects.get().signed_at < datetime.now(UTC).isoformat()
