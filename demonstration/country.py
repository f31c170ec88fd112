"""A synthetic country: who runs which centre, what became of each, and what each filed. Pure, and all from one seed.

Shares are defined by date from 2019 on, so that the same centres are the longer told of the more quarters are asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from random import Random
from typing import TypeVar

from centres.models import CentreKind, Ownership, ReportingPeriod
from centres.periods import quarter
from chips.models import SubmissionStatus, Workload
from demonstration.filings import Filing, drawn_fate, filings
from demonstration.history import (
    Record,
    records_in_operation,
    records_of_nearly_done,
    records_of_new_build,
)
from demonstration.inventory import END, Holding, Line, Profile, counted, grow, inventory
from demonstration.market import Market
from demonstration.names import Names
from demonstration.places import CITIES, WEIGHTS, City, city

FIRST_YEAR, LAST_YEAR = 2023, END.year
GREATEST_QUARTERS = 4 * (LAST_YEAR - FIRST_YEAR + 1)

_OWNERSHIP = {Ownership.LOCAL_SOE: 44, Ownership.CENTRAL_SOE: 20, Ownership.PRIVATE: 34, Ownership.FOREIGN: 2}
_KINDS = {CentreKind.INTELLIGENT: 78, CentreKind.GENERAL: 18, CentreKind.SUPERCOMPUTING: 4}
_STATE_FUNDED = {Ownership.LOCAL_SOE: 0.45, Ownership.CENTRAL_SOE: 0.35, Ownership.PRIVATE: 0.04, Ownership.FOREIGN: 0}
# How often a new centre belongs to an operator that is there already, and how many one may run.
_SHARED = {
    Ownership.LOCAL_SOE: (0.3, 3),
    Ownership.CENTRAL_SOE: (0.85, 25),
    Ownership.PRIVATE: (0.35, 6),
    Ownership.FOREIGN: (0.3, 4),
}
# Most of the centres were launched in 2023 and 2024.
_OPENED = {2019: 3, 2020: 4, 2021: 7, 2022: 12, 2023: 31, 2024: 31, 2025: 12}
_WORKLOADS: dict[tuple[tuple[str, float], ...], int] = {
    ((Workload.TRAINING, 1.0),): 3,
    ((Workload.INFERENCE, 1.0),): 5,
    ((Workload.TRAINING, 0.55), (Workload.INFERENCE, 0.45)): 5,
    ((Workload.MIXED, 1.0),): 2,
    ((Workload.INFERENCE, 0.6), (Workload.MIXED, 0.4)): 2,
}
_PUBLIC = (Ownership.LOCAL_SOE, Ownership.CENTRAL_SOE)
# The first centres are always the same.
_CAST = 4


class _Stage(Enum):
    """How far a centre is at the end."""

    OPEN = 0
    NEARLY_DONE = 1
    NEW_DOMESTIC = 2
    NEW_MIXED = 3


# Of so many centres, those that are still being built.
_CYCLE = 80
_STAGES = {5: _Stage.NEW_DOMESTIC, 17: _Stage.NEW_MIXED, 26: _Stage.NEARLY_DONE}
_LEANING_OF_STAGE = {_Stage.NEW_DOMESTIC: 6.0, _Stage.NEW_MIXED: 0.2}
_Drawn = TypeVar("_Drawn")


class TooManyQuarters(ValueError):
    """More quarters than the story has."""


@dataclass(eq=False)
class Operator:
    name_en: str
    name_zh: str
    uscc: str
    ownership: Ownership
    centres: int = 0


@dataclass(eq=False)
class Centre:
    code: str
    name_en: str
    name_zh: str
    city: City
    operator: Operator
    kind: CentreKind
    state_funded: bool
    # Which of the spellings its files are written in, as a number to be taken modulo theirs.
    hand: int
    holdings: list[Holding]
    records: list[Record] = field(default_factory=list)
    filings: list[Filing] = field(default_factory=list)


def quarters_until_the_end(count: int) -> list[ReportingPeriod]:
    """The `count` quarters that end with the last one, unsaved; raises `TooManyQuarters`."""
    if not 1 <= count <= GREATEST_QUARTERS:
        raise TooManyQuarters(
            f"{count} quarters were asked for; 1 to {GREATEST_QUARTERS} can be told, "
            f"which begin with {FIRST_YEAR}Q1 and end with {LAST_YEAR}Q4."
        )
    codes = [f"{year}Q{number}" for year in range(FIRST_YEAR, LAST_YEAR + 1) for number in (1, 2, 3, 4)]
    return [quarter(code) for code in codes[-count:]]


def country(*, seed: int, centres: int, quarters: int, market: Market) -> Iterator[Centre]:
    """The centres of the country that `seed` gives, one by one, in the order in which they are numbered."""
    periods = quarters_until_the_end(quarters)
    census = _Census(seed)
    for number in range(centres):
        random = Random(f"{seed}/centre/{number}")
        centre = _cast(census, random, number, market) or _centre(census, random, number, market)
        for period in periods:
            # Each quarter for itself: to ask for one more changes nothing in the others.
            if centre.records[0].from_on <= period.ends_on:
                draw = Random(f"{seed}/centre/{number}/{period.code}")
                lines = inventory(centre.holdings, period.ends_on)
                centre.filings += filings(draw, period, lines, _fate(draw, number, period))
        yield centre


class _Census:
    """Who is there already: operators to choose from, and names that are taken."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"{seed}/country")
        self.names = Names()
        self._operators: dict[tuple[Ownership, str], list[Operator]] = {}
        self._cast: Operator | None = None

    def cast_operator(self) -> Operator:
        """The operator whose centres have work to do."""
        if self._cast is None:
            self._cast = self.operator(Ownership.LOCAL_SOE, city("NM", "HH"), is_cast=True)
        else:
            self._cast.centres += 1
        return self._cast

    def operator(self, ownership: Ownership, where: City, *, is_cast: bool = False) -> Operator:
        # A local state-owned enterprise stays in its province.
        pool = self._operators.setdefault((ownership, where.province if ownership == Ownership.LOCAL_SOE else ""), [])
        often, greatest = _SHARED[ownership]
        open_ones = [operator for operator in pool[-20:] if operator.centres < greatest]
        if open_ones and not is_cast and self.random.random() < often:
            chosen = self.random.choice(open_ones)
        else:
            name = self.names.operator(self.random, ownership, where)
            chosen = Operator(*name, ownership)
            if not is_cast:
                pool.append(chosen)
        chosen.centres += 1
        return chosen


