"""How far a run of determinations is, and what came of it."""

from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from compliance.models import DeterminationRequest, DeterminationRun, OutcomeChange
from compliance.requests import GREATEST_ATTEMPTS, SWEPT_AFTER


class Progress(NamedTuple):
    """How far a run is, period by period; the numbers are of those that are done."""

    requests: list[DeterminationRequest]
    # Nobody has taken up what is still to be done: no worker runs, or all are busy.
    is_waiting: bool

    @property
    def done(self) -> int:
        return sum(request.done_at is not None for request in self.requests)

    @property
    def failed(self) -> list[DeterminationRequest]:
        """What waits for a person after its last attempt."""
        return [r for r in self.requests if r.done_at is None and r.attempts >= GREATEST_ATTEMPTS]

    @property
    def is_under_way(self) -> bool:
        return self.done + len(self.failed) < len(self.requests)

    @property
    def judged(self) -> int:
        return sum(request.judged for request in self.requests)

    @property
    def made(self) -> int:
        return sum(request.made for request in self.requests)

    @property
    def changed(self) -> int:
        return sum(request.changed for request in self.requests)


def progress_of(run: DeterminationRun) -> Progress:
    requests = list(run.requests.select_related("period", "mandate").order_by("period_id"))
    late = timezone.now() - SWEPT_AFTER
    return Progress(requests, any(r.done_at is None and r.requested_at <= late for r in requests))


def changes_of(run: DeterminationRun, user: User) -> QuerySet[OutcomeChange]:
    """The outcomes that became others by `run`, of the centres that `user` may know of."""
    seen = OutcomeChange.objects.visible_to(user).filter(run=run)
    return seen.select_related("centre", "mandate", "period", "before", "after").order_by("pk")


def title_of(run: DeterminationRun, user: User) -> str:
    """What the run is about, in words; how many centres it is of is for those who see them all."""
    is_of_several = "centres" in run.subject
    if is_of_several and not user.sees_whole_country:
        return _("Something else was recorded of several centres, some of them in your provinces")
    return _TITLES[run.cause, is_of_several]() % run.subject


# By cause, and whether it is of several centres.
_TITLES = {
    ("provision issued", False): lambda: _("A provision of %(mandate)s was issued"),
    ("exemption ended", False): lambda: _("The exemption of %(centre)s from %(mandate)s ended"),
    ("exemption granted", False): lambda: _("%(centre)s was exempted from %(mandate)s"),
    ("exemption revoked", False): lambda: _("The exemption of %(centre)s from %(mandate)s was revoked"),
    ("decided by hand", False): lambda: _("%(centre)s was decided by hand under %(mandate)s"),
    ("catalogue decision", False): lambda: _("Something else was decided of %(vendor)s %(model)s"),
    ("centre record changed", False): lambda: _("Something else was recorded of %(centre)s"),
    ("centre record changed", True): lambda: _("Something else was recorded of %(centres)s centres"),
}
