"""What the national dashboard shows, read from rollups: it costs the same with 100 centres or 40,000."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from accounts.models import Role, User
from centres.models import Provenance, Region, ReportingPeriod
from chips.models import Submission, SubmissionStatus, Workload
from compliance.models import (
    CurrentDetermination,
    Exemption,
    ExemptionRequest,
    InventoryRollup,
    Mandate,
    Outcome,
    OutcomeRollup,
)
from compliance.shares import cut_percent

# An outcome says that a rule asks nothing of a centre; lists leave these out unless they are asked for.
NOT_ASKED = (Outcome.OUT_OF_SCOPE, Outcome.NOT_IN_FORCE)
# In the order in which attention is due.
SHOWN = (Outcome.COMPLIANT, Outcome.NON_COMPLIANT, Outcome.UNDETERMINED, Outcome.NOT_REPORTED)
CLOSE = 10
SUMS: dict[str, Any] = {
    f"sum_{what}_{origin}": Sum(f"{what}_{origin}")
    for what in ("units", "compute")
    for origin in ("domestic", "foreign", "unknown")
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader has chosen to see; None: all of them."""

    period: ReportingPeriod
    mandate: Mandate
    region: Region | None = None
    outcome: str | None = None
    search: str = ""


class Origins(NamedTuple):
    """Sums by origin: units, or TFLOPS dense FP16."""

    domestic: Any = 0
    foreign: Any = 0
    unknown: Any = 0

    @property
    def total(self) -> Any:
        return self.domestic + self.foreign + self.unknown

    @property
    def percent(self) -> str | None:
        """The share that is surely domestic, cut to one place; None of nothing."""
        return cut_percent(self.domestic, self.total, 1) if self.total else None

    def __add__(self, other: Any) -> "Origins":
        return Origins(self.domestic + other.domestic, self.foreign + other.foreign, self.unknown + other.unknown)


class MandateRow(NamedTuple):
    """How the centres stand under one mandate."""

    mandate: Mandate
    outcomes: dict[str, int]
    units: Origins
    compute: Origins

    @property
    def asked(self) -> int:
        """The centres of which the mandate asks something."""
        return sum(count for outcome, count in self.outcomes.items() if outcome not in NOT_ASKED)

    @property
    def not_asked(self) -> int:
        return sum(count for outcome, count in self.outcomes.items() if outcome in NOT_ASKED)

    @property
    def exempt(self) -> int:
        """The centres that an exemption releases: in scope, and none of those that comply."""
        return self.outcomes.get(Outcome.EXEMPT, 0)

    @property
    def others(self) -> int:
        """The centres of which nothing counts."""
        return self.asked - self.exempt - sum(self.outcomes.get(outcome, 0) for outcome in SHOWN)


def periods_seen(user: User) -> list[ReportingPeriod]:
    """The periods for which something is determined of what `user` may see, latest first."""
    # Who is shown sums has some wherever anything is determined, and they are few.
    seen = _filed(user) if user.role == Role.OPERATOR else OutcomeRollup.objects.visible_to(user)
    seen = seen.filter(period=OuterRef("pk"))
    return list(ReportingPeriod.objects.visible_to(user).filter(Exists(seen)).order_by("-code"))


def mandate_rows(user: User, period: ReportingPeriod, region: Region | None) -> list[MandateRow]:
    """How many centres came to which outcome under each mandate, with what was counted."""
    rollups = OutcomeRollup.objects.visible_to(user).filter(period=period)
    if region:
        rollups = rollups.filter(region=region)
    outcomes: dict[int, dict[str, int]] = defaultdict(dict)
    units: dict[int, Origins] = defaultdict(Origins)
    compute: dict[int, Origins] = defaultdict(Origins)
    sums = rollups.values("mandate_id", "outcome").annotate(count=Sum("centres"), **SUMS).order_by()
    for row in sums:
        key = row["mandate_id"]
        outcomes[key][row["outcome"]] = row["count"]
        units[key] += origins_of(row, "units")
        compute[key] += origins_of(row, "compute")
    return [
        MandateRow(mandate, outcomes[mandate.pk], units[mandate.pk], compute[mandate.pk])
        for mandate in Mandate.objects.visible_to(user).filter(pk__in=outcomes)
    ]


def trend(user: User, region: Region | None) -> list[dict[str, Any]]:
    """The share of accelerator cards in service that is domestic, by units and by compute, period by period."""
    rollups = InventoryRollup.objects.visible_to(user)
    if region:
        rollups = rollups.filter(region=region)
    return [
        {"period": row["period_id"], "units": origins_of(row, "units"), "compute": origins_of(row, "compute")}
        for row in rollups.values("period_id").annotate(**SUMS).order_by("period_id")
    ]


