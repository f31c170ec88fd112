"""One serial number in two centres: what a regulator is told, and that nobody else learns of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from centres.models import Centre, Operator
from chips import serials, uploads
from chips.models import Submission, Upload, UploadStatus
from chips.serials import OtherLine, SerialClaims, claimed_elsewhere
from tests import cast
from tests.chips.intake.test_uploads import UPLOADS
from tests.chips.inventories import line, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def where() -> Centre:
    return cast.centre()


@pytest.fixture
def elsewhere() -> Centre:
    return cast.centre("BJ-91", region_code="1101")


def claims(submission: Submission, viewer: User | None = None) -> SerialClaims:
    return claimed_elsewhere(submission, viewer or cast.regulator())


def of_one(serial: str, **facts: Any) -> dict[str, Any]:
    return dict(line(serial_numbers=[serial], **facts))


def test_a_number_in_two_centres_is_told_with_both_places(where: Centre, elsewhere: Centre) -> None:
    theirs = store(elsewhere, [line(), of_one("sn-001", chip="h800")], status="accepted")
    mine = store(where, [line(), line(), of_one("SN 001")], status="submitted")
    found = claims(mine)
    assert found.count == 1
    (claim,) = found.told
    assert (claim.serial_number, claim.row, claim.chip_name) == ("SN 001", 4, "Huawei (HiSilicon) Ascend 910B")
    assert claim.other == OtherLine("BJ-91", theirs.pk, 3, "Nvidia H800", "sn-001")


@pytest.mark.parametrize(
    ("theirs", "is_same"),
    [
        ("SN-001A", True),
        ("sn-001a", True),
        ("SN001A", True),
        (" S N – 001_A ", True),
        ("ＳＮ－００１Ａ", True),
        ("SN-001", False),
        ("SN-001AB", False),
        ("SN-OO1A", False),
        ("SN.001A", False),
    ],
)
def test_how_numbers_are_compared(where: Centre, elsewhere: Centre, theirs: str, is_same: bool) -> None:
    store(elsewhere, [of_one(theirs)], status="accepted")
    assert claims(store(where, [of_one("SN-001A")], status="submitted")).count == is_same


def test_a_dash_for_no_number_is_none(where: Centre, elsewhere: Centre) -> None:
    store(elsewhere, [of_one("-")], status="accepted")
    assert claims(store(where, [of_one("–")], status="submitted")) == SerialClaims()


@pytest.mark.parametrize(("status", "counts"), [
    ("in_service", True), ("installing", True), ("spare", True), ("planned", False), ("retired", False),
])  # fmt: skip
def test_only_chips_in_stock_are_claimed(where: Centre, elsewhere: Centre, status: str, counts: bool) -> None:
    store(elsewhere, [of_one("A", status=status), of_one("B")], status="accepted")
    mine = store(where, [of_one("A"), of_one("B", status=status)], status="submitted")
    assert claims(mine).count == 2 * counts


@pytest.mark.parametrize(
    ("versions", "counts"),
    [
        # What was filed there, one version after another, each with the number or without it.
        ([("accepted", True)], True),
        ([("submitted", True)], True),
        ([("draft", True)], False),
        ([("returned", True)], False),
        ([("withdrawn", True)], False),
        ([("accepted", True), ("accepted", False)], False),
        ([("accepted", False), ("accepted", True)], True),
        ([("accepted", True), ("submitted", False)], True),
        ([("accepted", False), ("submitted", True)], True),
        ([("submitted", True), ("submitted", False)], False),
        ([("submitted", True), ("accepted", False)], False),
        ([("accepted", True), ("returned", False)], True),
        ([("accepted", True), ("draft", False)], True),
        ([("accepted", True), ("submitted", True)], True),
    ],
)
def test_only_what_stands_or_waits_claims(
    where: Centre, elsewhere: Centre, versions: list[tuple[str, bool]], counts: bool
) -> None:
    for status, has_number in versions:
        store(elsewhere, [of_one("A" if has_number else "B")], status=status)
    assert claims(store(where, [of_one("A")], status="submitted")).count == counts


def test_of_what_stands_and_what_waits_the_former_is_told(where: Centre, elsewhere: Centre) -> None:
    standing = store(elsewhere, [of_one("A")], status="accepted")
    store(elsewhere, [of_one("A")], status="submitted")
    (claim,) = claims(store(where, [of_one("A")], status="submitted")).told
    assert claim.other is not None
    assert claim.other.submission_id == standing.pk


def test_another_quarter_and_the_centre_itself_are_none(where: Centre, elsewhere: Centre) -> None:
    store(elsewhere, [of_one("A")], quarter="2025Q3", status="accepted")
    store(where, [of_one("A")], status="accepted")
    store(where, [of_one("A")], quarter="2025Q3", status="accepted")
    assert claims(store(where, [of_one("A")], status="submitted")).count == 0


def test_a_number_in_two_other_centres_is_two_claims(where: Centre, elsewhere: Centre) -> None:
    store(elsewhere, [of_one("A")], status="accepted")
    store(cast.centre("SH-02"), [of_one("A")], status="accepted")
    found = claims(store(where, [of_one("A")], status="submitted"))
    assert found.count == 2
    assert [claim.other and claim.other.centre_code for claim in found.told] == ["BJ-91", "SH-02"]


@pytest.mark.parametrize(("number", "told"), [(2, 2), (3, 3), (4, 3)])
def test_all_are_counted_and_the_first_are_told(
    where: Centre, elsewhere: Centre, monkeypatch: pytest.MonkeyPatch, number: int, told: int
) -> None:
    monkeypatch.setattr(serials, "GREATEST_TOLD", 3)
    names = [f"SN{one}" for one in range(number)]
    store(elsewhere, [line(quantity=number, serial_numbers=names[::-1])], status="accepted")
    found = claims(store(where, [line(quantity=number, serial_numbers=names)], status="submitted"))
    assert (found.count, [claim.serial_number for claim in found.told]) == (number, names[:told])


def test_a_centre_outside_the_readers_regions_is_told_without_its_name(where: Centre, elsewhere: Centre) -> None:
    store(elsewhere, [of_one("a-1", chip="h800")], status="accepted")
    mine = store(where, [of_one("A1")], status="submitted")
    found = claims(mine, cast.regional_regulator("31"))
    assert [(claim.serial_number, claim.other) for claim in found.told] == [("A1", None)]
    html = render_to_string("chips/_serial_claims.html", {"serial_claims": found})
    assert "a centre outside your regions" in html
    for hidden in ("BJ-91", "H800", "a-1"):
        assert hidden not in html


def test_the_panel_names_the_other_centre_and_says_how_many(where: Centre, elsewhere: Centre) -> None:
    theirs = store(elsewhere, [of_one("<b>1</b>")], status="accepted")
    found = claims(store(where, [of_one("<B>1</B>")], status="submitted"))
    html = render_to_string("chips/_serial_claims.html", {"serial_claims": found})
    assert f'<a href="/submissions/{theirs.pk}/">BJ-91</a>' in html
    assert "&lt;b&gt;1&lt;/b&gt;" in html
    assert "None." in render_to_string("chips/_serial_claims.html", {"serial_claims": SerialClaims()})


@pytest.mark.parametrize("who", ["operator", "analyst", "administrator", "elsewhere"])
def test_nobody_but_its_regulator_can_ask(owner: Operator, who: str) -> None:
    submission = store(cast.centre(owner=owner), [of_one("A")], status="submitted")
    viewer = {
        "operator": lambda: cast.user("filer", cast.Role.OPERATOR, acts_for=owner),
        "analyst": cast.analyst,
        "administrator": cast.administrator,
        "elsewhere": lambda: cast.regional_regulator("11"),
    }[who]()
    with pytest.raises(PermissionError):
        claimed_elsewhere(submission, viewer)


def test_a_regulator_cannot_ask_of_a_draft(where: Centre) -> None:
    with pytest.raises(PermissionError):
        claims(store(where, [of_one("A")]))


@pytest.mark.parametrize("count", [2, 20])
def test_it_costs_two_queries_and_goes_through_the_index(where: Centre, elsewhere: Centre, count: int) -> None:
    numbers = [of_one(f"SN{one}") for one in range(count)]
    store(elsewhere, numbers, status="accepted")
    mine, viewer = store(where, numbers, status="submitted"), cast.regulator()
    # Whether the reader may see the submission; the claims.
    with CaptureQueriesContext(connection) as queries:
        assert claims(mine, viewer).count == count
    assert len(queries) == 2
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + queries[1]["sql"])
        assert "line_serial_numbers" in "\n".join(row for (row,) in cursor.fetchall())


def test_the_page_of_a_submission_loads_the_panel_for_a_regulator_alone(
    client: Client, owner: Operator, elsewhere: Centre
) -> None:
    where = cast.centre(owner=owner)
    store(elsewhere, [of_one("SN-001")], status="accepted")
    mine = store(where, [of_one("SN 001")], status="submitted")
    address = f"/submissions/{mine.pk}/serials/"
    client.force_login(cast.regulator())
    assert f'hx-get="{address}"' in client.get(f"/submissions/{mine.pk}/").content.decode()
    for headers in ({}, {"HX-Request": "true"}):
        panel = client.get(address, headers=headers).content.decode()
        assert "SN 001" in panel
        assert "BJ-91" in panel
        assert ("<html" in panel) == (not headers)
    for user in (cast.user("filer", cast.Role.OPERATOR, acts_for=owner), cast.analyst()):
        client.force_login(user)
        assert address not in client.get(f"/submissions/{mine.pk}/").content.decode()
        assert client.get(address).status_code == 403
    client.force_login(cast.regional_regulator("11"))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("way", ["page", "api"])
def test_an_operator_is_answered_alike_whether_a_rival_claims_its_numbers_or_not(
    owner: Operator, rival: Operator, settings: Settings, tmp_path: Path, way: str
) -> None:
    settings.FILES_DIR = tmp_path / "files"
    where, theirs = cast.centre(owner=owner), cast.centre("SH-02", owner=rival)
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    # A key that no row, count or day of the answers is equal to, so that leaving it out leaves out nothing else.
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('chips_submission', 'id'), 7000000)")
    # The file's numbers are S1, S2 and S3.
    told = []
    for their_number in ("X1", "S1"):
        with transaction.atomic():
            store(theirs, [of_one(their_number)], status="accepted")
            told.append(_told(filer, where, way))
            transaction.set_rollback(True)
    without, with_rival = told
    assert without == with_rival


def _told(filer: User, where: Centre, way: str) -> list[tuple[int, str]]:
    """All that an operator is told of an upload: the answer, where it leads, the submission's page and its resource."""
    client = Client()
    client.force_login(filer)
    token = cast.token(filer)
    api = {"Authorization": f"Token {token}"}
    with (UPLOADS / "serials.csv").open("rb") as file:
        asked: dict[str, Any] = {
            "period": "2025Q4",
            "centre": where.code,
            "file": file,
            "declared_lines": 1,
            "declared_units": 3,
        }
        if way == "page":
            answers = [client.post(f"/centres/{where.code}/file/", asked)]
        else:
            answers = [Client().post("/api/v1/submissions/", asked, headers=api)]
    for waiting in Upload.objects.filter(status=UploadStatus.WAITING):
        uploads.read(waiting.pk)
    if way == "page":
        answers.append(client.get(answers[0].headers["Location"], follow=True))
    draft = Submission.objects.get(centre=where)
    assert draft.lines.get().serial_numbers == ["S1", "S2", "S3"]
    answers.append(client.get(f"/submissions/{draft.pk}/"))
    answers.append(client.get(f"/submissions/{draft.pk}/changes/"))
    answers.append(Client().get(f"/api/v1/submissions/{draft.pk}/", headers=api))
    assert [answer.status_code for answer in answers[1:]] == [200] * (len(answers) - 1)
    return [(answer.status_code, _without_keys(answer, draft)) for answer in answers]


def _without_keys(answer: Any, draft: Submission) -> str:
    """An answer and where it leads, but for keys, times and tokens, which no two uploads share."""
    text = answer.headers.get("Location", "") + answer.content.decode()
    text = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', "", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d[.\d]*)?", "", text)
    text = re.sub(r"/(submissions|uploads)/\d+/", r"/\1//", text)
    return re.sub(rf"\b{draft.pk}\b", "", text)
