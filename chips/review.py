"""What waits for a regulator, and what was said of a centre's filing before."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Role, User
from centres.models import Centre, ReportingPeriod
from centres.periods import filing_ended_at
from chips.models import Submission, SubmissionStatus
from chips.timeliness import FilingState, Ledger

# Of so many periods that ended last one was due: more than two never wait at once.
DUE_AMONG = 4


class Remark(NamedTuple):
    """Why an earlier version was returned, taken back or amended."""

    submission: Submission
    comment: str
    line_comments: list[dict[str, object]]


class Waiting(NamedTuple):
    """What was submitted and is decided by nobody yet, oldest first.

    `new` was filed for the first time; of what is `changed` an earlier version was submitted. Each tells `follows`
    (whether it is changed) and `answered` (how many questions its operator answered with a reason).
    """

    all: QuerySet[Submission]
    new: QuerySet[Submission]
    changed: QuerySet[Submission]


def waiting(user: User) -> Waiting:
    """What waits for `user`, a regulator."""
    decided = Submission.objects.visible_to(user).filter(
        centre=OuterRef("centre"),
        period=OuterRef("period"),
        version__lt=OuterRef("version"),
        submitted_at__isnull=False,
    )
    later = Submission.objects.visible_to(user).filter(
        centre=OuterRef("centre"),
        period=OuterRef("period"),
        version__gt=OuterRef("version"),
        status__in=[SubmissionStatus.SUBMITTED, SubmissionStatus.ACCEPTED],
    )
    found = (
        Submission.objects.visible_to(user)
        .filter(status=SubmissionStatus.SUBMITTED)
        # A later version stands in its place.
        .filter(~Exists(later))
        .select_related("centre__region", "centre__operator", "period")
        .order_by("submitted_at", "pk")
    )
    told = found.annotate(follows=Exists(decided), answered=Count("confirmations"))
    return Waiting(told, told.filter(~Exists(decided)), told.filter(Exists(decided)))


def overdue(user: User, now: datetime) -> Ledger | None:
    """What can still be filed for the period that was due last, and was not; None where none was due yet."""
    ended = ReportingPeriod.objects.visible_to(user).filter(ends_on__lt=timezone.localdate(now)).order_by("-code")
    period = next((period for period in ended[:DUE_AMONG] if filing_ended_at(period) <= now), None)
    centres = Centre.objects.visible_to(user)
    return None if period is None else Ledger(centres, period, now, state=FilingState.LATE)


def repudiated(user: User) -> QuerySet[Submission]:
    """What its senders say is not theirs, the latest first."""
    found = Submission.objects.visible_to(user).filter(status=SubmissionStatus.REPUDIATED)
    return found.select_related("centre", "period").order_by("-repudiated_at", "-pk")


def earlier_remarks(submission: Submission, user: User) -> list[Remark]:
    """What regulator and operator said of earlier versions for the same period, oldest first; nothing for analysts."""
    if user.role == Role.ANALYST:
        return []
    versions = (
        Submission.objects.visible_to(user)
        .filter(centre=submission.centre_id, period=submission.period_id, submitted_at__isnull=False)
        .exclude(pk=submission.pk)
        .order_by("version")
    )
    return [
        Remark(version, said, version.line_comments)
        for version in versions
        if (said := version.decision_comment or version.repudiation_reason or version.amendment_reason)
    ]
