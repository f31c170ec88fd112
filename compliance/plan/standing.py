"""What counts of a judged document at its least share: in whole numbers, and card by card."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from compliance.engine import COUNTED, DOMESTIC, origin_of
from compliance.engine.document import scaled
from compliance.engine.judge import Threshold
from compliance.shares import parts_of

# What a line is weighed by, under each metric; nothing for units.
WEIGHED_BY = {"units": None, "compute": "compute", "value": "unit_price"}


class Held(NamedTuple):
    """Cards of one kind in an inventory: `weight` is what one of them counts, `compute` is in parts of `SCALE`."""

    model: int
    chip: str
    chip_class: str
    weight: int
    # None: the figure is not known.
    compute: int | None
    # W of a card; None: not known.
    power: Fraction | None
    quantity: int
    # Where it stands in the document's lines.
    lines: tuple[int, ...]


class Standing(NamedTuple):
    """The least share as a sum of cards: whatever is open goes against the centre, as in the engine's `low`."""

    threshold: Threshold
    # Domestic weight, and all weight.
    domestic: int
    total: int
    # The cards that are certain to count as domestic, and all those that may count and are not known to be domestic.
    home: tuple[Held, ...]
    abroad: tuple[Held, ...]
    # Whether any of `abroad` is certain to count.
    has_certain_abroad: bool

    @property
    def has_certain(self) -> bool:
        return self.has_certain_abroad or bool(self.home)

    @property
    def missing(self) -> int:
        """By how much the domestic weight falls short of the threshold, times its denominator; negative: surplus."""
        return self.threshold.numerator * self.total - self.threshold.denominator * self.domestic

    @property
    def is_met(self) -> bool:
        return self.missing < 0 or (self.missing == 0 and not self.is_strict)

    @property
    def gain(self) -> int:
        """What `missing` shrinks by for each unit of domestic weight added."""
        return self.threshold.denominator - self.threshold.numerator

    @property
    def is_strict(self) -> bool:
        return self.threshold.comparator == "over"


def weight_of(line: dict[str, Any], metric: str) -> int:
    """What one card of `line` counts: 1, or its figure in parts of `SCALE`; 0 where that is not known."""
    figure = WEIGHED_BY[metric]
    return 1 if figure is None else scaled(line[figure])


def standing_of(
    document: dict[str, Any], reply: dict[str, Any], models: Sequence[int], powers: Mapping[int, Fraction]
) -> Standing | None:
    """How `document` stands, to which the engine gave `reply`; None where the outcome rests on no share.

    `models` are the keys of the chip models of its lines, in their order; `powers` the W of a card of each, if known.
    """
    if reply["outcome"] not in COUNTED or reply["reason"] == "missing_weight":
        return None
    provision = document["provision"]
    origin, metric = origin_of(provision), provision["metric"]
    has_start = provision["population"]["acquired_from"] is not None
    excluded = {entry["line"] for entry in reply["excluded"]}
    home: dict[tuple[int, int], list[int]] = {}
    abroad: dict[tuple[int, int], list[int]] = {}
    has_certain_abroad = False
    for index, line in enumerate(document["lines"]):
        if index in excluded:
            continue
        is_certain = not has_start or line["acquired_on"] is not None
        key = (models[index], weight_of(line, metric))
        if origin(line) != DOMESTIC:
            abroad.setdefault(key, []).append(index)
            has_certain_abroad |= is_certain
        elif is_certain:
            home.setdefault(key, []).append(index)
    held_at_home, held_from_abroad = (
        tuple(_held(document["lines"], key, places, powers) for key, places in found.items())
        for found in (home, abroad)
    )
    domestic = _weight(held_at_home)
    return Standing(
        threshold=Threshold(*parts_of(reply["threshold"]), reply["comparator"]),
        domestic=domestic,
        total=domestic + _weight(held_from_abroad),
        home=held_at_home,
        abroad=held_from_abroad,
        has_certain_abroad=has_certain_abroad,
    )


def _held(lines: list[dict[str, Any]], key: tuple[int, int], places: list[int], powers: Mapping[int, Fraction]) -> Held:
    model, weight = key
    first = lines[places[0]]
    return Held(
        model=model,
        chip=first["chip"],
        chip_class=first["class"],
        weight=weight,
        compute=scaled(first["compute"]) if first["compute"] is not None else None,
        power=powers.get(model),
        quantity=sum(lines[place]["quantity"] for place in places),
        lines=tuple(places),
    )


def _weight(held: Sequence[Held]) -> int:
    return sum(one.weight * one.quantity for one in held)