def _cast(census: _Census, random: Random, number: int, market: Market) -> Centre | None:
    """The centres that are always there: one that two mandates judge apart, and three of one operator with work to do.

    None for every other `number`.
    """
    if number == 0:
        return _half_in_shanghai(census, market)
    if number >= _CAST:
        return None
    where = city("NM", "UL") if number == 3 else city("NM", "HH")
    return _centre(
        census, random, number, market, where=where, operator=census.cast_operator(), kind=CentreKind.INTELLIGENT,
        opened=date(2023, 2 + 2 * number, 18), leaning=(-0.4, 0.6, -0.2)[number - 1], cards=(640, 416, 288)[number - 1],
    )  # fmt: skip


def _fate(random: Random, number: int, period: ReportingPeriod) -> SubmissionStatus | None:
    """How a filing stands: the cast's is given, so that its operator has one to send and one to correct."""
    if number >= _CAST:
        return drawn_fate(random, period)
    open_ones = {2: None, 3: SubmissionStatus.RETURNED} if period.ends_on == END else {}
    return open_ones.get(number, SubmissionStatus.ACCEPTED)


def _half_in_shanghai(census: _Census, market: Market) -> Centre:
    """Just 500 of 1,000 units are domestic: at least half, and not over half."""
    where = city("SH", "PD")
    bought = (
        (date(2023, 6, 8), ("Nvidia", "A800 80GB"), 160, Workload.TRAINING),
        (date(2023, 6, 8), ("Intel", "Xeon Platinum 8480+"), 80, Workload.UNSPECIFIED),
        (date(2023, 6, 8), ("Samsung", "DDR5 RDIMM 64GB"), 120, Workload.UNSPECIFIED),
        (date(2023, 12, 20), ("Cambricon", "MLU370"), 64, Workload.INFERENCE),
        (date(2024, 5, 13), ("Nvidia", "L20"), 140, Workload.INFERENCE),
        (date(2024, 5, 13), ("CXMT", "DDR5 RDIMM 64GB"), 120, Workload.UNSPECIFIED),
        (date(2024, 11, 4), ("Huawei (HiSilicon)", "Ascend 910B"), 96, Workload.TRAINING),
        (date(2024, 11, 4), ("Huawei (HiSilicon)", "Kunpeng 920"), 40, Workload.UNSPECIFIED),
        (date(2025, 8, 21), ("Cambricon", "MLU370"), 56, Workload.INFERENCE),
        (date(2025, 8, 21), ("CXMT", "DDR5 RDIMM 64GB"), 80, Workload.UNSPECIFIED),
        (date(2025, 11, 6), ("Huawei (HiSilicon)", "Ascend 910B"), 24, Workload.TRAINING),
        (date(2025, 11, 6), ("Huawei (HiSilicon)", "Kunpeng 920"), 20, Workload.UNSPECIFIED),
    )
    opened = date(2023, 6, 28)
    holdings = [
        Holding(Line(chip, quantity, workload), day, max(day + timedelta(days=12), opened))
        for day, chip, quantity, workload in bought
    ]
    kind = CentreKind.INTELLIGENT
    centre = Centre(
        *census.names.centre(kind, where), where, census.operator(Ownership.LOCAL_SOE, where, is_cast=True), kind,
        state_funded=False, hand=1, holdings=holdings,
    )  # fmt: skip
    centre.records = records_in_operation(
        Random(centre.code), holdings, market, opened=opened, ownership=centre.operator.ownership,
        formerly=centre.operator.ownership,
    )  # fmt: skip
    return centre


