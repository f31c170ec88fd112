"""What nobody asks for happens by itself, once, however many beats there are."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from compliance import requests
from compliance.determine import determine
from compliance.models import DeterminationRequest
from reports.models import ReportRun
from tests import cast
from tests.workers import beating, wait_for


@pytest.mark.usefixtures("worker")
def test_two_beats_start_the_report_of_a_period_whose_time_to_file_has_ended_and_start_it_once(
    transactional_db: None, tmp_path: Path
) -> None:
    cast.file(cast.centre(), cast.period(), ascend=1)
    determine(period=cast.period(), cause="test")
    lost = DeterminationRequest.objects.create(
        period=cast.period(), cause="test", requested_at=timezone.now() - requests.SWEPT_AFTER - timedelta(seconds=1)
    )
    with beating(tmp_path, beats=2):
        wait_for(lambda: ReportRun.objects.filter(status="ready").exists())
        # A request whose ring was lost is swept up on the way.
        wait_for(lambda: DeterminationRequest.objects.filter(pk=lost.pk, done_at__isnull=False).exists())
    (run,) = ReportRun.objects.all()
    assert (run.trigger, run.period_id, run.attempts, run.row_count) == ("schedule", "2025Q4", 1, 3)
