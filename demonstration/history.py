"""What rules read of a synthetic centre, from day to day: being built, opened, grown, now and then sold."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple

from centres.models import CentreStatus, Ownership
from centres.periods import SHANGHAI
from demonstration.inventory import END, Holding, capacity, cards
from demonstration.market import Market

# The first days of half-years, on which a centre that has grown is recorded anew.
_HALF_YEARS = [date(year, month, 1) for year in range(2023, END.year + 1) for month in (1, 7)]
_MEGAWATTS_A_CARD, _MEGAWATTS_OF_THE_HOUSE = Decimal("0.00115"), Decimal("0.2")


class Record(NamedTuple):
    """What holds of a centre from a day on."""

    from_on: date
    recorded_at: datetime
    ownership: Ownership
    commissioned_on: date | None
    progress: Decimal
    capacity: Decimal | None
    power: Decimal | None
    status: CentreStatus


def records_in_operation(
    random: Random,
    holdings: Sequence[Holding],
    market: Market,
    *,
    opened: date,
    ownership: Ownership,
    formerly: Ownership,
) -> list[Record]:
    """The records of a centre that has opened; where it was held `formerly` by others it was sold since 2024."""
    sold_on = max(date(2024, 7, 1), opened + timedelta(days=120))
    changes = {sold_on} if formerly != ownership else set()
    records = []
    for days, built in ((90, 35), (40, 70)):
        day, percent = opened - timedelta(days=days), Decimal(built + random.randrange(-6, 15))
        records.append(_building(random, day, formerly, percent, None))
    for day in sorted({opened, *(day for day in (*_HALF_YEARS, *changes) if opened < day <= END)}):
        last = records[-1]
        computing = capacity(holdings, day, market)
        has_grown = last.capacity is None or computing > last.capacity * Decimal("1.2")
        if not has_grown and day not in changes:
            continue
        power = cards(holdings, day, market) * _MEGAWATTS_A_CARD + _MEGAWATTS_OF_THE_HOUSE
        records.append(
            Record(
                from_on=day,
                recorded_at=_recorded_at(random, day),
                ownership=formerly if day < sold_on else ownership,
                commissioned_on=opened,
                progress=Decimal(100),
                capacity=computing,
                power=power.quantize(Decimal("0.001")),
                status=CentreStatus.OPERATING,
            )
        )
    return records


def records_of_new_build(random: Random, *, ownership: Ownership, first_hall_on: date) -> list[Record]:
    """The records of a centre under 30% built, whose first hall serves already."""
    steps = ((date(2025, 7, 3), 4), (date(2025, 9, 12), 11), (date(2025, 12, 5), random.randrange(14, 28)))
    return [
        _building(random, day, ownership, Decimal(percent), first_hall_on if day >= first_hall_on else None)
        for day, percent in steps
    ]


def records_of_nearly_done(random: Random, *, ownership: Ownership) -> list[Record]:
    """The records of a centre that opens after the end."""
    steps = ((date(2025, 7, 15), 41), (date(2025, 9, 20), 63), (date(2025, 11, 20), 86))
    return [_building(random, day, ownership, Decimal(percent), None) for day, percent in steps]


def _building(
    random: Random, day: date, ownership: Ownership, percent: Decimal, commissioned_on: date | None
) -> Record:
    recorded_at = _recorded_at(random, day)
    return Record(day, recorded_at, ownership, commissioned_on, percent, None, None, CentreStatus.BUILDING)


def _recorded_at(random: Random, day: date) -> datetime:
    """A few days on, in office hours."""
    return datetime.combine(day, datetime.min.time(), tzinfo=SHANGHAI) + timedelta(
        days=random.randrange(2, 12), hours=random.randrange(9, 17), minutes=random.randrange(60)
    )
