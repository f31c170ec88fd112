"""The cheapest mix of chips on offer that meets a threshold within limits; or which limit stands in the way."""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from chips.models import ChipClass
from compliance.engine.document import GREATEST_QUANTITY
from compliance.plan.integers import Clock, Minimum, Program, Proof, Row, minimise
from compliance.plan.standing import Held, Standing


class Way(StrEnum):
    """Whether cards that are not domestic make room, one for one and class by class."""

    EITHER = "either"
    REPLACE = "replace"
    ADD = "add"


class Candidate(NamedTuple):
    """A domestic model that can be bought: `weight` and `compute` as those of `Held`, `price` in CNY, `power` in W."""

    chip_class: str
    weight: int
    price: Fraction
    compute: int | None
    power: Fraction | None
    # How many can be delivered; None: any number.
    available: int | None


class Limits(NamedTuple):
    """What a mix must keep to; None: no limit."""

    way: Way = Way.EITHER
    # Whether the accelerators afterwards must have the computing power of those before.
    keeps_compute: bool = False
    # CNY in all.
    budget: Fraction | None = None
    # W that what is bought may draw beyond what is taken out.
    power: Fraction | None = None


class Mix(NamedTuple):
    """How many of each candidate are bought, and of each kind of `Standing.abroad` taken out."""

    bought: tuple[int, ...]
    taken: tuple[int, ...]


class Limit(StrEnum):
    """What can stand in the way."""

    BUDGET = "budget"
    POWER = "power"
    # That power is limited, and of some candidates not known, so that they are left out.
    UNKNOWN_POWER = "unknown_power"
    DELIVERIES = "deliveries"
    COMPUTE = "compute"
    WAY = "way"


class Obstacles(NamedTuple):
    """Why no mix complies: the limits which, lifted, let one, each with what would do.

    That is the least W for the power, the least CNY for any other. Each is enough alone, all else being kept; or, where
    none is, they are lifted together, and none of them can stay. Empty, and none undecided: no number of the chips on
    offer complies.
    """

    would_do: dict[Limit, Minimum]
    is_together: bool
    # Those of which time ended before it was known whether they let one.
    undecided: frozenset[Limit] = frozenset()


class Cheapest(NamedTuple):
    """What was found: `minimum` is in CNY, `mix` is there where it has values, `obstacles` where there is none."""

    minimum: Minimum
    mix: Mix | None = None
    obstacles: Obstacles | None = None
    # Whether power is limited and of some candidates not known: what is proved is proved of the others.
    leaves_out: bool = False


def cheapest(standing: Standing, candidates: Sequence[Candidate], limits: Limits, *, seconds: float) -> Cheapest:
    """The cheapest mix that brings `standing` to its threshold, and of several the one that moves fewest cards.

    `seconds` bound the search: half of them for the cheapest, the rest for what is told beside it.
    """
    clock, rest = Clock(seconds / 2), Clock(seconds)
    minimum = minimise(_program(standing, candidates, limits), clock)
    leaves_out = _are_set(candidates, limits)[Limit.UNKNOWN_POWER]
    if minimum.values is None:
        obstacles = _obstacles(standing, candidates, limits, rest) if minimum.proof == Proof.NONE else None
        return Cheapest(minimum, None, obstacles, leaves_out)
    values = minimum.values
    if minimum.proof == Proof.LEAST:
        # Of those that cost as much: with a budget of just that, as few cards as can be.
        capped = _program(standing, candidates, limits._replace(budget=minimum.cost))
        values = minimise(capped._replace(costs=[Fraction(1)] * len(capped.upper)), rest).values or values
    return Cheapest(minimum, Mix(values[: len(candidates)], values[len(candidates) :]), None, leaves_out)


def _program(standing: Standing, candidates: Sequence[Candidate], limits: Limits) -> Program:
    """First the candidates' variables, then those of what can be taken out."""
    bought = [_most_bought(standing, candidate, limits) for candidate in candidates]
    taken = [_most_taken(held, limits) for held in standing.abroad]
    nothing = [Fraction()] * len(taken)
    rows = [_share(standing, candidates), *_exchanges(standing, candidates, limits)]
    if not standing.has_certain:
        # Without a card that is certain to count there is no share.
        rows.append(Row([*[Fraction(1)] * len(bought), *nothing], Fraction(1)))
    if limits.keeps_compute:
        rows.append(_compute(standing, candidates))
    if limits.budget is not None:
        rows.append(Row([*(-one.price for one in candidates), *nothing], -limits.budget))
    if limits.power is not None:
        rows.append(Row([-watts for watts in _power(standing, candidates)], -limits.power))
    return Program([*bought, *taken], rows, [*(one.price for one in candidates), *nothing])


