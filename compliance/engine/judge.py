"""From what was counted to an outcome, by integers alone: a checked provision asked of centres, on a day."""

from collections.abc import Callable, Sequence
from math import gcd
from typing import Any

from compliance.engine.count import Counting, Tally
from compliance.engine.document import SCALE, scaled

Json = dict[str, Any]

# The outcomes that rest on the lines.
COUNTED = frozenset(("undetermined", "empty", "compliant", "non_compliant"))


# What an answer holds, in its order; the lines left out and the digest follow.
_ANSWERED = (
    "outcome", "reason", "low", "high", "threshold", "comparator", "next_step", "replace", "add", "shortfall",
)  # fmt: skip


class Threshold:
    """`numerator`/`denominator`, to be reached (`at_least`) or passed (`over`)."""

    __slots__ = ("comparator", "denominator", "numerator")

    def __init__(self, numerator: int, denominator: int, comparator: str) -> None:
        self.numerator, self.denominator, self.comparator = numerator, denominator, comparator

    def met_by(self, part: int, whole: int) -> bool:
        """Whether `part` of `whole` meets it; decided by cross-multiplication."""
        left, right = part * self.denominator, self.numerator * whole
        return left > right if self.comparator == "over" else left >= right


def fraction(numerator: int, denominator: int) -> str:
    """The reduced fraction as text, ``"13/25"``."""
    divisor = gcd(numerator, denominator)
    return f"{numerator // divisor}/{denominator // divisor}"


class Rule:
    """A checked provision on a day, made ready once for however many centres."""

    def __init__(self, provision: Json, as_of: str, counting: Counting) -> None:
        steps = provision["steps"]
        self.as_of, self.counting = as_of, counting
        self._scope, self._metric = provision["scope"], provision["metric"]
        self._is_scoped = any(value is not None for value in self._scope.values())
        self._next_step = min((s for s in steps if s["from"] > as_of), key=lambda s: s["from"], default=None)
        step = max((s for s in steps if s["from"] <= as_of), key=lambda s: s["from"], default=None)
        self._threshold = Threshold(scaled(step["threshold"]), SCALE, step["comparator"]) if step else None
        self._threshold_text = fraction(self._threshold.numerator, SCALE) if self._threshold else None
        self._blank: Json = dict.fromkeys(_ANSWERED)

    def judge(
        self, centre: Json, exemptions: Sequence[Json], tally: Callable[[Counting], Tally] | None
    ) -> tuple[Json, Tally | None]:
        """The contract's answer about a checked `centre`, but for the lines left out and the digest; what was counted.

        `tally` gives what is counted of its inventory, and is asked at most once; None: nothing was reported.
        Where the outcome does not rest on the lines, nothing was counted.
        """
        reply = self._blank.copy()
        if self._next_step:
            # What is made ready here is asked again.
            reply["next_step"] = self._next_step.copy()
        if self._is_scoped and not in_scope(centre, self._scope):
            reply["outcome"] = "out_of_scope"
        elif self._threshold is None:
            reply["outcome"] = "not_in_force"
        else:
            reply["threshold"], reply["comparator"] = self._threshold_text, self._threshold.comparator
            threshold = self._lowered(self._threshold, exemptions, reply) if exemptions else self._threshold
            if threshold is None:
                reply["outcome"] = "exempt"
            elif tally is None:
                reply["outcome"] = "not_reported"
            else:
                counted = tally(self.counting)
                _judge_tally(counted, threshold, self._metric, reply)
                return reply, counted
        return reply, None

    def _lowered(self, threshold: Threshold, exemptions: Sequence[Json], reply: Json) -> Threshold | None:
        """What is asked of a centre with `exemptions`, also put into `reply`; None: nothing."""
        as_of = self.as_of
        covering = [e["threshold"] for e in exemptions if e["from"] <= as_of and (e["to"] is None or as_of <= e["to"])]
        if not covering:
            return threshold
        if None in covering:
            # An exempt centre is shown the step's own threshold, whatever else was granted.
            return None
        numerator = min(threshold.numerator, *map(scaled, covering))
        reply["threshold"] = fraction(numerator, SCALE)
        return Threshold(numerator, SCALE, threshold.comparator)


def in_scope(centre: Json, scope: Json) -> bool:
    """Whether the centre matches every scope key that is set."""
    commissioned_on, progress = centre["commissioned_on"], centre["progress"]
    return (
        (scope["kinds"] is None or centre["kind"] in scope["kinds"])
        and (scope["regions"] is None or centre["region"].startswith(tuple(scope["regions"])))
        and (scope["ownership"] is None or centre["ownership"] in scope["ownership"])
        and (scope["state_funded"] is None or centre["state_funded"] is scope["state_funded"])
        and (
            scope["commissioned_from"] is None
            or (commissioned_on is not None and commissioned_on >= scope["commissioned_from"])
        )
        and (
            scope["commissioned_to"] is None
            or (commissioned_on is not None and commissioned_on <= scope["commissioned_to"])
        )
        and (
            scope["progress_under"] is None
            or (progress is not None and scaled(progress) < scaled(scope["progress_under"]))
        )
    )


def _judge_tally(tally: Tally, threshold: Threshold, metric: str, reply: Json) -> None:
    if not tally.weighable:
        reply["outcome"], reply["reason"] = "undetermined", "missing_weight"
        return
    if not tally.has_certain:
        if tally.has_uncertain:
            reply["outcome"], reply["reason"] = "undetermined", "unknown_population"
        else:
            reply["outcome"] = "empty"
        return
    low, high = tally.low(), tally.high()
    domestic, total = low
    reply["low"] = reply["high"] = fraction(domestic, total)
    if high != low:
        reply["high"] = fraction(*high)
    if threshold.met_by(domestic, total):
        reply["outcome"] = "compliant"
    elif threshold.met_by(*high):
        reply["outcome"], reply["reason"] = "undetermined", "unknown_origin"
    else:
        reply["outcome"] = "non_compliant"
    if metric == "units":
        reply["replace"] = least_replaced(domestic, total, threshold)
        reply["add"] = least_added(domestic, total, threshold)
    missing = max(0, threshold.numerator * total - domestic * threshold.denominator)
    reply["shortfall"] = fraction(missing, threshold.denominator * (1 if metric == "units" else SCALE))


def least_replaced(domestic: int, total: int, threshold: Threshold) -> int | None:
    """The least units made domestic, of `total`, that meet the threshold; None where even all would not."""
    reached = threshold.numerator * total
    quotient, remainder = reached // threshold.denominator, reached % threshold.denominator
    needed = quotient + 1 if threshold.comparator == "over" else quotient + (remainder > 0)
    return max(0, needed - domestic) if needed <= total else None


def least_added(domestic: int, total: int, threshold: Threshold) -> int | None:
    """The least domestic units added to `total` that meet the threshold; None where no number does."""
    if threshold.met_by(domestic, total):
        return 0
    # (domestic + k) / (total + k) meets n/d where k (d - n) reaches, or passes, what is missing now.
    gain = threshold.denominator - threshold.numerator
    missing = threshold.numerator * total - threshold.denominator * domestic
    if gain == 0:
        return None
    quotient, remainder = missing // gain, missing % gain
    return quotient + 1 if threshold.comparator == "over" else quotient + (remainder > 0)
