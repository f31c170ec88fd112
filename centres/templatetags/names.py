"""What has a name in both languages, named in the reader's."""

from typing import Any

from django import template
from django.utils.translation import get_language

register = template.Library()


def reads_chinese() -> bool:
    return (get_language() or "").startswith("zh")


@register.filter
def named(thing: Any) -> str:
    """The name (or title) of a centre, operator, region, vendor or mandate in the reader's language."""
    if thing is None:
        return ""
    kind = "title" if hasattr(thing, "title_en") else "name"
    english = str(getattr(thing, f"{kind}_en", None) or getattr(thing, "name", ""))
    return str(getattr(thing, f"{kind}_zh")) if reads_chinese() else english


@register.filter
def also_named(thing: Any) -> str:
    """The name in the other language, which a reader may know it by."""
    return "" if thing is None else (thing.name_en if reads_chinese() else thing.name_zh)


@register.filter
def short(region: Any) -> str:
    """A region's name as it fits on a tile of the map."""
    return region.short_zh if reads_chinese() else region.iso.removeprefix("CN-")
