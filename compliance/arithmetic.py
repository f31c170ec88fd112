"""How a determination was reckoned, with its real numbers: what weighs how much, and what was held against what."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from compliance.engine import tally_of
from compliance.engine.document import SCALE
from compliance.engine.judge import Threshold
from compliance.shares import cut_percent, decimal_of, parts_of

# What a share is made of, by the rule's metric.
UNITS_OF_MEASURE = {
    "units": _lazy("units of chips"),
    "compute": _lazy("TFLOPS dense FP16"),
    "value": _lazy("CNY"),
}


class Bound(NamedTuple):
    """One end of the share: its domestic weight of the total, each times a part of the threshold, held together.

    Met where `left` (domestic × denominator) reaches, or passes, `right` (total × numerator).
    """

    domestic: Fraction
    total: Fraction
    left: Fraction
    right: Fraction
    is_met: bool


class Arithmetic(NamedTuple):
    """The weights that were counted, in units, TFLOPS or CNY, and the two bounds of the share against the threshold."""

    metric: str
    domestic: Fraction
    foreign: Fraction
    unknown: Fraction
    # Of lines of which it is not known whether they count.
    maybe_domestic: Fraction
    maybe_foreign: Fraction
    maybe_unknown: Fraction
    threshold: Threshold
    low: Bound
    high: Bound

    @property
    def measure(self) -> str | Promise:
        """What the weights are given in."""
        return UNITS_OF_MEASURE[self.metric]

    @property
    def has_maybe(self) -> bool:
        return bool(self.maybe_domestic or self.maybe_foreign or self.maybe_unknown)

    @property
    def is_one(self) -> bool:
        """Whether both bounds are the same, since nothing is unknown."""
        return self.low == self.high


def arithmetic_of(document: dict[str, Any], reply: dict[str, Any]) -> Arithmetic | None:
    """How the engine's `reply` to `document` was reckoned; None where it gives no share."""
    if reply["low"] is None:
        return None
    tally = tally_of(document)
    metric = document["provision"]["metric"]
    scale = 1 if metric == "units" else SCALE
    threshold = Threshold(*parts_of(reply["threshold"]), reply["comparator"])
    return Arithmetic(
        metric=metric,
        domestic=Fraction(tally.domestic, scale),
        foreign=Fraction(tally.foreign, scale),
        unknown=Fraction(tally.unknown, scale),
        maybe_domestic=Fraction(tally.maybe_domestic, scale),
        maybe_foreign=Fraction(tally.maybe_foreign, scale),
        maybe_unknown=Fraction(tally.maybe_unknown, scale),
        threshold=threshold,
        low=_bound(tally.low(), threshold, scale),
        high=_bound(tally.high(), threshold, scale),
    )


def _bound(reached: tuple[int, int], threshold: Threshold, scale: int) -> Bound:
    part, whole = reached
    return Bound(
        domestic=Fraction(part, scale),
        total=Fraction(whole, scale),
        left=Fraction(part * threshold.denominator, scale),
        right=Fraction(whole * threshold.numerator, scale),
        is_met=threshold.met_by(part, whole),
    )


def amount(weight: Fraction) -> str:
    """A weight, whole, with the reader's separators."""
    return str(intcomma(Decimal(exact(weight))))


def exact(weight: Fraction) -> str:
    """A weight as a decimal text, whole."""
    return decimal_of(f"{weight.numerator}/{weight.denominator}")


def bound_in_words(one: Bound, reckoned: Arithmetic) -> str:
    """What was held against what, and whether that meets the threshold."""
    names = {
        "domestic": amount(one.domestic),
        "total": amount(one.total),
        "measure": reckoned.measure,
        "numerator": intcomma(reckoned.threshold.numerator),
        "denominator": intcomma(reckoned.threshold.denominator),
        "left": amount(one.left),
        "right": amount(one.right),
        "percent": cut_percent(one.domestic, one.total),
    }
    return str(_COMPARED[reckoned.threshold.comparator, one.is_met] % names)


# Whole sentences, since what is compared stands in another place in another language.
_COMPARED = {
    ("at_least", True): _lazy(
        "%(domestic)s of %(total)s %(measure)s are domestic, %(percent)s%%: %(domestic)s × %(denominator)s ≥ "
        "%(total)s × %(numerator)s, that is %(left)s ≥ %(right)s, so the threshold is met."
    ),
    ("at_least", False): _lazy(
        "%(domestic)s of %(total)s %(measure)s are domestic, %(percent)s%%: %(domestic)s × %(denominator)s < "
        "%(total)s × %(numerator)s, that is %(left)s < %(right)s, so the threshold is not met."
    ),
    ("over", True): _lazy(
        "%(domestic)s of %(total)s %(measure)s are domestic, %(percent)s%%: %(domestic)s × %(denominator)s > "
        "%(total)s × %(numerator)s, that is %(left)s > %(right)s, so the threshold is passed."
    ),
    ("over", False): _lazy(
        "%(domestic)s of %(total)s %(measure)s are domestic, %(percent)s%%: %(domestic)s × %(denominator)s ≤ "
        "%(total)s × %(numerator)s, that is %(left)s ≤ %(right)s, so the threshold is not passed."
    ),
}


def sum_in_words(reckoned: Arithmetic) -> str:
    """How what was counted adds up."""
    total = reckoned.domestic + reckoned.foreign + reckoned.unknown
    names = {
        "domestic": amount(reckoned.domestic),
        "foreign": amount(reckoned.foreign),
        "unknown": amount(reckoned.unknown),
        "total": amount(total),
        "measure": reckoned.measure,
    }
    return (
        _("%(domestic)s domestic + %(foreign)s foreign + %(unknown)s of unknown origin = %(total)s %(measure)s.")
        % names
    )
