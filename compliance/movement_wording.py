"""What a movement's evidence says, in whole sentences of the reader's language."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from centres.templatetags.names import named
from chips.models import ChipClass, ChipModel
from compliance.models import Movement, MovementKind
from compliance.movement_signs import LAST_DAYS

_MEGAWATT = 1_000_000


def movement_in_words(movement: Movement, chips: Mapping[int, ChipModel]) -> str:
    """What was seen, with its numbers; `chips` are the models by their keys, with their vendors."""
    return _SAID[MovementKind(movement.kind)](movement.evidence, chips)


def chips_of(movement: Movement) -> list[int]:
    """The keys of the models that the evidence is about; none where it is about all of an inventory."""
    evidence = movement.evidence
    if movement.kind == MovementKind.PASSING_THROUGH:
        return [model["chip"] for model in evidence["models"]]
    return [evidence["chip"]] if movement.kind == MovementKind.BEFORE_LAUNCH else []


def _passing_through(evidence: dict[str, Any], chips: Mapping[int, ChipModel]) -> str:
    models = [
        _("%(chip)s: %(left)s") % {"chip": _named(chips[model["chip"]]), "left": intcomma(model["left"])}
        for model in evidence["models"]
    ]
    return _(
        "Of %(in_service)s units in service (%(class)s), %(left)s came in the period's last %(days)s days and were no "
        "longer in service at the end of the next period. %(models)s."
    ) % {
        "in_service": intcomma(evidence["in_service"]),
        "class": ChipClass(evidence["class"]).label,
        "left": intcomma(evidence["left"]),
        "days": LAST_DAYS,
        "models": _("; ").join(models),
    }


def _before_launch(evidence: dict[str, Any], chips: Mapping[int, ChipModel]) -> str:
    names = {
        "units": intcomma(evidence["units"]),
        "chip": _named(chips[evidence["chip"]]),
        "launched": evidence["launched_on"],
    }
    if evidence["acquired_on"] is None:
        return _("%(units)s units of %(chip)s were in service, which was launched in %(launched)s.") % names
    names["acquired"] = _day(evidence["acquired_on"])
    return (
        _(
            "%(units)s units of %(chip)s are in service that were acquired as early as %(acquired)s; it was launched "
            "in %(launched)s."
        )
        % names
    )


def _compute_apart(evidence: dict[str, Any], chips: Mapping[int, ChipModel]) -> str:
    names = {
        "from": _day(evidence["stated_from"]),
        "stated": intcomma(evidence["stated_pflops"]),
        "lines": intcomma(_cut(Decimal(evidence["lines_tflops"]) / 1000)),
        "cards": intcomma(evidence["cards"]),
    }
    said = (
        _(
            "From %(from)s on %(stated)s PFLOPS are stated of the centre; its %(cards)s cards in service come to "
            "%(lines)s PFLOPS."
        )
        % names
    )
    return said + _without(evidence["cards_without_figure"])


def _power_apart(evidence: dict[str, Any], chips: Mapping[int, ChipModel]) -> str:
    stated, watts = Decimal(evidence["stated_mw"]), Decimal(evidence["chips_watts"])
    names = {
        "from": _day(evidence["stated_from"]),
        "stated": intcomma(evidence["stated_mw"]),
        "chips": intcomma(evidence["chips"]),
        "alone": intcomma(_cut(watts / _MEGAWATT)),
        "most": intcomma(_not_under(Decimal(evidence["most_watts"]) / _MEGAWATT)),
    }
    if stated * _MEGAWATT < watts:
        said = (
            _(
                "From %(from)s on %(stated)s MW are stated of the centre; its %(chips)s chips in service alone draw "
                "%(alone)s MW."
            )
            % names
        )
    else:
        said = (
            _(
                "From %(from)s on %(stated)s MW are stated of the centre; its %(chips)s chips in service draw "
                "%(alone)s MW, and with their servers and an old house not more than %(most)s MW."
            )
            % names
        )
    return said + _without(evidence["chips_without_figure"])


def _without(units: int) -> str:
    if not units:
        return ""
    said = ngettext("One unit has no figure.", "%(units)s units have no figure.", units) % {"units": intcomma(units)}
    return f" {said}"


def _day(text: str) -> str:
    return str(date_format(date.fromisoformat(text), "DATE_FORMAT"))


def _cut(value: Decimal) -> str:
    """To three places, never rounded up."""
    return f"{int(value * 1000) / Decimal(1000):f}"


def _not_under(value: Decimal) -> str:
    """To three places, never cut: what "not more than" is said of."""
    return f"{(value * 1000).to_integral_value(ROUND_CEILING) / 1000:f}"


def _named(chip: ChipModel) -> str:
    return f"{named(chip.vendor)} {chip.name}"


_SAID = {
    MovementKind.PASSING_THROUGH: _passing_through,
    MovementKind.BEFORE_LAUNCH: _before_launch,
    MovementKind.COMPUTE_APART: _compute_apart,
    MovementKind.POWER_APART: _power_apart,
}
