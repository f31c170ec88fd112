"""Building the quarterly report: claimed by one worker, made in parts, sealed with its hash.

A run is a row of PostgreSQL before any worker hears of it. Whoever claims it must go on showing a sign of life with
each part; a claim that falls silent is taken over, and the worker that lost it finds that out before it can seal.
"""

import csv
import hashlib
import logging
import tempfile
import uuid
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from centres.models import CentreRecord, CentreStatus, Provenance, ReportingPeriod
from centres.periods import filing_ended_at
from chips.originals import keep_original, original
from compliance.determine import determine
from compliance.models import CurrentDetermination, Determination
from reports.models import ReportRun, RunStatus, RunTrigger
from reports.quarterly import COLUMNS, row_of

logger = logging.getLogger(__name__)

# A worker that has shown no sign of life for so long has lost its run.
SILENT_AFTER = timedelta(minutes=1)
GREATEST_ATTEMPTS = 5
_TRIES = 3
# So many rows are a part: its end is a sign of life.
PART = 500
# Excel takes a CSV file for UTF-8 only where it begins with this mark.
MARK = "\ufeff"


class RightsGone(Exception):
    """Who asked for the run may not read it any more."""


class ClaimLost(Exception):
    """Another worker has taken the run over."""


def request_run(*, period: ReportingPeriod, requested_by: User) -> ReportRun:
    """Ask for the report of `period`; the run that is under way, where there is one."""
    return _ask(period, RunTrigger.REQUEST, requested_by)


def start_due_runs(now: datetime) -> list[ReportRun]:
    """Ask for the report of every period whose time to file has ended and that has none on schedule yet.

    A period in which nothing was determined has nothing to report.
    """
    scheduled = ReportRun.objects.filter(period=OuterRef("pk"), trigger=RunTrigger.SCHEDULE)
    determined = CurrentDetermination.objects.filter(period=OuterRef("pk"))
    periods = ReportingPeriod.objects.filter(~Exists(scheduled), Exists(determined))
    due = [period for period in periods if filing_ended_at(period) <= now]
    return [_ask(period, RunTrigger.SCHEDULE, None) for period in due]


def _ask(period: ReportingPeriod, trigger: RunTrigger, requested_by: User | None) -> ReportRun:
    for _ in range(_TRIES):
        try:
            # The database lets one run of a period be under way: whoever asks second is shown the first.
            return _record(period, trigger, requested_by)
        except IntegrityError:
            under_way = ReportRun.objects.filter(period=period, status__in=[RunStatus.QUEUED, RunStatus.BUILDING])
            scheduled = ReportRun.objects.filter(period=period, trigger=RunTrigger.SCHEDULE)
            found = under_way.first() or (scheduled.first() if trigger == RunTrigger.SCHEDULE else None)
            if found:
                return found
            # It was finished in between: ask again.
    raise RuntimeError(f"No run of {period.code} could be asked for.")


@transaction.atomic
def _record(period: ReportingPeriod, trigger: RunTrigger, requested_by: User | None) -> ReportRun:
    from reports.tasks import build_report

    run = ReportRun.objects.create(
        period=period, trigger=trigger, requested_by=requested_by, requested_at=timezone.now()
    )
    # Robust: a broker that is away must not fail what was just committed; the sweep rings again.
    transaction.on_commit(lambda: build_report.delay(run.pk), robust=True)
    return run


def give_up(now: datetime) -> int:
    """Let those runs have failed whose workers fell silent `GREATEST_ATTEMPTS` times; returns their number."""
    lost = ReportRun.objects.filter(
        status=RunStatus.BUILDING, alive_at__lte=now - SILENT_AFTER, attempts__gte=GREATEST_ATTEMPTS
    )
    return lost.update(status=RunStatus.FAILED, last_error="Every worker that took it fell silent.")


def left_undone(now: datetime) -> list[int]:
    """The runs that nobody has claimed, or whose worker fell silent, for `SILENT_AFTER`; oldest first."""
    silent = now - SILENT_AFTER
    waiting = Q(status=RunStatus.QUEUED, requested_at__lte=silent) & (Q(alive_at=None) | Q(alive_at__lte=silent))
    lost = Q(status=RunStatus.BUILDING, alive_at__lte=silent)
    return list(ReportRun.objects.filter(waiting | lost).order_by("requested_at").values_list("pk", flat=True))


def build(run_id: int) -> bool:
    """Build the run and seal it; False where it is done already, in other hands, or unknown.

    A failure is recorded on the run and raised; after `GREATEST_ATTEMPTS` the run has failed.
    """
    claim = uuid.uuid4()
    if not _claim(run_id, claim):
        return False
    try:
        run = _pin(run_id, claim)
        with tempfile.TemporaryDirectory(dir=_workplace()) as directory:
            path = Path(directory) / "report.csv"
            manifest = _write(run, claim, path)
            _seal(run, claim, path, manifest)
    except ClaimLost:
        logger.warning("Report run %s was taken over by another worker", run_id)
        return False
    except RightsGone:
        held = ReportRun.objects.filter(pk=run_id, claim=claim)
        held.update(status=RunStatus.FAILED, last_error="Who asked for it may not read it any more.")
        return False
    except Exception as error:
        _record_failure(run_id, claim, error)
        raise
    return True


def _workplace() -> Path:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    return Path(settings.VAR_DIR)


