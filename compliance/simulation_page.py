"""What the page of a simulation shows: counts beside today's, the curve, and the centres whose outcome changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet

from accounts.models import User
from centres.models import Region
from compliance.models import Outcome, SimulatedChange, Simulation
from compliance.reading import steps_of
from compliance.trial import MEASURES

# The order of rows and columns: what attention is due to first; "" is not determined.
ORDER = (
    Outcome.COMPLIANT, Outcome.NON_COMPLIANT, Outcome.UNDETERMINED, Outcome.NOT_REPORTED, Outcome.EXEMPT,
    Outcome.EMPTY, Outcome.OUT_OF_SCOPE, Outcome.NOT_IN_FORCE, "",
)  # fmt: skip


class Beside(NamedTuple):
    """How many centres came to an outcome today, and by the rule that is tried."""

    outcome: str
    now: int
    then: int

    @property
    def difference(self) -> int:
        return self.then - self.now


class RegionRow(NamedTuple):
    region: Region
    counts: list[Beside]


class CurveRow(NamedTuple):
    """How many comply at a whole percent: by units, then by compute, under "at least" and under "over"."""

    percent: int
    counts: list[int]


def totals(result: Mapping[str, Any]) -> list[Beside]:
    """The outcomes that occur, over all regions."""
    now, then = _sums(result["counts"])
    return [Beside(outcome, now[outcome], then[outcome]) for outcome in ORDER if now[outcome] or then[outcome]]


def region_rows(result: Mapping[str, Any]) -> list[RegionRow]:
    """Each region with a column for each of `totals`."""
    of_region = defaultdict(list)
    for count in result["counts"]:
        of_region[count["region"]].append(count)
    columns = [total.outcome for total in totals(result)]
    rows = []
    for region in Region.objects.filter(code__in=of_region):
        now, then = _sums(of_region[region.code])
        rows.append(RegionRow(region, [Beside(outcome, now[outcome], then[outcome]) for outcome in columns]))
    return rows


def curve_rows(result: Mapping[str, Any]) -> list[CurveRow]:
    """The curves as a table."""
    lines = [result["curves"][measure][comparator] for measure in MEASURES for comparator in ("at_least", "over")]
    return [CurveRow(percent, list(counts)) for percent, counts in enumerate(zip(*lines, strict=True))]


def comparators_differ(result: Mapping[str, Any]) -> bool:
    """Whether "at least" and "over" let through different numbers at any whole percent."""
    return any(curve["at_least"] != curve["over"] for curve in result["curves"].values())


def chart(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the chart draws: the curves, and the threshold of the rule as a decimal text."""
    return {"curves": result["curves"], "threshold": result["threshold"], "comparator": result["comparator"]}


def changes_seen(simulation: Simulation, user: User) -> QuerySet[SimulatedChange]:
    """The centres whose outcome changes and of which `user` may know, those that never filed among them."""
    seen = simulation.changes.visible_to(user)
    return seen.select_related("centre__region").order_by("outcome_before", "outcome_after", "centre__code")


def by_change(changes: QuerySet[SimulatedChange]) -> list[dict[str, Any]]:
    """How many outcomes become which other, most first: ``outcome_before``, ``outcome_after``, ``count``, ``name``."""
    counts = changes.order_by().values("outcome_before", "outcome_after").annotate(count=Count("pk"))
    named = [{**row, "name": f"{row['outcome_before']}-{row['outcome_after']}"} for row in counts]
    return sorted(named, key=lambda row: (-row["count"], row["name"]))


def asked_in_words(simulation: Simulation) -> str:
    """What the rule asks for by its step in force on the period's last day; "" where none is."""
    begun = [step for step in steps_of(simulation.rule) if step.from_on <= simulation.period.ends_on]
    return str(begun[-1]) if begun else ""


def _sums(counts: list[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    now: Counter[str] = Counter()
    then: Counter[str] = Counter()
    for count in counts:
        now[count["outcome"]] += count["now"]
        then[count["outcome"]] += count["then"]
    return now, then
