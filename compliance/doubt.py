"""What a determination would say if what is not known, or what sources differ on, were otherwise.

Each answer is the engine's, of a document in which nothing else is altered. The altered documents hold what counts
alone, equal lines added together: the same shares, at a fraction of the lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from chips.catalogue import DECIDING, contested_figures
from chips.models import ChipModel, Claim, Figure
from compliance.arithmetic import UNITS_OF_MEASURE, amount
from compliance.engine import COUNTED, DOMESTIC, FOREIGN, UNKNOWN, answer, origin_of
from compliance.engine.document import GREATEST_QUANTITY, scaled
from compliance.shares import parts_of

Json = dict[str, Any]

# Where a figure stands in a line of the document.
_PLACES = {
    Figure.FP16_TFLOPS: "compute",
    Figure.DESIGNER_COUNTRY: "designer_country",
    Figure.FABRICATOR_COUNTRY: "fabricator_country",
}
_READ_BY = {
    "compute": {Figure.FP16_TFLOPS},
    "designer": {Figure.DESIGNER_COUNTRY},
    "fabricator": {Figure.FABRICATOR_COUNTRY},
    "designer_and_fabricator": {Figure.DESIGNER_COUNTRY, Figure.FABRICATOR_COUNTRY},
}
_COUNTRIES = ("designer_country", "fabricator_country")
# Codes that ISO 3166 gives to no country: the first that a rule does not name is foreign under it.
_NO_COUNTRY = ("XZ", "XY", "XX", "ZZ")


class Supposed(NamedTuple):
    """What the engine answers where something is supposed to be otherwise."""

    outcome: str
    reason: str | None
    low: str | None
    high: str | None


class Case(NamedTuple):
    """A value that sources claim of a figure, who does, and what it would come to."""

    value: str
    claims: list[Claim]
    supposed: Supposed


class ContestedFigure(NamedTuple):
    """A figure on which sources differ: as it counted (None: it was not known on that day), and its cases.

    Of a number these are the lowest and the highest claim, of a country each.
    """

    chip_model: ChipModel
    figure: Figure
    counted: str | None
    cases: list[Case]


class UnknownOrigin(NamedTuple):
    """What lines of unknown origin that count could change."""

    units: int
    lines: int
    all_domestic: Supposed
    all_foreign: Supposed
    # The least of them, in what the rule counts, that must be domestic to comply, all others being foreign (more than
    # this where `is_passed`); None where they decide nothing, or where it is not known which lines count.
    decisive: Fraction | None
    is_passed: bool


class Doubt(NamedTuple):
    unknown: UnknownOrigin | None
    contested: list[ContestedFigure]
    # All contested figures at once, each at the claim that is worst, or best, for the centre; None where none is.
    worst: Supposed | None
    best: Supposed | None
    # Figures on which sources differ too, and which the rule does not read.
    unread: list[tuple[ChipModel, Figure]]
    # Were the centre state-funded, where that is not known and the rule asks; None where it is, or does not.
    state_funded: Supposed | None


class Counted(NamedTuple):
    """A document of the lines that count, equal ones added together, and the key of each line's chip model."""

    document: Json
    models: list[int]

    def supposing(self, changes: Mapping[int, Json]) -> Supposed:
        """What the engine answers where the lines of these models are changed so."""
        lines = zip(self.models, self.document["lines"], strict=True)
        changed = [line | changes.get(model, {}) for model, line in lines]
        return _supposed(self.document | {"lines": changed})

    def line_of(self, model: int) -> Json:
        """A line of `model`: what the catalogue says is the same in all of them."""
        return dict(self.document["lines"][self.models.index(model)])


