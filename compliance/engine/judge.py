"""From a checked document to an outcome, by integers alone.

Dates are ISO texts, which order as their days do. Weights are integers: units as they are, compute and value in
parts of `SCALE`.
"""

from collections.abc import Callable
from math import gcd
from typing import Any, NamedTuple

from compliance.engine.document import SCALE, scaled

Json = dict[str, Any]

# The origins of a line, as places in a list of weights.
DOMESTIC, FOREIGN, UNKNOWN = range(3)


class Threshold(NamedTuple):
    """`numerator`/`denominator`, to be reached (`at_least`) or passed (`over`)."""

    numerator: int
    denominator: int
    comparator: str

    def met_by(self, part: int, whole: int) -> bool:
        """Whether `part` of `whole` meets it; decided by cross-multiplication."""
        left, right = part * self.denominator, self.numerator * whole
        return left > right if self.comparator == "over" else left >= right


class Tally(NamedTuple):
    """Weights of the population by origin; `maybe_…` those of lines that may or may not count."""

    domestic: int
    foreign: int
    unknown: int
    maybe_domestic: int
    maybe_foreign: int
    maybe_unknown: int
    excluded: list[Json]
    certain_lines: int
    uncertain_lines: int
    weighable: bool

    def low(self) -> tuple[int, int]:
        """Domestic and total weight where every open question goes against the centre."""
        rest = self.foreign + self.unknown + self.maybe_foreign + self.maybe_unknown
        return self.domestic, self.domestic + rest

    def high(self) -> tuple[int, int]:
        """Domestic and total weight where every open question goes for the centre."""
        domestic = self.domestic + self.unknown + self.maybe_domestic + self.maybe_unknown
        return domestic, domestic + self.foreign


def fraction(numerator: int, denominator: int) -> str:
    """The reduced fraction as text, ``"13/25"``."""
    divisor = gcd(numerator, denominator)
    return f"{numerator // divisor}/{denominator // divisor}"


def judge(document: Json) -> Json:
    """The contract's answer to a checked document, but for its digest."""
    provision, as_of = document["provision"], document["as_of"]
    steps = provision["steps"]
    reply: Json = {
        "outcome": None,
        "reason": None,
        "low": None,
        "high": None,
        "threshold": None,
        "comparator": None,
        "next_step": min((s for s in steps if s["from"] > as_of), key=lambda s: s["from"], default=None),
        "replace": None,
        "add": None,
        "shortfall": None,
        "excluded": [],
    }
    step = max((s for s in steps if s["from"] <= as_of), key=lambda s: s["from"], default=None)
    if not in_scope(document["centre"], provision["scope"]):
        reply["outcome"] = "out_of_scope"
    elif step is None:
        reply["outcome"] = "not_in_force"
    else:
        _judge_in_force(document, step, reply)
    return reply


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


def _judge_in_force(document: Json, step: Json, reply: Json) -> None:
    as_of = document["as_of"]
    covering = [
        e["threshold"] for e in document["exemptions"] if e["from"] <= as_of and (e["to"] is None or as_of <= e["to"])
    ]
    exempt = None in covering
    # An exempt centre is shown the step's own threshold, whatever else was granted.
    granted = [] if exempt else [scaled(text) for text in covering]
    threshold = Threshold(min([scaled(step["threshold"]), *granted]), SCALE, step["comparator"])
    reply["threshold"] = fraction(threshold.numerator, SCALE)
    reply["comparator"] = threshold.comparator
    if exempt:
        reply["outcome"] = "exempt"
    elif not document["reported"]:
        reply["outcome"] = "not_reported"
    else:
        tally = tally_of(document)
        reply["excluded"] = tally.excluded
        _judge_tally(tally, threshold, document["provision"]["metric"], reply)


