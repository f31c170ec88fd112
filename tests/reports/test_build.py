"""The quarterly report: whole, exact, sealed, and built once however many workers try."""

import csv
import hashlib
import io
import uuid
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings

from centres.models import Centre
from centres.periods import SHANGHAI
from compliance.determine import determine
from compliance.models import OutcomeRollup
from reports import build
from reports.models import ReportRun
from tests import cast
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path / "files"


def rows(run: ReportRun) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(build.sealed_file(run).read_text(encoding="utf-8-sig"))))


def built() -> ReportRun:
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    assert build.build(run.pk)
    run.refresh_from_db()
    return run


def test_half_is_enough_for_shanghai_and_not_for_the_nation() -> None:
    cast.file(cast.centre(owner=cast.operator()), cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test")
    mine = {row["mandate"]: row for row in rows(built()) if row["centre"] == "SH-01"}
    shanghai, nation = mine["SH-2023"], mine["CN-2025"]
    assert (shanghai["outcome"], shanghai["comparator"], shanghai["gap_replace_units"]) == (
        "compliant",
        "at_least",
        "0",
    )
    assert (nation["outcome"], nation["comparator"], nation["gap_replace_units"]) == ("non_compliant", "over", "1")
    for row in (shanghai, nation):
        assert (row["share_low_percent"], row["share_low_numerator"], row["share_low_denominator"]) == (
            "50.0000",
            "1",
            "2",
        )
        assert (row["units_domestic"], row["units_foreign"], row["threshold"]) == ("500", "500", "0.5")
    assert (mine["CN-2025-NEW"]["outcome"], mine["CN-2025-NEW"]["units_domestic"]) == ("out_of_scope", "")


def test_its_totals_are_those_of_the_dashboards_rollups_and_of_its_manifest() -> None:
    for number, (ascend, h800) in enumerate([(6, 4), (7, 3), (1, 9)]):
        cast.file(cast.centre(f"SH-0{number}"), cast.period(), ascend=ascend, h800=h800)
    determine(period=cast.period(), cause="test")
    run = built()
    outcomes: Counter[tuple[str, str]] = Counter()
    units: Counter[str] = Counter()
    for row in rows(run):
        outcomes[row["mandate"], row["outcome"]] += 1
        units[row["mandate"]] += int(row["units_domestic"] or 0)
    rolled: Counter[tuple[str, str]] = Counter()
    rolled_units: Counter[str] = Counter()
    for rollup in OutcomeRollup.objects.filter(period="2025Q4").select_related("mandate"):
        rolled[rollup.mandate.code, rollup.outcome] += rollup.centres
        rolled_units[rollup.mandate.code] += rollup.units_domestic
    assert outcomes == rolled
    assert units == rolled_units
    assert run.manifest is not None
    assert run.manifest["mandates"]["SH-2023"]["units"] == {"domestic": 14, "foreign": 16, "unknown": 0}
    assert sum(outcomes.values()) == run.row_count == run.manifest["rows"]


def test_the_hash_is_that_of_the_bytes_and_the_run_is_made_of_one_moment() -> None:
    where = cast.centre()
    determine(period=cast.period(), cause="test")
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    first = uuid.uuid4()
    assert build._claim(run.pk, first)
    pinned = build._pin(run.pk, first)
    ReportRun.objects.filter(pk=run.pk).update(alive_at=timezone.now() - build.SILENT_AFTER)
    cast.file(where, cast.period(), ascend=1)
    determine(period=cast.period(), cause="test")
    build.build(run.pk)
    run.refresh_from_db()
    assert run.last_determination == pinned.last_determination
    assert {row["outcome"] for row in rows(run) if row["mandate"] == "SH-2023" and row["centre"] == "SH-01"} == {
        "not_reported"
    }
    assert hashlib.sha256(build.sealed_file(run).read_bytes()).hexdigest() == run.file_sha256


def test_what_was_accepted_and_not_yet_determined_is_reported() -> None:
    where = cast.centre()
    determine(period=cast.period(), cause="test")
    cast.file(where, cast.period(), ascend=1)
    assert {row["outcome"] for row in rows(built()) if row["mandate"] == "SH-2023" and row["centre"] == "SH-01"} == {
        "compliant"
    }


def test_a_centre_that_never_filed_is_in_no_report() -> None:
    cast.file(Centre.objects.get(code="SC-CD-01"), cast.period(), ascend=1)
    cast.centre()
    determine(period=cast.period(), cause="test")
    assert {row["centre"] for row in rows(built())} == {"SH-01"}


def test_the_database_keeps_a_sealed_run_as_it_is() -> None:
    run = built()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportRun.objects.filter(pk=run.pk).update(file_sha256="0" * 64)


def test_who_lost_the_claim_while_waiting_pins_nothing() -> None:
    cast.centre()
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    slow = uuid.uuid4()
    assert build._claim(run.pk, slow)
    ReportRun.objects.filter(pk=run.pk).update(alive_at=timezone.now() - build.SILENT_AFTER)
    assert build.build(run.pk)
    with pytest.raises(build.ClaimLost):
        build._pin(run.pk, slow)


def test_a_run_that_kills_every_worker_has_failed_in_the_end() -> None:
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    for _ in range(build.GREATEST_ATTEMPTS):
        assert build._claim(run.pk, uuid.uuid4())
        ReportRun.objects.filter(pk=run.pk).update(alive_at=timezone.now() - build.SILENT_AFTER)
    assert not build._claim(run.pk, uuid.uuid4())
    assert build.give_up(timezone.now()) == 1
    run.refresh_from_db()
    assert run.status == "failed"
    assert build.request_run(period=cast.period(), requested_by=cast.regulator()).pk != run.pk


def test_a_name_that_would_run_as_a_formula_is_disarmed() -> None:
    cast.centre(owner=cast.operator("=1+1"))
    determine(period=cast.period(), cause="test")
    (name,) = {row["operator_en"] for row in rows(built()) if row["centre"] == "SH-01"}
    assert name == "'=1+1"


def test_the_schedule_asks_once_and_only_after_the_last_day_to_file() -> None:
    cast.centre()
    determine(period=cast.period(), cause="test")
    last_moment = datetime(2026, 1, 20, 23, 59, 59, 999999, tzinfo=SHANGHAI)
    assert build.start_due_runs(last_moment) == []
    (run,) = build.start_due_runs(last_moment + timedelta(microseconds=1))
    assert (run.period_id, run.trigger, run.status) == ("2025Q4", "schedule", "queued")
    assert build.start_due_runs(last_moment + timedelta(days=9)) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportRun.objects.create(period=cast.period(), trigger="schedule", requested_at=timezone.now())


def test_a_broker_that_is_away_fails_no_request_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object) -> None:
        raise OperationalError("Connection refused")

    monkeypatch.setattr("reports.tasks.build_report.delay", away)
    with TestCase.captureOnCommitCallbacks(execute=True):
        run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    assert build.left_undone(timezone.now() + build.SILENT_AFTER) == [run.pk]


