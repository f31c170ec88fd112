"""Which lines a provision counts, and how much they weigh by origin: rules 1 to 3 of the contract.

Dates are ISO texts, which order as their days do. Weights are integers: units as they are, compute and value in parts
of `SCALE`.
"""

from collections.abc import Callable
from itertools import compress
from typing import Any, Final

from compliance.engine.inventory import Inventory, Sort

Json = dict[str, Any]

# The parts of a provision that say what is counted, and how.
COUNTING_KEYS = ("metric", "origin_rule", "domestic", "population")
# Where a line is counted: by its origin, …
DOMESTIC: Final = 0
FOREIGN: Final = 1
UNKNOWN: Final = 2
# … after them the same for lines that may or may not count, …
_MAYBE: Final = 3
# … and from here on those left out, each place for a reason.
_LEFT_OUT: Final = 6
_CLASS: Final = 6
_WORKLOAD: Final = 7
_STATUS: Final = 8
_AFTER: Final = 9
_BEFORE: Final = 10
_REASONS = {
    _CLASS: "class",
    _WORKLOAD: "workload",
    _STATUS: "status",
    _AFTER: "acquired_after_as_of",
    _BEFORE: "acquired_before",
}
_PLACES: Final = 11
# So many are remembered for a rule; a register has some hundreds.
_KNOWN_SORTS = 5_000


class Tally:
    """Where each line of an inventory is counted, and the weights of the population by origin.

    What is asked of few tallies is reckoned when it is asked for.
    """

    __slots__ = (
        "_excluded_text", "_inventory", "_metric", "_places", "_sums",
        "domestic", "foreign", "maybe_domestic", "maybe_foreign", "maybe_unknown", "unknown", "weighable",
    )  # fmt: skip

    def __init__(
        self, inventory: Inventory, places: list[int], metric: str, sums: list[int], *, weighable: bool
    ) -> None:
        """`sums`: how much there is at each place by `metric`; `weighable`: each line that counts has a weight."""
        self._inventory, self._places, self._metric, self._sums = inventory, places, metric, sums
        self.domestic, self.foreign, self.unknown = sums[DOMESTIC], sums[FOREIGN], sums[UNKNOWN]
        # Of lines that may or may not count.
        self.maybe_domestic, self.maybe_foreign = sums[_MAYBE + DOMESTIC], sums[_MAYBE + FOREIGN]
        self.maybe_unknown = sums[_MAYBE + UNKNOWN]
        self.weighable = weighable
        self._excluded_text: str | None = None

    @property
    def has_certain(self) -> bool:
        """Whether any line of a weighable tally counts for certain: each that counts weighs something."""
        return self.domestic + self.foreign + self.unknown > 0

    @property
    def has_uncertain(self) -> bool:
        """Whether any line of a weighable tally may or may not count."""
        return self.maybe_domestic + self.maybe_foreign + self.maybe_unknown > 0

    @property
    def units(self) -> tuple[int, int, int]:
        """Units by origin of all lines that count or may count, whatever the metric."""
        is_weight = self._metric == "units"
        return _by_origin(self._sums if is_weight else _summed(self._places, self._inventory.quantities))

    @property
    def compute(self) -> tuple[int, int, int]:
        """Their TFLOPS by origin, likewise, in parts of `SCALE`."""
        is_weight = self._metric == "compute"
        return _by_origin(self._sums if is_weight else _summed(self._places, self._inventory.computes))

    @property
    def excluded(self) -> list[Json]:
        """The lines that were left out, and why."""
        places = enumerate(self._places)
        return [{"line": index, "reason": _REASONS[place]} for index, place in places if place >= _LEFT_OUT]

    def excluded_text(self) -> str:
        """Those in JSON: the answers to several rules can share it."""
        if self._excluded_text is None:
            entries = [
                f'{{"line":{index},"reason":"{_REASONS[place]}"}}'
                for index, place in enumerate(self._places)
                if place >= _LEFT_OUT
            ]
            self._excluded_text = f"[{','.join(entries)}]"
        return self._excluded_text

    def low(self) -> tuple[int, int]:
        """Domestic and total weight where every open question goes against the centre."""
        rest = self.foreign + self.unknown + self.maybe_foreign + self.maybe_unknown
        return self.domestic, self.domestic + rest

    def high(self) -> tuple[int, int]:
        """Domestic and total weight where every open question goes for the centre."""
        domestic = self.domestic + self.unknown + self.maybe_domestic + self.maybe_unknown
        return domestic, domestic + self.foreign


