"""What the page of one centre shows."""

from typing import Any, NamedTuple

from django.utils import timezone

from accounts.models import Role, User
from centres.models import Centre, CentreRecord, ReportingPeriod
from chips import uploads
from chips.catalogue import doubts
from chips.models import ChipRevision, InventoryLine, Submission
from compliance import exemption_states, hand_decisions
from compliance.models import CurrentDetermination, Determination, Exemption, InventoryRollup
from compliance.provisional import Provisional, reasons_of
from compliance.wording import gap_in_words, sentence_of

SHOWN_LINES = 500


class Standing(NamedTuple):
    """How a centre stands under one mandate, in words."""

    determination: Determination
    sentence: str
    gap: str
    # What released the centre, or lowered its threshold.
    bearing: list[Exemption]
    # Why it may still become another.
    provisional: list[Provisional]


class ShownLine(NamedTuple):
    """A line of the inventory with what the catalogue knew of its chip on the period's last day."""

    line: InventoryLine
    origin: str
    compute: str | None
    doubts: list[str]


def content(user: User, centre: Centre, period_code: str | None) -> dict[str, Any]:
    """The page's content for a period: the one asked for, else the latest for which something is known."""
    current = list(
        CurrentDetermination.objects.visible_to(user)
        .filter(centre=centre)
        .select_related("determination__centre", "determination__provision__mandate", "period", "mandate")
        .order_by("-period_id", "mandate__code")
    )
    submissions = list(
        Submission.objects.visible_to(user)
        .filter(centre=centre)
        .select_related("period", "created_by")
        .order_by("-period_id", "-pk")
    )
    periods = sorted({c.period for c in current} | {s.period for s in submissions}, key=lambda p: p.code, reverse=True)
    period = next((p for p in periods if p.code == period_code), periods[0] if periods else None)
    accepted = [s for s in submissions if s.period == period and s.status == "accepted"]
    standing = accepted[0] if accepted else None
    determined = [c.determination for c in current if c.period == period]
    return {
        "centre": centre,
        "record": _record(centre, period),
        "records": CentreRecord.objects.visible_to(user).filter(centre=centre).order_by("from_on", "recorded_at"),
        "period": period,
        "periods": periods,
        "standings": _standings(determined),
        "released": exemption_states.of_centre(user, centre),
        "by_hand": hand_decisions.of_centre(user, centre),
        "submissions": [s for s in submissions if s.period == period],
        "inventory": standing,
        "lines": _lines(standing) if standing else [],
        "history": _history(current),
        "uploads": uploads.unfinished(user).filter(centre=centre),
        "may_file": user.role == Role.OPERATOR,
    }


def _record(centre: Centre, period: ReportingPeriod | None) -> CentreRecord | None:
    """The centre as it was on the period's last day, else as it is now."""
    day = period.ends_on if period else timezone.localdate()
    return CentreRecord.objects.as_of(day, timezone.now()).filter(centre=centre).first()


def _standings(determined: list[Determination]) -> list[Standing]:
    bearing, provisional = exemption_states.bearing_on(determined), reasons_of(determined, now=timezone.now())
    return [
        Standing(one, sentence_of(one), gap_in_words(one.answer), bearing.get(one.pk, []), provisional[one.pk])
        for one in determined
    ]


def _lines(submission: Submission) -> list[ShownLine]:
    lines = list(submission.lines.select_related("chip_model__vendor").order_by("row")[:SHOWN_LINES])
    models = {line.chip_model_id for line in lines}
    revisions = {
        revision.chip_model_id: revision
        for revision in ChipRevision.objects.as_of(submission.period.ends_on, timezone.now()).filter(
            chip_model__in=models
        )
    }
    doubtful = doubts(models)
    return [
        ShownLine(
            line,
            _origin(revisions.get(line.chip_model_id)),
            revision.compute if (revision := revisions.get(line.chip_model_id)) else None,
            doubtful.get(line.chip_model_id, []),
        )
        for line in lines
    ]


def _origin(revision: ChipRevision | None) -> str:
    if revision is None or revision.designer_country is None:
        return "unknown"
    return "domestic" if revision.designer_country == InventoryRollup.HOME else "foreign"


def _history(current: list[CurrentDetermination]) -> list[tuple[ReportingPeriod, list[CurrentDetermination]]]:
    """The determinations that stand, period by period, latest first."""
    by_period: dict[ReportingPeriod, list[CurrentDetermination]] = {}
    for one in current:
        by_period.setdefault(one.period, []).append(one)
    return list(by_period.items())
