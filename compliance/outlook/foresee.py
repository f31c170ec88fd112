"""The shares of the quarters to come, by plan and by trend, and the quarters from which on they meet a step."""

from collections.abc import Sequence
from typing import NamedTuple

from compliance.models import OutlookBasis
from compliance.outlook.steps import Share, Step
from compliance.outlook.trend import HORIZON, LARGEST_GAP, Fit
from compliance.outlook.weights import Stock, Weights


class Band(NamedTuple):
    """The least, the expected and the greatest share of a quarter."""

    low: Share
    expected: Share
    high: Share


# The band of each quarter of the horizon; None where nothing will count yet.
Path = Sequence[Band | None]


class Met(NamedTuple):
    """The quarters from which on a step is met: on the expected path, the highest and the lowest; None: on none."""

    expected: int | None
    earliest: int | None
    latest: int | None


class Foreseen(NamedTuple):
    """What is foreseen of one centre, or of many summed, from the end of quarter `base`."""

    base: int
    # None where nothing was read of late.
    now: Weights | None = None
    planned: Path | None = None
    trend: Path | None = None
    path: Path | None = None

    def basis(self, step: Step) -> OutlookBasis:
        if self.now is None:
            return OutlookBasis.NONE
        if step.met_by(self.now.low, self.base):
            return OutlookBasis.MEETS
        if self.planned and self.trend:
            return OutlookBasis.BOTH
        if self.planned:
            return OutlookBasis.PLANNED
        return OutlookBasis.TREND if self.trend else OutlookBasis.NONE

    def met(self, step: Step, path: Path | None) -> Met:
        """From which quarters on `path` meets `step`; without one, from the base where it is met then, and who knows
        for how long."""
        if self.now is None:
            return Met(None, None, None)
        low, high = self.now.low, self.now.high
        if path is None:
            now = self.base if step.met_by(low, self.base) else None
            return Met(now, now, None)
        return Met(
            self._from([low, *(band and band.expected for band in path)], step),
            self._from([high, *(band and band.high for band in path)], step),
            self._from([low, *(band and band.low for band in path)], step),
        )

    def falls_in(self, step: Step) -> int | None:
        """The first quarter in which what is met now is expected to be met no more."""
        if self.now is None or self.path is None or not step.met_by(self.now.low, self.base):
            return None
        to_come = enumerate(self.path, start=self.base + 1)
        lost = (quarter for quarter, band in to_come if band and not step.met_by(band.expected, quarter))
        return next(lost, None)

    def _from(self, shares: Sequence[Share | None], step: Step) -> int | None:
        """The first quarter from which on all of `shares` meet `step`."""
        first = None
        for place in range(len(shares) - 1, -1, -1):
            if not step.met_by(shares[place], self.base + place):
                break
            first = self.base + place
        return first


def foresee(
    stocks: dict[int, Stock], base: int, seen: Fit | None, spread: Sequence[float] | None, *, many: bool
) -> Foreseen:
    """What `stocks` (by quarter) lead to from quarter `base` on.

    One centre that says what it will add is expected to do so. Of `many` together only some say it, so that they are
    expected to go on as they did; either way the interval holds both.
    """
    last = max((quarter for quarter in stocks if base - LARGEST_GAP <= quarter <= base), default=None)
    if last is None:
        return Foreseen(base)
    stock = stocks[last]
    planned = planned_path(stock, base)
    trend = trend_path(stock.weights, seen, spread, base - last)
    by_plan = has_days(stock, base) and not many
    return Foreseen(base, stock.weights, planned, trend, combined(planned, trend, by_plan=by_plan))


def planned_path(stock: Stock, base: int) -> Path | None:
    """What `stock` comes to with what is to be added: exact. None where nothing is.

    What has no day to come is in the bounds alone, from the first quarter on. What was due by `base`, and had not
    been reported since, has none either.
    """
    if not stock.added:
        return None
    open_ended = Weights()
    for one in stock.added:
        if one.quarter is None or one.quarter <= base:
            open_ended = open_ended.plus(one.weights)
    path: list[Band | None] = []
    for quarter in range(base + 1, base + HORIZON + 1):
        serving = stock.weights
        for one in stock.added:
            if one.quarter is not None and base < one.quarter <= quarter:
                serving = serving.plus(one.weights)
        path.append(_planned_band(serving, serving.plus(open_ended)))
    return path


def _planned_band(serving: Weights, with_all: Weights) -> Band | None:
    """The band of what serves, and of what serves with all that has no day."""
    if serving.low is None or serving.high is None:
        return None
    lows = [weights.low for weights in (serving, with_all) if weights.low is not None]
    highs = [weights.high for weights in (serving, with_all) if weights.high is not None]
    return Band(min(lows), serving.low, max(highs))


def trend_path(now: Weights, seen: Fit | None, spread: Sequence[float] | None, gap: int) -> Path | None:
    """Where the trend leads from what was counted `gap` quarters before the base; None without one."""
    low, high = now.low, now.high
    if seen is None or spread is None or low is None or high is None:
        return None
    return [trend_band(low, high, seen, spread, quarters) for quarters in range(gap + 1, gap + HORIZON + 1)]


def trend_band(low: Share, high: Share, seen: Fit, spread: Sequence[float], quarters: int) -> Band:
    """Where the trend leads in so many quarters from a share of which `low` and `high` are known."""
    return Band(
        _moved(low, seen.change_in(quarters, -spread[quarters])),
        _moved(low, seen.change_in(quarters)),
        _moved(high, seen.change_in(quarters, spread[quarters])),
    )


def combined(planned: Path | None, trend: Path | None, *, by_plan: bool) -> Path | None:
    """Both as one: expected by the one or the other, in an interval that holds both."""
    if planned is None or trend is None:
        return planned or trend
    return [combined_band(*pair, by_plan=by_plan) for pair in zip(planned, trend, strict=True)]


def combined_band(planned: Band | None, trend: Band | None, *, by_plan: bool) -> Band | None:
    if planned is None or trend is None:
        return planned or trend
    return Band(
        min(planned.low, trend.low),
        (planned if by_plan else trend).expected,
        max(planned.high, trend.high),
    )


def has_days(stock: Stock, base: int) -> bool:
    """Whether something is to be added on a known day within the horizon after quarter `base`."""
    return any(one.quarter is not None and base < one.quarter <= base + HORIZON for one in stock.added)


def _moved(share: Share, change: float) -> Share:
    """`share` after a change, from 0 to 1; unchanged it stays the fraction that it is."""
    return min(max(float(share) + change, 0.0), 1.0) if change else share
