"""The plan of a centre: what it lacks or can spare, and the cheapest way, which the engine has called compliant."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from compliance.doubt import counted_of
from compliance.engine import answer
from compliance.engine.document import scaled
from compliance.models import Outcome
from compliance.plan.cheapest import Candidate, Cheapest, Limits, Mix, cheapest
from compliance.plan.least import heaviest, least_added, least_replaced, spare
from compliance.plan.offers import Chip, Offer, powers_of
from compliance.plan.standing import Held, Standing, standing_of, weight_of
from compliance.plan.targets import Inventory, Target

# How long a search may last while somebody waits for its page.
SECONDS = 4


class LeastOf(NamedTuple):
    """How many cards of one model are enough: put in place of foreign ones of its class, or added."""

    offer: Offer
    replace: int | None
    add: int | None


class Bought(NamedTuple):
    """Cards to buy: CNY and W of all of them; None where a card's power is not known."""

    offer: Offer
    units: int
    cost: Fraction
    power: Fraction | None


class TakenOut(NamedTuple):
    """Cards to take out, and the W that they free; None where a card's power is not known."""

    held: Held
    chip: Chip | None
    units: int
    power: Fraction | None


class PlannedMix(NamedTuple):
    """A mix as cards, the document that it makes of the centre's, and the engine's answer to that: compliant."""

    bought: list[Bought]
    taken: list[TakenOut]
    # CNY, and W drawn beyond what is freed, of the cards whose power is known.
    cost: Fraction
    power: Fraction
    document: dict[str, Any]
    answer: dict[str, Any]

    @property
    def has_unknown_power(self) -> bool:
        """Whether it is not known what all that is bought draws."""
        return any(one.power is None for one in self.bought)


class Plan(NamedTuple):
    """What is told of a centre under a target; `standing` is None where its outcome rests on no share."""

    target: Target
    standing: Standing | None
    # How many domestic cards could be lost; None but for a compliant centre.
    spare: int | None
    least: list[LeastOf]
    # Those of which the engine does not call compliant what was reckoned: no number of them is told.
    least_refused: list[Offer]
    # None where nothing is to be solved: it complies already, or no price is known.
    cheapest: Cheapest | None
    mix: PlannedMix | None
    # The answer to a mix that the engine does not call compliant: such a plan is nobody's to follow.
    refused: dict[str, Any] | None
    # Of the offers those that no mix can hold, since they have no price or no figure that the rule weighs by.
    without_price: list[Offer]
    without_weight: list[Offer]


def plan(
    inventory: Inventory,
    target: Target,
    chips: dict[int, Chip],
    offers: Sequence[Offer],
    limits: Limits,
    *,
    seconds: float = SECONDS,
) -> Plan:
    """The least cards, and the cheapest mix of `offers` within `limits`, by which `target` is met.

    The search ends after about `seconds`; then the best that was found is told with the gap to what is proved.
    """
    standing = standing_of(target.document, target.answer, inventory.models, powers_of(chips.values()))
    is_compliant = target.answer["outcome"] == Outcome.COMPLIANT
    metric = target.document["provision"]["metric"]
    weighable = [offer for offer in offers if offer.weight]
    priced = [offer for offer in weighable if offer.price is not None]
    least, least_refused = _least(inventory, target, weighable) if standing and not is_compliant else ([], [])
    made = Plan(
        target=target,
        standing=standing,
        spare=spare(standing) if standing and is_compliant else None,
        least=least,
        least_refused=least_refused,
        cheapest=None,
        mix=None,
        refused=None,
        without_price=[offer for offer in offers if offer.price is None],
        without_weight=[offer for offer in offers if metric == "compute" and not offer.weight],
    )
    if standing is None or is_compliant or not priced:
        return made
    found = cheapest(standing, [_candidate(offer) for offer in priced], limits, seconds=seconds)
    made = made._replace(cheapest=found)
    if found.mix is None:
        return made
    document = planned_document(target.document, standing, priced, found.mix)
    reply = answer(document)
    if reply["outcome"] != Outcome.COMPLIANT:
        return made._replace(refused=reply)
    return made._replace(mix=_planned(standing, chips, priced, found.mix, document, reply))


