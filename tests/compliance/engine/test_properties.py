"""What must hold of every document, held against a slow reckoning with fractions."""

import itertools
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from compliance.engine import answer
from tests.compliance.engine.documents import document, line

countries = st.sampled_from(["CN", "US", None])
thresholds = st.sampled_from(["0", "0.5", "0.333333333", "0.9", "1"])
comparators = st.sampled_from(["at_least", "over"])
lines = st.builds(
    line,
    st.one_of(st.integers(1, 9), st.integers(1, 10**12)),
    designer=countries,
    acquired_on=st.sampled_from(["2024-06-01", "2025-06-01", "2026-01-01", None]),
    status=st.sampled_from(["in_service", "planned"]),
    compute=st.sampled_from(["0.1", "320", "989.4", "0", None]),
)


@st.composite
def documents(draw: st.DrawFn, metric: str | None = None, most: int = 6) -> dict[str, Any]:
    whole = document(*draw(st.lists(lines, max_size=most)), comparator=draw(comparators), threshold=draw(thresholds))
    whole["provision"]["metric"] = metric or draw(st.sampled_from(["units", "compute"]))
    whole["provision"]["population"]["statuses"] = draw(st.sampled_from([None, ["in_service"]]))
    whole["provision"]["population"]["acquired_from"] = draw(st.sampled_from([None, "2025-01-01"]))
    return whole


def without(reply: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in reply.items() if key not in keys}


def meets(share: Fraction, whole: dict[str, Any]) -> bool:
    step = whole["provision"]["steps"][0]
    threshold = Fraction(step["threshold"])
    return share > threshold if step["comparator"] == "over" else share >= threshold


@given(documents(), st.randoms())
def test_the_order_of_lines_never_matters(whole: dict, random: Any) -> None:
    before = answer(whole)
    random.shuffle(whole["lines"])
    assert without(answer(whole), "excluded", "digest") == without(before, "excluded", "digest")


@given(documents(), st.data())
def test_splitting_a_line_changes_no_share(whole: dict, data: st.DataObject) -> None:
    before = answer(whole)
    parts = []
    for one in whole["lines"]:
        first = data.draw(st.integers(0, one["quantity"]))
        parts += [one | {"quantity": n} for n in (first, one["quantity"] - first) if n]
    whole["lines"] = parts
    assert without(answer(whole), "excluded", "digest") == without(before, "excluded", "digest")


@given(documents("units"))
def test_adding_the_units_named_meets_the_threshold_and_one_fewer_does_not(whole: dict) -> None:
    reply = answer(whole)
    if reply["low"] is None or not reply["add"]:
        return
    # Acquired within every population, so that the added units surely count.
    certain = {"designer": "CN", "acquired_on": "2025-06-01"}
    if reply["add"] <= 10**12:
        enough = answer(whole | {"lines": [*whole["lines"], line(reply["add"], **certain)]})
        assert meets(Fraction(enough["low"]), whole)
    if 1 < reply["add"] <= 10**12:
        fewer = answer(whole | {"lines": [*whole["lines"], line(reply["add"] - 1, **certain)]})
        assert not meets(Fraction(fewer["low"]), whole)


@given(documents("units"))
def test_replacing_the_units_named_meets_the_threshold_and_one_fewer_does_not(whole: dict) -> None:
    reply = answer(whole)
    if reply["low"] is None:
        return
    low, total = Fraction(reply["low"]), low_total(whole)
    if reply["replace"] is None:
        assert not meets(Fraction(1), whole)
    elif reply["replace"]:
        assert reply["replace"] <= total - low * total
        assert meets(low + Fraction(reply["replace"], total), whole)
        assert not meets(low + Fraction(reply["replace"] - 1, total), whole)
    else:
        assert meets(low, whole)


def low_total(whole: dict[str, Any]) -> int:
    uncertain = whole["provision"]["population"]["acquired_from"] is not None
    return sum(
        one["quantity"]
        for one in counted(whole)
        if not (uncertain and one["acquired_on"] is None and one["designer_country"] == "CN")
    )


def counted(whole: dict[str, Any]) -> list[dict[str, Any]]:
    population = whole["provision"]["population"]
    return [
        one
        for one in whole["lines"]
        if (population["statuses"] is None or one["status"] in population["statuses"])
        and (one["acquired_on"] or "") <= whole["as_of"]
        and (one["acquired_on"] is None or one["acquired_on"] >= (population["acquired_from"] or ""))
    ]


@given(documents(most=4))
def test_the_bounds_are_those_of_every_way_of_counting(whole: dict) -> None:
    reply = answer(whole)
    if reply["low"] is None:
        return
    shares = []
    for choice in itertools.product(*(ways(one, whole) for one in counted(whole))):
        total = sum(domestic + foreign for domestic, foreign in choice)
        if total:
            shares.append(Fraction(sum(domestic for domestic, _ in choice)) / total)
    assert (Fraction(reply["low"]), Fraction(reply["high"])) == (min(shares), max(shares))
    assert (reply["outcome"] == "compliant") == meets(min(shares), whole)
    assert (reply["outcome"] == "non_compliant") == (not meets(max(shares), whole))


def ways(one: dict[str, Any], whole: dict[str, Any]) -> list[tuple[Fraction, Fraction]]:
    """Every (domestic, foreign) weight that a counted line can take."""
    provision = whole["provision"]
    weight = Fraction(one["quantity"]) * (Fraction(one["compute"]) if provision["metric"] == "compute" else 1)
    nothing = Fraction(0)
    found = []
    if one["designer_country"] in ("CN", None):
        found.append((weight, nothing))
    if one["designer_country"] in ("US", None):
        found.append((nothing, weight))
    if provision["population"]["acquired_from"] and one["acquired_on"] is None:
        found.append((nothing, nothing))
    return found
