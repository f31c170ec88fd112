"""A centre's inventory as it stood in a quarter, as it was known on a day, and every version of it."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

from accounts.models import User
from centres.models import Centre, Provenance, ReportingPeriod
from centres.periods import SHANGHAI
from chips.models import Submission, SubmissionQuerySet, SubmissionStatus


@dataclass(frozen=True, slots=True)
class AsKnown:
    """What stood for a period as it was known on a day, and what stands now.

    `standing` is None where nothing was accepted by then. `now` is the same, or the version that superseded it, or None
    where it was repudiated and nothing took its place.
    """

    period: ReportingPeriod
    known_on: date
    standing: Submission | None
    now: Submission | None

    @property
    def still_stands(self) -> bool:
        return self.standing is not None and self.standing == self.now


def end_of(day: date) -> datetime:
    """The last instant of `day` in Asia/Shanghai."""
    return datetime.combine(day, time.max, tzinfo=SHANGHAI)


def as_known(user: User, centre: Centre, period: ReportingPeriod, known_on: date) -> AsKnown:
    """The inventory of `centre` that stood for `period`, as it was known at the end of `known_on`."""
    submissions = Submission.objects.visible_to(user).filter(centre=centre).select_related("period")
    return AsKnown(
        period,
        known_on,
        standing=submissions.accepted_as_known(period, end_of(known_on)).first(),
        now=submissions.accepted_as_known(period, timezone.now()).first(),
    )


def versions(user: User, centre: Centre) -> SubmissionQuerySet:
    """Everything filed of `centre` that `user` may read, for whatever quarter, the latest first."""
    filed = Submission.objects.visible_to(user).filter(centre=centre)
    return filed.select_related("period").order_by("-period_id", "-pk")


def last_accepted_before(submission: Submission) -> Submission | None:
    """What stands now for the latest earlier period for which anything of the submission's centre does."""
    return _accepted_before(submission.centre_id, submission.period_id)


def last_accepted(centre: Centre, before: ReportingPeriod) -> Submission | None:
    """What stands now for the latest period earlier than `before` for which anything of `centre` does."""
    return _accepted_before(centre.pk, before.pk)


def _accepted_before(centre_id: int, period_id: str) -> Submission | None:
    accepted = Submission.objects.filter(centre=centre_id, period__lt=period_id, status=SubmissionStatus.ACCEPTED)
    # What was worked out from publications is nobody's filing.
    filed = accepted.exclude(provenance=Provenance.ILLUSTRATIVE).select_related("period")
    return filed.order_by("-period_id", "-version").first()
