"""What part of the foreign cards needs a licence of the United States to be bought again, and since when."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Q, Sum
from django.db.models.functions import TruncMonth

from accounts.models import User
from centres.models import Region, ReportingPeriod
from chips.models import ChipClass, InventoryLine, LineStatus, Submission
from compliance.chip_facts import FOREIGN, UNKNOWN, ChipFacts
from compliance.models import AcquisitionRollup


class Acquired(NamedTuple):
    """Units of a model that are in service, and the first day of the month in which they came (None: not known)."""

    chip_model_id: int
    month: date | None
    units: int


class Controlled(NamedTuple):
    """The cards in service that a control of one day is about; of no day (None): no control is recorded of them."""

    controlled_on: date | None
    chips: list[ChipFacts]
    units: int
    # TFLOPS of those with a figure, and how many have none.
    compute: Fraction
    units_without_compute: int
    # Acquired in a month after that of the control: a question, and no accusation. And those whose month is not known.
    units_after: int
    units_undated: int


class Exposure(NamedTuple):
    """The foreign cards in service by the day of their control, earliest first; those without one last."""

    parts: list[Controlled]
    units_unknown_origin: int

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)

    @property
    def compute(self) -> Fraction:
        return sum((part.compute for part in self.parts), Fraction())

    @property
    def units_controlled(self) -> int:
        return sum(part.units for part in self.parts if part.controlled_on)

    @property
    def compute_controlled(self) -> Fraction:
        return sum((part.compute for part in self.parts if part.controlled_on), Fraction())

    @property
    def units_after(self) -> int:
        return sum(part.units_after for part in self.parts)


def exposure(acquired: Iterable[Acquired], chips: Mapping[int, ChipFacts], *, day: date) -> Exposure:
    """The foreign accelerator cards among `acquired` by the control that is in effect on `day`."""
    parts: dict[date | None, list[Acquired]] = defaultdict(list)
    unknown = 0
    for one in acquired:
        facts = chips[one.chip_model_id]
        if facts.chip_class != ChipClass.ACCELERATOR:
            continue
        if facts.origin == FOREIGN:
            controlled_on = facts.controlled_on
            parts[controlled_on if controlled_on and controlled_on <= day else None].append(one)
        elif facts.origin == UNKNOWN:
            unknown += one.units
    in_order = sorted(parts, key=lambda on: (on is None, on or date.max))
    return Exposure([_controlled(on, parts[on], chips) for on in in_order], unknown)


def _controlled(controlled_on: date | None, acquired: list[Acquired], chips: Mapping[int, ChipFacts]) -> Controlled:
    models = {one.chip_model_id: chips[one.chip_model_id] for one in acquired}
    known = [(one, models[one.chip_model_id].compute) for one in acquired]
    return Controlled(
        controlled_on=controlled_on,
        chips=sorted(models.values(), key=lambda facts: facts.chip.name),
        units=sum(one.units for one in acquired),
        compute=sum((one.units * compute for one, compute in known if compute is not None), Fraction()),
        units_without_compute=sum(one.units for one, compute in known if compute is None),
        units_after=sum(one.units for one in acquired if controlled_on and _is_later_month(one.month, controlled_on)),
        units_undated=sum(one.units for one in acquired if one.month is None),
    )


def _is_later_month(month: date | None, day: date) -> bool:
    return month is not None and month > day


def acquired_by_centre(submission: Submission) -> list[Acquired]:
    """What a centre's inventory has in service on its period's last day, by month, by one query."""
    rows = (
        InventoryLine.objects.filter(
            Q(acquired_on__isnull=True) | Q(acquired_on__lte=submission.period.ends_on),
            submission=submission,
            status=LineStatus.IN_SERVICE,
        )
        .values("chip_model_id", month=TruncMonth("acquired_on"))
        .annotate(units=Sum("quantity"))
        .order_by("chip_model_id", "month")
    )
    return [Acquired(row["chip_model_id"], row["month"], row["units"]) for row in rows]


def acquired_in_regions(user: User, period: ReportingPeriod, region: Region | None = None) -> list[Acquired]:
    """What is in service in the regions that `user` sees whole (or in one of them), by month, by one query."""
    rollups = AcquisitionRollup.objects.visible_to(user).filter(period=period)
    if region is not None:
        rollups = rollups.filter(region=region)
    units: Counter[tuple[int, str]] = Counter()
    for model, months in rollups.values_list("chip_model_id", "months"):
        for month, count in months.items():
            units[model, month] += count
    return [
        Acquired(model, date.fromisoformat(f"{month}-01") if month else None, count)
        for (model, month), count in sorted(units.items())
    ]
