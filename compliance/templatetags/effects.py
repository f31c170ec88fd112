"""Flips of outcomes as pages show them: why, and page by page."""

from typing import Any

from django import template
from django.core.paginator import Page, Paginator
from django.template import Context

from compliance.change_wording import change_in_words
from compliance.effects import Flip
from compliance.models import SimulatedChange

register = template.Library()

_PAGE = 50


@register.filter
def why(change: Flip | SimulatedChange) -> str:
    """Why the outcome would become another."""
    if isinstance(change, Flip):
        return change_in_words(change.before, change.after)
    return change_in_words(change.answer_before, change.answer_after)


@register.simple_tag(takes_context=True)
def page_of_flips(context: Context, flips: list[Flip], key: str) -> Page[Flip]:
    """The page of `flips` that is asked for by `key`; all of them where a form was sent, since it has no address."""
    request: Any = context["request"]
    if request.method == "POST":
        return Paginator(flips, max(1, len(flips))).get_page(1)
    return Paginator(flips, _PAGE).get_page(request.GET.get(key))


@register.simple_tag(takes_context=True)
def url_of_page(context: Context, key: str, number: int) -> str:
    """The address of what is shown, with its parameter `key` set to the page's `number`."""
    request: Any = context["request"]
    asked = request.GET.copy()
    asked[key] = str(number)
    return f"{request.path}?{asked.urlencode()}"