def _judge_tally(tally: Tally, threshold: Threshold, metric: str, reply: Json) -> None:
    if not tally.weighable:
        reply["outcome"], reply["reason"] = "undetermined", "missing_weight"
        return
    if not tally.certain_lines:
        if tally.uncertain_lines:
            reply["outcome"], reply["reason"] = "undetermined", "unknown_population"
        else:
            reply["outcome"] = "empty"
        return
    domestic, total = tally.low()
    reply["low"], reply["high"] = fraction(domestic, total), fraction(*tally.high())
    if threshold.met_by(domestic, total):
        reply["outcome"] = "compliant"
    elif threshold.met_by(*tally.high()):
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
    quotient, remainder = divmod(threshold.numerator * total, threshold.denominator)
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
    quotient, remainder = divmod(missing, gain)
    return quotient + 1 if threshold.comparator == "over" else quotient + (remainder > 0)


def tally_of(document: Json) -> Tally:
    """Which lines of a checked document count, and their weight by origin."""
    provision, as_of = document["provision"], document["as_of"]
    population = provision["population"]
    classes, workloads, statuses = population["classes"], population["workloads"], population["statuses"]
    acquired_from = population["acquired_from"]
    figure = {"units": None, "compute": "compute", "value": "unit_price"}[provision["metric"]]
    origin = ORIGINS[provision["origin_rule"]]
    home = frozenset(provision["domestic"])
    # Domestic, foreign, unknown; then the same for uncertain lines.
    weights = [0] * 6
    excluded: list[Json] = []
    uncertain = 0
    weighable = True
    for index, line in enumerate(document["lines"]):
        acquired_on = line["acquired_on"]
        if classes is not None and line["class"] not in classes:
            excluded.append({"line": index, "reason": "class"})
            continue
        if workloads is not None and line["workload"] not in workloads:
            excluded.append({"line": index, "reason": "workload"})
            continue
        if statuses is not None and line["status"] not in statuses:
            excluded.append({"line": index, "reason": "status"})
            continue
        if acquired_on is not None and acquired_on > as_of:
            excluded.append({"line": index, "reason": "acquired_after_as_of"})
            continue
        place = origin(line, home)
        if acquired_from is not None:
            if acquired_on is None:
                uncertain += 1
                place += 3
            elif acquired_on < acquired_from:
                excluded.append({"line": index, "reason": "acquired_before"})
                continue
        weight = line["quantity"]
        if figure is not None:
            weight *= scaled(line[figure])
            weighable = weighable and weight > 0
        weights[place] += weight
    certain = len(document["lines"]) - len(excluded) - uncertain
    domestic, foreign, unknown, *maybe = weights
    return Tally(domestic, foreign, unknown, maybe[0], maybe[1], maybe[2], excluded, certain, uncertain, weighable)


def _origin_of(country: str | None, home: frozenset[str]) -> int:
    if country is None:
        return UNKNOWN
    return DOMESTIC if country in home else FOREIGN


def _by_designer(line: Json, home: frozenset[str]) -> int:
    return _origin_of(line["designer_country"], home)


def _by_fabricator(line: Json, home: frozenset[str]) -> int:
    return _origin_of(line["fabricator_country"], home)


def _by_both(line: Json, home: frozenset[str]) -> int:
    origins = (_by_designer(line, home), _by_fabricator(line, home))
    if FOREIGN in origins:
        return FOREIGN
    return UNKNOWN if UNKNOWN in origins else DOMESTIC


# Each gives `DOMESTIC`, `FOREIGN` or `UNKNOWN`.
ORIGINS: dict[str, Callable[[Json, frozenset[str]], int]] = {
    "designer": _by_designer,
    "fabricator": _by_fabricator,
    "designer_and_fabricator": _by_both,
}


def origin_of(provision: Json) -> Callable[[Json], int]:
    """What tells the origin of a line under a checked `provision`."""
    origin, home = ORIGINS[provision["origin_rule"]], frozenset(provision["domestic"])
    return lambda line: origin(line, home)
