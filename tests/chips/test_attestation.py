"""Signing: on purpose, by somebody who is who they say, and kept as it was signed."""

import hashlib
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from centres.models import Centre, Operator
from centres.periods import SHANGHAI
from centres.terms import set_term
from chips.declaration import CURRENT
from chips.models import Receipt, Submission
from chips.originals import original
from chips.receipts import is_sealed
from chips.submissions import SameAsAccepted, accept, attest, repudiate, store_nil_draft, withdraw
from compliance.determine import determine
from compliance.models import CurrentDetermination, DeterminationRequest
from tests import cast
from tests.chips import filing
from tests.chips.filing import send

pytestmark = pytest.mark.django_db


def drafted(filer: Client, content: str | bytes = "gbk_excel.csv", units: int = 160) -> Submission:
    send(filer, content, units=units)
    return Submission.objects.latest("pk")


def signed(filer: Client, **fields: str) -> Submission:
    draft = drafted(filer)
    filing.attest(filer, draft, **fields)
    draft.refresh_from_db()
    return draft


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "wrong"}, "This is not your password."),
        ({"password": ""}, "This field is required."),
        ({"full_name": " "}, "This field is required."),
        ({"full_name": "W"}, "at least 2 characters"),
        ({"full_name": "\u200b\u200b\u202ex"}, "in letters"),
        ({"declaration": "2020-01"}, "The declaration has changed since"),
    ],
)
def test_nothing_is_sent_without_name_and_password(filer: Client, fields: dict[str, str], said: str) -> None:
    draft = drafted(filer)
    answer = filing.attest(filer, draft, **fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert not Receipt.objects.exists()


def test_the_declaration_is_shown_in_the_readers_language(filer: Client) -> None:
    draft = drafted(filer)
    assert CURRENT.en in filer.get(f"/submissions/{draft.pk}/attest/").content.decode()
    filer.post("/accounts/language/", {"language": "zh-hans", "next": "/"})
    assert CURRENT.zh in filer.get(f"/submissions/{draft.pk}/attest/").content.decode()


def test_a_receipt_says_who_what_and_when(filer: Client) -> None:
    submission = signed(filer)
    page = filer.get(f"/submissions/{submission.pk}/receipt/").content.decode()
    receipt = json.loads(filer.get(f"/submissions/{submission.pk}/received.json").content)
    year = f"{timezone.localtime():%y}"
    assert receipt["accession_number"] == submission.accession_number == f"SH-01-{year}-000001"
    assert receipt["attested"]["full_name"] == "Wang Xiaoming"
    assert receipt["attested"]["username"] == "filer"
    assert receipt["attested"]["declaration"]["sha256"] == CURRENT.sha256
    sent = original(submission.file_sha256).read_bytes()
    assert receipt["file"]["sha256"] == hashlib.sha256(sent).hexdigest()
    assert receipt["file"]["bytes"] == len(sent)
    lines: Any = filer.get(f"/submissions/{submission.pk}/lines.jsonl")
    canonical = b"".join(lines.streaming_content)
    assert receipt["lines"] == {"count": 2, "units": 160, "sha256": hashlib.sha256(canonical).hexdigest()}
    assert json.loads(canonical.splitlines()[0])["chip_model"] == "Ascend 910B"
    assert is_sealed(receipt)
    assert receipt["receipt_sha256"] in page
    assert datetime.fromisoformat(receipt["received_at"]) == submission.submitted_at
    assert filer.get(f"/submissions/{submission.pk}/received.pdf").content.startswith(b"%PDF-")


def test_accepting_gives_a_receipt_of_its_own_and_the_first_stays(filer: Client) -> None:
    submission = signed(filer)
    before = filer.get(f"/submissions/{submission.pk}/received.json").content
    assert filer.get(f"/submissions/{submission.pk}/accepted.json").status_code == 404
    accept(submission, by=cast.regulator())
    accepted = json.loads(filer.get(f"/submissions/{submission.pk}/accepted.json").content)
    assert (accepted["kind"], accepted["receipt_sha256"]) != ("received", json.loads(before)["receipt_sha256"])
    assert accepted["accepted"]["at"]
    assert filer.get(f"/submissions/{submission.pk}/received.json").content == before


def test_what_is_determined_has_the_third_receipt(filer: Client, where: Centre, tmp_path: Path) -> None:
    submission = accept(signed(filer), by=cast.regulator())
    determine(period=cast.period(), cause="test", centres=[where])
    found = CurrentDetermination.objects.get(centre=where, mandate__code="SH-2023").determination
    answer = filer.get(f"/determinations/{found.pk}/receipt.json")
    told = json.loads(answer.content)["determination"]
    assert (told["outcome"], told["submission_accession_number"]) == ("compliant", submission.accession_number)
    assert filer.get(f"/determinations/{found.pk}/receipt.pdf").content.startswith(b"%PDF-")
    assert verified(tmp_path, answer.content) == (0, [])
    assert verified(tmp_path, answer.content.replace(b'"compliant"', b'"non_compliant"'))[0] == 1


def test_an_analyst_reads_no_receipt(filer: Client) -> None:
    submission = signed(filer)
    analyst = Client()
    analyst.force_login(cast.analyst())
    for page in ("receipt/", "received.json", "received.pdf", "lines.jsonl"):
        assert analyst.get(f"/submissions/{submission.pk}/{page}").status_code == 403
    assert "Wang" not in analyst.get(f"/submissions/{submission.pk}/").content.decode()


def test_numbers_have_no_gap_and_drafts_take_none(filer: Client, where: Centre) -> None:
    by = cast.user("second", cast.Role.OPERATOR)
    drafts = [store_nil_draft(centre=where, period=cast.period(), created_by=by) for _ in range(4)]
    withdraw(drafts[1], by=by)
    for draft in (drafts[2], drafts[0]):
        attest(draft, by=by, full_name="Li")
    with transaction.atomic():
        attest(drafts[3], by=by, full_name="Li")
        transaction.set_rollback(True)
    attest(drafts[3], by=by, full_name="Li")
    numbers = Submission.objects.exclude(accession_number=None).order_by("version")
    found = [str(number).rsplit("-", 1)[1] for number in numbers.values_list("accession_number", flat=True)]
    assert found == ["000001", "000002", "000003"]


def verified(folder: Path, receipt: bytes, *more: str) -> tuple[int, list[str]]:
    """How `verify_receipt` exits, and what it says does not hold."""
    path = folder / "receipt.json"
    path.write_bytes(receipt)
    out, status = io.StringIO(), 0
    try:
        call_command("verify_receipt", str(path), *more, stdout=out)
    except SystemExit as end:
        status = int(str(end.code))
    return status, [line[4:] for line in out.getvalue().splitlines() if line.startswith("NO")]


def test_anybody_can_check_a_receipt(filer: Client, tmp_path: Path) -> None:
    submission = signed(filer)
    receipt = filer.get(f"/submissions/{submission.pk}/received.json").content
    own = tmp_path / "own.csv"
    own.write_bytes(original(submission.file_sha256).read_bytes())
    assert verified(tmp_path, receipt, "--file", str(own)) == (0, [])
    own.write_bytes(own.read_bytes().replace(b"120", b"121"))
    assert verified(tmp_path, receipt, "--file", str(own)) == (1, [f"{own} is the file that was sent"])
    assert verified(tmp_path, receipt.replace(b"160", b"161"))[0] == 1
    assert verified(tmp_path, receipt.replace(b"Wang", b"Fang"))[1] == [
        "the receipt has its own digest",
        "the register issued it, word for word",
    ]


def test_a_change_behind_the_registers_back_is_found(filer: Client, tmp_path: Path) -> None:
    submission = signed(filer)
    receipt = filer.get(f"/submissions/{submission.pk}/received.json").content
    with connection.cursor() as cursor:
        # As somebody could who owns the database: no trigger stands in the way.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE chips_inventoryline SET quantity = 121 WHERE quantity = 120")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    assert verified(tmp_path, receipt) == (1, ["the lines that are kept are those that were read"])
    original(submission.file_sha256).write_bytes(b"something else")
    assert len(verified(tmp_path, receipt)[1]) == 2
    original(submission.file_sha256).unlink()
    assert len(verified(tmp_path, receipt)[1]) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE chips_receipt SET body = '{}'",
        "DELETE FROM chips_receipt",
        "UPDATE chips_submission SET accession_number = 'SH-01-26-000009'",
        "UPDATE chips_submission SET lines_sha256 = repeat('0', 64)",
        "UPDATE chips_submission SET received_at = now()",
        "UPDATE chips_submission SET corrections = '[1]'",
        "UPDATE chips_upload SET received_at = now()",
        "UPDATE chips_upload SET file_sha256 = repeat('0', 64)",
        "DELETE FROM chips_upload",
    ],
)
def test_the_database_refuses_to_change_what_was_signed(filer: Client, change: str) -> None:
    signed(filer)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


