"""Outlooks that nobody heard the ring for are made all the same, by a real worker on a real broker."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from centres.models import ReportingPeriod
from compliance.determine import determine
from compliance.models import Outlook, OutlookRun
from compliance.outlook import runs
from compliance.tasks import make_outlooks_of, sweep_outlooks
from config.celery import app
from tests import cast
from tests.workers import wait_for


@pytest.fixture
def period(transactional_db: None) -> ReportingPeriod:
    cast.file(cast.centre(), cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")
    app.control.purge()
    return cast.period()


def done(run: OutlookRun) -> bool:
    return OutlookRun.objects.filter(pk=run.pk, done_at__isnull=False).exists()


@pytest.mark.usefixtures("worker")
def test_a_worker_makes_what_is_rung_for_and_rings_that_repeat_change_nothing(period: ReportingPeriod) -> None:
    with transaction.atomic():
        run = runs.request_outlooks(period)
    for _ in range(5):
        make_outlooks_of.delay(run.pk)
    wait_for(lambda: done(run))
    assert Outlook.objects.filter(centre__code="SH-01").count() == 2


@pytest.mark.usefixtures("worker")
def test_a_lost_ring_is_swept_up(period: ReportingPeriod) -> None:
    late = timezone.now() - runs.SWEPT_AFTER - timedelta(seconds=1)
    run = OutlookRun.objects.create(period=period, requested_at=late, last_determination=0)
    sweep_outlooks.delay()
    wait_for(lambda: done(run))


def test_a_broker_that_is_away_loses_no_run(period: ReportingPeriod, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise ConnectionError("the broker is away")

    monkeypatch.setattr("compliance.tasks.make_outlooks_of.delay", refuse)
    with transaction.atomic():
        run = runs.request_outlooks(period)
    assert runs.left_undone(run.requested_at + runs.SWEPT_AFTER) == [run.pk]