def _most_bought(standing: Standing, candidate: Candidate, limits: Limits) -> int:
    """What nobody needs to exceed: so many alone meet every row that more of them could help to meet."""
    if limits.power is not None and candidate.power is None:
        return 0
    of_class = [held for held in standing.abroad if held.chip_class == candidate.chip_class]
    needs = [1, sum(held.quantity for held in of_class)]
    if standing.gain:
        needs.append(max(0, standing.missing) // (standing.gain * candidate.weight) + 1)
    if limits.keeps_compute and candidate.compute and candidate.chip_class == ChipClass.ACCELERATOR:
        lost = sum((held.compute or 0) * held.quantity for held in of_class)
        needs.append(-(-lost // candidate.compute))
    most = max(needs) if limits.way != Way.REPLACE else needs[1]
    return min(most, GREATEST_QUANTITY, *([] if candidate.available is None else [candidate.available]))


def _most_taken(held: Held, limits: Limits) -> int:
    is_unknown_loss = limits.keeps_compute and held.chip_class == ChipClass.ACCELERATOR and held.compute is None
    return 0 if limits.way == Way.ADD or is_unknown_loss else held.quantity


def _share(standing: Standing, candidates: Sequence[Candidate]) -> Row:
    bought = [Fraction(standing.gain * one.weight) for one in candidates]
    taken = [Fraction(standing.threshold.numerator * held.weight) for held in standing.abroad]
    return Row([*bought, *taken], Fraction(standing.missing), standing.is_strict)


def _exchanges(standing: Standing, candidates: Sequence[Candidate], limits: Limits) -> list[Row]:
    """Nothing is taken out without a card of its class in its place; where all is replaced, nothing else is bought."""
    rows = []
    for chip_class in sorted({one.chip_class for one in candidates} | {held.chip_class for held in standing.abroad}):
        signs = [
            *(Fraction(one.chip_class == chip_class) for one in candidates),
            *(Fraction(-(held.chip_class == chip_class)) for held in standing.abroad),
        ]
        rows.append(Row(signs, Fraction()))
        if limits.way == Way.REPLACE:
            rows.append(Row([-sign for sign in signs], Fraction()))
    return rows


def _compute(standing: Standing, candidates: Sequence[Candidate]) -> Row:
    """The accelerators bought have the computing power of those taken out; what is not known of them counts as none."""
    bought = [(one.compute or 0) if one.chip_class == ChipClass.ACCELERATOR else 0 for one in candidates]
    taken = [-(held.compute or 0) if held.chip_class == ChipClass.ACCELERATOR else 0 for held in standing.abroad]
    return Row([Fraction(parts) for parts in (*bought, *taken)], Fraction())


def _power(standing: Standing, candidates: Sequence[Candidate]) -> list[Fraction]:
    """W that each card bought draws and each taken out frees; what is not known of the latter frees nothing."""
    return [
        *(one.power or Fraction() for one in candidates),
        *(-(held.power or Fraction()) for held in standing.abroad),
    ]


def _obstacles(standing: Standing, candidates: Sequence[Candidate], limits: Limits, clock: Clock) -> Obstacles:
    asked = [limit for limit, is_set in _are_set(candidates, limits).items() if is_set]
    alone = {limit: _least(limit, standing, candidates, limits, {limit}, clock) for limit in asked}
    enough, undecided = _that_let_one(alone), _undecided(alone)
    if enough or len(asked) < 2:
        return Obstacles(enough, False, undecided)
    lifted = _needed(asked, standing, candidates, limits, clock)
    together = {limit: _least(limit, standing, candidates, limits, lifted, clock) for limit in asked if limit in lifted}
    enough = _that_let_one(together)
    return Obstacles(enough, True, undecided if enough else undecided | _undecided(together))


def _needed(
    asked: list[Limit], standing: Standing, candidates: Sequence[Candidate], limits: Limits, clock: Clock
) -> set[Limit]:
    """Of the limits that are set those of which, all others being kept, none can stay; money and power stay last."""
    lifted = set(asked)
    for limit in reversed(asked):
        # Whatever stands in the way of power goes with its limit.
        fewer = lifted - {limit} - ({Limit.UNKNOWN_POWER} if limit == Limit.POWER else set())
        if limit != Limit.UNKNOWN_POWER and _least(Limit.WAY, standing, candidates, limits, fewer, clock).values:
            lifted = fewer
    return lifted


def _that_let_one(lifted: dict[Limit, Minimum]) -> dict[Limit, Minimum]:
    found = {limit: minimum for limit, minimum in lifted.items() if minimum.values is not None}
    if Limit.POWER in found:
        # Where more power lets one of what is known, so does no limit of it, of what is not.
        found.pop(Limit.UNKNOWN_POWER, None)
    return found


def _undecided(lifted: dict[Limit, Minimum]) -> frozenset[Limit]:
    return frozenset(limit for limit, minimum in lifted.items() if minimum.proof == Proof.UNKNOWN)


def _are_set(candidates: Sequence[Candidate], limits: Limits) -> dict[Limit, bool]:
    return {
        Limit.BUDGET: limits.budget is not None,
        Limit.POWER: limits.power is not None,
        Limit.UNKNOWN_POWER: limits.power is not None and any(one.power is None for one in candidates),
        Limit.DELIVERIES: any(one.available is not None for one in candidates),
        Limit.COMPUTE: limits.keeps_compute,
        Limit.WAY: limits.way != Way.EITHER,
    }


def _least(
    limit: Limit,
    standing: Standing,
    candidates: Sequence[Candidate],
    limits: Limits,
    lifted: set[Limit],
    clock: Clock,
) -> Minimum:
    """The least W, where `limit` is that of power, else the least CNY, of what complies without the `lifted` limits."""
    is_power_free = not lifted.isdisjoint({Limit.POWER, Limit.UNKNOWN_POWER})
    unlimited = Limits(
        way=Way.EITHER if Limit.WAY in lifted else limits.way,
        keeps_compute=limits.keeps_compute and Limit.COMPUTE not in lifted,
        budget=None if Limit.BUDGET in lifted else limits.budget,
        power=None if is_power_free else limits.power,
    )
    if Limit.DELIVERIES in lifted:
        candidates = [one._replace(available=None) for one in candidates]
    if limit != Limit.POWER:
        return minimise(_program(standing, candidates, unlimited), clock)
    # Of what draws nobody knows how much, no sum can be told; nor is a sum of the others then the least of all.
    known = [one if one.power is not None else one._replace(available=0) for one in candidates]
    least = minimise(_program(standing, known, unlimited)._replace(costs=_power(standing, known)), clock)
    is_of_all = all(one.power is not None for one in candidates)
    return least if is_of_all or least.values is None else least._replace(proof=Proof.GAP, bound=None)