class TestAmendments:
    """After acceptance: with a reason, and with a difference."""

    def test_it_names_its_reason_and_the_old_version_stays(self, filer: Client) -> None:
        first = accept(signed(filer), by=cast.regulator())
        draft = drafted(filer, b"chip_model,quantity\nAscend 910B,121\nH800,40\n", units=161)
        answer = filing.attest(filer, draft)
        assert answer.status_code == 422
        assert "This field is required." in answer.content.decode()
        filing.attest(filer, draft, amendment_reason="One card was left out.")
        draft.refresh_from_db()
        first.refresh_from_db()
        assert (draft.version, draft.amendment_reason) == (2, "One card was left out.")
        assert (first.status, first.lines.count()) == ("accepted", 2)
        assert Submission.objects.accepted_as_known(cast.period(), timezone.now()).get() == first
        accept(draft, by=cast.regulator("second"))
        assert Submission.objects.accepted_as_known(cast.period(), timezone.now()).get() == draft

    def test_one_that_changes_nothing_is_refused(self, filer: Client) -> None:
        accept(signed(filer), by=cast.regulator())
        same = drafted(filer, b"chip_model,quantity\r\nascend 910b,120\r\nH800,40\r\n", units=160)
        with pytest.raises(SameAsAccepted):
            attest(same, by=cast.user("second", cast.Role.OPERATOR), full_name="Li", amendment_reason="Because.")


