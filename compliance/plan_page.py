"""What the page of a plan shows: the question as it stands in the address, its answer, and that as a table."""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.http import QueryDict
from django.utils import timezone

from centres.models import Centre
from chips.safe_cells import safe_cell
from compliance.measure import measure
from compliance.models import Outcome
from compliance.plan.offers import Chip, Offer, Typed, chips_of, offers_for
from compliance.plan.planning import SECONDS, Plan, plan, unweighable
from compliance.plan.targets import Inventory, Target, inventory_of
from compliance.plan_forms import PlanForm
from compliance.plan_wording import obstacles_in_words, proof_in_words
from compliance.shares import decimal_of
from compliance.wording import determination_in_words

COLUMNS = (
    "action", "vendor", "chip_model", "class", "units", "unit_price_cny", "cost_cny", "power_w_per_unit", "power_w",
    "price_source", "price_confidence",
)  # fmt: skip
# Excel takes a CSV file for UTF-8 only where it begins with this mark.
_MARK = "\ufeff"
# How many models are named of which a card more or less is told.
_NAMED_LEAST = 8


class Question(NamedTuple):
    """A rule to be met, with the chips that there are, and what else was asked, well or not."""

    inventory: Inventory
    target: Target
    chips: dict[int, Chip]
    form: PlanForm


def question_of(inventory: Inventory, chips: dict[int, Chip], data: QueryDict) -> Question:
    """What `data` asks about `inventory`, which has a target; where it names none, the first that is not met."""
    asked = data.get("target")
    target = next((one for one in inventory.targets if one.key == asked), None) or _first_unmet(inventory.targets)
    offers = offers_for(target.document, chips.values(), today=timezone.localdate(), typed=Typed())
    return Question(inventory, target, chips, PlanForm(data, targets=inventory.targets, target=target, offers=offers))


def answer_to(question: Question, *, seconds: float = SECONDS) -> Plan:
    """The plan; the question's form is valid."""
    form, document = question.form, question.target.document
    offers = offers_for(document, question.chips.values(), today=timezone.localdate(), typed=form.typed())
    wanted = [offer for offer in offers if form.is_wanted(offer)]
    return plan(question.inventory, question.target, question.chips, wanted, form.limits(), seconds=seconds)


def _first_unmet(targets: list[Target]) -> Target:
    met = (Outcome.COMPLIANT, Outcome.EXEMPT)
    return next((target for target in targets if target.answer["outcome"] not in met), targets[0])


def of_centre(centre: Centre, data: QueryDict) -> dict[str, Any]:
    """What the page shows of `centre`; without ``inventory`` or ``form`` where there is nothing to ask or to answer."""
    inventory = inventory_of(centre)
    shown: dict[str, Any] = {"centre": centre, "inventory": inventory}
    if inventory is None or not inventory.targets:
        return shown
    chips = chips_of(timezone.localdate(), timezone.now())
    question = question_of(inventory, chips, data)
    shown |= {"form": question.form, "target": question.target, "address": data.urlencode()}
    return shown | _told(question, answer_to(question)) if question.form.is_valid() else shown


def _told(question: Question, made: Plan) -> dict[str, Any]:
    target, found = made.target, made.cheapest
    metric = target.document["provision"]["metric"]
    measured = measure(target.document, target.answer)
    return {
        "plan": made,
        "metric": metric,
        "sentence": determination_in_words(target.answer, measured.units, metric),
        "proof": proof_in_words(found) if found else "",
        "obstacles": obstacles_in_words(found.obstacles) if found and found.obstacles else [],
        "least": made.least[:_NAMED_LEAST],
        "unweighable": unweighable(target),
        "contested": _contested(made),
    }


def _contested(made: Plan) -> list[Offer]:
    """Of what is to be bought, the models of which a figure that the plan rests on is contested."""
    return [one.offer for one in made.mix.bought if one.offer.chip.contested] if made.mix else []


def as_csv(made: Plan) -> Iterator[str]:
    """The mix as CSV, marked as UTF-8 for spreadsheets: a row for each model bought, then for each taken out."""
    yield _MARK + _text([COLUMNS])
    if made.mix is None:
        return
    bought = [
        ("buy", *_names(one.offer.chip), one.offer.line["class"], one.units, one.offer.price,
         _decimal(one.cost), one.offer.power, _decimal(one.power), *_who_says(one.offer))
        for one in made.mix.bought
    ]  # fmt: skip
    taken = [
        ("take out", *(_names(one.chip) if one.chip else ("", one.held.chip)), one.held.chip_class, one.units,
         None, None, _decimal(one.held.power), _decimal(one.power), "", "")
        for one in made.mix.taken
    ]  # fmt: skip
    yield _text([tuple(map(safe_cell, row)) for row in (*bought, *taken)])


def _names(chip: Chip) -> tuple[str, str]:
    return chip.model.vendor.name, chip.model.name


def _who_says(offer: Offer) -> tuple[str, str]:
    """Source and confidence of a price."""
    claim = offer.price_claim
    return (claim.source, claim.confidence) if claim else ("typed in", "")


def _decimal(value: Any) -> str | None:
    return None if value is None else decimal_of(f"{value.numerator}/{value.denominator}")


def _text(rows: list[tuple[Any, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
