"""What the pages of outlooks show, out of what was stored: the same number of queries for any number of centres."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict

from accounts.models import Role, User
from centres.models import Centre, Provenance, Region, ReportingPeriod
from compliance.models import Mandate, Outlook, OutlookError
from compliance.outlook.chart import Chart, chart_of
from compliance.outlook.quarters import code_of, number_of
from compliance.outlook.words import (
    Standing,
    ToldError,
    asked_in_words,
    counts_in_words,
    due_in,
    errors_in_words,
    sentences,
    standing_as_query,
    standing_of,
    step_in_words,
    units_in_words,
)
from compliance.shares import cut_percent

# The rule that is for the whole country comes first where the reader has chosen none.
_FIRST_MANDATE = "CN-2025"
_SHADES = 7
_TILE = 44


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader has chosen to see."""

    period: ReportingPeriod
    mandate: Mandate
    # Of which step centres are listed: the day from which it is in force.
    step_from: date
    region: Region | None
    standing: Standing | None


class ToldStep(NamedTuple):
    """What an outlook says of one step."""

    outlook: Outlook
    step: str
    sentences: list[str]
    # Of a region or the country alone.
    counts: str


class Point(NamedTuple):
    """A quarter as the table beside a chart has it: percents, cut; empty where there is none."""

    period: str
    low: str
    expected: str
    high: str
    planned: str
    # How many centres meet the listed step: low, expected, high; and how many are exempt.
    centres: list[int]
    exempt: int


class Told(NamedTuple):
    """The outlook of one centre or region under one mandate."""

    mandate: Mandate
    first: Outlook
    steps: list[ToldStep]
    chart: Chart | None
    points: list[Point]
    units: list[str]
    errors: list[ToldError]
    trust: str


class RegionRow(NamedTuple):
    """A province: its outlook for each step, in the order of the table's columns."""

    region: Region
    asked: int
    met: int
    # None: made before exemptions were counted.
    exempt: int | None
    unknown: int
    # Of whose shares the row is.
    first: Outlook
    cells: list[Outlook | None]


class Tile(NamedTuple):
    """A province on the map: how many in a hundred of its centres are expected to meet the step when it first holds."""

    region: Region
    x: int
    y: int
    figure: str | None
    shade: int
    expected: int
    asked: int


def choice_of(user: User, query: QueryDict) -> tuple[Choice | None, dict[str, Any]]:
    """The reader's choice out of the address of a page, and what there is to choose from; None where nothing is."""
    # Sums are few, however many centres there are.
    seen = Outlook.objects.visible_to(user).filter(centre__isnull=True)
    of_period = seen.filter(period=OuterRef("pk"))
    periods = list(ReportingPeriod.objects.visible_to(user).filter(Exists(of_period)).order_by("-code"))
    if not periods:
        return None, {}
    period = next((one for one in periods if one.code == query.get("period")), periods[0])
    mandates = list(Mandate.objects.visible_to(user).filter(Exists(seen.filter(period=period, mandate=OuterRef("pk")))))
    by_code = {mandate.code: mandate for mandate in mandates}
    mandate = by_code.get(query.get("mandate", "")) or by_code.get(_FIRST_MANDATE) or mandates[0]
    steps = list(seen.filter(period=period, mandate=mandate).order_by("step_from").distinct("step_from"))
    step = next((one for one in steps if one.step_from.isoformat() == query.get("step")), _next(steps, period))
    regions = list(Region.objects.visible_to(user))
    standing = query.get("standing", Standing.MISSES)
    choice = Choice(
        period=period,
        mandate=mandate,
        step_from=step.step_from,
        region=next((region for region in regions if region.code == query.get("region")), None),
        standing=Standing(standing) if standing in Standing.values else None,
    )
    choices = {"periods": periods, "mandates": mandates, "regions": regions, "steps": [(s, step_of(s)) for s in steps]}
    return choice, choices


def _next(steps: list[Outlook], period: ReportingPeriod) -> Outlook:
    """The first step that is still to come, else the one in force."""
    return next((step for step in steps if step.step_from > period.ends_on), steps[0])


def step_of(outlook: Outlook) -> str:
    return f"{asked_in_words(outlook)} · {outlook.step_from.isoformat()}"


def sums(user: User, choice: Choice) -> list[Outlook]:
    """The outlooks of the country and the regions under the chosen mandate, step by step."""
    found = Outlook.objects.visible_to(user).filter(period=choice.period, mandate=choice.mandate, centre__isnull=True)
    return list(found.select_related("period", "region", "provision", "mandate").order_by("region_id", "step_from"))


def focus_of(user: User, choice: Choice, found: list[Outlook], errors: list[OutlookError]) -> Told | None:
    """The whole that the page begins with: the chosen region, else the country, else the reader's one region."""
    regions = {outlook.region_id for outlook in found}
    only = next(iter(regions)) if len(regions) == 1 else None
    key = choice.region.code if choice.region else None if user.sees_whole_country else only
    chosen = [outlook for outlook in found if outlook.region_id == key]
    return told_of(chosen, errors, choice.step_from) if chosen else None