class TestRepudiation:
    """The sender can say that it is not theirs, for as long as the setting gives."""

    def repudiated(self, filer: Client, submission: Submission, **fields: str) -> Any:
        asked = {"reason": "Our key was stolen.", "password": cast.PASSWORD} | fields
        return filer.post(f"/submissions/{submission.pk}/repudiate/", asked, follow=True)

    def test_it_stands_no_longer_and_stays_readable(self, filer: Client, where: Centre) -> None:
        submission = accept(signed(filer), by=cast.regulator())
        DeterminationRequest.objects.all().delete()
        before = timezone.now()
        self.repudiated(filer, submission)
        submission.refresh_from_db()
        assert (submission.status, submission.repudiation_reason) == ("repudiated", "Our key was stolen.")
        standing = Submission.objects.accepted_as_known
        assert standing(cast.period(), before).get() == submission
        assert not standing(cast.period(), timezone.now()).exists()
        assert DeterminationRequest.objects.get().centres == [where.pk]
        assert "Our key was stolen." in filer.get(f"/submissions/{submission.pk}/").content.decode()

    def test_it_needs_the_password_and_a_reason(self, filer: Client) -> None:
        submission = signed(filer)
        assert self.repudiated(filer, submission, password="wrong").status_code == 422
        assert self.repudiated(filer, submission, reason=" ").status_code == 422
        submission.refresh_from_db()
        assert submission.status == "submitted"

    def test_it_ends_when_the_setting_says(self, filer: Client, settings: Settings) -> None:
        settings.REPUDIATION_DAYS = 0
        submission = signed(filer)
        assert (
            "days within which it could be repudiated are over" in self.repudiated(filer, submission).content.decode()
        )
        submission.refresh_from_db()
        assert submission.status == "submitted"

    def test_nobody_else_can(self, filer: Client, rival: Operator) -> None:
        submission = signed(filer)
        other = Client()
        other.force_login(cast.user("other", cast.Role.OPERATOR, acts_for=rival))
        assert self.repudiated(other, submission).status_code == 404
        other.force_login(cast.regulator())
        assert self.repudiated(other, submission).status_code == 403

    def test_it_cannot_be_accepted_afterwards(self, filer: Client) -> None:
        submission = signed(filer)
        repudiate(submission, by=cast.user("second", cast.Role.OPERATOR), reason="Not ours.")
        regulator = Client()
        regulator.force_login(cast.regulator())
        told = regulator.post(f"/submissions/{submission.pk}/accept/", follow=True).content.decode()
        assert "Nothing was done" in told


