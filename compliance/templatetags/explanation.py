"""What a determination rests on, as its page shows it: weights, codes in words, what is supposed."""

from fractions import Fraction
from typing import Any

from django import template

from chips.models import LineStatus, Workload
from compliance import arithmetic
from compliance.doubt import Supposed

register = template.Library()

_LABELS = {**dict(LineStatus.choices), **dict(Workload.choices)}
_FIGURES = {"compute": "compute", "value": "unit_price"}


@register.filter
def amount(weight: Fraction) -> str:
    """A weight, whole, with separators."""
    return arithmetic.amount(weight)


@register.filter
def weighed(line: dict[str, Any], metric: str) -> str:
    """What a line of the engine's document weighs by ``compute`` or ``value``; a dash where it has no figure."""
    figure = line[_FIGURES[metric]]
    return "–" if figure is None else arithmetic.amount(line["quantity"] * Fraction(figure))


@register.filter
def label(code: str) -> str:
    """A line's status or workload in words."""
    return str(_LABELS.get(code, code))


@register.inclusion_tag("compliance/_supposed.html")
def supposed(one: Supposed) -> dict[str, Any]:
    """An outcome that is supposed, with its share."""
    return {"one": one}
