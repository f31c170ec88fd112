"""Outlooks as pages show them."""

from decimal import Decimal

from django import template

from compliance.models import Outlook
from compliance.outlook.words import asked_in_words, quarters_in_words, share_now
from compliance.shares import PLACES

register = template.Library()


@register.filter
def quarters(outlook: Outlook) -> str:
    """The expected quarter and its interval."""
    return quarters_in_words(outlook)


@register.filter
def asked(outlook: Outlook) -> str:
    """What the step asks for: ``at least 50%``."""
    return asked_in_words(outlook)


@register.filter
def shortly(percent: str | Decimal) -> str:
    """A percent, or points, of four places with one, cut."""
    return str(percent)[: 1 - PLACES]


@register.filter
def now(outlook: Outlook) -> str:
    """The least share that was last read, in percent with one place, cut; empty where it is too long ago."""
    last = share_now(outlook)
    return shortly(last["low"]) if last else ""
