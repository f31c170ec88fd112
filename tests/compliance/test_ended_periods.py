"""The day after the last day to file, a period is determined: who has not filed has not reported."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from centres.models import Centre, Provenance
from centres.terms import set_term
from compliance.models import CurrentDetermination, DeterminationRequest, Outcome
from compliance.requests import ENDED_WITHIN, fulfil, request_determination, request_ended_periods
from compliance.wording import CAUSES
from tests import cast
from tests.together import at_once

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)
# The end of 20 January 2026 in Asia/Shanghai.
DUE_ENDS = datetime(2026, 1, 20, 16, tzinfo=UTC)


def asked(now: datetime) -> list[str]:
    """The periods that are asked for at `now`."""
    before = set(DeterminationRequest.objects.values_list("pk", flat=True))
    request_ended_periods(now)
    made = DeterminationRequest.objects.exclude(pk__in=before).order_by("period_id")
    assert all((request.cause, request.centres) == ("filing ended", None) for request in made)
    return [request.period_id for request in made]


def test_a_period_is_asked_for_from_the_first_instant_after_the_due_day_on_and_once() -> None:
    cast.centre()
    assert asked(DUE_ENDS - INSTANT) == []
    assert asked(DUE_ENDS) == ["2025Q4"]
    assert asked(DUE_ENDS + INSTANT) == []


def test_what_ended_long_ago_is_no_news() -> None:
    cast.centre()
    assert asked(DUE_ENDS + ENDED_WITHIN) == []
    assert asked(DUE_ENDS + ENDED_WITHIN - INSTANT) == ["2025Q4"]


def test_a_moved_due_date_moves_it() -> None:
    cast.centre()
    set_term(period=cast.period(), due_on=date(2026, 2, 20), locks_on=None, reason="Holiday.", recorded_by=None)
    assert asked(DUE_ENDS) == []
    assert asked(DUE_ENDS + timedelta(days=31) - INSTANT) == []
    assert asked(DUE_ENDS + timedelta(days=31)) == ["2025Q4"]


def test_a_due_date_that_moves_afterwards_breaks_nothing() -> None:
    cast.centre()
    assert asked(DUE_ENDS) == ["2025Q4"]
    set_term(period=cast.period(), due_on=date(2026, 1, 25), locks_on=None, reason="Holiday.", recorded_by=None)
    assert asked(DUE_ENDS + timedelta(days=5)) == []


@pytest.mark.parametrize("provenance", [Provenance.SYNTHETIC, Provenance.ILLUSTRATIVE])
def test_where_nobody_files_nothing_ends(provenance: str) -> None:
    Centre.objects.filter(pk=cast.centre().pk).update(provenance=provenance)
    assert asked(DUE_ENDS) == []


def test_a_centre_that_has_not_filed_is_found_to_have_not_reported() -> None:
    centre = cast.centre()
    request_ended_periods(DUE_ENDS)
    (request,) = DeterminationRequest.objects.all()
    assert fulfil(request.pk)
    found = CurrentDetermination.objects.filter(centre=centre, period="2025Q4").values_list("outcome", flat=True)
    assert Outcome.NOT_REPORTED in found
    assert "filing ended" in CAUSES


def test_the_database_lets_one_such_request_be() -> None:
    request_determination(period=cast.period(), centres=None, cause="filing ended")
    with pytest.raises(IntegrityError, match="filing_ended_once"), transaction.atomic():
        request_determination(period=cast.period(), centres=None, cause="filing ended")
    # Of others there can be any number.
    for _ in range(2):
        request_determination(period=cast.period(), centres=None, cause="nightly sweep")


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cast.centre()
    beat = partial(request_ended_periods, DUE_ENDS)
    assert at_once([beat, beat]) == [None, None]
    assert DeterminationRequest.objects.filter(cause="filing ended").count() == 1
