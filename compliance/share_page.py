"""What the pages of second looks at a share show: of a centre, of a province, of the country."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef

from accounts.models import User
from centres.models import Centre, Region, ReportingPeriod
from chips.models import Submission, SubmissionStatus
from chips.safe_cells import safe_cell
from compliance import exposure, looks, stories
from compliance.chip_facts import DOMESTIC, FOREIGN, UNKNOWN, chip_facts
from compliance.looks import Look, Looks, Stock
from compliance.market import beside_the_market
from compliance.models import CurrentDetermination, Determination, Movement, StockRollup
from compliance.shares import cut_percent

COLUMNS = (
    "period", "region", "population", "measure", "domestic", "foreign", "unknown", "low_percent", "high_percent",
    "units", "units_without_figure", "units_contested",
)  # fmt: skip
_MARK = "\ufeff"


class Province(NamedTuple):
    """A province's accelerator cards, looked at by every measure."""

    region: Region
    cards: Looks


class ToldTwice(NamedTuple):
    """A determination with the domestic share of what it counted by units and by computing power."""

    determination: Determination
    units: Look
    compute: Look


class Chosen(NamedTuple):
    """The period and the province (None: all that the reader sees whole) that an address names, and what there is."""

    period: ReportingPeriod | None
    region: Region | None
    periods: list[ReportingPeriod]
    regions: list[Region]


def choice_of(user: User, query: Mapping[str, str]) -> Chosen:
    """What an address names and `user` cannot see counts as not chosen; the latest period comes first."""
    seen = StockRollup.objects.visible_to(user)
    of_period = Exists(seen.filter(period=OuterRef("pk")))
    periods = list(ReportingPeriod.objects.visible_to(user).filter(of_period).order_by("-code"))
    period = next((one for one in periods if one.code == query.get("period")), periods[0] if periods else None)
    regions = list(Region.objects.visible_to(user).filter(Exists(seen.filter(period=period, region=OuterRef("pk")))))
    region = next((one for one in regions if one.code == query.get("region")), None)
    return Chosen(period, region, periods, regions)


def of_regions(user: User, chosen: Chosen) -> dict[str, Any]:
    """The looks at what stands in the regions that `user` sees whole; it costs the same for any number of centres."""
    period, region = chosen.period, chosen.region
    if period is None:
        return {"chosen": chosen}
    chips = chip_facts(period.ends_on)
    by_region = looks.stocks_by_region(user, period)
    acquired = exposure.acquired_in_regions(user, period, region)
    is_national = region is None and user.sees_whole_country
    return {
        "chosen": chosen,
        "looks": looks.looks_at(_of(by_region, region), chips),
        "provinces": [
            Province(one, looks.looks_at(by_region[one.code], chips)[0])
            for one in chosen.regions
            if one.code in by_region
        ],
        "exposure": exposure.exposure(acquired, chips, day=period.ends_on),
        "market": beside_the_market(acquired, chips) if is_national else [],
        "stories": stories.telling_two_stories(user, period, region=region),
    }


def _of(by_region: Mapping[str, list[Stock]], region: Region | None) -> list[Stock]:
    if region is not None:
        return by_region.get(region.code, [])
    return [stock for stocks in by_region.values() for stock in stocks]


def of_centre(user: User, centre: Centre, period_code: str | None) -> dict[str, Any]:
    """The looks at what a centre's accepted inventory has in service, the latest where none is asked for."""
    accepted = list(
        Submission.objects.visible_to(user)
        .filter(centre=centre, status=SubmissionStatus.ACCEPTED)
        .select_related("period")
        .order_by("-period_id", "-version")
        .distinct("period_id")
    )
    submission = next((one for one in accepted if one.period_id == period_code), accepted[0] if accepted else None)
    context: dict[str, Any] = {
        "centre": centre,
        "submission": submission,
        "period": submission.period if submission else None,
        "periods": [one.period for one in accepted],
    }
    if submission is None:
        return context
    chips = chip_facts(submission.period.ends_on)
    acquired = exposure.acquired_by_centre(submission)
    movements = Movement.objects.visible_to(user).filter(centre=centre, period=submission.period)
    return context | {
        "looks": looks.looks_at(looks.stocks_of_inventory(submission), chips),
        "exposure": exposure.exposure(acquired, chips, day=submission.period.ends_on),
        "determined": _told_twice(user, centre, submission.period),
        "movements": movements.filter(gone_at__isnull=True).select_related("centre", "period", "dismissed_by"),
        "chips": chips,
    }


def _told_twice(user: User, centre: Centre, period: ReportingPeriod) -> list[ToldTwice]:
    """A centre's verdicts that the other measure contradicts."""
    current = CurrentDetermination.objects.visible_to(user).filter(centre=centre, period=period).values("determination")
    found = stories.tell_two_stories(Determination.objects.visible_to(user).filter(pk__in=current))
    return [told_twice(one) for one in found.select_related("provision__mandate", "centre")]


def told_twice(determination: Determination) -> ToldTwice:
    """`determination` with what it counted by units and by computing power."""
    return ToldTwice(determination, _look(determination, "units"), _look(determination, "compute"))


def _look(determination: Determination, measure: str) -> Look:
    domestic, foreign, unknown = (
        Fraction(getattr(determination, f"{measure}_{origin}")) for origin in (DOMESTIC, FOREIGN, UNKNOWN)
    )
    return Look(domestic, foreign, unknown, determination.units_total or 0, 0, 0)


def as_csv(user: User, chosen: Chosen) -> Iterator[str]:
    """Every look at each province, and at all of them where none is chosen, in exact sums and cut percents."""
    period, region = chosen.period, chosen.region
    yield _MARK + _lines([COLUMNS])
    if period is None:
        return
    chips = chip_facts(period.ends_on)
    by_region = looks.stocks_by_region(user, period, region)
    if region is None:
        yield _lines(_cells(period, "", looks.looks_at(_of(by_region, None), chips)))
    for code, stocks in by_region.items():
        yield _lines(_cells(period, code, looks.looks_at(stocks, chips)))


def _cells(period: ReportingPeriod, region: str, rows: list[Looks]) -> Iterator[list[Any]]:
    for row in rows:
        for measure, look in (("units", row.units), ("compute", row.compute), ("value", row.value)):
            yield [
                period.code, region, row.population.code, measure,
                *(looks.decimal_text(part) for part in (look.domestic, look.foreign, look.unknown)),
                cut_percent(look.domestic, look.total) if look.total else "",
                cut_percent(look.domestic + look.unknown, look.total) if look.total else "",
                look.units, look.units_without, look.units_contested,
            ]  # fmt: skip


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()
