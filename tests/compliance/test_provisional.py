"""What may still become another is marked, wherever it shows; what is final is not."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from centres.models import Centre, Operator
from centres.periods import SHANGHAI
from compliance.determine import determine
from compliance.models import Determination
from compliance.provisional import Provisional, reasons_of
from tests import cast

pytestmark = pytest.mark.django_db

MARKS = {
    Provisional.AWAITING_REVIEW: "provisional: a version that was submitted waits for review",
    Provisional.PERIOD_OPEN: "provisional: the period has not ended",
}
# The first instant after the last day of 2025Q4 in Shanghai.
CLOSED = datetime(2026, 1, 1, tzinfo=SHANGHAI)


@pytest.fixture
def where(owner: Operator) -> Centre:
    made = cast.centre(owner=owner)
    cast.file(made, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test", centres=[made])
    return made


def reasons(where: Centre, now: datetime = CLOSED) -> list[Provisional]:
    made = Determination.objects.get(centre=where, provision__mandate__code="CN-2025", current__isnull=False)
    return reasons_of([made], now=now)[made.pk]


def test_it_is_final_once_the_period_has_ended_and_nothing_waits(where: Centre) -> None:
    assert reasons(where, CLOSED - timedelta(microseconds=1)) == [Provisional.PERIOD_OPEN]
    assert reasons(where, CLOSED) == []


@pytest.mark.parametrize(
    ("status", "waits"), [("submitted", True), ("draft", False), ("accepted", False), ("withdrawn", False)]
)
def test_only_a_submitted_version_waits(where: Centre, status: str, waits: bool) -> None:
    cast.file(where, cast.period(), status=status, ascend=1)
    assert reasons(where) == [Provisional.AWAITING_REVIEW] * waits


def test_what_was_accepted_since_is_waited_for_no_more(where: Centre) -> None:
    cast.file(where, cast.period(), status="submitted", ascend=1)
    cast.file(where, cast.period(), ascend=2)
    assert reasons(where) == []


def test_another_period_and_another_centre_wait_for_themselves(where: Centre, rival: Operator) -> None:
    cast.file(where, cast.period("2025Q3"), status="submitted", ascend=1)
    cast.file(cast.centre("SH-02", owner=rival), cast.period(), status="submitted", ascend=1)
    assert reasons(where) == []


def test_it_is_one_query_for_any_number(where: Centre, owner: Operator) -> None:
    for number in range(2, 20):
        cast.file(cast.centre(f"SH-{number}", owner=owner), cast.period(), status="submitted", ascend=1)
    determine(period=cast.period(), cause="test")
    for count in (2, 20):
        made = list(Determination.objects.order_by("pk")[:count])
        # The versions that wait.
        with CaptureQueriesContext(connection) as captured:
            reasons_of(made, now=CLOSED)
        assert len(captured) == 1
    with CaptureQueriesContext(connection) as captured:
        assert reasons_of([], now=CLOSED) == {}
    assert len(captured) == 0


@pytest.mark.parametrize("reason", list(Provisional))
def test_it_is_marked_wherever_it_shows(
    client: Client, where: Centre, reason: Provisional, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/determinations/{Determination.objects.get(centre=where, provision__mandate__code='CN-2025').pk}/"
    pages = (path, "/centres/SH-01/", "/?mandate=CN-2025")
    client.force_login(cast.regulator())
    for page in pages:
        assert not any(mark in client.get(page).content.decode() for mark in MARKS.values()), page
    told = client.get(f"/api/v1{path}").json()
    assert told["provisional"] == []
    if reason == Provisional.AWAITING_REVIEW:
        cast.file(where, cast.period(), status="submitted", ascend=1)
    else:
        monkeypatch.setattr("django.utils.timezone.now", lambda: CLOSED - timedelta(seconds=1))
        client.force_login(cast.regulator("another"))
    for page in pages:
        assert MARKS[reason] in client.get(page).content.decode(), page
    assert client.get(f"/api/v1{path}").json()["provisional"] == [reason.value]
    listed = client.get("/api/v1/determinations/?centre=SH-01&mandate=CN-2025").json()["results"]
    assert [one["provisional"] for one in listed] == [[reason.value]]
