"""What rules and determinations say, in whole sentences of the reader's language."""

from datetime import date
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from centres.models import CentreKind, Ownership
from chips.models import ChipClass, LineStatus
from compliance.models import Outcome
from compliance.shares import decimal_of, parts_of, percent_of

# What each outcome is told apart by, besides its word: a shape and the name of a colour in the style sheet.
MARKS = {
    Outcome.COMPLIANT: ("✓", "compliant"),
    Outcome.NON_COMPLIANT: ("▲", "non-compliant"),
    Outcome.UNDETERMINED: ("?", "undetermined"),
    Outcome.NOT_REPORTED: ("○", "not-reported"),
    Outcome.EXEMPT: ("◇", "quiet"),
    Outcome.EMPTY: ("∅", "quiet"),
    Outcome.OUT_OF_SCOPE: ("–", "quiet"),
    Outcome.NOT_IN_FORCE: ("–", "quiet"),
}


def threshold_in_words(threshold: str, comparator: str) -> str:
    """``at least 50%``, for the engine's ``"1/2"`` and ``at_least``."""
    numerator, denominator = parts_of(threshold)
    percent = decimal_of(f"{100 * numerator}/{denominator}")
    return (_("over %(percent)s%%") if comparator == "over" else _("at least %(percent)s%%")) % {"percent": percent}


def rule_in_words(rule: dict[str, Any], day: date) -> str:
    """What a provision asks for on `day`, of which chips and of which centres."""
    told = day.isoformat()
    steps = [step for step in rule["steps"] if step["from"] <= told] or rule["steps"]
    step = max(steps, key=lambda s: s["from"]) if steps is not rule["steps"] else min(steps, key=lambda s: s["from"])
    names = {
        "threshold": _step_in_words(step),
        "metric": _METRICS[rule["metric"]](),
        "chips": _listed(rule["population"]["classes"], ChipClass) or _("all chips"),
        "statuses": _listed(rule["population"]["statuses"], LineStatus) or _("in any status"),
        "since": date_format(date.fromisoformat(step["from"]), "DATE_FORMAT"),
    }
    names["scope"] = scope_in_words(rule["scope"])
    return _("From %(since)s: %(threshold)s domestic %(metric)s. Counted: %(chips)s; %(statuses)s. %(scope)s") % names


def scope_in_words(scope: dict[str, Any]) -> str:
    """Which centres a provision is for."""
    parts = []
    if scope["kinds"]:
        parts.append(_listed(scope["kinds"], CentreKind))
    if scope["regions"]:
        parts.append(_("in regions %(codes)s") % {"codes": _(", ").join(scope["regions"])})
    if scope["ownership"]:
        parts.append(_("ownership %(owners)s") % {"owners": _listed(scope["ownership"], Ownership, _(" or "))})
    if scope["state_funded"] is not None:
        parts.append(_("state-funded") if scope["state_funded"] else _("not state-funded"))
    if scope["progress_under"]:
        parts.append(_("under %(percent)s%% built") % {"percent": scope["progress_under"]})
    if not parts:
        return _("For every centre.")
    return _("For these centres: %(which)s.") % {"which": _("; ").join(parts)}


def determination_in_words(answer: dict[str, Any], units: tuple[int, int, int] | None) -> str:
    """What the engine's `answer` says, with the numbers that it rests on; `units` are those counted, by origin."""
    told = _TOLD.get((answer["outcome"], answer["reason"]))
    if told is not None:
        return told()
    domestic, total = parts_of(answer["low"])
    if units is not None:
        domestic, total = units[0], sum(units)
    names = {
        "domestic": intcomma(domestic),
        "total": intcomma(total),
        "low": percent_of(answer["low"]),
        "high": percent_of(answer["high"]),
        "threshold": threshold_in_words(answer["threshold"], answer["comparator"]),
    }
    if answer["outcome"] == "undetermined":
        names["unknown"] = intcomma(units[2] if units else 0)
        return (
            _(
                "The share lies between %(low)s%% and %(high)s%%, since the origin of %(unknown)s units is not known; "
                "the rule asks for %(threshold)s."
            )
            % names
        )
    if answer["low"] != answer["high"]:
        return (
            _(
                "The share lies between %(low)s%% and %(high)s%% of %(total)s units counted; the rule asks for "
                "%(threshold)s."
            )
            % names
        )
    return (
        _("%(domestic)s of %(total)s units counted are domestic: %(low)s%%. The rule asks for %(threshold)s.") % names
    )


def gap_in_words(answer: dict[str, Any]) -> str:
    """What is missing to comply, in units; empty where nothing is, or where no number would do."""
    replace, add = answer["replace"], answer["add"]
    if answer["outcome"] not in ("non_compliant", "undetermined") or replace is None:
        return ""
    names = {"replace": intcomma(replace), "add": None if add is None else intcomma(add)}
    if add is None:
        return _("To comply, replace %(replace)s of the units counted by domestic ones.") % names
    return (
        _("To comply, replace %(replace)s of the units counted by domestic ones, or add %(add)s domestic ones.") % names
    )


def _step_in_words(step: dict[str, Any]) -> str:
    percent = step["threshold"]
    whole, _point, places = percent.partition(".")
    scaled = int(whole) * 10 ** len(places) + int(places or 0)
    return threshold_in_words(f"{scaled}/{10 ** len(places)}", step["comparator"])


def _listed(values: list[str] | None, choices: Any, separator: str | None = None) -> str:
    known = {value: str(label) for value, label in choices.choices}
    return (separator or _(", ")).join(known.get(value, value) for value in values or ())


_METRICS = {
    "units": lambda: _("units"),
    "compute": lambda: _("computing power"),
    "value": lambda: _("value"),
}
_TOLD = {
    ("out_of_scope", None): lambda: _("The rule is not for a centre such as this one."),
    ("not_in_force", None): lambda: _("The rule was not yet in force on the period's last day."),
    ("exempt", None): lambda: _("An exemption covers the period's last day."),
    ("not_reported", None): lambda: _("No accepted inventory stands for this period."),
    ("empty", None): lambda: _("Nothing in the accepted inventory is counted by this rule."),
    ("undetermined", "missing_weight"): lambda: _("A line that counts lacks the figure that the rule weighs it by."),
    ("undetermined", "unknown_population"): lambda: _("Whether any line counts is not known: the days are missing."),
}
