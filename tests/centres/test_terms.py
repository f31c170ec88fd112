"""Until when is filed: the last word on a centre, else on the period, else the period's own date."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from centres.models import FilingTerm, Operator
from centres.periods import filing_ended_at, quarter
from centres.terms import Term, WrongTerm, set_term, term_of, term_of_period, terms_of
from tests import cast

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)


def test_where_nothing_was_decided_the_periods_date_holds_and_nothing_ever_locks() -> None:
    term = term_of(cast.centre(), cast.period())
    assert term == Term(due_on=date(2026, 1, 20))
    assert term.locks_at is None
    assert not term.is_locked(datetime(2999, 1, 1, tzinfo=UTC))


def test_the_last_day_counts_whole_in_shanghai() -> None:
    term = Term(due_on=date(2026, 1, 20), locks_on=date(2026, 2, 28))
    assert term.filing_ended_at == datetime(2026, 1, 20, 16, tzinfo=UTC)
    locks_at = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert term.locks_at == locks_at
    assert [term.is_locked(locks_at + step) for step in (-INSTANT, 0 * INSTANT, INSTANT)] == [False, True, True]


def test_the_last_word_on_a_centre_goes_before_the_last_on_the_period(owner: Operator) -> None:
    period, named, other = cast.period(), cast.centre("SH-01"), cast.centre("SH-02")
    regulator = cast.regulator()
    for days in (1, 2):
        set_term(
            period=period, due_on=period.due_on + timedelta(days=days), locks_on=None, reason="Holiday.",
            recorded_by=regulator,
        )  # fmt: skip
    set_term(
        period=period, centre=named, due_on=date(2026, 1, 23), locks_on=date(2026, 3, 1), reason="A flood.",
        recorded_by=regulator,
    )  # fmt: skip
    set_term(period=period, due_on=date(2026, 1, 30), locks_on=date(2026, 2, 1), reason="Again.", recorded_by=regulator)
    terms = terms_of([named, other], period)
    assert (terms[named.pk].due_on, terms[named.pk].locks_on) == (date(2026, 1, 23), date(2026, 3, 1))
    assert (terms[other.pk].due_on, terms[other.pk].locks_on) == (date(2026, 1, 30), date(2026, 2, 1))
    assert terms[named.pk].is_of_centre
    assert not terms[other.pk].is_of_centre
    assert terms[named.pk].recorded_by == regulator
    assert term_of_period(period).reason == "Again."
    # Another period is not touched.
    assert term_of(named, cast.period("2025Q3")).recorded_at is None


def test_a_moved_due_date_moves_the_end_of_filing_of_the_period() -> None:
    assert filing_ended_at(cast.period()) == datetime(2026, 1, 20, 16, tzinfo=UTC)
    set_term(period=cast.period(), due_on=date(2026, 1, 25), locks_on=None, reason="Holiday.", recorded_by=None)
    assert filing_ended_at(cast.period()) == datetime(2026, 1, 25, 16, tzinfo=UTC)
    assert filing_ended_at(quarter("2025Q3")) == datetime(2025, 10, 20, 16, tzinfo=UTC)


@pytest.mark.parametrize("centres", [2, 20])
def test_many_centres_cost_one_query(centres: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made, period = [cast.centre(f"SH-{number:02}") for number in range(centres)], cast.period()
    for centre in made:
        set_term(
            period=period, centre=centre, due_on=date(2026, 1, 20), locks_on=None, reason="Why.",
            recorded_by=None,
        )  # fmt: skip
    # 1: the terms, with who recorded them.
    with django_assert_num_queries(1):
        assert len(terms_of(made, period)) == centres


@pytest.mark.parametrize(
    ("wrong", "given"),
    [
        ("due_on", {"due_on": date(2025, 12, 31)}),
        ("locks_on", {"due_on": date(2026, 1, 20), "locks_on": date(2026, 1, 19)}),
        ("is_exempt", {"is_exempt": True}),
        ("reason", {"reason": " \n"}),
    ],
)
def test_a_term_that_cannot_hold_is_refused_and_says_what_is_wrong(wrong: str, given: dict[str, object]) -> None:
    asked = {"due_on": date(2026, 1, 20), "locks_on": None, "reason": "Why.", "recorded_by": None} | given
    with pytest.raises(WrongTerm) as raised:
        set_term(period=cast.period(), **asked)  # type: ignore[arg-type]
    assert list(raised.value.wrong) == [wrong]
    assert not FilingTerm.objects.exists()


def test_a_period_can_lock_on_the_day_on_which_it_is_due() -> None:
    day = date(2026, 1, 20)
    assert set_term(period=cast.period(), due_on=day, locks_on=day, reason="Why.", recorded_by=None).locks_on == day


def test_what_was_decided_is_never_edited() -> None:
    term = set_term(period=cast.period(), due_on=date(2026, 1, 20), locks_on=None, reason="Why.", recorded_by=None)
    for change in (
        lambda: FilingTerm.objects.filter(pk=term.pk).update(reason="Another."),
        lambda: FilingTerm.objects.filter(pk=term.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_the_database_exempts_no_whole_period() -> None:
    with pytest.raises(IntegrityError, match="filing_term_exempts_one_centre"), transaction.atomic():
        FilingTerm.objects.create(
            period=cast.period(), due_on=date(2026, 1, 20), is_exempt=True, reason="Why.",
            recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        ({"due_on": date(9999, 12, 31), "locks_on": None}, "due_on"),
        ({"due_on": date(2026, 1, 20), "locks_on": date(9999, 12, 31)}, "locks_on"),
        # What came on the last day was in time, and its receipt says so.
        ({"due_on": date(2026, 1, 19), "locks_on": None}, "due_on"),
    ],
)
def test_a_day_that_no_calendar_has_or_that_is_over_is_refused(days: dict[str, date | None], wrong: str) -> None:
    with pytest.raises(WrongTerm) as told:
        set_term(period=cast.period(), reason="Why.", recorded_by=None, **days)  # type: ignore[arg-type]
    assert set(told.value.wrong) == {wrong}
