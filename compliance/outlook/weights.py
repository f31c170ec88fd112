"""What was counted of a centre, or of many, and what is to come: integers that add up."""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple


class Weights(NamedTuple):
    """A share's least and its greatest, each as a part and its whole.

    Both come of the engine's tally, and both add up: over lines, over centres.
    """

    low_part: int = 0
    low_whole: int = 0
    high_part: int = 0
    high_whole: int = 0

    def plus(self, other: "Weights") -> "Weights":
        return Weights(*map(sum, zip(self, other, strict=True)))

    @property
    def low(self) -> Fraction | None:
        """The least share; None where nothing counts."""
        return Fraction(self.low_part, self.low_whole) if self.low_whole else None

    @property
    def high(self) -> Fraction | None:
        """The greatest share; None where nothing counts."""
        # Where nothing is sure to count, the greatest share is of what helps alone.
        return Fraction(self.high_part, self.high_whole) if self.high_whole else self.low and Fraction(1)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is open: the least share is the greatest."""
        return self[:2] == self[2:]


class Addition(NamedTuple):
    """What planned and installing lines add in a quarter; None: no day to come is known of them."""

    quarter: int | None
    units: int
    weights: Weights


class Stock(NamedTuple):
    """What was counted at the end of a quarter, and what is to be added to it."""

    weights: Weights
    added: tuple[Addition, ...] = ()

    def units_to_come(self, base: int) -> tuple[int, int]:
        """The units that are due after quarter `base`, and those of which no day to come is known."""
        due = sum(one.units for one in self.added if one.quarter is not None and one.quarter > base)
        return due, sum(one.units for one in self.added) - due


def summed(stocks: Iterable[Stock]) -> Stock | None:
    """Many centres' stocks as one; None of none."""
    total = [0, 0, 0, 0]
    added: dict[int | None, list[int]] = {}
    for stock in stocks:
        total = [one + other for one, other in zip(total, stock.weights, strict=True)]
        for addition in stock.added:
            sums = added.setdefault(addition.quarter, [0] * 5)
            added[addition.quarter] = [
                one + other for one, other in zip(sums, (addition.units, *addition.weights), strict=True)
            ]
    if not total[1] and not added:
        return None
    additions = (Addition(quarter, sums[0], Weights(*sums[1:])) for quarter, sums in added.items())
    return Stock(Weights(*total), tuple(additions))
