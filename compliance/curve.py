"""How many comply at each whole percent of threshold, by exact integers."""

from fractions import Fraction
from typing import Any

from compliance.shares import parts_of

COMPARATORS = ("at_least", "over")
GREATEST = 100


def greatest_percent(part: int, whole: int, comparator: str) -> int:
    """The greatest whole percent that `part` of `whole` meets; -1 where it meets none."""
    return (100 * part - (comparator == "over")) // whole


class Curve:
    """Counts centres by the greatest threshold, of 0 % to 100 %, that their least share meets."""

    def __init__(self) -> None:
        self._met = {comparator: [0] * (GREATEST + 1) for comparator in COMPARATORS}
        self._known = self._unknown = 0

    def add(self, answer: dict[str, Any], granted: Fraction | None) -> None:
        """Count a centre by what the engine answered; `granted` is the lower threshold that was granted to it.

        A centre of which nothing is asked, that reported nothing, or that is exempt is not counted; one whose share
        cannot be told is counted as such.
        """
        if answer["low"] is None:
            self._unknown += answer["outcome"] == "undetermined"
            return
        self._known += 1
        part, whole = parts_of(answer["low"])
        for comparator, met in self._met.items():
            greatest = greatest_percent(part, whole, comparator)
            if granted is not None and _meets(Fraction(part, whole), granted, comparator):
                # However high the rule's own threshold, it is asked for no more than was granted.
                greatest = GREATEST
            if greatest >= 0:
                met[greatest] += 1

    def as_data(self) -> dict[str, Any]:
        """How many comply at 0 % to 100 % under each comparator, and the centres whose share is known, or cannot be."""
        counts = {}
        for comparator, met in self._met.items():
            complying, count = [], 0
            for number in reversed(met):
                count += number
                complying.append(count)
            counts[comparator] = complying[::-1]
        return {**counts, "known": self._known, "unknown": self._unknown}


def _meets(share: Fraction, threshold: Fraction, comparator: str) -> bool:
    return share > threshold if comparator == "over" else share >= threshold
