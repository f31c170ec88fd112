"""Outcomes and shares as pages show them: a word, a shape and a colour; a bar against the threshold's tick."""

import json
from typing import Any

from django import template
from django.utils.translation import gettext

from compliance import reading, wording
from compliance.explain import EXCLUDED
from compliance.models import Mandate, Outcome, Provision
from compliance.provisional import Provisional
from compliance.shares import cut_percent, parts_of, percent_of

register = template.Library()

_BAR_WIDTH = 120


@register.inclusion_tag("compliance/_outcome.html")
def outcome(value: str) -> dict[str, Any]:
    """The badge of an outcome."""
    known = Outcome(value)
    shape, colour = wording.MARKS[known]
    return {"shape": shape, "colour": colour, "label": known.label}


@register.filter
def percent(fraction: str | None, places: int = 1) -> str:
    """The engine's ``"13/25"`` as ``52.0%``, cut; blank where there is none."""
    return f"{percent_of(fraction, places)}%" if fraction else ""


register.filter("compared", wording.difference_in_words)
register.filter("record_named", wording.record_in_words)


@register.inclusion_tag("compliance/_share_bar.html")
def share_bar(answer: dict[str, Any]) -> dict[str, Any]:
    """A share as a bar against the threshold's tick, paler where it is not known."""
    if answer["low"] is None:
        return {"width": 0}
    low, high, tick = (_place(answer[key]) for key in ("low", "high", "threshold"))
    return {"width": _BAR_WIDTH, "low": low, "unknown": round(high - low, 1), "tick": tick, "answer": answer}


def _place(fraction: str) -> float:
    """Where on the bar a fraction lies: a drawing, which decides nothing."""
    numerator, denominator = parts_of(fraction)
    return round(_BAR_WIDTH * numerator / denominator, 1)


@register.inclusion_tag("compliance/_origin_bar.html")
def origin_bar(domestic: Any, foreign: Any, unknown: Any, width: int = 360) -> dict[str, Any]:
    """How much is domestic, unknown and foreign, as parts of one bar."""
    total = domestic + foreign + unknown
    if not total:
        return {"width": 0}
    drawn = round(float(width * domestic / total), 1)
    return {
        "width": width,
        "domestic": drawn,
        "unknown": round(float(width * unknown / total), 1),
        "percent": cut_percent(domestic, total, 1),
        "label_x": max(drawn - 6, 40),
    }


@register.simple_tag
def share_of(part: Any, whole: Any, places: int = 1) -> str:
    """``part`` of ``whole`` in percent, cut; a dash where there is no whole."""
    return f"{cut_percent(part, whole, places)}%" if whole else "–"


@register.filter
def in_words(provision: Provision, day: Any) -> str:
    """What the provision asks for on `day`."""
    return reading.rule_in_words(provision.rule, day)


@register.filter
def petaflops(teraflops: Any) -> str:
    """TFLOPS as whole PFLOPS, cut."""
    return f"{int(teraflops) // 1000:,}"


@register.filter
def is_doubtful(thing: Mandate | Any) -> bool:
    """Whether what is said of it is not to be taken as settled."""
    return thing.confidence in ("contested", "to_verify", "estimated")


@register.filter
def comparator(value: str) -> str:
    """How a threshold is to be met, in words."""
    return gettext("over") if value == "over" else gettext("at least")


@register.filter
def reason(code: str) -> str:
    """Why a line is left out, in words."""
    return str(EXCLUDED[code])


@register.filter
def reasons_for(provisional: dict[int, list[Provisional]], determination: int) -> list[Provisional]:
    """Why the determination with this key is provisional."""
    return provisional.get(determination, [])


@register.filter
def pretty(data: Any) -> str:
    """Data as a person can read it."""
    return json.dumps(data, ensure_ascii=False, indent=2)
