"""The least cards of one model that are enough, and the most that can be lost: closed sums, without a price."""

from compliance.engine.document import GREATEST_QUANTITY
from compliance.plan.standing import Standing


def least_added(standing: Standing, weight: int) -> int | None:
    """The fewest domestic cards of `weight` that, added, meet the threshold; None where none that a line holds does.

    By units it is the engine's `add`.
    """
    least = _least_that_covers(standing.missing, standing.gain * weight, is_strict=standing.is_strict)
    if least is None or least > GREATEST_QUANTITY:
        return None
    return least if standing.has_certain else max(1, least)


def least_replaced(standing: Standing, weight: int, chip_class: str) -> int | None:
    """The fewest cards of a class that, exchanged for domestic ones of `weight`, meet the threshold; else None.

    The heaviest go first: each exchange adds `weight` and takes away what the old card weighed. By units, where all
    that counts is of one class, it is the engine's `replace`.
    """
    missing, count = standing.missing, 0
    if standing.is_met and standing.has_certain:
        return 0
    candidates = [held for held in standing.abroad if held.chip_class == chip_class]
    for held in sorted(candidates, key=lambda held: -held.weight):
        gain = standing.gain * weight + standing.threshold.numerator * held.weight
        least = _least_that_covers(missing, gain, is_strict=standing.is_strict)
        if least is not None and least <= held.quantity:
            return count + least if standing.has_certain else max(1, count + least)
        missing -= gain * held.quantity
        count += held.quantity
    return None


def heaviest(standing: Standing, chip_class: str, units: int) -> tuple[int, ...]:
    """How many of each kind of `standing.abroad` go where `units` of a class do, the heaviest first."""
    taken = [0] * len(standing.abroad)
    of_class = [place for place, held in enumerate(standing.abroad) if held.chip_class == chip_class]
    for place in sorted(of_class, key=lambda place: -standing.abroad[place].weight):
        taken[place] = min(units, standing.abroad[place].quantity)
        units -= taken[place]
    return tuple(taken)


def spare(standing: Standing) -> int:
    """How many domestic cards a compliant centre can lose, whichever they are, and still comply.

    The heaviest are lost first, so that no other choice loses more.
    """
    surplus, count = -standing.missing, 0
    for held in sorted(standing.home, key=lambda held: -held.weight):
        loss = standing.gain * held.weight
        most = held.quantity if loss == 0 else min(held.quantity, (surplus - standing.is_strict) // loss)
        count, surplus = count + most, surplus - most * loss
        if most < held.quantity:
            break
    # Where nothing else is certain to count, one must be left for there to be a share.
    limit = sum(held.quantity for held in standing.home) - (0 if standing.has_certain_abroad else 1)
    return min(count, limit)


def _least_that_covers(missing: int, gain: int, *, is_strict: bool) -> int | None:
    """The least count whose `gain` each covers `missing`, or exceeds it where `is_strict`."""
    if missing < 0 or (missing == 0 and not is_strict):
        return 0
    if gain == 0:
        return None
    quotient, remainder = divmod(missing, gain)
    return quotient + 1 if is_strict else quotient + (remainder > 0)
