"""Why an outcome becomes another, in whole sentences of the reader's language."""

from typing import Any

from django.utils.translation import gettext as _

from compliance.reading import threshold_in_words
from compliance.shares import percent_of
from compliance.wording import determination_in_words

_Answer = dict[str, Any]


def change_in_words(before: _Answer | None, after: _Answer | None) -> str:
    """Why the outcome of `before` (None: not determined) becomes that of `after` (likewise)."""
    if after is None:
        return _("It would not be judged any more.")
    found = [_entry(before, after), _threshold(before, after), _share(before, after)]
    return " ".join(sentence for sentence in found if sentence)


def _entry(before: _Answer | None, after: _Answer) -> str:
    """What lets a centre in, keeps it out, or leaves nothing to weigh."""
    past = before["outcome"] if before else None
    if after["low"] is None:
        # The sentences of the states in which nothing is weighed.
        return determination_in_words(after, None, "value")
    if past is None:
        return _("It was not determined so far.")
    return _LEFT[past]() if past in _LEFT else ""


def _threshold(before: _Answer | None, after: _Answer) -> str:
    if after["low"] is None:
        return ""
    new = threshold_in_words(after["threshold"], after["comparator"])
    if before is None or before["low"] is None:
        return _("The rule asks for %(threshold)s.") % {"threshold": new}
    old = threshold_in_words(before["threshold"], before["comparator"])
    if old == new:
        return _("The rule still asks for %(threshold)s.") % {"threshold": new}
    return _("The rule asks for %(new)s in place of %(old)s.") % {"new": new, "old": old}


def _share(before: _Answer | None, after: _Answer) -> str:
    if after["low"] is None:
        return ""
    new = share_in_words(after)
    if before is None or before["low"] is None:
        return _("The share is %(share)s.") % {"share": new}
    if (before["low"], before["high"]) == (after["low"], after["high"]):
        return _("The share stays %(share)s.") % {"share": new}
    return _("The share goes from %(old)s to %(new)s.") % {"old": share_in_words(before), "new": new}


def share_in_words(answer: _Answer) -> str:
    """The share of an answer that has one, cut: one number, or the least and the greatest."""
    low, high = percent_of(answer["low"]), percent_of(answer["high"])
    if answer["low"] == answer["high"]:
        return _("%(share)s%%") % {"share": low}
    return _("%(low)s%% to %(high)s%%") % {"low": low, "high": high}


# What a centre is no longer, once its share is weighed.
_LEFT = {
    "out_of_scope": lambda: _("The rule would be for a centre such as this one."),
    "not_in_force": lambda: _("A step of the rule would be in force."),
    "exempt": lambda: _("No exemption would cover the period's last day."),
    "not_reported": lambda: _("An accepted inventory would stand for this period."),
    "empty": lambda: _("Something in the inventory would be counted."),
}
