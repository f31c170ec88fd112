"""How far off outlooks would have been: the same method from each quarter before, against what came.

Each is made of the quarters before it alone, and its interval of the errors that were known by then.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from compliance.outlook.foresee import combined_band, has_days, planned_path, trend_band
from compliance.outlook.trend import HORIZON, Fit, fit, odds_of, spread_of
from compliance.outlook.weights import Stock

# So many quarters before the base outlooks are tried from, and so many ahead they are told of.
TRIED_FROM = 8
TOLD_AHEAD = 4
# A share on the edge of an interval lies within it.
_EDGE = 1e-9


class Miss(NamedTuple):
    """How far a share came to lie from what was foreseen so many quarters ahead, and whether the interval held it."""

    ahead: int
    error: float
    is_within: bool


class _Past(NamedTuple):
    """A series as it stood at an earlier quarter, and the shares that came."""

    origin: int
    seen: Fit
    came: dict[int, float]


Key = TypeVar("Key", bound=Hashable)


class Tried(NamedTuple, Generic[Key]):
    """What a set of series teaches: fits at the base, spreads by the quarter at which they are known, and misses."""

    fits: dict[Key, Fit]
    spreads: dict[int, list[float] | None]
    misses: dict[Key, list[Miss]]


def tried(
    series: Mapping[Key, dict[int, Stock]],
    base: int,
    *,
    among: Iterable[Key],
    many: bool,
    lent: Mapping[int, list[float] | None] | None = None,
) -> Tried[Key]:
    """Fit each of `series` (by key: quarter and stock) at quarter `base`, and try those `among` it at earlier ones.

    Errors are pooled over them: one short series has too few of its own. Where they all have too few, the spreads
    that are `lent` hold.
    """
    shares = {key: _shares(stocks) for key, stocks in series.items()}
    fits = {key: seen for key, points in shares.items() if (seen := fit(points, base))}
    past = {key: _past_of(shares[key], base) for key in among}
    errors = _errors(past.values())
    spreads = {
        until: spread_of(_known(errors, until)) or (lent or {}).get(until)
        for until in range(base - TRIED_FROM, base + 1)
    }
    misses = {
        key: [miss for one in tries for miss in _misses(series[key][one.origin], one, spreads[one.origin], many=many)]
        for key, tries in past.items()
    }
    return Tried(fits, spreads, misses)


def _shares(stocks: Mapping[int, Stock]) -> list[tuple[int, float]]:
    weights = ((quarter, stock.weights) for quarter, stock in stocks.items())
    return [(quarter, some.low_part / some.low_whole) for quarter, some in weights if some.low_whole]


def _past_of(points: Sequence[tuple[int, float]], base: int) -> list[_Past]:
    """The series at each earlier quarter in which it has a share and points enough."""
    found = []
    for origin, _share in points:
        if base - TRIED_FROM <= origin < base and (seen := fit(points, origin)):
            came = {quarter - origin: share for quarter, share in points if origin < quarter <= base}
            found.append(_Past(origin, seen, came))
    return found


def _errors(past: Iterable[Iterable[_Past]]) -> dict[tuple[int, int], list[float]]:
    """By origin and quarters ahead: how far the log-odds that came lay from what the trend said."""
    errors = defaultdict(list)
    for tries in past:
        for one in tries:
            for ahead, share in one.came.items():
                if ahead <= HORIZON:
                    errors[one.origin, ahead].append(abs(odds_of(share) - one.seen.odds_in(ahead)))
    return errors


def _known(errors: Mapping[tuple[int, int], list[float]], until: int) -> dict[int, list[float]]:
    """By quarters ahead, the errors that were known at the end of quarter `until`."""
    known: dict[int, list[float]] = defaultdict(list)
    for (origin, ahead), found in errors.items():
        if origin + ahead <= until:
            known[ahead] += found
    return known


def _misses(stock: Stock, one: _Past, spread: list[float] | None, *, many: bool) -> Iterator[Miss]:
    """What was foreseen at the origin, from its `stock` and its trend, against each share that came."""
    if spread is None:
        return
    weights = stock.weights
    # The origin is one of the quarters that have a share.
    low = weights.low_part / weights.low_whole
    high = low if weights.is_settled else float(weights.high or low)
    planned, by_plan = planned_path(stock, one.origin), has_days(stock, one.origin) and not many
    for ahead, share in one.came.items():
        if ahead > TOLD_AHEAD:
            continue
        band = trend_band(low, high, one.seen, spread, ahead)
        if planned:
            band = combined_band(planned[ahead - 1], band, by_plan=by_plan) or band
        held = float(band.low) - _EDGE <= share <= float(band.high) + _EDGE
        yield Miss(ahead, abs(share - float(band.expected)), held)
