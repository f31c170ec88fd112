"""The upload as an operator meets it, and what a rival, a regulator and an analyst meet there."""

import io
from typing import Any

import pytest
from django.test import Client

from centres.models import Centre, Operator
from chips.models import Submission
from compliance.models import DeterminationRequest
from tests import cast
from tests.chips.filing import attest, send
from tests.chips.intake.test_uploads import UPLOADS

pytestmark = pytest.mark.django_db


def test_an_excel_file_in_gbk_is_read_and_shows_the_verdict_it_would_give(filer: Client, where: Centre) -> None:
    answer = send(filer, "gbk_excel.csv")
    draft = Submission.objects.get()
    assert (draft.status, draft.line_count, draft.units) == ("draft", 2, 160)
    html = answer.content.decode()
    assert "Ascend 910B" in html
    prospects = filer.get(f"/submissions/{draft.pk}/prospects/", headers={"HX-Request": "true"}).content.decode()
    assert "120 of 160 units counted are domestic: 75.0000%. The rule asks for over 50%." in prospects
    # A verdict that would be given is not given.
    assert not DeterminationRequest.objects.exists()


def test_a_faulty_file_is_told_cell_by_cell_and_stores_nothing(filer: Client, where: Centre) -> None:
    answer = send(filer, "unknown_chip.csv")
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "unknown_chip" in html
    assert "The catalogue has no such chip model." in html
    assert not Submission.objects.exists()


def test_it_speaks_chinese_to_who_reads_it(filer: Client, where: Centre) -> None:
    filer.post("/accounts/language/", {"language": "zh-hans", "next": "/"})
    assert "目录中没有该芯片型号。" in send(filer, "unknown_chip.csv").content.decode()


def test_neither_file_nor_nil_and_both_are_refused(filer: Client, where: Centre) -> None:
    nothing = filer.post("/centres/SH-01/file/", {"period": "2025Q4"})
    both = filer.post(
        "/centres/SH-01/file/", {"period": "2025Q4", "nil": "on", "file": io.BytesIO(b"chip_model,quantity\nH800,1\n")}
    )
    assert nothing.status_code == both.status_code == 422
    assert not Submission.objects.exists()


def test_a_nil_return_is_a_draft_like_any_other(filer: Client, where: Centre) -> None:
    filer.post("/centres/SH-01/file/", {"period": "2025Q4", "nil": "on"})
    assert Submission.objects.get().nil


def test_from_draft_to_accepted_and_determined(filer: Client, where: Centre) -> None:
    send(filer, "gbk_excel.csv")
    draft = Submission.objects.get()
    attest(filer, draft)
    regulator = Client()
    regulator.force_login(cast.regulator())
    assert "Accept" in regulator.get(f"/submissions/{draft.pk}/").content.decode()
    regulator.post(f"/submissions/{draft.pk}/accept/")
    draft.refresh_from_db()
    assert (draft.status, draft.decided_by and draft.decided_by.username) == ("accepted", "regulator")
    assert DeterminationRequest.objects.get().centres == [where.pk]
    late = regulator.post(f"/submissions/{draft.pk}/return/", {"comment": "no"}, follow=True).content.decode()
    assert "regulator decided it at" in late


def test_a_return_without_a_word_is_refused(client: Client, where: Centre) -> None:
    submitted = cast.file(where, cast.period(), status="submitted", ascend=1)
    client.force_login(cast.regulator())
    client.post(f"/submissions/{submitted.pk}/return/", {"comment": "  "})
    submitted.refresh_from_db()
    assert submitted.status == "submitted"


def test_the_original_comes_back_byte_for_byte(filer: Client, where: Centre) -> None:
    send(filer, "gbk_excel.csv")
    answer: Any = filer.get(f"/submissions/{Submission.objects.get().pk}/file/")
    assert b"".join(answer.streaming_content) == (UPLOADS / "gbk_excel.csv").read_bytes()
    assert answer.headers["Content-Disposition"].startswith("attachment")


READ = [
    "",
    "file/",
    "prospects/",
    "changes/",
    "serials/",
    "attest/",
    "repudiate/",
    "receipt/",
    "lines.jsonl",
    "received.json",
]
STEPS = [*READ, "confirm/", "attest/", "repudiate/", "withdraw/", "accept/", "return/"]


