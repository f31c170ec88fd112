"""Where a short series of shares leads, and how wide an interval past errors ask for.

Of four to eight quarters no model can be chosen by its fit, so this one is plain and the same for all: the share's
log-odds go on from their last value by the median of all pairwise slopes (Theil–Sen: one odd quarter moves it
little), less with each quarter (damped, as Gardner and McKenzie advise). Nothing is assumed of the errors: the interval
at each distance is the quantile of what the same method was off before (split conformal prediction with symmetric
scores and an expanding set of them).
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, exp, inf, log, sqrt
from typing import NamedTuple

LEAST_POINTS, MOST_POINTS = 4, 8
HORIZON = 8
# A share that was last read longer ago is not carried forward.
LARGEST_GAP = 2
REACH = HORIZON + LARGEST_GAP
# So much of the slope is left with each further quarter.
DAMPING = 0.8
# How many of ten outlooks the interval is to hold.
HELD_OF_TEN = 8
LEAST_ERRORS = 10
# Shares nearer to 0 or 1 are read as this near: log-odds have no end.
_NEAREST = 0.005

# The sum of what is left of the slope after so many quarters.
_DAMPED = [0.0, *accumulate(DAMPING**quarters for quarters in range(1, REACH + 1))]


class Fit(NamedTuple):
    """A series seen from its last quarter: the share then, its log-odds, and their slope by quarter."""

    quarter: int
    share: float
    odds: float
    slope: float

    def odds_in(self, quarters: int) -> float:
        return self.odds + self.slope * _DAMPED[quarters]

    def change_in(self, quarters: int, shift: float = 0.0) -> float:
        """By how much the share will have changed in so many quarters; with its log-odds moved by `shift`."""
        moved = self.slope * _DAMPED[quarters] + shift
        return _share_of(self.odds + moved) - _share_of(self.odds) if moved else 0.0


def odds_of(share: float) -> float:
    """The log-odds of a share."""
    near = min(max(share, _NEAREST), 1 - _NEAREST)
    return log(near / (1 - near))


def fit(points: Sequence[tuple[int, float]], until: int) -> Fit | None:
    """The series of (quarter, share), in the order of quarters, as it stood at `until`.

    None where it has too few points among the last quarters, or ends too long before.
    """
    seen = [(quarter, share) for quarter, share in points if until - MOST_POINTS < quarter <= until]
    if len(seen) < LEAST_POINTS or seen[-1][0] < until - LARGEST_GAP:
        return None
    curve = [(quarter, odds_of(share)) for quarter, share in seen]
    return Fit(seen[-1][0], seen[-1][1], curve[-1][1], slope_of(curve))


def slope_of(curve: Sequence[tuple[int, float]]) -> float:
    """The median of the slopes between all pairs (Theil–Sen)."""
    slopes = sorted(
        (later - earlier) / (after - before)
        for place, (before, earlier) in enumerate(curve)
        for after, later in curve[place + 1 :]
    )
    middle = len(slopes) // 2
    return slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2


def spread_of(errors: Mapping[int, Sequence[float]]) -> list[float] | None:
    """How far log-odds may lie from what was foreseen, by quarters ahead (index 0: none), out of past `errors`.

    Where there were too few errors so far ahead, the last distance that has enough is widened with the square root of
    the time; None where no distance has enough. It never narrows with the distance.
    """
    spread = [0.0]
    known = 0
    for quarters in range(1, REACH + 1):
        past = sorted(errors.get(quarters, ()))
        if len(past) >= LEAST_ERRORS:
            spread.append(max(spread[-1], past[ceil((len(past) + 1) * HELD_OF_TEN / 10) - 1]))
            known = quarters
        elif known:
            spread.append(spread[known] * sqrt(quarters / known))
        else:
            return None
    return spread


def _share_of(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds > -inf else 0.0
