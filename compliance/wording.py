"""What rules and determinations say, in whole sentences of the reader's language."""

from datetime import date
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from centres.models import CentreKind, Ownership, Provenance, Region
from centres.templatetags.names import named
from chips.models import ChipClass, LineStatus
from compliance.models import Determination, Outcome
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
    begun = [step for step in rule["steps"] if step["from"] <= day.isoformat()]
    # The step in force; where none is yet, the first to come.
    step = max(begun, key=_first_day) if begun else min(rule["steps"], key=_first_day)
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
        parts.append(_("in %(regions)s") % {"regions": _(", ").join(_places(scope["regions"]))})
    if scope["ownership"]:
        parts.append(_("ownership %(owners)s") % {"owners": _listed(scope["ownership"], Ownership, _(" or "))})
    if scope["state_funded"] is not None:
        parts.append(_("state-funded") if scope["state_funded"] else _("not state-funded"))
    if scope["progress_under"]:
        parts.append(_("under %(percent)s%% built") % {"percent": scope["progress_under"]})
    if not parts:
        return _("For every centre.")
    return _("For these centres: %(which)s.") % {"which": _("; ").join(parts)}


def _places(prefixes: list[str]) -> list[str]:
    """The provinces that region prefixes lie in, by name; a prefix of more digits stands behind it."""
    names = {region.code: named(region) for region in Region.objects.filter(code__in=[p[:2] for p in prefixes])}
    return [names.get(p[:2], p) + (f" {p}" if len(p) > 2 else "") for p in prefixes]


def sentence_of(determination: Determination) -> str:
    """What `determination` says, in words; its provision is read."""
    metric = determination.provision.rule["metric"]
    if determination.centre.provenance == Provenance.ILLUSTRATIVE and determination.outcome in _NOTHING_PUBLISHED:
        return _NOTHING_PUBLISHED[determination.outcome]()
    return determination_in_words(determination.answer, determination.measured_units, metric)


def determination_in_words(answer: dict[str, Any], units: tuple[int, int, int] | None, metric: str) -> str:
    """What the engine's `answer` says, with the numbers that it rests on; `units` are those counted, by origin."""
    without_share = _TOLD.get((answer["outcome"], answer["reason"]))
    if without_share is not None:
        return without_share()
    names = {
        "low": percent_of(answer["low"]),
        "high": percent_of(answer["high"]),
        "threshold": threshold_in_words(answer["threshold"], answer["comparator"]),
    }
    if answer["outcome"] == "undetermined":
        return _undetermined_in_words(names, units)
    if answer["low"] != answer["high"]:
        return _("The share lies between %(low)s%% and %(high)s%%; the rule asks for %(threshold)s.") % names
    # Units are quoted only where they are what the share is made of.
    if metric == "units" and units is not None:
        names |= {"domestic": intcomma(units[0]), "total": intcomma(sum(units))}
        return _(
            "%(domestic)s of %(total)s units counted are domestic: %(low)s%%. The rule asks for %(threshold)s."
        ) % (names)
    return _("The share is %(low)s%%. The rule asks for %(threshold)s.") % names


def _undetermined_in_words(names: dict[str, str], units: tuple[int, int, int] | None) -> str:
    unknown = units[2] if units else 0
    if not unknown:
        return (
            _(
                "The share lies between %(low)s%% and %(high)s%%, since it is not known whether some lines count; "
                "the rule asks for %(threshold)s."
            )
            % names
        )
    names["unknown"] = intcomma(unknown)
    return (
        _(
            "The share lies between %(low)s%% and %(high)s%%, since the origin of %(unknown)s units is not known; "
            "the rule asks for %(threshold)s."
        )
        % names
    )


def gap_in_words(answer: dict[str, Any]) -> str:
    """What is missing to comply, in units; empty where nothing is, or where no number would do."""
    replace, add = answer["replace"], answer["add"]
    if answer["outcome"] not in ("non_compliant", "undetermined") or replace is None:
        return ""
    names = {"replace": intcomma(replace), "add": None if add is None else intcomma(add)}
    if add is None:
        return _("To comply: units to replace by domestic ones: %(replace)s.") % names
    return _("To comply: units to replace by domestic ones: %(replace)s; or domestic units to add: %(add)s.") % names


def _first_day(step: dict[str, Any]) -> str:
    return str(step["from"])


def _step_in_words(step: dict[str, Any]) -> str:
    percent = step["threshold"]
    whole, _point, places = percent.partition(".")
    scaled = int(whole) * 10 ** len(places) + int(places or 0)
    return threshold_in_words(f"{scaled}/{10 ** len(places)}", step["comparator"])


def _listed(values: list[str] | None, choices: Any, separator: str | None = None) -> str:
    known = {value: str(label) for value, label in choices.choices}
    return (separator or _(", ")).join(known.get(value, value) for value in values or ())


# What brings a determination about, as the register records it.
CAUSES = {
    "command": _lazy("asked for by command"),
    "demonstration": _lazy("the demonstration was loaded"),
    "filing ended": _lazy("the time to file ended"),
    "nightly sweep": _lazy("looked at again in the night"),
    "report": _lazy("a report was built"),
    "submission accepted": _lazy("an inventory was accepted"),
    "submission repudiated": _lazy("an inventory was repudiated"),
}
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
# Of a centre that was never asked to file, in place of what is said of one that was.
_NOTHING_PUBLISHED = {
    "not_reported": lambda: _("No inventory was published of this centre, and it was never asked to file one."),
    "empty": lambda: _("Nothing that was published of this centre is counted by this rule."),
}
