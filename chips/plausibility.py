"""Whether a draft adds up against the centre's last accepted quarter: what is asked before it is attested."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, Sum

from chips.history import last_accepted_before
from chips.intake.faults import Fault
from chips.models import InventoryLine, LineStatus, Submission

# What stands in the centre: what is planned is not there yet, what is retired no longer.
IN_STOCK = (LineStatus.IN_SERVICE, LineStatus.INSTALLING, LineStatus.SPARE)
MANIFOLD = 10


@dataclass(frozen=True, slots=True)
class Question:
    """What does not look right of one chip model: `params` are its units `opening`, `acquired`, `retired`, `closing`.

    `opening` and `closing` are the units in stock in the last accepted quarter and in the draft; `acquired` those in
    stock whose day of acquisition lies between the two; `retired` those that the draft lists as retired.
    """

    code: str
    chip_model_id: int
    chip_name: str
    params: dict[str, int]

    @property
    def key(self) -> str:
        """What tells the question from others of the submission, such as ``model_gone:17``."""
        return f"{self.code}:{self.chip_model_id}"

    def worded(self, language: str) -> dict[str, Any]:
        """As a fault is told, its value the chip and its message in `language` (``zh…`` or else English)."""
        return Fault(self.code, column="chip_model", value=self.chip_name, params=self.params).worded(language)


def questions(submission: Submission) -> list[Question]:
    """What is to be asked of `submission`, at most one question for a model, by vendor and model.

    It is held against the accepted submission of the latest earlier period; where there is none, nothing is asked.
    """
    last = last_accepted_before(submission)
    if last is None:
        return []
    asked = []
    for units in _units(last, submission):
        params = {name: units[name] for name in ("opening", "acquired", "retired", "closing")}
        code = code_of(**params, retired_before=units["retired_before"])
        if code is not None:
            asked.append(Question(code, units["chip_model_id"], f"{units['vendor']} {units['name']}", params))
    return asked


def code_of(*, opening: int, acquired: int, retired: int, retired_before: int, closing: int) -> str | None:
    """The question that the units of one model raise, the most specific one; None where they add up.

    Some operators list what was retired for good, others only what was retired since the last quarter: what adds up
    by either reading adds up.
    """
    if opening > 0 and closing == 0 and retired == 0:
        return "model_gone"
    if opening > 0 and closing > 0 and (closing >= MANIFOLD * opening or MANIFOLD * closing <= opening):
        return "tenfold"
    if closing in (opening + acquired - retired, opening + acquired - (retired - retired_before)):
        return None
    return "does_not_add_up"


def _units(last: Submission, draft: Submission) -> Iterable[Mapping[str, Any]]:
    """The units of each model in both submissions, by one query."""
    before, now = Q(submission=last.pk), Q(submission=draft.pk)
    in_stock, retired = Q(status__in=IN_STOCK), Q(status=LineStatus.RETIRED)
    lately = Q(acquired_on__gt=last.period.ends_on, acquired_on__lte=draft.period.ends_on)
    return (
        InventoryLine.objects.filter(submission__in=[last.pk, draft.pk])
        .values("chip_model_id", name=F("chip_model__name"), vendor=F("chip_model__vendor__name"))
        .annotate(
            opening=_sum(before & in_stock),
            # Whatever became of it since: what was bought and retired within the quarter came, too.
            acquired=_sum(now & (in_stock | retired) & lately),
            retired=_sum(now & retired),
            retired_before=_sum(before & retired),
            closing=_sum(now & in_stock),
        )
        .order_by("vendor", "name")
    )


def _sum(which: Q) -> Sum:
    return Sum("quantity", filter=which, default=0)