def test_who_asks_while_a_run_is_under_way_is_shown_that_run() -> None:
    analyst = cast.analyst()
    first = build.request_run(period=cast.period(), requested_by=analyst)
    assert build.request_run(period=cast.period(), requested_by=analyst) == first


def test_a_failure_is_told_and_after_five_the_run_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())

    def fail(determination: object) -> None:
        raise KeyError("missing")

    monkeypatch.setattr(build, "row_of", fail)
    cast.centre()
    determine(period=cast.period(), cause="test")
    for attempt in range(build.GREATEST_ATTEMPTS):
        with pytest.raises(KeyError):
            build.build(run.pk)
        run.refresh_from_db()
        assert run.status == ("failed" if attempt == build.GREATEST_ATTEMPTS - 1 else "queued")
    assert "missing" in run.last_error
    assert build.left_undone(timezone.now() + build.SILENT_AFTER) == []


def test_a_worker_that_fell_silent_loses_the_run_and_cannot_seal_it() -> None:
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    slow = uuid.uuid4()
    assert build._claim(run.pk, slow)
    assert not build.build(run.pk)
    ReportRun.objects.filter(pk=run.pk).update(alive_at=timezone.now() - build.SILENT_AFTER)
    assert build.left_undone(timezone.now()) == [run.pk]
    assert build.build(run.pk)
    with pytest.raises(build.ClaimLost):
        build._show_life(run, slow, parts_done=1)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_build_one_report_once() -> None:
    determine(period=cast.period(), cause="test")
    run = build.request_run(period=cast.period(), requested_by=cast.analyst())
    assert sorted(at_once([partial(build.build, run.pk)] * 8)) == [False] * 7 + [True]
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("ready", 1)
