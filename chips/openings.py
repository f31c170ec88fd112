"""Having a locked period opened: an operator asks, a regulator answers, and what is granted is a term of its own."""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from centres.models import Centre, ReportingPeriod
from centres.terms import WrongTerm, set_term, term_of
from chips.models import OpeningRequest

LONGEST_REASON = 2000


class NotLocked(Exception):
    """Nothing needs to be opened: something can be filed."""


class AlreadyAsked(Exception):
    """It was asked for already, and nobody has answered yet."""


class AlreadyAnswered(Exception):
    """Somebody was quicker: the `request` is answered."""

    def __init__(self, request: OpeningRequest) -> None:
        super().__init__(f"Opening request {request.pk} is answered.")
        self.request = request


def ask_to_open(*, centre: Centre, period: ReportingPeriod, reason: str, asked_by: User) -> OpeningRequest:
    """Ask for `period` to be opened for `centre`. Raises `NotLocked` and `AlreadyAsked`."""
    now = timezone.now()
    if not term_of(centre, period).is_locked(now):
        raise NotLocked
    try:
        with transaction.atomic():
            return OpeningRequest.objects.create(
                centre=centre, period=period, reason=reason.strip(), asked_by=asked_by, asked_at=now
            )
    except IntegrityError as error:
        if OpeningRequest.objects.waiting().filter(centre=centre, period=period).exists():
            raise AlreadyAsked from error
        raise


@transaction.atomic
def answer_request(
    *, request: OpeningRequest, granted: bool, locks_on: date | None, answer: str, answered_by: User
) -> OpeningRequest:
    """Refuse what was asked for, or grant it: the centre can file until the end of the day `locks_on`.

    The due date stays: what is filed now is late all the same. Raises `AlreadyAnswered` and `WrongTerm`.
    """
    locked = OpeningRequest.objects.select_for_update(of=("self",)).select_related("centre", "period")
    request = locked.get(pk=request.pk)
    if request.answered_at is not None:
        raise AlreadyAnswered(request)
    if not answer.strip():
        raise WrongTerm(answer=_("Say why."))
    if granted:
        if locks_on is None or locks_on < timezone.localdate():
            raise WrongTerm(locks_on=_("Give the last day on which can be filed, from today on."))
        term = term_of(request.centre, request.period)
        set_term(
            period=request.period,
            centre=request.centre,
            due_on=term.due_on,
            locks_on=locks_on,
            is_exempt=term.is_exempt,
            reason=answer,
            recorded_by=answered_by,
        )
    request.granted, request.answer = granted, answer.strip()
    request.answered_by, request.answered_at = answered_by, timezone.now()
    request.save(update_fields=["granted", "answer", "answered_by", "answered_at"])
    return request
