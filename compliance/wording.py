"""What determinations say, in whole sentences of the reader's language."""

from decimal import Decimal
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from centres.models import Provenance
from compliance.engine import DocumentFault
from compliance.inputs import NamedRecord
from compliance.models import Determination, Outcome
from compliance.reading import fault_in_words, threshold_in_words
from compliance.reproduce import Difference
from compliance.shares import percent_of

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


# What brings a determination about, as the register records it.
CAUSES = {
    "catalogue decision": _lazy("something else was decided of a chip model"),
    "centre record changed": _lazy("something else was recorded of the centre"),
    "command": _lazy("asked for by command"),
    "decided by hand": _lazy("it was decided by hand"),
    "demonstration": _lazy("the demonstration was loaded"),
    "exemption ended": _lazy("an exemption ended"),
    "exemption granted": _lazy("an exemption was granted"),
    "exemption revoked": _lazy("an exemption was revoked"),
    "filing ended": _lazy("the time to file ended"),
    "nightly sweep": _lazy("looked at again in the night"),
    "provision issued": _lazy("a provision was issued"),
    "report": _lazy("a report was built"),
    "submission accepted": _lazy("an inventory was accepted"),
    "submission repudiated": _lazy("an inventory was repudiated"),
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


def difference_in_words(one: Difference) -> tuple[str, str]:
    """A part of a determination as it is kept, and as it is made again."""
    return _compared(one.kept), _("gone") if one.part == "records" else _compared(one.made_again)


def _compared(value: object) -> str:
    match value:
        case None:
            return "–"
        case NamedRecord():
            return record_in_words(value)
        case DocumentFault():
            return f"{value.path}: {fault_in_words(value)}"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def record_in_words(record: NamedRecord) -> str:
    """Which record a determination names."""
    return _RECORDS[record.kind]() % record._asdict()


_RECORDS = {
    "lines": lambda: _("the lines of submission %(name)s"),
    "chip_revision": lambda: _("chip revision %(key)s %(name)s"),
    "exemption": lambda: _("exemption %(key)s"),
    "some": lambda: _("one or more of the records that it names"),
}
