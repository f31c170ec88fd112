"""Until when is filed for a period: the due date, and the day after which nothing can be filed any more.

Both days count whole, in Asia/Shanghai. What was decided stands in `FilingTerm`; where nothing was, the period is due
on its own date and never locks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from centres.models import Centre, FilingTerm, ReportingPeriod
from centres.periods import first_instant_after


@dataclass(frozen=True, slots=True)
class Term:
    """What holds for a centre and a period; without `recorded_at` nobody decided anything."""

    due_on: date
    locks_on: date | None = None
    is_exempt: bool = False
    reason: str = ""
    recorded_by: User | None = None
    recorded_at: datetime | None = None
    # Whether it was decided of the one centre.
    is_of_centre: bool = False

    @property
    def filing_ended_at(self) -> datetime:
        """The first instant at which filing is late."""
        return first_instant_after(self.due_on)

    @property
    def locks_at(self) -> datetime | None:
        """The first instant at which nothing can be filed; None: never."""
        return None if self.locks_on is None else first_instant_after(self.locks_on)

    def is_locked(self, now: datetime) -> bool:
        return self.locks_at is not None and self.locks_at <= now


class WrongTerm(ValueError):
    """A term that cannot hold, with what is wrong by the name of its field."""

    def __init__(self, **wrong: str) -> None:
        super().__init__(" ".join(wrong.values()))
        self.wrong = wrong


def term_of(centre: Centre, period: ReportingPeriod) -> Term:
    """The term that holds for `centre` and `period`."""
    return terms_of([centre], period)[centre.pk]


def terms_of(centres: Collection[Centre], period: ReportingPeriod) -> dict[int, Term]:
    """The term that holds for each of `centres` by its key, in one query."""
    of_period, of_centres = _latest(period, Q(centre__isnull=True) | Q(centre__in=centres))
    return {centre.pk: of_centres.get(centre.pk, of_period) for centre in centres}


def term_of_period(period: ReportingPeriod) -> Term:
    """The term of every centre of which nothing else was decided."""
    return _latest(period, Q(centre__isnull=True))[0]


# Further off than anybody plans, and short of the last day that a calendar has.
LONGEST_YEARS = 10


def _holding(period: ReportingPeriod, centre: Centre | None) -> Term:
    return term_of_period(period) if centre is None else term_of(centre, period)


def set_term(
    *,
    period: ReportingPeriod,
    centre: Centre | None = None,
    due_on: date,
    locks_on: date | None,
    is_exempt: bool = False,
    reason: str,
    recorded_by: User | None,
) -> FilingTerm:
    """Record until when is filed for `period`, by `centre` (None: by every centre of which nothing else was decided).

    Raises `WrongTerm`.
    """
    wrong = {}
    if due_on <= period.ends_on:
        day = period.ends_on.isoformat()
        wrong["due_on"] = _("The due date is after the period's last day, %(day)s.") % {"day": day}
    latest = period.ends_on.replace(year=period.ends_on.year + LONGEST_YEARS, day=28)
    today = timezone.localdate()
    if due_on > latest:
        wrong["due_on"] = _("The due date is at most %(years)s years after the period.") % {"years": LONGEST_YEARS}
    if due_on < today and due_on < _holding(period, centre).due_on:
        # What came in time would be late now, against the receipt that was given for it.
        wrong["due_on"] = _("A due date is not moved back to a day that is over.")
    if locks_on is not None and locks_on > latest:
        wrong["locks_on"] = _("A period locks at most %(years)s years after its end.") % {"years": LONGEST_YEARS}
    if locks_on is not None and locks_on < due_on:
        wrong["locks_on"] = _("A period does not lock before its due date.")
    if is_exempt and centre is None:
        wrong["is_exempt"] = _("Only a centre of its own can be exempt from filing.")
    if not reason.strip():
        wrong["reason"] = _("Say why.")
    if wrong:
        raise WrongTerm(**wrong)
    with transaction.atomic():
        # One at a time for a period, so that what is recorded later has the later time.
        ReportingPeriod.objects.select_for_update(no_key=True).get(pk=period.pk)
        return FilingTerm.objects.create(
            period=period,
            centre=centre,
            due_on=due_on,
            locks_on=locks_on,
            is_exempt=is_exempt,
            reason=reason.strip(),
            recorded_by=recorded_by,
            recorded_at=timezone.now(),
        )


def _latest(period: ReportingPeriod, of: Q) -> tuple[Term, dict[int, Term]]:
    """The last term that was recorded for all of `period`, and the last of each centre by its key."""
    recorded = FilingTerm.objects.filter(of, period=period).select_related("recorded_by")
    of_period, of_centres = Term(due_on=period.due_on), {}
    for row in recorded.order_by("centre_id", "-recorded_at", "-pk").distinct("centre_id"):
        if row.centre_id is None:
            of_period = _term(row)
        else:
            of_centres[row.centre_id] = _term(row)
    return of_period, of_centres


def _term(row: FilingTerm) -> Term:
    return Term(
        due_on=row.due_on,
        locks_on=row.locks_on,
        is_exempt=row.is_exempt,
        reason=row.reason,
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        is_of_centre=row.centre_id is not None,
    )
