"""Why determinations may still become others by what is under way: they are provisional, and marked."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, TextChoices
from django.utils.translation import gettext_lazy as _

from centres.periods import first_instant_after
from chips.models import Submission, SubmissionStatus
from compliance.models import Determination


class Provisional(TextChoices):
    """Why a determination is provisional: the codes are the API's."""

    AWAITING_REVIEW = "awaiting_review", _("provisional: a version that was submitted waits for review")
    PERIOD_OPEN = "period_open", _("provisional: the period has not ended")


def reasons_of(determinations: Iterable[Determination], *, now: datetime) -> dict[int, list[Provisional]]:
    """Why each of `determinations` is provisional at `now`, by their keys; an empty list where it is final.

    One query, however many there are. What a later version follows that was accepted waits for nobody.
    """
    told = list(determinations)
    waiting = _awaiting_review(told) if told else set()
    return {
        one.pk: [
            reason
            for reason, holds in (
                (Provisional.AWAITING_REVIEW, (one.centre_id, one.period_id) in waiting),
                # It is of the period's last day, which counts whole.
                (Provisional.PERIOD_OPEN, now < first_instant_after(one.as_of)),
            )
            if holds
        ]
        for one in told
    }


def _awaiting_review(determinations: list[Determination]) -> set[tuple[int, str]]:
    """The centres and periods of which a submitted version waits."""
    accepted_since = Submission.objects.filter(
        centre=OuterRef("centre"),
        period=OuterRef("period"),
        version__gt=OuterRef("version"),
        status=SubmissionStatus.ACCEPTED,
    )
    waiting = Submission.objects.filter(
        ~Exists(accepted_since),
        status=SubmissionStatus.SUBMITTED,
        centre__in={one.centre_id for one in determinations},
        period__in={one.period_id for one in determinations},
    )
    return set(waiting.values_list("centre_id", "period_id"))