def doubt_of(
    document: Json,
    reply: Json,
    models: list[int],
    chips: Mapping[int, ChipModel],
    *,
    is_state_funded_known: bool,
) -> Doubt:
    """What could change the engine's `reply` to `document`, whose lines are of `models`.

    `chips` are those models by their keys, with their claims read: those that were known then.
    """
    asks = document["provision"]["scope"]["state_funded"] is not None and not is_state_funded_known
    funded = _supposed(document | {"centre": document["centre"] | {"state_funded": True}}) if asks else None
    if reply["outcome"] not in COUNTED:
        return Doubt(None, [], None, None, [], funded)
    counted = counted_of(document, reply, models)
    contested, unread = _contested(counted, chips)
    return Doubt(
        unknown=_unknown(counted, reply, _unknown_lines(document, reply)),
        contested=contested,
        worst=_together(counted, contested, is_best=False) if contested else None,
        best=_together(counted, contested, is_best=True) if contested else None,
        unread=unread,
        state_funded=funded,
    )


def _supposed(document: Json) -> Supposed:
    reply = answer(document)
    return Supposed(reply["outcome"], reply["reason"], reply["low"], reply["high"])


# What lines that are added together have in common, besides their model and whether their day is known: on which day
# it was is decided already.
_IN_COMMON = ("class", "workload", "status", "designer_country", "fabricator_country", "compute", "unit_price")


def counted_of(document: Json, reply: Json, models: Sequence[int]) -> Counted:
    """What counts of `document`, to which the engine gave `reply` and whose lines are of `models`."""
    excluded = {entry["line"] for entry in reply["excluded"]}
    quantities: dict[tuple[Any, ...], int] = {}
    examples: dict[tuple[Any, ...], Json] = {}
    for index, (model, line) in enumerate(zip(models, document["lines"], strict=True)):
        if index not in excluded:
            key = (model, line["acquired_on"] is None, *(line[name] for name in _IN_COMMON))
            examples.setdefault(key, line)
            quantities[key] = quantities.get(key, 0) + line["quantity"]
    found = [
        (key[0], examples[key] | {"quantity": part}) for key, whole in quantities.items() for part in _parts(whole)
    ]
    return Counted(document | {"lines": [line for _model, line in found]}, [model for model, _line in found])


def _parts(quantity: int) -> list[int]:
    """`quantity` in parts that a line can hold."""
    whole, rest = divmod(quantity, GREATEST_QUANTITY)
    return [GREATEST_QUANTITY] * whole + [rest] * (rest > 0)


def _unknown_lines(document: Json, reply: Json) -> list[Json]:
    origin = origin_of(document["provision"])
    excluded = {entry["line"] for entry in reply["excluded"]}
    return [line for index, line in enumerate(document["lines"]) if index not in excluded and origin(line) == UNKNOWN]


def _unknown(counted: Counted, reply: Json, lines: list[Json]) -> UnknownOrigin | None:
    if not lines:
        return None
    provision = counted.document["provision"]
    home = provision["domestic"]
    foreign = next(code for code in _NO_COUNTRY if code not in home)
    return UnknownOrigin(
        units=sum(line["quantity"] for line in lines),
        lines=len(lines),
        all_domestic=_settled(counted, home[0] if home else foreign),
        all_foreign=_settled(counted, foreign),
        decisive=_decisive(counted, reply),
        is_passed=provision["metric"] != "units" and reply["comparator"] == "over",
    )


def _settled(counted: Counted, country: str) -> Supposed:
    """What the engine answers where every line of unknown origin is of `country`, by all that is not known of it."""
    origin = origin_of(counted.document["provision"])
    lines = [
        line | {place: country for place in _COUNTRIES if line[place] is None} if origin(line) == UNKNOWN else line
        for line in counted.document["lines"]
    ]
    return _supposed(counted.document | {"lines": lines})


def _decisive(counted: Counted, reply: Json) -> Fraction | None:
    provision = counted.document["provision"]
    has_uncertain = provision["population"]["acquired_from"] is not None and any(
        line["acquired_on"] is None for line in counted.document["lines"]
    )
    if has_uncertain or reply["reason"] != "unknown_origin":
        return None
    # Both are reckoned by the engine with every unknown line foreign.
    return Fraction(reply["replace"]) if provision["metric"] == "units" else Fraction(*parts_of(reply["shortfall"]))


