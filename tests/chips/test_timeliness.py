"""The ledger of what is expected: each state, at the instant at which it turns."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from centres.models import Centre, CentreRecord, Operator, Provenance
from centres.terms import set_term
from chips.models import Submission
from chips.timeliness import (
    COLUMNS,
    Filed,
    FilingState,
    Ledger,
    Locked,
    Row,
    as_csv,
    office_of,
    require_open,
    row_of,
    why_locked,
)
from tests import cast

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)
# Midnight in Asia/Shanghai, at the end of 20 January 2026.
DUE_ENDS = datetime(2026, 1, 20, 16, tzinfo=UTC)
LOCKS = datetime(2026, 2, 28, 16, tzinfo=UTC)
BEFORE, AFTER = DUE_ENDS - timedelta(days=3), DUE_ENDS + timedelta(days=3)


def filed(centre: Centre, status: str, at: datetime, *, nil: bool = False) -> Submission:
    """What was sent at `at`; a nil return where `nil`."""
    decided_at = at + timedelta(hours=1) if status in ("accepted", "returned") else None
    return Submission.objects.create(
        centre=centre, period=cast.period(), version=centre.submissions.count() + 1, status=status, nil=nil,
        file_name="" if nil else "inventory.csv", file_sha256="" if nil else "0" * 64, line_count=0 if nil else 1,
        units=0 if nil else 1, created_at=at, submitted_at=None if status == "draft" else at, decided_at=decided_at,
        decision_comment="Look again." if status == "returned" else "",
    )  # fmt: skip


def record(centre: Centre, from_on: date, status: str, **more: Any) -> None:
    facts = {"kind": "intelligent", "ownership": "local_soe", "region_code": "3101", "recorded_at": timezone.now()}
    CentreRecord.objects.create(centre=centre, from_on=from_on, status=status, **facts | more)


def lock(centre: Centre | None = None, **facts: Any) -> None:
    terms: dict[str, Any] = {
        "due_on": date(2026, 1, 20),
        "locks_on": date(2026, 2, 28),
        "reason": "The report was sealed.",
    } | facts
    set_term(period=cast.period(), centre=centre, recorded_by=None, **terms)


def row(centre: Centre, now: datetime = AFTER) -> Row:
    found = row_of(centre, cast.period(), now)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (DUE_ENDS - INSTANT, "due"),
        (DUE_ENDS, "late"),
        (DUE_ENDS + INSTANT, "late"),
        (LOCKS - INSTANT, "late"),
        (LOCKS, "missing"),
        (LOCKS + INSTANT, "missing"),
    ],
)
def test_what_was_not_filed_is_due_then_late_then_missing(now: datetime, state: str) -> None:
    centre = cast.centre()
    lock()
    found = row(centre, now)
    assert (found.state, found.filed, found.is_late) == (state, "not_at_all", None)


def test_without_a_decision_nothing_is_ever_missing() -> None:
    assert row(cast.centre(), LOCKS + timedelta(days=3650)).state == FilingState.LATE


@pytest.mark.parametrize(
    ("at", "came"), [(DUE_ENDS - INSTANT, "on_time"), (DUE_ENDS, "late"), (DUE_ENDS + INSTANT, "late")]
)
def test_what_is_sent_within_the_due_day_is_in_time(at: datetime, came: str) -> None:
    centre = cast.centre()
    filed(centre, "submitted", at)
    found = row(centre)
    assert (found.state, found.filed, found.filed_at, found.is_late) == ("received", came, at, came == "late")


def test_what_comes_first_is_in_time_or_late_whatever_follows() -> None:
    centre = cast.centre()
    filed(centre, "returned", BEFORE)
    filed(centre, "submitted", AFTER)
    assert (row(centre).state, row(centre).filed) == (FilingState.RECEIVED, Filed.ON_TIME)


@pytest.mark.parametrize(
    ("statuses", "state", "spoken_of"),
    [
        (["submitted"], "received", 0),
        (["returned"], "returned", 0),
        (["accepted"], "accepted", 0),
        (["returned", "submitted"], "received", 1),
        (["returned", "accepted"], "accepted", 1),
        # What was accepted stands until another version is.
        (["accepted", "submitted"], "accepted", 0),
        (["accepted", "returned"], "accepted", 0),
        (["accepted", "accepted"], "accepted", 1),
        (["draft"], "due", None),
        (["withdrawn"], "due", None),
        (["returned", "draft"], "returned", 0),
        (["returned", "withdrawn"], "returned", 0),
    ],
)
def test_the_state_is_that_of_what_stands(statuses: list[str], state: str, spoken_of: int | None) -> None:
    centre = cast.centre()
    versions = [filed(centre, status, BEFORE) for status in statuses]
    found = row(centre, BEFORE)
    assert found.state == state
    assert found.submission_id == (None if spoken_of is None else versions[spoken_of].pk)


def test_what_was_taken_back_is_not_what_came_first() -> None:
    centre = cast.centre()
    filed(centre, "withdrawn", BEFORE)
    filed(centre, "submitted", AFTER)
    assert (row(centre).filed, row(centre).filed_at) == (Filed.LATE, AFTER)


def test_an_accepted_nil_return_is_a_confirmed_nil_and_a_file_after_it_is_not() -> None:
    centre = cast.centre()
    filed(centre, "accepted", BEFORE, nil=True)
    assert row(centre).state == FilingState.CONFIRMED_NIL
    filed(centre, "accepted", BEFORE)
    assert row(centre).state == FilingState.ACCEPTED


def test_an_exempt_centre_owes_nothing_and_another_still_does() -> None:
    exempt, other = cast.centre("SH-01"), cast.centre("SH-02")
    lock(exempt, is_exempt=True)
    assert (row(exempt, LOCKS).state, row(exempt, LOCKS).filed) == (FilingState.EXEMPT, Filed.EXEMPT)
    assert row(other, LOCKS).state == FilingState.LATE


def test_a_term_of_its_own_goes_before_the_periods() -> None:
    own, other = cast.centre("SH-01"), cast.centre("SH-02")
    lock(own, due_on=date(2026, 1, 21), locks_on=None)
    lock(due_on=date(2026, 1, 22), locks_on=date(2026, 1, 22))
    assert (row(own).due_on, row(own).locks_on, row(own).state) == (date(2026, 1, 21), None, FilingState.LATE)
    assert (row(other).due_on, row(other).state) == (date(2026, 1, 22), FilingState.MISSING)


@pytest.mark.parametrize(
    ("records", "opens_on", "closes_on"),
    [
        # 2025Q4 runs from 1 October to 31 December.
        ([("2025-09-30", "building")], None, None),
        ([("2025-10-01", "operating")], None, None),
        ([("2025-10-02", "operating")], date(2025, 10, 2), None),
        ([("2025-12-31", "building")], date(2025, 12, 31), None),
        ([("2024-01-01", "operating"), ("2025-10-02", "closed")], None, date(2025, 10, 2)),
        ([("2024-01-01", "operating"), ("2025-12-31", "closed")], None, date(2025, 12, 31)),
        ([("2024-01-01", "operating"), ("2026-01-01", "closed")], None, None),
        ([("2025-11-01", "operating"), ("2025-11-20", "closed")], date(2025, 11, 1), date(2025, 11, 20)),
        ([("2024-01-01", "closed"), ("2025-11-01", "operating")], date(2025, 11, 1), None),
        ([("2024-01-01", "building"), ("2025-11-01", "operating")], None, None),
    ],
)
def test_a_centre_is_expected_that_was_there_on_any_day(
    records: list[tuple[str, str]], opens_on: date | None, closes_on: date | None
) -> None:
    centre = bare_centre()
    for from_on, status in records:
        record(centre, date.fromisoformat(from_on), status)
    assert (row(centre).opens_on, row(centre).closes_on) == (opens_on, closes_on)


@pytest.mark.parametrize(
    "records",
    [
        [],
        [("2026-01-01", "operating")],
        [("2024-01-01", "operating"), ("2025-10-01", "closed")],
        [("2024-01-01", "closed")],
    ],
)
def test_a_centre_that_was_not_there_is_not_expected(records: list[tuple[str, str]]) -> None:
    centre = bare_centre()
    for from_on, status in records:
        record(centre, date.fromisoformat(from_on), status)
    assert row_of(centre, cast.period(), AFTER) is None


def test_of_two_records_of_a_day_the_later_word_holds() -> None:
    centre = bare_centre()
    said_at = timezone.now()
    record(centre, date(2024, 1, 1), "operating", recorded_at=said_at - timedelta(days=2))
    record(centre, date(2024, 1, 1), "closed", recorded_at=said_at - timedelta(days=1))
    assert row_of(centre, cast.period(), AFTER) is None


def test_what_is_illustrative_was_never_asked_to_file() -> None:
    centre = bare_centre(provenance=Provenance.ILLUSTRATIVE)
    record(centre, date(2024, 1, 1), "operating")
    assert row_of(centre, cast.period(), AFTER) is None


def bare_centre(**facts: Any) -> Centre:
    """A centre of which nothing is recorded."""
    return Centre.objects.create(
        code="SH-09", name_en="Bare", name_zh="空", region_id="31", region_code="3101", **facts
    )


def test_nobody_is_shown_another_operators_centres(owner: Operator, rival: Operator) -> None:
    cast.centre("SH-01", owner=owner)
    cast.centre("SH-02", owner=rival)
    cast.centre("BJ-91", owner=rival, region_code="1101")
    from accounts.models import Role

    seen = {
        "rival": cast.user("rival", Role.OPERATOR, acts_for=rival),
        "nobody": cast.user("nobody", Role.OPERATOR),
        "regional": cast.regional_regulator("31"),
        "nowhere": cast.user("nowhere", Role.REGULATOR),
        "analyst": cast.analyst(),
        "administrator": cast.administrator(),
    }
    shown = {
        name: [row.centre.code for row in Ledger(Centre.objects.visible_to(user), cast.period(), AFTER).rows()]
        for name, user in seen.items()
    }
    assert shown == {
        "rival": ["BJ-91", "SH-02"], "nobody": [], "regional": ["SH-01", "SH-02"], "nowhere": [],
        "analyst": ["BJ-91", "SH-01", "SH-02"], "administrator": [],
    }  # fmt: skip


def test_lists_sums_and_filters_say_the_same() -> None:
    for number in range(3):
        filed(cast.centre(f"SH-1{number}"), "submitted", BEFORE)
    filed(cast.centre("SH-20"), "accepted", AFTER)
    cast.centre("BJ-91", region_code="1101")
    everything = Ledger(Centre.objects.all(), cast.period(), AFTER)
    tallies = everything.tallies()
    assert tallies == [
        ("11", FilingState.LATE, Filed.NOT_AT_ALL, 1),
        ("31", FilingState.ACCEPTED, Filed.LATE, 1),
        ("31", FilingState.RECEIVED, Filed.ON_TIME, 3),
    ]
    assert everything.count(tallies) == len(everything.rows()) == 5
    received = Ledger(Centre.objects.all(), cast.period(), AFTER, state=FilingState.RECEIVED)
    assert received.count(tallies) == 3
    assert [row.centre.code for row in received.rows(1, 3)] == ["SH-11", "SH-12"]
    assert [centre.code for centre in received.expected_centres().order_by("code")] == ["SH-10", "SH-11", "SH-12"]
    late = Ledger(Centre.objects.all(), cast.period(), AFTER, filed=Filed.LATE)
    assert ([row.centre.code for row in late.rows()], late.count(tallies)) == (["SH-20"], 1)


@pytest.mark.parametrize("centres", [2, 20])
def test_a_list_and_its_sums_cost_two_queries(centres: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(centres):
        filed(cast.centre(f"SH-{number:02}"), "submitted", BEFORE)
    ledger = Ledger(Centre.objects.all(), cast.period(), AFTER)
    # 1: the sums; 2: the rows.
    with django_assert_num_queries(2):
        assert ledger.count(ledger.tallies()) == len(ledger.rows()) == centres


def test_what_is_locked_takes_nothing_and_says_why() -> None:
    centre = cast.centre()
    require_open(centre, cast.period(), LOCKS)
    lock()
    require_open(centre, cast.period(), LOCKS - INSTANT)
    with pytest.raises(Locked) as raised:
        require_open(centre, cast.period(), LOCKS)
    said = why_locked(raised.value.term)
    assert "The report was sealed." in said
    assert "28 February 2026" in said


def test_an_office_is_named_and_no_person() -> None:
    assert office_of(cast.regulator("li.hua")) == "regulator"
    assert office_of(cast.regional_regulator("31", "11")) == "regulator for Beijing, Shanghai"


def test_no_cell_of_the_export_is_taken_for_a_formula() -> None:
    centre = cast.centre()
    Centre.objects.filter(pk=centre.pk).update(name_en="=1+1", name_zh="＝1")
    mark, text = "\ufeff", "".join(as_csv(Ledger(Centre.objects.all(), cast.period(), AFTER)))
    assert text.startswith(mark)
    header, line = text.removeprefix(mark).splitlines()
    assert header == ",".join(COLUMNS)
    assert line.startswith("2025Q4,SH-01,'=1+1,'＝1,31,Shanghai,上海市,,,late,not_at_all,,2026-01-20,")
