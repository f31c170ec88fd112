"""Outlooks that are to be made are remembered until they are, and asked for when what they rest on changed."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from centres.models import Centre
from centres.periods import SHANGHAI
from compliance.determine import determine
from compliance.exemptions import revoke
from compliance.models import Mandate, Outlook, OutlookRun, Provision
from compliance.outlook import runs
from tests import cast

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 21, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def filed(db: None) -> None:
    cast.file(cast.centre(), cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")


def test_they_are_made_from_the_last_period_that_ended_and_was_determined() -> None:
    cast.file(cast.centre("SH-02"), cast.period("2025Q2"), ascend=6)
    determine(period=cast.period("2025Q2"), cause="test")
    assert runs.latest_period(NOW) == cast.period("2025Q4")
    assert runs.latest_period(datetime(2025, 12, 31, 23, 59, tzinfo=SHANGHAI)) == cast.period("2025Q2")
    assert runs.latest_period(datetime(2025, 6, 30, 23, 59, tzinfo=SHANGHAI)) is None


def test_a_run_makes_them_once() -> None:
    run = runs.request_outlooks(cast.period())
    assert runs.fulfil(run.pk)
    run.refresh_from_db()
    assert (run.done_at is not None, run.made) == (True, Outlook.objects.count())
    assert run.made > 0
    assert not runs.fulfil(run.pk)


def test_who_asks_while_a_run_waits_is_given_that_run() -> None:
    assert runs.request_outlooks(cast.period()) == runs.request_outlooks(cast.period())
    assert OutlookRun.objects.count() == 1


def test_they_are_asked_for_anew_once_something_is_determined_and_not_before() -> None:
    run = runs.request_stale_outlooks(NOW)
    assert run is not None
    runs.fulfil(run.pk)
    assert runs.request_stale_outlooks(NOW) is None
    # A quarter of the past is part of the trend.
    cast.file(cast.centre("SH-02"), cast.period("2025Q2"), ascend=6)
    determine(period=cast.period("2025Q2"), cause="test")
    assert runs.request_stale_outlooks(NOW) is not None


def test_a_provision_that_is_issued_makes_them_stale() -> None:
    run = runs.request_stale_outlooks(NOW)
    assert run is not None
    runs.fulfil(run.pk)
    before = Provision.objects.get(mandate__code="SH-2023")
    Provision.objects.create(
        mandate=before.mandate, from_on=date(2027, 1, 1), recorded_at=timezone.now(), issued_at=timezone.now(),
        rule=before.rule, legal_text="to come",
    )  # fmt: skip
    assert runs.request_stale_outlooks(NOW) is not None


def test_an_exemption_that_is_granted_or_revoked_makes_them_stale() -> None:
    def is_stale() -> bool:
        run = runs.request_stale_outlooks(NOW)
        return run is not None and runs.fulfil(run.pk)

    assert is_stale()
    assert not is_stale()
    # Of days that no period which was determined ends on.
    exemption, run = cast.exempted(
        by=cast.regulator(), centre=Centre.objects.get(code="SH-01"), mandate=Mandate.objects.get(code="SH-2023"),
        from_on=date(2026, 1, 1), to_on=date(2026, 12, 31), threshold=None, reason="It moves.",
    )  # fmt: skip
    assert run is None
    assert is_stale()
    assert not is_stale()
    revoke(exemption=exemption, from_on=date(2026, 6, 1), reason="Why.", by=cast.regulator("second"))
    assert is_stale()


def test_a_failure_is_recorded_and_after_five_a_run_waits_for_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.request_outlooks(cast.period())
    later = run.requested_at + runs.SWEPT_AFTER
    monkeypatch.setattr(runs, "make_outlooks", lambda period: 1 // 0)
    for attempt in range(runs.GREATEST_ATTEMPTS):
        assert runs.left_undone(later) == [run.pk]
        with pytest.raises(ZeroDivisionError):
            runs.fulfil(run.pk)
        run.refresh_from_db()
        assert run.attempts == attempt + 1
    assert run.last_error.startswith("ZeroDivisionError")
    assert runs.left_undone(later) == []
    # What is asked for again is tried again.
    assert runs.request_outlooks(cast.period()) == run
    assert runs.left_undone(later) == [run.pk]


def test_what_nobody_took_within_a_minute_is_handed_on() -> None:
    run = runs.request_outlooks(cast.period())
    assert runs.left_undone(run.requested_at + runs.SWEPT_AFTER - timedelta(seconds=1)) == []
    assert runs.left_undone(run.requested_at + runs.SWEPT_AFTER) == [run.pk]