def _contested(
    counted: Counted, chips: Mapping[int, ChipModel]
) -> tuple[list[ContestedFigure], list[tuple[ChipModel, Figure]]]:
    """The figures on which sources differ: those that the rule reads with their cases, and those that it does not."""
    provision = counted.document["provision"]
    read = _READ_BY[provision["origin_rule"]] | _READ_BY.get(provision["metric"], set())
    contested, unread = [], []
    for chip in (chips[key] for key in dict.fromkeys(counted.models) if key in chips):
        differing = contested_figures(chip)
        for figure in (figure for figure in DECIDING if figure in differing):
            if figure in read:
                contested.append(_figure(counted, chip, figure))
            else:
                unread.append((chip, figure))
    return contested, unread


def _figure(counted: Counted, chip: ChipModel, figure: Figure) -> ContestedFigure:
    place = _PLACES[figure]
    said: dict[int | str, list[Claim]] = {}
    for claim in chip.claims.all():
        if claim.figure == figure:
            said.setdefault(scaled(claim.value) if figure == Figure.FP16_TFLOPS else claim.value, []).append(claim)
    values = sorted(said)
    chosen = [values[0], values[-1]] if figure == Figure.FP16_TFLOPS else values
    cases = []
    for value in chosen:
        text = said[value][0].value
        cases.append(Case(text, said[value], counted.supposing({chip.pk: {place: text}})))
    return ContestedFigure(chip, figure, counted.line_of(chip.pk)[place], cases)


def _together(counted: Counted, contested: Iterable[ContestedFigure], *, is_best: bool) -> Supposed:
    """What the engine answers with every contested figure at the claim that is best, or worst, for the centre.

    The worst gives the least `low` of all combinations of claims, the best the greatest `high`: whatever the other
    models are, one that is not domestic lowers the share the more the heavier it is, one that is raises it.
    """
    options: dict[int, dict[str, list[str]]] = {}
    for one in contested:
        values = [case.value for case in one.cases]
        options.setdefault(one.chip_model.pk, {})[_PLACES[one.figure]] = values
    changes = {}
    for model, places in options.items():
        line = counted.line_of(model)
        candidates = [dict(zip(places, chosen, strict=True)) for chosen in product(*places.values())]
        favours = [_favour(counted.document["provision"], line | change, is_best) for change in candidates]
        changes[model] = candidates[favours.index(max(favours) if is_best else min(favours))]
    return counted.supposing(changes)


def _favour(provision: Json, line: Json, is_best: bool) -> tuple[bool, int, bool]:
    """Orders what a line could be by how much it favours the centre: at its best, or at its worst."""
    origin = origin_of(provision)(line)
    weight = scaled(line["compute"]) if provision["metric"] == "compute" else 0
    # What is of unknown origin counts as domestic at best, and as foreign at worst.
    helps = origin != FOREIGN if is_best else origin == DOMESTIC
    return helps, weight if helps else -weight, origin != FOREIGN


def unknown_in_words(unknown: UnknownOrigin, metric: str) -> str:
    """How much of what is of unknown origin decides the outcome; `metric` is the rule's."""
    if unknown.decisive is None:
        if unknown.all_domestic.outcome == unknown.all_foreign.outcome:
            return _("Whatever their origin is, the outcome is the same.")
        return _("How many of them decide the outcome cannot be told, since it is not known which lines count.")
    names = {"decisive": amount(unknown.decisive), "measure": UNITS_OF_MEASURE[metric]}
    if unknown.is_passed:
        told = _("It complies if more than %(decisive)s %(measure)s of unknown origin are domestic, and not otherwise.")
    else:
        told = _("It complies if at least %(decisive)s %(measure)s of unknown origin are domestic, and not otherwise.")
    return told % names