def _claim(run_id: int, claim: uuid.UUID) -> bool:
    now = timezone.now()
    free = Q(status=RunStatus.QUEUED) | Q(status=RunStatus.BUILDING, alive_at__lte=now - SILENT_AFTER)
    claimed = ReportRun.objects.filter(free, pk=run_id, attempts__lt=GREATEST_ATTEMPTS).update(
        status=RunStatus.BUILDING, claim=claim, alive_at=now, attempts=F("attempts") + 1, parts_done=0, parts=0
    )
    return bool(claimed)


@transaction.atomic
def _pin(run_id: int, claim: uuid.UUID) -> ReportRun:
    """The run, with the determinations that it is made of settled, on this attempt or an earlier one."""
    run = ReportRun.objects.select_related("period", "requested_by").get(pk=run_id)
    if run.requested_by is not None and not run.requested_by.sees_whole_country:
        raise RightsGone
    # What was accepted and not yet determined is reported too. It takes the period's lock: nothing is half appended.
    determine(period=run.period, cause="report")
    last = Determination.objects.filter(period=run.period).aggregate(last=Max("pk"))["last"] or 0
    held = ReportRun.objects.filter(pk=run_id, claim=claim, status=RunStatus.BUILDING)
    held.filter(last_determination__isnull=True).update(known_at=timezone.now(), last_determination=last)
    if not held.update(alive_at=timezone.now()):
        raise ClaimLost
    run.refresh_from_db()
    return run


def rows_of(run: ReportRun) -> list[int]:
    """The determinations that `run` reports, by region, centre and mandate: the latest of each as it was pinned.

    A centre that had closed by the period's end, as was known then, has none; nor has one that is illustrative, since
    nothing of it was ever filed.
    """
    # `_pin` has set it.
    known_at = cast(datetime, run.known_at)
    records = CentreRecord.objects.as_of(run.period.ends_on, known_at)
    closed = [record.centre_id for record in records if record.status == CentreStatus.CLOSED]
    latest = (
        Determination.objects.filter(period=run.period_id, pk__lte=run.last_determination)
        .exclude(centre__in=closed)
        .exclude(centre__provenance=Provenance.ILLUSTRATIVE)
        .order_by("centre_id", "provision__mandate_id", "-pk")
        .distinct("centre_id", "provision__mandate_id")
    )
    ordered = Determination.objects.filter(pk__in=latest.values("pk"))
    return list(
        ordered.order_by("centre__region_id", "centre__code", "provision__mandate__code").values_list("pk", flat=True)
    )


def _write(run: ReportRun, claim: uuid.UUID, path: Path) -> dict[str, Any]:
    """Write the report to `path`, part by part; returns its manifest."""
    keys = rows_of(run)
    parts = [keys[start : start + PART] for start in range(0, len(keys), PART)]
    _show_life(run, claim, parts=len(parts), parts_done=0)
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    units: dict[str, Counter[str]] = defaultdict(Counter)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(MARK)
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for done, part in enumerate(parts, start=1):
            for determination in _determinations(part):
                writer.writerow(row_of(determination))
                mandate = determination.provision.mandate.code
                outcomes[mandate][determination.outcome] += 1
                for origin in ("domestic", "foreign", "unknown"):
                    units[mandate][origin] += getattr(determination, f"units_{origin}") or 0
            _show_life(run, claim, parts_done=done)
    return {
        "period": run.period_id,
        "known_at": run.known_at and run.known_at.isoformat(),
        "last_determination": run.last_determination,
        "rows": len(keys),
        "columns": list(COLUMNS),
        "mandates": {
            mandate: {"outcomes": dict(sorted(outcomes[mandate].items())), "units": dict(units[mandate])}
            for mandate in sorted(outcomes)
        },
    }


def _determinations(keys: list[int]) -> list[Determination]:
    """The determinations with these keys, in their order."""
    related = Determination.objects.select_related(
        "centre__operator", "centre__region", "provision__mandate", "submission"
    )
    found = related.in_bulk(keys)
    return [found[key] for key in keys]


def _show_life(run: ReportRun, claim: uuid.UUID, **changes: Any) -> None:
    held = ReportRun.objects.filter(pk=run.pk, claim=claim, status=RunStatus.BUILDING)
    if not held.update(alive_at=timezone.now(), **changes):
        raise ClaimLost


def _seal(run: ReportRun, claim: uuid.UUID, path: Path, manifest: dict[str, Any]) -> None:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    keep_original(path, sha256)
    _show_life(
        run,
        claim,
        status=RunStatus.READY,
        finished_at=timezone.now(),
        file_sha256=sha256,
        row_count=manifest["rows"],
        manifest=manifest,
        last_error="",
    )


def _record_failure(run_id: int, claim: uuid.UUID, error: Exception) -> None:
    logger.exception("Report run %s failed", run_id)
    held = ReportRun.objects.filter(pk=run_id, claim=claim, status=RunStatus.BUILDING)
    message = f"{type(error).__name__}: {error}"[:1000]
    held.filter(attempts__gte=GREATEST_ATTEMPTS).update(status=RunStatus.FAILED, last_error=message)
    held.update(status=RunStatus.QUEUED, claim=None, last_error=message)


def sealed_file(run: ReportRun) -> Path:
    """Where the bytes of a run that is ready are kept."""
    return original(run.file_sha256)