@pytest.mark.parametrize("step", STEPS)
def test_a_rival_meets_what_a_wrong_address_meets(client: Client, where: Centre, rival: Operator, step: str) -> None:
    submission = cast.file(where, cast.period(), status="submitted", ascend=1)
    client.force_login(cast.user("other", cast.Role.OPERATOR, acts_for=rival))
    call = client.get if step in READ else client.post
    found = [call(f"/submissions/{key}/{step}") for key in (submission.pk, 999_999)]
    assert found[0].status_code == found[1].status_code
    assert found[0].status_code in (403, 404)
    assert cast.told(found[0], submission.pk) == cast.told(found[1], 999_999)
    submission.refresh_from_db()
    assert submission.status == "submitted"


def test_a_rival_cannot_file_for_the_centre(client: Client, where: Centre, rival: Operator) -> None:
    client.force_login(cast.user("other", cast.Role.OPERATOR, acts_for=rival))
    assert send(client, "plain.csv").status_code == 404
    assert not Submission.objects.exists()


@pytest.mark.parametrize("role", ["regulator", "analyst", "administrator"])
def test_nobody_files_who_is_no_operator(client: Client, where: Centre, role: str) -> None:
    client.force_login(getattr(cast, role)())
    assert send(client, "plain.csv").status_code == 403
    assert not Submission.objects.exists()


def test_an_analyst_reads_no_names_and_no_drafts(client: Client, where: Centre, owner: Operator) -> None:
    filer = cast.user("wang.xiaoming", cast.Role.OPERATOR, acts_for=owner)
    submitted = cast.file(where, cast.period(), status="submitted", by=filer, ascend=1)
    draft = cast.file(where, cast.period(), status="draft", by=filer, ascend=1)
    client.force_login(cast.analyst())
    html = client.get(f"/submissions/{submitted.pk}/").content.decode()
    assert "Ascend 910B" in html
    assert "wang.xiaoming" not in html
    assert client.get(f"/submissions/{draft.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["regulator", "analyst"])
def test_a_discarded_draft_stays_its_operators_own(client: Client, where: Centre, owner: Operator, who: str) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    draft = cast.file(where, cast.period(), status="draft", by=filer, ascend=1)
    client.force_login(filer)
    client.post(f"/submissions/{draft.pk}/withdraw/")
    draft.refresh_from_db()
    assert (draft.status, draft.withdrawn_by) == ("withdrawn", filer)
    assert client.get(f"/submissions/{draft.pk}/").status_code == 200
    client.force_login(getattr(cast, who)())
    for page in ("", "prospects/", "file/"):
        assert client.get(f"/submissions/{draft.pk}/{page}").status_code == 404


def test_what_regulator_and_operator_write_to_each_other_is_theirs(client: Client, where: Centre) -> None:
    submitted = cast.file(where, cast.period(), status="submitted", ascend=1)
    regulator = cast.regulator()
    client.force_login(regulator)
    client.post(f"/submissions/{submitted.pk}/return/", {"comment": "Row 2 looks borrowed."})
    assert "Row 2 looks borrowed." in client.get(f"/submissions/{submitted.pk}/").content.decode()
    client.force_login(cast.analyst())
    assert "borrowed" not in client.get(f"/submissions/{submitted.pk}/").content.decode()


def test_a_body_that_is_too_large_is_refused_unread_signed_in_or_not(
    client: Client, filer: Client, where: Centre
) -> None:
    for visitor, address, largest in (
        (Client(), "/accounts/sign-in/", 3 << 20),
        (filer, "/centres/SH-01/file/", 101 << 20),
    ):
        answer = visitor.generic("POST", address, b"", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(largest))
        assert answer.status_code == 413


@pytest.mark.parametrize("address", ["/centres/%00/", "/mandates/%00/", "/centres/%00/file/", "/centres/a%0Ab/"])
def test_an_address_that_is_no_code_is_none(filer: Client, address: str) -> None:
    assert filer.get(address).status_code == 404


def test_a_name_that_is_markup_is_shown_as_text(filer: Client, where: Centre) -> None:
    content = b"chip_model,quantity,note\nH800,1,<script>alert(1)</script>\n"
    html = send(filer, content, name="<img src=x onerror=alert(1)>.csv", lines=1, units=1).content.decode()
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "<img src=x" not in html
