"""Looks at a share as pages show them: the share cut, its bar, the sums that it is made of, and what is in none."""

from fractions import Fraction
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _

from compliance.looks import Look

register = template.Library()

MILLION = 1_000_000


@register.inclusion_tag("compliance/_look.html")
def look(found: Look, measure: str) -> dict[str, Any]:
    """A look by ``units``, ``compute`` or ``value``: percent, bar, exact sums in words."""
    return {"look": found, "measure": measure, "sums": _sums(found, measure)}


@register.inclusion_tag("compliance/_look_short.html")
def short_look(found: Look, measure: str) -> dict[str, Any]:
    """A look for a row among many: the percent, and what is in no share."""
    return {"look": found, "measure": measure}


def _sums(found: Look, measure: str) -> str:
    if not found.total:
        return ""
    names = {"domestic": _amount(found.domestic, measure), "total": _amount(found.total, measure)}
    if measure == "compute":
        return _("%(domestic)s of %(total)s PFLOPS") % names
    if measure == "value":
        return _("%(domestic)s of %(total)s million CNY") % names
    return _("%(domestic)s of %(total)s units") % names


def _amount(value: Fraction, measure: str) -> str:
    """Whole units, PFLOPS or million CNY, cut; with three places where the whole would say nothing."""
    scale = {"units": 1, "compute": 1000, "value": MILLION}[measure]
    scaled = value / scale
    if scaled >= 100 or scaled.denominator == 1:
        return intcomma(scaled.numerator // scaled.denominator)
    thousandths = scaled.numerator * 1000 // scaled.denominator
    return f"{thousandths // 1000}.{thousandths % 1000:03}".rstrip("0").rstrip(".")


@register.filter
def exactly(found: Look) -> str:
    """The interval as reduced fractions."""
    if found.low is None or found.high is None:
        return ""
    return str(found.low) if found.low == found.high else f"{found.low} – {found.high}"


@register.filter
def pflops(teraflops: Fraction) -> str:
    """TFLOPS as PFLOPS, cut."""
    return _amount(teraflops, "compute")