class Counting:
    """What a checked provision counts on a day, and how."""

    def __init__(self, provision: Json, as_of: str) -> None:
        self._metric, self._as_of = provision["metric"], as_of
        self._acquired_from = provision["population"]["acquired_from"]
        self._places = _Places(provision)

    def tally(self, inventory: Inventory) -> Tally:
        """Which lines of `inventory` count, and their weight by origin."""
        place_of = self._places
        places = [place_of[sort] for sort in inventory.sorts]
        if self._acquired_from is not None or inventory.last_day > self._as_of:
            days = inventory.days
            places = [self._on_its_day(place, days[index]) for index, place in enumerate(places)]
        weights = self._weights(inventory)
        # A quantity weighs at least one.
        weighable = weights is inventory.quantities or all(compress(weights, map(_LEFT_OUT.__gt__, places)))
        return Tally(inventory, places, self._metric, _summed(places, weights), weighable=weighable)

    def _on_its_day(self, place: int, day: str) -> int:
        """Where a line that would be counted at `place` is, considering the day it was acquired on ("": not known)."""
        if place >= _LEFT_OUT:
            return place
        if day > self._as_of:
            return _AFTER
        if self._acquired_from is None or day >= self._acquired_from:
            return place
        return _BEFORE if day else place + _MAYBE

    def _weights(self, inventory: Inventory) -> list[int]:
        """What each line weighs by the rule's metric; 0 where the figure is not known."""
        if self._metric == "units":
            return inventory.quantities
        return inventory.computes if self._metric == "compute" else inventory.values


def _summed(places: list[int], weights: list[int]) -> list[int]:
    """The sum of `weights` at each place."""
    sums = [0] * _PLACES
    for index, place in enumerate(places):
        sums[place] += weights[index]
    return sums


def _by_origin(sums: list[int]) -> tuple[int, int, int]:
    """Domestic, foreign and unknown, of lines that count and of those that may."""
    return (
        sums[DOMESTIC] + sums[_MAYBE + DOMESTIC],
        sums[FOREIGN] + sums[_MAYBE + FOREIGN],
        sums[UNKNOWN] + sums[_MAYBE + UNKNOWN],
    )


class _Places(dict[Sort, int]):
    """Where the lines of a sort are counted, but for their days."""

    def __init__(self, provision: Json) -> None:
        population = provision["population"]
        self._population = (population["classes"], population["workloads"], population["statuses"])
        self._origin, self._home = _ORIGINS[provision["origin_rule"]], frozenset(provision["domestic"])

    def __missing__(self, sort: Sort) -> int:
        if len(self) >= _KNOWN_SORTS:
            self.clear()
        place = self[sort] = self._place(sort)
        return place

    def _place(self, sort: Sort) -> int:
        *told, designer, fabricator = sort.parts
        for place, said, counted in zip((_CLASS, _WORKLOAD, _STATUS), told, self._population, strict=True):
            if counted is not None and said not in counted:
                return place
        return self._origin(designer, fabricator, self._home)


def tally_of(document: Json) -> Tally:
    """Which lines of a checked document count, and their weight by origin.

    Of its provision no more is read than what is counted, and how.
    """
    return Counting(document["provision"], document["as_of"]).tally(Inventory.of_lines(document["lines"]))


def origin_of(provision: Json) -> Callable[[Json], int]:
    """What tells the origin of a line under a checked `provision`: `DOMESTIC`, `FOREIGN` or `UNKNOWN`."""
    origin, home = _ORIGINS[provision["origin_rule"]], frozenset(provision["domestic"])
    return lambda line: origin(line["designer_country"], line["fabricator_country"], home)


def _by_designer(designer: str | None, fabricator: str | None, home: frozenset[str]) -> int:
    return _of_country(designer, home)


def _by_fabricator(designer: str | None, fabricator: str | None, home: frozenset[str]) -> int:
    return _of_country(fabricator, home)


def _by_both(designer: str | None, fabricator: str | None, home: frozenset[str]) -> int:
    origins = (_of_country(designer, home), _of_country(fabricator, home))
    if FOREIGN in origins:
        return FOREIGN
    return UNKNOWN if UNKNOWN in origins else DOMESTIC


def _of_country(country: str | None, home: frozenset[str]) -> int:
    if country is None:
        return UNKNOWN
    return DOMESTIC if country in home else FOREIGN


_ORIGINS: dict[str, Callable[[str | None, str | None, frozenset[str]], int]] = {
    "designer": _by_designer,
    "fabricator": _by_fabricator,
    "designer_and_fabricator": _by_both,
}