def planned_document(document: dict[str, Any], standing: Standing, offers: Sequence[Offer], mix: Mix) -> dict[str, Any]:
    """`document` with the cards of `mix` taken out of its lines, in their order, and a line for each model bought."""
    left = {index: line["quantity"] for index, line in enumerate(document["lines"])}
    for held, units in zip(standing.abroad, mix.taken, strict=True):
        for index in held.lines:
            taken = min(units, left[index])
            left[index], units = left[index] - taken, units - taken
    kept = [line | {"quantity": left[index]} for index, line in enumerate(document["lines"]) if left[index]]
    added = [offer.line | {"quantity": units} for offer, units in zip(offers, mix.bought, strict=True) if units]
    return document | {"lines": kept + added}


def _least(inventory: Inventory, target: Target, offers: Sequence[Offer]) -> tuple[list[LeastOf], list[Offer]]:
    """Each model with how many of it are enough; first those of which the fewest replaced, then added, are.

    Apart, those of which the engine calls compliant one or the other not. It is asked of the lines that count, equal
    ones added together, since of each model it is asked twice.
    """
    document, models = counted_of(target.document, target.answer, inventory.models)
    standing = standing_of(document, answer(document), models, {})
    if standing is None:
        return [], list(offers)
    found, refused = [], []
    for offer in offers:
        chip_class = offer.line["class"]
        replace, add = least_replaced(standing, offer.weight, chip_class), least_added(standing, offer.weight)
        mixes = [Mix((replace,), heaviest(standing, chip_class, replace))] if replace is not None else []
        mixes += [Mix((add,), (0,) * len(standing.abroad))] if add is not None else []
        replies = [answer(planned_document(document, standing, [offer], mix)) for mix in mixes]
        if all(reply["outcome"] == Outcome.COMPLIANT for reply in replies):
            found.append(LeastOf(offer, replace, add))
        else:
            refused.append(offer)
    found.sort(key=lambda one: (one.replace is None, one.replace or 0, one.add is None, one.add or 0))
    return found, refused


def _candidate(offer: Offer) -> Candidate:
    return Candidate(
        chip_class=offer.line["class"],
        weight=offer.weight,
        price=Fraction(offer.price or 0),
        compute=None if offer.line["compute"] is None else scaled(offer.line["compute"]),
        power=None if offer.power is None else Fraction(offer.power),
        available=offer.available,
    )


def _planned(
    standing: Standing,
    chips: dict[int, Chip],
    offers: Sequence[Offer],
    mix: Mix,
    document: dict[str, Any],
    reply: dict[str, Any],
) -> PlannedMix:
    bought = [
        Bought(offer, units, units * Fraction(offer.price or 0), _times(units, offer.power))
        for offer, units in zip(offers, mix.bought, strict=True)
        if units
    ]
    taken = [
        TakenOut(held, chips.get(held.model), units, _times(units, held.power))
        for held, units in zip(standing.abroad, mix.taken, strict=True)
        if units
    ]
    drawn = sum((one.power or Fraction() for one in bought), Fraction())
    freed = sum((one.power or Fraction() for one in taken), Fraction())
    cost = sum((one.cost for one in bought), Fraction())
    return PlannedMix(bought, taken, cost, drawn - freed, document, reply)


def _times(units: int, power: Decimal | Fraction | None) -> Fraction | None:
    return None if power is None else units * Fraction(power)


def unweighable(target: Target) -> list[str]:
    """The chips that count and lack the figure by which the rule weighs them, by name; nothing where none does."""
    if target.answer["reason"] != "missing_weight":
        return []
    document, metric = target.document, target.document["provision"]["metric"]
    excluded = {entry["line"] for entry in target.answer["excluded"]}
    lacking = {
        line["chip"]
        for index, line in enumerate(document["lines"])
        if index not in excluded and not weight_of(line, metric)
    }
    return sorted(lacking)
