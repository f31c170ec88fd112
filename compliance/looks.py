"""Second looks at a share: the same stock by units, by computing power and by value, for several populations.

A look is exact: sums by origin as fractions, the share as an interval that unknown origins leave open. What has no
figure of a measure is in none of its sums, and is counted beside them.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Case, F, Q, Sum, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import Region, ReportingPeriod
from chips.models import ChipClass, InventoryLine, LineStatus, Submission, Workload
from compliance.chip_facts import DOMESTIC, FOREIGN, UNKNOWN, ChipFacts
from compliance.models import StockRollup
from compliance.shares import cut_percent

# The mandates in force ask for half; a share that is called enough by one measure and is less than this by another
# is one that two people could report as opposite news.
ENOUGH, LITTLE = Fraction(1, 2), Fraction(3, 10)


class Stock(NamedTuple):
    """Units of a model in service for a workload, with the CNY of those whose price was reported."""

    chip_model_id: int
    workload: str
    units: int
    value: Fraction
    units_without_price: int


class Look(NamedTuple):
    """The share by one measure: what is domestic, foreign and of unknown origin, in units, TFLOPS or CNY."""

    domestic: Fraction
    foreign: Fraction
    unknown: Fraction
    # All units of the population; of these without a figure of the measure; and with one on which sources differ.
    units: int
    units_without: int
    units_contested: int

    @property
    def total(self) -> Fraction:
        return self.domestic + self.foreign + self.unknown

    @property
    def low(self) -> Fraction | None:
        """The share with every unknown origin foreign; None where nothing has a figure."""
        return self.domestic / self.total if self.total else None

    @property
    def high(self) -> Fraction | None:
        """The share with every unknown origin domestic; None where nothing has a figure."""
        return (self.domestic + self.unknown) / self.total if self.total else None

    @property
    def percent(self) -> str | None:
        """The interval in percent, each end cut to one place; None where nothing has a figure."""
        if not self.total:
            return None
        low = cut_percent(self.domestic, self.total, 1)
        if not self.unknown:
            return f"{low}%"
        return f"{low}% – {cut_percent(self.domestic + self.unknown, self.total, 1)}%"


class Population(NamedTuple):
    """Which chips are looked at."""

    code: str
    label: str | Promise
    classes: tuple[str, ...]
    # None: whatever they are used for.
    workloads: tuple[str, ...] | None = None

    def holds(self, stock: Stock, facts: ChipFacts) -> bool:
        is_used_so = self.workloads is None or stock.workload in self.workloads
        return is_used_so and facts.chip_class in self.classes


_CARDS = (ChipClass.ACCELERATOR,)
POPULATIONS = (
    Population("accelerators", _("Accelerator cards alone"), _CARDS),
    Population("with_cpus", _("With CPUs"), (*_CARDS, ChipClass.CPU)),
    Population("with_storage", _("With CPUs, memory and storage"), (*_CARDS, ChipClass.CPU, ChipClass.STORAGE)),
    Population("training", _("Cards for training"), _CARDS, (Workload.TRAINING,)),
    Population("inference", _("Cards for inference"), _CARDS, (Workload.INFERENCE,)),
    Population("other", _("Cards for both, or not said"), _CARDS, (Workload.MIXED, Workload.UNSPECIFIED)),
)


class Looks(NamedTuple):
    """One population looked at by every measure."""

    population: Population
    units: Look
    compute: Look
    value: Look

    @property
    def tells_two_stories(self) -> bool:
        """Whether one of units and computing power is at least half domestic, and the other surely under 30%."""
        return _is_enough_but_little(self.units, self.compute) or _is_enough_but_little(self.compute, self.units)


def _is_enough_but_little(one: Look, other: Look) -> bool:
    return one.low is not None and one.low >= ENOUGH and other.high is not None and other.high < LITTLE


def looks_at(stocks: Iterable[Stock], chips: Mapping[int, ChipFacts]) -> list[Looks]:
    """`stocks` looked at by every measure, for each population; `chips` are the facts of their models."""
    known = [(stock, chips[stock.chip_model_id]) for stock in stocks]
    return [
        _looks(population, [(stock, facts) for stock, facts in known if population.holds(stock, facts)])
        for population in POPULATIONS
    ]


def _looks(population: Population, held: list[tuple[Stock, ChipFacts]]) -> Looks:
    units = sum(stock.units for stock, _facts in held)
    without_compute = sum(stock.units for stock, facts in held if facts.compute is None)
    contested = sum(stock.units for stock, facts in held if facts.compute is not None and facts.is_contested)
    without_price = sum(stock.units_without_price for stock, _facts in held)
    return Looks(
        population,
        Look(*_by_origin((facts, Fraction(stock.units)) for stock, facts in held), units, 0, 0),
        Look(
            *_by_origin((facts, stock.units * (facts.compute or Fraction())) for stock, facts in held),
            units,
            without_compute,
            contested,
        ),
        Look(*_by_origin((facts, stock.value) for stock, facts in held), units, without_price, 0),
    )


def _by_origin(weights: Iterable[tuple[ChipFacts, Fraction]]) -> tuple[Fraction, Fraction, Fraction]:
    sums = {DOMESTIC: Fraction(), FOREIGN: Fraction(), UNKNOWN: Fraction()}
    for facts, weight in weights:
        sums[facts.origin] += weight
    return sums[DOMESTIC], sums[FOREIGN], sums[UNKNOWN]


def stocks_of_inventory(submission: Submission) -> list[Stock]:
    """What a centre's inventory has in service on its period's last day, by one query."""
    day = submission.period.ends_on
    rows = (
        InventoryLine.objects.filter(
            Q(acquired_on__isnull=True) | Q(acquired_on__lte=day), submission=submission, status=LineStatus.IN_SERVICE
        )
        .values("chip_model_id", "workload")
        .annotate(
            sum_units=Sum("quantity"),
            sum_value=Sum(F("quantity") * F("unit_price_cny")),
            without=Sum(Case(When(unit_price_cny__isnull=True, then=F("quantity")), default=Value(0))),
        )
        .order_by("chip_model_id", "workload")
    )
    return [stock_of(row) for row in rows]


def stocks_by_region(user: User, period: ReportingPeriod, region: Region | None = None) -> dict[str, list[Stock]]:
    """What is in service in each region that `user` sees whole, by its code."""
    rollups = StockRollup.objects.visible_to(user).filter(period=period)
    if region is not None:
        rollups = rollups.filter(region=region)
    rows = (
        rollups.values("region_id", "chip_model_id", "workload")
        .annotate(sum_units=Sum("units"), sum_value=Sum("value"), without=Sum("units_without_price"))
        .order_by("region_id", "chip_model_id", "workload")
    )
    found: dict[str, list[Stock]] = {}
    for row in rows:
        found.setdefault(row["region_id"], []).append(stock_of(row))
    return found


def stock_of(row: Mapping[str, Any]) -> Stock:
    """A row of sums: `chip_model_id`, `workload`, `sum_units`, `sum_value` (None: no price) and `without` a price."""
    value = Fraction(row["sum_value"] or 0)
    return Stock(row["chip_model_id"], row["workload"], row["sum_units"], value, row["without"])


def decimal_text(value: Fraction) -> str:
    """A sum of units, TFLOPS or CNY, each of at most nine places, as the finite decimal that it is."""
    billionths = value * 10**9
    whole, rest = divmod(billionths.numerator // billionths.denominator, 10**9)
    return f"{whole}.{rest:09}".rstrip("0").rstrip(".")