def _centre(
    census: _Census,
    random: Random,
    number: int,
    market: Market,
    *,
    where: City | None = None,
    operator: Operator | None = None,
    kind: CentreKind | None = None,
    opened: date | None = None,
    leaning: float | None = None,
    cards: int | None = None,
) -> Centre:
    """A centre, drawn but for what is given."""
    stage = _STAGES.get(number % _CYCLE, _Stage.OPEN) if number >= _CAST else _Stage.OPEN
    is_new = stage in (_Stage.NEW_DOMESTIC, _Stage.NEW_MIXED)
    where = where or census.random.choices(CITIES, WEIGHTS)[0]
    ownership = operator.ownership if operator else _drawn(census.random, _OWNERSHIP)
    if is_new and ownership not in _PUBLIC:
        ownership = Ownership.LOCAL_SOE
    operator = operator or census.operator(ownership, where)
    kind = kind or (CentreKind.INTELLIGENT if is_new else _drawn(random, _KINDS))
    code, name_en, name_zh = census.names.centre(kind, where)
    opened = opened or _opening(random, stage)
    is_general = kind == CentreKind.GENERAL
    size = cards or min(9_000, max(24, round(random.lognormvariate(6.1, 0.95))))
    profile = Profile(
        ownership=ownership,
        commissioned_on=opened,
        cards=max(16, round(size * (0.35 if is_general or stage != _Stage.OPEN else 1))),
        workloads=_drawn(random, _WORKLOADS),
        # Half of the new builds keep the guidance that came in November 2025: domestic AI chips only.
        leaning=_LEANING_OF_STAGE.get(stage, random.gauss(0, 0.85)) if leaning is None else leaning,
        is_general=is_general,
        gives_prices=random.random() < 0.35,
        expansions=random.randrange(1, 4) + (END.year - opened.year) // 2 if stage == _Stage.OPEN else 0,
    )
    holdings = grow(random, profile, market)
    if stage == _Stage.OPEN and ownership in _PUBLIC:
        holdings += _just_short(random, holdings, market)
    if is_new:
        records = records_of_new_build(random, ownership=ownership, first_hall_on=opened)
    elif stage == _Stage.NEARLY_DONE:
        records = records_of_nearly_done(random, ownership=ownership)
    else:
        is_sold = ownership == Ownership.LOCAL_SOE and number >= _CAST and random.random() < 0.06
        formerly = Ownership.PRIVATE if is_sold else ownership
        records = records_in_operation(random, holdings, market, opened=opened, ownership=ownership, formerly=formerly)
    return Centre(
        code=code,
        name_en=name_en,
        name_zh=name_zh,
        city=where,
        operator=operator,
        kind=kind,
        state_funded=is_new or random.random() < _STATE_FUNDED[ownership],
        hand=random.randrange(1 << 16),
        holdings=holdings,
        records=records,
    )


def _drawn(random: Random, weights: dict[_Drawn, int]) -> _Drawn:
    return random.choices(list(weights), list(weights.values()))[0]


def _opening(random: Random, stage: _Stage) -> date:
    """When a centre opens: a new build its first hall, late in 2025; one that is nearly done, early in 2026."""
    if stage != _Stage.OPEN:
        first = date(2026, 1, 28) if stage == _Stage.NEARLY_DONE else date(2025, 9, 1)
        return first + timedelta(days=random.randrange(60))
    year = _drawn(random, _OPENED)
    return date(year, 1, 1) + timedelta(days=random.randrange(320))


def _just_short(random: Random, holdings: list[Holding], market: Market) -> list[Holding]:
    """Memory that came last and leaves a centre that lies near the half a few cards short of it, now and then."""
    domestic, total = counted(holdings, END, market)
    if not total or not 0.40 < domestic / total < 0.58 or random.random() > 0.35:
        return []
    # So many units more abroad than at home: to replace half of them, and one, is enough.
    missing = domestic - (total - domestic) + random.randrange(0, 18)
    if not missing:
        return []
    chip = ("Samsung" if missing > 0 else "CXMT", "DDR5 RDIMM 64GB")
    day = date(2025, 10, 9) + timedelta(days=random.randrange(50))
    return [Holding(Line(chip, abs(missing)), day, day)]
