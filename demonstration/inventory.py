"""How a centre's inventory grows: what it bought and when, and so what stands in it at the end of any quarter."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from chips.models import Acquisition, ChipClass, LineStatus, Workload
from demonstration.market import Key, Market, domestic_odds

# The demonstration ends here, whatever the day of the calendar.
END = date(2025, 12, 31)
RUSH = date(2023, 6, 20)
# A retired line is shown for about two quarters, a signed order for about one before it comes.
SHOWN_RETIRED, SHOWN_PLANNED = timedelta(days=185), timedelta(days=100)
_CARDS_A_SERVER = 8
_NOTES = ("", "", "", "", "一期", "二期扩容", "机房A区", "B2 hall", "framework contract 2")


class Line(NamedTuple):
    """A line of an inventory, as an operator means it."""

    chip: Key
    quantity: int
    workload: str = Workload.UNSPECIFIED
    status: str = LineStatus.IN_SERVICE
    acquired_on: date | None = None
    acquisition: str = Acquisition.PURCHASED
    unit_price_cny: Decimal | None = None
    serial_numbers: tuple[str, ...] = ()
    note: str = ""


class Holding(NamedTuple):
    """Units that came together and will go together."""

    line: Line
    acquired_on: date
    in_service_on: date
    retired_on: date | None = None
    is_announced: bool = False

    def on(self, day: date) -> Line | None:
        """The line that tells of it on `day`; None where none does."""
        if self.acquired_on > day:
            if self.is_announced and self.acquired_on - SHOWN_PLANNED <= day:
                due_on = self.acquired_on
                return self.line._replace(status=LineStatus.PLANNED, acquired_on=due_on, note="已签约，待到货")
            return None
        line = self.line._replace(acquired_on=self.acquired_on)
        if self.retired_on is not None and self.retired_on <= day:
            return line._replace(status=LineStatus.RETIRED) if day < self.retired_on + SHOWN_RETIRED else None
        return line._replace(status=LineStatus.INSTALLING) if self.in_service_on > day else line


class Profile(NamedTuple):
    """What a centre is for, how large it is, and how far it leans to domestic chips (in log-odds)."""

    ownership: str
    commissioned_on: date
    cards: int
    workloads: tuple[tuple[str, float], ...]
    leaning: float
    is_general: bool
    gives_prices: bool
    expansions: int


def inventory(holdings: Iterable[Holding], day: date) -> list[Line]:
    """What a centre has to report on `day`, oldest first."""
    return [line for holding in holdings if (line := holding.on(day))]


def in_service(holdings: Iterable[Holding], day: date) -> list[Line]:
    return [line for line in inventory(holdings, day) if line.status == LineStatus.IN_SERVICE]


def counted(holdings: Iterable[Holding], day: date, market: Market) -> tuple[int, int]:
    """The domestic units and all units in service on `day`."""
    domestic = total = 0
    for line in in_service(holdings, day):
        total += line.quantity
        domestic += line.quantity if market.chips[line.chip].domestic else 0
    return domestic, total


def capacity(holdings: Iterable[Holding], day: date, market: Market) -> Decimal:
    """The computing power in service, in PFLOPS dense FP16, of the cards whose figure is known."""
    teraflops = Decimal()
    for line in in_service(holdings, day):
        teraflops += line.quantity * (market.chips[line.chip].compute or 0)
    return (teraflops / 1000).quantize(Decimal("0.001"))


def cards(holdings: Iterable[Holding], day: date, market: Market) -> int:
    lines = in_service(holdings, day)
    return sum(line.quantity for line in lines if market.chips[line.chip].chip_class == ChipClass.ACCELERATOR)


def grow(random: Random, profile: Profile, market: Market) -> list[Holding]:
    """All that a centre ever bought, in the order in which it came."""
    liked = _liked(random, profile, market)
    holdings: list[Holding] = []
    for day, in_service_on, size in _deliveries(random, profile):
        # What a centre is built for is known before it comes.
        is_announced = day < profile.commissioned_on or random.random() < 0.12
        servers = max(1, size // _CARDS_A_SERVER)
        bought = [
            *_accelerators(random, profile, market, day, size, liked),
            *_hosts(random, profile, market, day, ChipClass.CPU, servers * (6 if profile.is_general else 2)),
            *_hosts(random, profile, market, day, ChipClass.STORAGE, servers * 4),
        ]
        note = random.choice(_NOTES)
        leased = random.random() < 0.1
        for line in bought:
            finished = line._replace(
                acquisition=Acquisition.LEASED if leased else Acquisition.PURCHASED,
                unit_price_cny=_price(random, market, line.chip) if profile.gives_prices and not leased else None,
                note=note,
            )
            holdings += _aging(random, Holding(finished, day, in_service_on, None, is_announced))
    return holdings + _spares(random, holdings)


def _liked(random: Random, profile: Profile, market: Market) -> Key | None:
    """The domestic model that a centre buys again and again."""
    workload = profile.workloads[0][0]
    offer = market.choose(random, ChipClass.ACCELERATOR, workload, date(2024, 6, 30), domestic=True)
    return offer.key if offer else None


def _deliveries(random: Random, profile: Profile) -> list[tuple[date, date, int]]:
    """Days of arrival, days from which on they serve, and numbers of cards."""
    opened = profile.commissioned_on
    first = max(_CARDS_A_SERVER, round(profile.cards * random.uniform(0.25, 0.55)))
    found = [(opened - timedelta(days=random.randrange(15, 75)), opened, first)]
    span = (END - opened).days - 20
    days = sorted(opened + timedelta(days=int(span * random.random() ** 0.55)) for _ in range(profile.expansions))
    if opened < date(2023, 6, 1) and profile.workloads[0][0] != Workload.INFERENCE:
        # The rush of 2023: who trains bought what would soon be barred.
        days = sorted([*days, RUSH + timedelta(days=random.randrange(100))])
    parts = [random.uniform(0.5, 1.5) * (3.5 if RUSH <= day < date(2023, 10, 1) else 1) for day in days]
    for day, part in zip(days, parts, strict=True):
        size = round((profile.cards - first) * part / sum(parts))
        if size >= _CARDS_A_SERVER and day > opened:
            found.append((day, day + timedelta(days=random.randrange(2, 45)), size))
    return found


def _accelerators(
    random: Random, profile: Profile, market: Market, day: date, size: int, liked: Key | None
) -> list[Line]:
    lines = []
    for workload, part in profile.workloads:
        units = _whole_servers(size * part)
        if not units:
            continue
        share = domestic_odds(ChipClass.ACCELERATOR, workload, profile.ownership, day, profile.leaning)
        share = min(1.0, max(0.0, random.gauss(share, 0.07)))
        # Nobody buys a handful of the other kind.
        home = units if share > 0.93 else 0 if share < 0.07 else _whole_servers(units * share)
        for quantity, domestic in ((home, True), (units - home, False)):
            offer = quantity and market.choose(
                random, ChipClass.ACCELERATOR, workload, day, domestic=domestic, liked=liked
            )
            if offer:
                lines.append(Line(offer.key, quantity, workload))
    return lines


def _hosts(random: Random, profile: Profile, market: Market, day: date, chip_class: str, units: int) -> list[Line]:
    """The CPUs or the memory of the servers that a delivery came with: of one make, in large ones of two."""
    share = domestic_odds(chip_class, Workload.UNSPECIFIED, profile.ownership, day, profile.leaning)
    home = round(units * share) if units >= 200 else units * (random.random() < share)
    lines = []
    for quantity, domestic in ((home, True), (units - home, False)):
        offer = quantity and market.choose(random, chip_class, Workload.UNSPECIFIED, day, domestic=domestic)
        if offer:
            lines.append(Line(offer.key, quantity))
    return lines


def _whole_servers(units: float) -> int:
    return round(units / _CARDS_A_SERVER) * _CARDS_A_SERVER


def _price(random: Random, market: Market, chip: Key) -> Decimal:
    return (Decimal(market.prices[chip]) * random.randrange(920, 1081) / 1000).quantize(Decimal("0.01"))


def _aging(random: Random, holding: Holding) -> list[Holding]:
    """A holding, half of it retired after some five years where it grows so old."""
    if holding.acquired_on > date(2021, 9, 30) or random.random() < 0.3:
        return [holding]
    retired_on = holding.acquired_on + timedelta(days=random.randrange(1500, 2200))
    half = holding.line.quantity // 2
    if not half:
        return [holding]
    return [
        holding._replace(line=holding.line._replace(quantity=holding.line.quantity - half)),
        # Told apart by its note, so that no two lines of a file are equal.
        holding._replace(line=holding.line._replace(quantity=half, note="二期置换"), retired_on=retired_on),
    ]


def _spares(random: Random, holdings: list[Holding]) -> list[Holding]:
    """A few cards on the shelf, by serial number."""
    if not holdings or random.random() < 0.6:
        return []
    kept = random.choice(holdings)
    quantity = random.randrange(1, 5)
    stem = f"{random.randrange(16**6):06X}"
    spare = kept.line._replace(
        quantity=quantity,
        status=LineStatus.SPARE,
        workload=Workload.UNSPECIFIED,
        serial_numbers=tuple(f"{stem}{number:04}" for number in range(1, quantity + 1)),
        note="",
    )
    return [Holding(spare, kept.acquired_on, kept.in_service_on)]
