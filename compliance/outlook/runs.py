"""Outlooks that are to be made, remembered in PostgreSQL until they are: the broker only rings."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone

from centres.models import ReportingPeriod
from compliance.models import Determination, Exemption, OutlookRun, Provision
from compliance.outlook.make import make_outlooks

logger = logging.getLogger(__name__)

SWEPT_AFTER = timedelta(minutes=1)
# After so many failures a run waits for a person; who asks anew asks for another try.
GREATEST_ATTEMPTS = 5


def latest_period(day: datetime) -> ReportingPeriod | None:
    """The last period that had ended and of which something is determined: outlooks are made from its end."""
    determined = Determination.objects.filter(period=OuterRef("pk"))
    ended = ReportingPeriod.objects.filter(ends_on__lt=timezone.localdate(day))
    return ended.filter(Exists(determined)).order_by("-code").first()


def request_outlooks(period: ReportingPeriod) -> OutlookRun:
    """Record that the outlooks of `period` are to be made, and ring after the commit.

    The run that waits already is the answer, and gets another try where it had failed too often.
    """
    from compliance.tasks import make_outlooks_of

    with suppress(IntegrityError), transaction.atomic():
        run = OutlookRun.objects.create(
            period=period, requested_at=timezone.now(), last_determination=_last_determination()
        )
        # Robust: a broker that is away must not fail what was just committed; the sweep rings again.
        transaction.on_commit(lambda: make_outlooks_of.delay(run.pk), robust=True)
        return run
    waiting = OutlookRun.objects.get(period=period, done_at__isnull=True)
    OutlookRun.objects.filter(pk=waiting.pk, attempts__gte=GREATEST_ATTEMPTS).update(attempts=0)
    return waiting


def request_stale_outlooks(now: datetime) -> OutlookRun | None:
    """Ask for the outlooks of the latest period where something was determined, issued, granted or
    revoked since they were made."""
    period = latest_period(now)
    if period is None:
        return None
    done = OutlookRun.objects.filter(period=period, done_at__isnull=False).first()
    if done and done.last_determination >= _last_determination():
        since = done.requested_at
        issued = Provision.objects.filter(issued_at__gt=since)
        exempted = Exemption.objects.filter(Q(granted_at__gt=since) | Q(revoked_at__gt=since))
        if not issued.exists() and not exempted.exists():
            return None
    return request_outlooks(period)


def _last_determination() -> int:
    return Determination.objects.aggregate(last=Max("pk"))["last"] or 0


def fulfil(run_id: int) -> bool:
    """Make what a run asks for; False where it is done already, in other hands, or unknown.

    A failure is recorded on the run and raised. What is made twice is the same.
    """
    run = OutlookRun.objects.select_related("period").filter(pk=run_id, done_at__isnull=True).first()
    if run is None:
        return False
    OutlookRun.objects.filter(pk=run_id).update(attempts=F("attempts") + 1)
    try:
        made = make_outlooks(run.period)
    except Exception as error:
        logger.exception("Outlook run %s failed", run_id)
        OutlookRun.objects.filter(pk=run_id).update(last_error=f"{type(error).__name__}: {error}"[:1000])
        raise
    return bool(
        OutlookRun.objects.filter(pk=run_id, done_at__isnull=True).update(
            done_at=timezone.now(), made=made, last_error=""
        )
    )


def left_undone(now: datetime) -> list[int]:
    """The runs that nobody finished within `SWEPT_AFTER`, oldest first."""
    waiting = OutlookRun.objects.filter(
        done_at__isnull=True, requested_at__lte=now - SWEPT_AFTER, attempts__lt=GREATEST_ATTEMPTS
    )
    return list(waiting.order_by("requested_at").values_list("pk", flat=True))