def told_of(outlooks: list[Outlook], errors: Iterable[OutlookError], step_from: date | None = None) -> Told:
    """What `outlooks` say, which are of one centre or region and one mandate; the table counts centres for a step."""
    first = outlooks[0]
    scale = "centre" if first.centre_id else "region" if first.region_id else "country"
    tried = [ToldError(one) for one in errors if one.scale == scale and one.mandate_id == first.mandate_id]
    steps = [
        ToldStep(one, step_in_words(one), sentences(one), counts_in_words(one) if one.centres else "")
        for one in outlooks
    ]
    listed = next((one for one in outlooks if one.step_from == step_from), first)
    units = units_in_words(first)
    return Told(first.mandate, first, steps, chart_of(outlooks), _points(listed), units, tried, errors_in_words(tried))


def _points(outlook: Outlook) -> list[Point]:
    planned = {one["period"]: one["expected"] for one in outlook.planned["points"]} if outlook.planned else {}
    counted = outlook.centres or {}
    base = number_of(outlook.period_id)
    counts = {code_of(base + ahead): some for ahead, some in enumerate(counted.get("met", ()))}
    exempt = {code_of(base + ahead): count for ahead, count in enumerate(counted.get("exempt", ()))}
    past = [
        Point(o["period"], o["low"], "", o["high"], "", counts.pop(o["period"], []), exempt.get(o["period"], 0))
        for o in outlook.past
    ]
    ahead = {one["period"]: one for one in outlook.points}
    to_come = sorted(ahead.keys() | counts.keys())
    return past + [
        Point(
            period,
            ahead.get(period, {}).get("low", ""),
            ahead.get(period, {}).get("expected", ""),
            ahead.get(period, {}).get("high", ""),
            planned.get(period, ""),
            counts.get(period, []),
            exempt.get(period, 0),
        )
        for period in to_come
    ]


def region_rows(found: list[Outlook], steps: list[date]) -> list[RegionRow]:
    """A row of every province of which something is asked."""
    by_region: dict[Region, dict[date, Outlook]] = {}
    for outlook in found:
        if outlook.region:
            by_region.setdefault(outlook.region, {})[outlook.step_from] = outlook
    rows = []
    for region, by_step in by_region.items():
        first = by_step[min(by_step)]
        counts: dict[str, Any] = first.centres or {}
        cells = [by_step.get(day) for day in steps]
        exempt = counts["exempt"][0] if "exempt" in counts else None
        rows.append(RegionRow(region, counts["asked"], counts["met"][0][1], exempt, counts["unknown"], first, cells))
    return rows


def tiles_of(found: list[Outlook], regions: list[Region], choice: Choice) -> dict[str, Any]:
    """The equal-tile map for the chosen step."""
    ahead = number_of(due_in(choice.period.code, choice.step_from)) - number_of(choice.period.code)
    by_region = {one.region_id: one.centres for one in found if one.region_id and one.step_from == choice.step_from}
    tiles = [_tile(region, by_region.get(region.code), ahead) for region in regions]
    return {
        "tiles": tiles,
        "width": max((tile.x for tile in tiles), default=0) + _TILE,
        "height": max((tile.y for tile in tiles), default=0) + _TILE,
    }


def _tile(region: Region, counts: dict[str, Any] | None, ahead: int) -> Tile:
    x, y = _TILE * region.tile_col, _TILE * region.tile_row
    if not counts:
        return Tile(region, x, y, None, 0, 0, 0)
    expected, asked = counts["met"][min(ahead, len(counts["met"]) - 1)][1], counts["asked"]
    shade = min(_SHADES - 1, _SHADES * expected // asked)
    return Tile(region, x, y, cut_percent(expected, asked, 0), shade, expected, asked)


def centres(user: User, choice: Choice) -> QuerySet[Outlook]:
    """The outlooks of centres for the chosen step: first those that are not expected to meet it within the horizon.

    In the order of an index, so that a page costs as much with 40,000 centres as with a hundred.
    """
    found = Outlook.objects.visible_to(user).filter(
        period=choice.period, mandate=choice.mandate, step_from=choice.step_from, centre__isnull=False
    )
    # What is worked out for a centre that never filed is shown on its own page alone.
    found = found.exclude(centre__provenance=Provenance.ILLUSTRATIVE)
    if choice.region:
        found = found.filter(centre__region=choice.region)
    if choice.standing:
        found = found.filter(standing_as_query(choice.standing, choice.period.code, choice.step_from))
    return found.select_related("period", "mandate", "centre__region").order_by("expected", "centre")


def outlooks_of(user: User, centre: Centre) -> list[Outlook]:
    """What was foreseen of `centre` last, by mandate and step."""
    found = Outlook.objects.visible_to(user).filter(centre=centre)
    latest = found.order_by("-period_id").values("period_id")[:1]
    last = found.filter(period_id__in=latest).select_related("period", "mandate", "provision", "centre")
    return list(last.order_by("mandate__code", "step_from"))


def told_by_mandate(outlooks: list[Outlook], errors: list[OutlookError]) -> list[Told]:
    """What is foreseen of one centre, mandate by mandate."""
    by_mandate: dict[int, list[Outlook]] = {}
    for outlook in outlooks:
        by_mandate.setdefault(outlook.mandate_id, []).append(outlook)
    return [told_of(some, errors) for some in by_mandate.values()]


def errors_for(user: User) -> list[OutlookError]:
    """How far past outlooks were off. An operator is told of none that a few centres alone make up."""
    found = OutlookError.objects.visible_to(user)
    return list(found.filter(outlooks__gte=ToldError.ENOUGH) if user.role == Role.OPERATOR else found)


def standings(outlooks: Iterable[Outlook]) -> list[tuple[Outlook, Standing]]:
    """Each with how its centre will stand."""
    return [(outlook, standing_of(outlook)) for outlook in outlooks]
