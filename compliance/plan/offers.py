"""Which domestic chips can be bought, at which price and power: the catalogue's figures, each with who says so."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from chips.catalogue import contested_figures
from chips.models import ChipModel, ChipRevision, Claim, Figure, LineStatus, Workload
from compliance.engine import DOMESTIC, origin_of
from compliance.plan.standing import weight_of

# What a figure of a plan rests on, besides the origin and the computing power that the engine reads.
_READ = (Figure.PRICE_CNY, Figure.TDP_W, Figure.FP16_TFLOPS)


class Chip(NamedTuple):
    """A model with its revision on a day, and the adopted claim of its price and its power, where there is one."""

    model: ChipModel
    revision: ChipRevision
    price: Claim | None
    power: Claim | None
    # Of price, power and computing power those whose claims differ.
    contested: frozenset[str]


class Offer(NamedTuple):
    """A domestic model that the rule would count, as the line that it would be; one card, where it says how many.

    `price` is in CNY, typed in or the catalogue's; `available` how many can be delivered. None: not known, or no limit.
    """

    chip: Chip
    line: dict[str, Any]
    weight: int
    price: Decimal | None
    is_typed: bool
    power: Decimal | None
    available: int | None

    @property
    def price_claim(self) -> Claim | None:
        """Who says what it costs; None where that was typed in, or nobody does."""
        return None if self.is_typed else self.chip.price


class Typed(NamedTuple):
    """Prices in CNY and numbers that can be delivered, by the key of a model, in place of the catalogue's."""

    prices: dict[int, Decimal] = {}
    available: dict[int, int] = {}


def chips_of(day: date, known_at: datetime) -> dict[int, Chip]:
    """Every model of the catalogue that has a revision on `day`, by its key; in three queries."""
    revisions = {revision.chip_model_id: revision for revision in ChipRevision.objects.as_of(day, known_at)}
    models = ChipModel.objects.filter(pk__in=revisions).select_related("vendor").prefetch_related("claims")
    found = {}
    for model in models:
        revision = revisions[model.pk]
        adopted = {claim.figure: claim for claim in model.claims.all() if claim.pk in revision.claims}
        found[model.pk] = Chip(
            model,
            revision,
            adopted.get(Figure.PRICE_CNY),
            adopted.get(Figure.TDP_W),
            frozenset(contested_figures(model)) & frozenset(_READ),
        )
    return found


def powers_of(chips: Iterable[Chip]) -> dict[int, Fraction]:
    """W of a card of each model of which it is known."""
    return {chip.model.pk: Fraction(chip.power.value) for chip in chips if chip.power}


def offers_for(document: dict[str, Any], chips: Iterable[Chip], *, today: date, typed: Typed) -> list[Offer]:
    """What the rule of `document` would count as domestic of what is launched by its day, or by `today`; by class."""
    provision = document["provision"]
    population, origin, metric = provision["population"], origin_of(provision), provision["metric"]
    last = max(today.isoformat(), document["as_of"])
    offers = []
    for chip in chips:
        is_counted = population["classes"] is None or chip.revision.chip_class in population["classes"]
        if not is_counted or chip.model.launched_on > last:
            continue
        price = typed.prices.get(chip.model.pk, Decimal(chip.price.value) if chip.price else None)
        line = _line(chip, document, price)
        if origin(line) == DOMESTIC:
            offers.append(
                Offer(
                    chip=chip,
                    line=line,
                    weight=weight_of(line, metric),
                    price=price,
                    is_typed=chip.model.pk in typed.prices,
                    power=Decimal(chip.power.value) if chip.power else None,
                    available=typed.available.get(chip.model.pk),
                )
            )
    return sorted(offers, key=lambda offer: offer.line["class"])


def _line(chip: Chip, document: dict[str, Any], price: Decimal | None) -> dict[str, Any]:
    """One card of `chip`, acquired on the document's day and put to a use that the rule counts."""
    population, revision = document["provision"]["population"], chip.revision
    return {
        "chip": revision.name,
        "class": revision.chip_class,
        "quantity": 1,
        "workload": _counted(
            chip.model.workload if chip.model.workload in Workload.values else Workload.UNSPECIFIED,
            population["workloads"],
        ),
        "status": _counted(LineStatus.IN_SERVICE, population["statuses"]),
        "acquired_on": document["as_of"],
        "designer_country": revision.designer_country,
        "fabricator_country": revision.fabricator_country,
        "compute": revision.compute,
        "unit_price": None if price is None else f"{price:f}",
    }


def _counted(usual: str, counted: list[str] | None) -> str:
    """The usual value where the rule counts it, else the first that it does."""
    return str(usual) if counted is None or usual in counted or not counted else counted[0]