class TestQuestions:
    """What does not add up is confirmed with a reason, or corrected, before it is sent."""

    @pytest.fixture(autouse=True)
    def _earlier(self, where: Centre) -> None:
        cast.file(where, cast.period("2025Q3"), ascend=120, h800=39)

    def test_an_open_question_stands_against_it(self, filer: Client) -> None:
        draft = drafted(filer)
        page = filer.get(f"/submissions/{draft.pk}/").content.decode()
        assert "Does it add up?" in page
        assert "does_not_add_up" in page
        answer = filing.attest(filer, draft)
        assert answer.status_code == 422
        assert "Some lines do not add up" in answer.content.decode()

    def test_a_reason_lets_it_pass_and_stands_on_the_receipt(self, filer: Client) -> None:
        draft = drafted(filer)
        page = filer.get(f"/submissions/{draft.pk}/")
        ((question, _words, _reason),) = page.context["questions"]
        filer.post(f"/submissions/{draft.pk}/confirm/", {f"reason-{question.key}": " A gift of the vendor. "})
        filing.attest(filer, draft)
        receipt = json.loads(filer.get(f"/submissions/{draft.pk}/received.json").content)
        (given,) = receipt["confirmations"]
        assert (given["code"], given["reason"]) == ("does_not_add_up", "A gift of the vendor.")
        regulator = Client()
        regulator.force_login(cast.regulator())
        assert "A gift of the vendor." in regulator.get(f"/submissions/{draft.pk}/").content.decode()

    def test_a_blank_reason_is_none(self, filer: Client) -> None:
        draft = drafted(filer)
        ((question, _words, _reason),) = filer.get(f"/submissions/{draft.pk}/").context["questions"]
        filer.post(f"/submissions/{draft.pk}/confirm/", {f"reason-{question.key}": "  "})
        assert filing.attest(filer, draft).status_code == 422


class TestLocks:
    """The instant that counts is the server's, and a locked period takes nothing."""

    def test_a_locked_period_says_why_and_takes_neither_file_nor_signature(self, filer: Client, where: Centre) -> None:
        draft = drafted(filer)
        yesterday = timezone.localdate() - timedelta(1)
        set_term(
            period=cast.period(), due_on=cast.period().due_on, locks_on=yesterday, reason="The year is closed.",
            recorded_by=cast.regulator(),
        )  # fmt: skip
        for answer in (send(filer, "plain.csv"), filing.attest(filer, draft)):
            assert answer.status_code == 422
            assert "The year is closed." in answer.content.decode()
        draft.refresh_from_db()
        assert draft.status == "draft"

    @pytest.mark.parametrize(("micros", "on_time"), [(-1, True), (0, False), (1, False)])
    def test_on_time_ends_with_the_last_day_in_shanghai(self, where: Centre, micros: int, on_time: bool) -> None:
        by = cast.user("second", cast.Role.OPERATOR)
        over = datetime(2026, 1, 21, tzinfo=SHANGHAI)
        draft = store_nil_draft(centre=where, period=cast.period(), created_by=by)
        attest(draft, by=by, full_name="Li", at=over + timedelta(microseconds=micros))
        assert json.loads(Receipt.objects.get().body)["on_time"] == on_time


def test_a_page_of_a_receipt_that_is_not_there_is_none(filer: Client) -> None:
    draft = drafted(filer)
    for page in ("receipt/", "received.json", "received.pdf", "other.json"):
        assert filer.get(f"/submissions/{draft.pk}/{page}").status_code == 404