def workloads(user: User, period: ReportingPeriod, region: Region | None) -> list[tuple[str, Origins]]:
    """Accelerator cards in service by what they are used for."""
    rollups = InventoryRollup.objects.visible_to(user).filter(period=period)
    if region:
        rollups = rollups.filter(region=region)
    sums = {row["workload"]: origins_of(row, "units") for row in rollups.values("workload").annotate(**SUMS).order_by()}
    return [(str(Workload(value).label), sums[value]) for value in Workload.values if value in sums]


def determined_centres(user: User, choice: Choice) -> QuerySet[CurrentDetermination]:
    """The centres that `choice` asks for, closest to the threshold first."""
    chosen = _filed(user).filter(period=choice.period, mandate=choice.mandate)
    if choice.region:
        chosen = chosen.filter(region=choice.region)
    chosen = chosen.filter(outcome=choice.outcome) if choice.outcome else chosen.exclude(outcome__in=NOT_ASKED)
    for word in choice.search.split():
        chosen = chosen.filter(
            Q(centre__code__icontains=word)
            | Q(centre__name_en__icontains=word)
            | Q(centre__name_zh__icontains=word)
            | Q(centre__operator__name_en__icontains=word)
            | Q(centre__operator__name_zh__icontains=word)
        )
    related = chosen.select_related("determination", "centre__operator", "region")
    return related.order_by(F("distance").asc(nulls_last=True), "centre_id")


def _filed(user: User) -> QuerySet[CurrentDetermination]:
    """What is determined of centres that file: sums and lists are of these."""
    return CurrentDetermination.objects.visible_to(user).exclude(centre__provenance=Provenance.ILLUSTRATIVE)


def illustrative(user: User, choice: Choice) -> QuerySet[CurrentDetermination]:
    """The publicly reported centres, which never filed: shown apart, and in no sum."""
    shown = CurrentDetermination.objects.visible_to(user).filter(
        period=choice.period, mandate=choice.mandate, centre__provenance=Provenance.ILLUSTRATIVE
    )
    related = shown.select_related("determination", "centre__operator", "region")
    return (related.filter(region=choice.region) if choice.region else related).order_by("centre__code")


def close_to_passing(user: User, choice: Choice) -> int:
    """How many centres fail by so few units that replacing `CLOSE` of them would do."""
    failing = _filed(user).filter(period=choice.period, mandate=choice.mandate, outcome=Outcome.NON_COMPLIANT)
    if choice.region:
        failing = failing.filter(region=choice.region)
    return failing.filter(replace__lte=CLOSE).count()


def awaiting(user: User) -> QuerySet[Submission]:
    """What waits for `user`, oldest first: for regulators what was submitted, for operators drafts and returns.

    A draft or a return that a later version follows waits for nobody.
    """
    visible = Submission.objects.visible_to(user).select_related("centre", "period").order_by("created_at", "pk")
    if user.role == Role.REGULATOR:
        return visible.filter(status=SubmissionStatus.SUBMITTED)
    if user.role == Role.OPERATOR:
        later = (
            Submission.objects.visible_to(user)
            .filter(centre=OuterRef("centre"), period=OuterRef("period"), pk__gt=OuterRef("pk"))
            .exclude(status=SubmissionStatus.WITHDRAWN)
        )
        return visible.filter(~Exists(later), status__in=[SubmissionStatus.DRAFT, SubmissionStatus.RETURNED])
    return visible.none()


def exemption_requests(user: User) -> int:
    """How many requests for exemptions wait for `user` to answer: none but for regulators."""
    if user.role != Role.REGULATOR:
        return 0
    return ExemptionRequest.objects.visible_to(user).waiting().count()


def exemption_proposals(user: User) -> int:
    """How many exemptions that others proposed wait for `user` to grant them: none but for regulators."""
    if user.role != Role.REGULATOR:
        return 0
    return Exemption.objects.visible_to(user).proposed().exclude(proposed_by=user).count()


def fallen(user: User, choice: Choice, before: ReportingPeriod | None) -> int:
    """How many centres complied in the period before and do not comply now."""
    if before is None:
        return 0
    complied = CurrentDetermination.objects.visible_to(user).filter(
        period=before, mandate=choice.mandate, outcome=Outcome.COMPLIANT, centre=OuterRef("centre")
    )
    now = _filed(user).filter(
        Exists(complied), period=choice.period, mandate=choice.mandate, outcome=Outcome.NON_COMPLIANT
    )
    return (now.filter(region=choice.region) if choice.region else now).count()


def origins_of(row: Mapping[str, Any], what: str) -> Origins:
    # Fractions, since sums of decimals are rounded where they grow long.
    return Origins(*(Fraction(row[f"sum_{what}_{origin}"]) for origin in Origins._fields))


def chart_of(points: list[dict[str, Any]]) -> dict[str, list[str | None]]:
    """The trend as the chart draws it: percent by period, cut."""
    return {
        "periods": [point["period"] for point in points],
        "units": [point["units"].percent for point in points],
        "compute": [point["compute"].percent for point in points],
    }
