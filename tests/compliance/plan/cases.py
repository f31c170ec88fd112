"""Documents with chips on offer, and their plans found by trying everything: slow, plain, and only for tests."""

import itertools
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chips.models import ChipModel, ChipRevision, Claim, Submission
from compliance.engine import answer
from compliance.models import Provision
from compliance.plan.cheapest import Limits, Way
from compliance.plan.offers import Chip, Offer
from compliance.plan.planning import Plan, plan
from compliance.plan.standing import WEIGHED_BY
from compliance.plan.targets import Inventory, Target
from tests.compliance.engine.documents import document, line

DOMESTIC_FIRST = 100


def held(
    quantity: int, *, key: int, watts: int | None = 400, chip_class: str = "accelerator", **facts: Any
) -> dict[str, Any]:
    """A line of an inventory, of the chip model with this key, whose cards draw `watts`."""
    return line(quantity, **facts) | {"class": chip_class, "chip": f"Held {key}", "_key": key, "_watts": watts}


def offer(
    key: int, price: str | None, *, compute: str | None = "320", watts: int | None = 310, available: int | None = None,
    chip_class: str = "accelerator", **facts: Any,
) -> Offer:  # fmt: skip
    """A domestic model on offer: by default with the computing power and the power of an Ascend 910B."""
    sold = line(1, compute=compute, unit_price=price, **facts) | {"chip": f"Offered {key}", "class": chip_class}
    return Offer(
        chip=_chip(DOMESTIC_FIRST + key, watts),
        line=sold | {"acquired_on": "2025-12-31"},
        weight=0,
        price=None if price is None else Decimal(price),
        is_typed=False,
        power=None if watts is None else Decimal(watts),
        available=available,
    )


def case(*lines: dict[str, Any], metric: str = "units", **step: Any) -> dict[str, Any]:
    """The document of these lines under a rule of this metric."""
    whole = document(*lines, **step)
    whole["provision"]["metric"] = metric
    return whole


def planned(whole: dict[str, Any], offers: list[Offer], limits: Limits | None = None, seconds: float = 20) -> Plan:
    """The plan for a document made of `held` lines."""
    chips = {one["_key"]: _chip(one["_key"], one["_watts"]) for one in whole["lines"]}
    keys = [one["_key"] for one in whole["lines"]]
    asked = bare(whole)
    figure = WEIGHED_BY[whole["provision"]["metric"]]
    weighed = [one._replace(weight=_parts(one.line[figure]) if figure else 1) for one in offers]
    target = Target(Provision(), date.fromisoformat(asked["as_of"]), False, asked, answer(asked))
    return plan(Inventory(Submission(), keys, []), target, chips, weighed, limits or Limits(), seconds=seconds)


def bare(whole: dict[str, Any]) -> dict[str, Any]:
    """The document as the engine takes it."""
    lines = [{key: value for key, value in one.items() if not key.startswith("_")} for one in whole["lines"]]
    return whole | {"lines": lines}


def cheapest_by_trying(whole: dict[str, Any], offers: list[Offer], limits: Limits) -> Fraction | None:
    """The least cost of all mixes that keep the limits and that the engine calls compliant; each offer is limited."""
    costs = []
    # A card that the rule does not count is nobody's to exchange.
    left_out = {entry["line"] for entry in answer(bare(whole))["excluded"]}
    units = [0 if index in left_out else one["quantity"] for index, one in enumerate(whole["lines"])]
    for bought in itertools.product(*(range((one.available or 0) + 1) for one in offers)):
        for taken in itertools.product(*(range(most + 1) for most in units)):
            if _keeps(whole["lines"], offers, bought, taken, limits) and _complies(whole, offers, bought, taken):
                costs.append(_cost(offers, bought))
    return min(costs, default=None)


def _cost(offers: list[Offer], bought: tuple[int, ...]) -> Fraction:
    return sum((n * Fraction(one.price or 0) for one, n in zip(offers, bought, strict=True)), Fraction())


def _keeps(
    lines: list[dict[str, Any]], offers: list[Offer], bought: tuple[int, ...], taken: tuple[int, ...], limits: Limits
) -> bool:
    if limits.budget is not None and _cost(offers, bought) > limits.budget:
        return False
    drawn = sum(n * (one.power or 0) for one, n in zip(offers, bought, strict=True))
    freed = sum(n * (one["_watts"] or 0) for one, n in zip(lines, taken, strict=True))
    if limits.power is not None and drawn - freed > limits.power:
        return False
    if limits.way == Way.ADD and any(taken):
        return False
    if any(n and one["designer_country"] == "CN" for one, n in zip(lines, taken, strict=True)):
        return False
    for chip_class in {one["class"] for one in lines} | {one.line["class"] for one in offers}:
        new = sum(n for one, n in zip(offers, bought, strict=True) if one.line["class"] == chip_class)
        old = sum(n for one, n in zip(lines, taken, strict=True) if one["class"] == chip_class)
        if new < old or (limits.way == Way.REPLACE and new != old):
            return False
    return not limits.keeps_compute or _keeps_compute(lines, offers, bought, taken)


def _keeps_compute(
    lines: list[dict[str, Any]], offers: list[Offer], bought: tuple[int, ...], taken: tuple[int, ...]
) -> bool:
    if any(n and one["compute"] is None for one, n in zip(lines, taken, strict=True)):
        return False
    new = sum(n * Fraction(one.line["compute"] or 0) for one, n in zip(offers, bought, strict=True))
    return new >= sum(n * Fraction(one["compute"] or 0) for one, n in zip(lines, taken, strict=True))


def _complies(whole: dict[str, Any], offers: list[Offer], bought: tuple[int, ...], taken: tuple[int, ...]) -> bool:
    kept = [one | {"quantity": one["quantity"] - n} for one, n in zip(whole["lines"], taken, strict=True)]
    added = [one.line | {"quantity": n} for one, n in zip(offers, bought, strict=True) if n]
    after = bare(whole | {"lines": [one for one in kept if one["quantity"]] + added})
    return bool(answer(after)["outcome"] == "compliant")


def _parts(text: str | None) -> int:
    return int(Fraction(text or 0) * 10**9)


def _chip(key: int, watts: int | None) -> Chip:
    power = None if watts is None else Claim(value=str(watts))
    return Chip(ChipModel(pk=key, name=f"Model {key}"), ChipRevision(), None, power, frozenset())
