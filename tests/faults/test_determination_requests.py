"""Work that is lost, killed or rung for twice is done once, by a real worker on a real broker."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from centres.models import Centre, CentreRecord, ReportingPeriod
from compliance import requests
from compliance.models import Determination, DeterminationRequest
from compliance.tasks import fulfil_request, sweep_requests
from config.celery import app
from tests.workers import broker_away, wait_for


@pytest.fixture
def period(transactional_db: None) -> ReportingPeriod:
    centre = Centre.objects.create(code="SH-01", name_en="a", name_zh="b", region_id="31", region_code="31")
    CentreRecord.objects.create(
        centre=centre, from_on=date(2024, 1, 1), recorded_at=timezone.now(), region_code="31", kind="intelligent",
        ownership="local_soe", status="operating",
    )  # fmt: skip
    app.control.purge()
    return ReportingPeriod.objects.get(code="2025Q4")


def done(request: DeterminationRequest) -> bool:
    return DeterminationRequest.objects.filter(pk=request.pk, done_at__isnull=False).exists()


@pytest.mark.usefixtures("worker")
def test_a_worker_does_what_is_rung_for_and_does_it_once(period: ReportingPeriod) -> None:
    with transaction.atomic():
        request = requests.request_determination(period=period, centres=None, cause="test")
    for _ in range(5):
        fulfil_request.delay(request.pk)
    wait_for(lambda: done(request))
    count = Determination.objects.count()
    assert count == 3 * Centre.objects.count()
    second = requests.request_determination(period=period, centres=None, cause="test")
    wait_for(lambda: done(second))
    assert Determination.objects.count() == count


@pytest.mark.usefixtures("worker")
def test_a_lost_ring_is_swept_up(period: ReportingPeriod) -> None:
    late = timezone.now() - requests.SWEPT_AFTER - timedelta(seconds=1)
    request = DeterminationRequest.objects.create(period=period, cause="test", requested_at=late)
    sweep_requests.delay()
    wait_for(lambda: done(request))


def test_a_broker_that_is_away_fails_nothing_that_was_committed(period: ReportingPeriod) -> None:
    with broker_away(), transaction.atomic():
        request = requests.request_determination(period=period, centres=None, cause="test")
    assert not done(request)
    assert requests.left_undone(timezone.now() + requests.SWEPT_AFTER) == [request.pk]


def test_a_request_that_is_withdrawn_with_its_cause_leaves_nothing(period: ReportingPeriod) -> None:
    @transaction.atomic
    def cause_that_fails() -> None:
        requests.request_determination(period=period, centres=None, cause="test")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cause_that_fails()
    assert not DeterminationRequest.objects.exists()


def test_what_always_fails_says_why_and_steps_aside(period: ReportingPeriod) -> None:
    request = DeterminationRequest.objects.create(period=period, cause="x" * 60, requested_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE compliance_determination ADD CONSTRAINT broken CHECK (false) NOT VALID")
    try:
        for _ in range(requests.GREATEST_ATTEMPTS):
            with pytest.raises(Exception, match="broken"):
                requests.fulfil(request.pk)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE compliance_determination DROP CONSTRAINT broken")
    request.refresh_from_db()
    assert "broken" in request.last_error
    assert requests.left_undone(timezone.now() + requests.SWEPT_AFTER) == []
    assert not Determination.objects.exists()
