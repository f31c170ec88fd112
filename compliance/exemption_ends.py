"""What follows by itself when an exemption ends: its centre is determined anew, once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from centres.models import Centre, ReportingPeriod
from chips.models import Submission, SubmissionStatus
from compliance.exemption_states import covering_any_day, with_states
from compliance.models import (
    Determination,
    DeterminationRun,
    Exemption,
)
from compliance.requests import ENDED_WITHIN, request_run

# The cause of what is determined since an exemption ended by itself.
ENDED = "exemption ended"


def request_ended_exemptions(now: datetime) -> None:
    """On the day after the last that an exemption covers, ask once for its centre and the period of that day.

    Of whom nothing stands for that period is left alone: the end of its time to file asks for everybody.
    """
    today = timezone.localdate(now)
    ended = with_states(Exemption.objects.granted(), today).filter(ends__lt=today, ends__gte=today - ENDED_WITHIN)
    asked = set(_asked_since(now - ENDED_WITHIN - timedelta(days=1)).values_list("subject__exemption", flat=True))
    for key in covering_any_day(ended).order_by("pk").values_list("pk", flat=True):
        if key not in asked:
            _request_ended(key, now)


def _asked_since(earliest: datetime) -> QuerySet[DeterminationRun]:
    return DeterminationRun.objects.filter(cause=ENDED, requested_at__gte=earliest)


@transaction.atomic
def _request_ended(key: int, now: datetime) -> None:
    # Another beat that was quicker holds it, and asks.
    locked = Exemption.objects.select_for_update(skip_locked=True, of=("self",))
    exemption = locked.select_related("centre", "mandate").filter(pk=key).first()
    if exemption is None or exemption.granted_at is None:
        return
    if _asked_since(exemption.granted_at).filter(subject__exemption=key).exists():
        return
    following = exemption.ends_on(now) + timedelta(days=1)
    period = ReportingPeriod.objects.filter(starts_on__lte=following, ends_on__gte=following).first()
    if period is None or not _is_known_of(exemption.centre, period):
        return
    request_run(
        cause=ENDED,
        subject={"mandate": exemption.mandate.code, "centre": exemption.centre.code, "exemption": exemption.pk},
        by=None,
        wanted={period: [exemption.centre_id]},
        mandate=exemption.mandate,
    )


def _is_known_of(centre: Centre, period: ReportingPeriod) -> bool:
    """Whether anything of `centre` stands for `period`: an accepted inventory, or a determination."""
    accepted = Submission.objects.filter(centre=centre, period=period, status=SubmissionStatus.ACCEPTED)
    return accepted.exists() or Determination.objects.filter(centre=centre, period=period).exists()
