"""What is to be determined, remembered in PostgreSQL until it is done.

A task that is lost, killed or run twice costs a delay and never a wrong state: the row is marked done in the same
transaction as its determinations, and the sweep hands on whatever nobody finished.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from centres.models import Centre, FilingTerm, Provenance, ReportingPeriod
from centres.periods import SHANGHAI, filing_ended_at
from chips.models import Submission
from compliance.determine import determine
from compliance.models import FILING_ENDED, Determination, DeterminationRequest, DeterminationRun, Mandate

logger = logging.getLogger(__name__)

SWEPT_AFTER = timedelta(minutes=1)
# So that a backlog does not fill the broker with rings for the same work.
SWEPT_AT_ONCE = 100
# After so many failures a request waits for a person: it must not keep the rest from being done.
GREATEST_ATTEMPTS = 5
# A period that ended longer ago, and was never asked for, is history that was loaded and no news.
ENDED_WITHIN = timedelta(days=7)


def request_determination(
    *,
    period: ReportingPeriod,
    centres: Iterable[int] | None,
    cause: str,
    mandate: Mandate | None = None,
    run: DeterminationRun | None = None,
) -> DeterminationRequest:
    """Record that centres by their keys (None: every centre) are to be determined for `period`, under `mandate`
    (None: every mandate), and why; ring after the commit."""
    from compliance.tasks import fulfil_request

    request = DeterminationRequest.objects.create(
        period=period,
        centres=None if centres is None else sorted(set(centres)),
        mandate=mandate,
        cause=cause,
        run=run,
        requested_at=timezone.now(),
    )
    # Robust: a broker that is away must not fail what was just committed; the sweep rings again.
    transaction.on_commit(lambda: fulfil_request.delay(request.pk), robust=True)
    return request


@transaction.atomic
def request_run(
    *,
    cause: str,
    subject: dict[str, Any],
    by: User | None,
    wanted: Mapping[ReportingPeriod, Iterable[int] | None],
    mandate: Mandate | None = None,
) -> DeterminationRun | None:
    """Have the centres that are `wanted` of each period (None: every centre) determined anew, as one run.

    None where nobody is touched.
    """
    if not wanted:
        return None
    run = DeterminationRun.objects.create(cause=cause, subject=subject, requested_by=by, requested_at=timezone.now())
    for period, centres in wanted.items():
        request_determination(period=period, centres=centres, cause=cause, mandate=mandate, run=run)
    return run


def determine_what_was_accepted(submission: Submission, **signal: Any) -> None:
    """Accepting a submission determines its centre at once."""
    request_determination(period=submission.period, centres=[submission.centre_id], cause="submission accepted")


def determine_what_was_repudiated(submission: Submission, **signal: Any) -> None:
    """What its sender repudiated stands no longer: its centre is determined by what does."""
    request_determination(period=submission.period, centres=[submission.centre_id], cause="submission repudiated")


def request_stale_periods() -> None:
    """Ask anew for every period in which something was determined or filed; what stands by its digest stays."""
    filed = Submission.objects.filter(period=OuterRef("pk"))
    determined = Determination.objects.filter(period=OuterRef("pk"))
    asked = DeterminationRequest.objects.filter(
        period=OuterRef("pk"), centres__isnull=True, done_at__isnull=True, attempts__lt=GREATEST_ATTEMPTS
    )
    for period in ReportingPeriod.objects.filter(Exists(filed) | Exists(determined), ~Exists(asked)):
        request_determination(period=period, centres=None, cause="nightly sweep")


def request_ended_periods(now: datetime) -> None:
    """Ask once for every period whose time to file has just ended: who has not filed is found to have not reported.

    Once, even where the due date is moved afterwards: what changes then is looked at again in the night.
    """
    if not Centre.objects.filter(provenance=Provenance.FILED).exists():
        return
    asked = DeterminationRequest.objects.filter(period=OuterRef("pk"), centres__isnull=True, cause=FILING_ENDED)
    latest = now.astimezone(SHANGHAI).date()
    own = Q(due_on__range=(latest - ENDED_WITHIN - timedelta(days=1), latest))
    decided = Exists(FilingTerm.objects.filter(period=OuterRef("pk"), centre__isnull=True))
    for period in ReportingPeriod.objects.filter(own | decided, ~Exists(asked)):
        if filing_ended_at(period) <= now < filing_ended_at(period) + ENDED_WITHIN:
            # Another beat that was quicker asked for the same: the database lets one such request be.
            with suppress(IntegrityError), transaction.atomic():
                request_determination(period=period, centres=None, cause=FILING_ENDED)


def fulfil(request_id: int) -> bool:
    """Determine what a request asks for; False where it is done already, in other hands, or unknown.

    A failure is recorded on the request and raised.
    """
    try:
        _begin_run(request_id)
        with transaction.atomic():
            request = (
                DeterminationRequest.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("period", "mandate", "run")
                .filter(pk=request_id, done_at__isnull=True)
                .first()
            )
            if request is None:
                return False
            determined = determine(
                period=request.period,
                cause=request.cause,
                centres=None if request.centres is None else Centre.objects.filter(pk__in=request.centres),
                mandates=[request.mandate] if request.mandate else None,
                run=request.run,
            )
            request.done_at = timezone.now()
            request.judged, request.made = len(determined.judgements), determined.made
            request.changed = determined.changed
            request.save(update_fields=["done_at", "judged", "made", "changed"])
    except Exception as error:
        _record_failure(request_id, error)
        raise
    return True


def _begin_run(request_id: int) -> None:
    """Let the run of a request begin, if it has not yet, before any part of it is judged."""
    request = DeterminationRequest.objects.filter(pk=request_id).first()
    if request is not None and request.run_id is not None:
        # By its own columns alone, so that of two who begin it at once the second finds that it has begun.
        run = DeterminationRun.objects.filter(pk=request.run_id, began_at__isnull=True)
        run.update(began_at=timezone.now())


def _record_failure(request_id: int, error: Exception) -> None:
    logger.exception("Determination request %s failed", request_id)
    with transaction.atomic():
        request = DeterminationRequest.objects.select_for_update().get(pk=request_id)
        request.attempts += 1
        request.last_error = f"{type(error).__name__}: {error}"[:1000]
        request.save(update_fields=["attempts", "last_error"])


def left_undone(now: datetime) -> list[int]:
    """The requests that nobody finished within `SWEPT_AFTER`, oldest first."""
    open_requests = DeterminationRequest.objects.filter(
        done_at__isnull=True, requested_at__lte=now - SWEPT_AFTER, attempts__lt=GREATEST_ATTEMPTS
    )
    return list(open_requests.order_by("requested_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE])
