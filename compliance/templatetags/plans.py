"""Sums of money and power of a plan, exact, as pages show them."""

from decimal import Decimal
from fractions import Fraction

from django import template

from chips.models import ChipClass, Figure
from compliance import plan_wording

register = template.Library()


@register.filter
def exactly(value: Fraction | Decimal | None) -> str:
    """A sum with all its places, thousands apart; a dash where it is not known."""
    return "–" if value is None else plan_wording.exact_number(Fraction(value))


@register.filter
def kilowatts(watts: Fraction | None) -> str:
    """W as kW; a dash where they are not known."""
    return "–" if watts is None else plan_wording.kilowatts(watts)


@register.filter
def chip_class(value: str) -> str:
    """A class of chip, in words."""
    return str(ChipClass(value).label)


@register.filter
def figure(value: str) -> str:
    """What a figure is, in words."""
    return str(Figure(value).label)
