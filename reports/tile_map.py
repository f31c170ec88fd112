"""The equal-tile map: every province as large as every other, ordered by lightness."""

from typing import Any, NamedTuple

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from centres.models import Region, ReportingPeriod
from compliance.models import InventoryRollup, Mandate, Outcome, OutcomeRollup
from compliance.shares import cut_percent
from reports.dashboard import NOT_ASKED, SUMS, Origins, origins_of

# Shades of the map, from the least share to the greatest: an order of lightness, told apart without colour.
_SHADES = 7
_TILE = 44
MAPS = ("units", "compute", "outcome")


class Tile(NamedTuple):
    """A province on the equal-tile map."""

    region: Region
    units: Origins
    compute: Origins
    compliant: int
    asked: int


class ShownTile(NamedTuple):
    """A province as it is drawn: its place in the SVG, its shade from 0, and its figure."""

    tile: Tile
    x: int
    y: int
    shade: int | None = None
    figure: str | None = None
    is_half_or_less: bool = False

    @property
    def middle(self) -> int:
        return self.x + 20

    @property
    def corner(self) -> int:
        return self.x + 40

    @property
    def name_y(self) -> int:
        return self.y + 16

    @property
    def figure_y(self) -> int:
        return self.y + 31

    @property
    def without_y(self) -> int:
        return self.y + 24


def tiles(user: User, period: ReportingPeriod, mandate: Mandate) -> list[Tile]:
    """Every province, with what its centres reported and how many comply."""
    reported = InventoryRollup.objects.visible_to(user).filter(period=period)
    by_region = {row["region_id"]: row for row in reported.values("region_id").annotate(**SUMS).order_by()}
    outcomes = OutcomeRollup.objects.visible_to(user).filter(period=period, mandate=mandate)
    counted = outcomes.values("region_id").annotate(
        asked=Coalesce(Sum("centres", filter=~Q(outcome__in=NOT_ASKED)), 0),
        compliant=Coalesce(Sum("centres", filter=Q(outcome=Outcome.COMPLIANT)), 0),
    )
    compliance = {row["region_id"]: row for row in counted.order_by()}
    found = []
    for region in Region.objects.visible_to(user):
        row, counts = by_region.get(region.pk), compliance.get(region.pk, {"asked": 0, "compliant": 0})
        units, compute = (origins_of(row, "units"), origins_of(row, "compute")) if row else (Origins(), Origins())
        found.append(Tile(region, units, compute, counts["compliant"], counts["asked"]))
    return found


def map_of(found: list[Tile], shown: str | None) -> dict[str, Any]:
    """The map by units, by compute, or by the share of centres that comply."""
    chosen = shown if shown in MAPS else MAPS[0]
    drawn = [_shown(tile, chosen) for tile in found]
    return {
        "shown": chosen,
        "kinds": MAPS,
        "tiles": drawn,
        "width": max((tile.x for tile in drawn), default=0) + _TILE,
        "height": max((tile.y for tile in drawn), default=0) + _TILE,
    }


def _shown(tile: Tile, chosen: str) -> ShownTile:
    part, whole = {
        "units": (tile.units.domestic, tile.units.total),
        "compute": (tile.compute.domestic, tile.compute.total),
        "outcome": (tile.compliant, tile.asked),
    }[chosen]
    x, y = _TILE * tile.region.tile_col, _TILE * tile.region.tile_row
    if not whole:
        return ShownTile(tile, x, y)
    return ShownTile(
        tile=tile,
        x=x,
        y=y,
        shade=min(_SHADES - 1, int(_SHADES * part / whole)),
        figure=cut_percent(part, whole, 0),
        is_half_or_less=2 * part <= whole,
    )
