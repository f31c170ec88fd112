"""The least cards are those that the engine finds to be enough, and one fewer is not; as for what can be lost."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compliance.engine import answer
from compliance.plan import planning
from compliance.plan.least import least_added, least_replaced, spare
from compliance.plan.standing import Standing, standing_of, weight_of
from tests.compliance.engine.documents import line
from tests.compliance.plan.cases import bare, case, held, offer, planned

NEW = line(1, compute="320", unit_price="110000", acquired_on="2025-06-01")


@st.composite
def cases(draw: st.DrawFn, *, classes: tuple[str, ...] = ("accelerator",)) -> dict[str, Any]:
    lines = [
        held(
            draw(st.integers(1, 40)),
            key=key,
            designer=draw(st.sampled_from(["CN", "US", None])),
            compute=draw(st.sampled_from(["0.1", "64", "320", "989.5"])),
            unit_price=draw(st.sampled_from(["0.5", "30000", "240000.99"])),
            acquired_on=draw(st.sampled_from(["2024-06-01", "2025-06-01", "2026-01-01", None])),
            chip_class=draw(st.sampled_from(classes)),
        )
        for key in range(draw(st.integers(0, 5)))
    ]
    whole = case(
        *lines,
        metric=draw(st.sampled_from(["units", "compute", "value"])),
        threshold=draw(st.sampled_from(["0", "0.1", "0.333333333", "0.5", "0.9", "1"])),
        comparator=draw(st.sampled_from(["at_least", "over"])),
    )
    whole["provision"]["population"]["acquired_from"] = draw(st.sampled_from([None, "2025-01-01"]))
    return whole


def stands(whole: dict[str, Any]) -> Standing:
    found = standing_of(bare(whole), answer(bare(whole)), [one["_key"] for one in whole["lines"]], {})
    assert found is not None
    return found


def complies(whole: dict[str, Any], lines: list[dict[str, Any]]) -> bool:
    return bool(answer(bare(whole | {"lines": lines}))["outcome"] == "compliant")


def exchanged(whole: dict[str, Any], units: int, standing: Standing) -> list[dict[str, Any]]:
    """The lines with so many of the heaviest counted foreign cards exchanged for new ones."""
    left = {index: one["quantity"] for index, one in enumerate(whole["lines"])}
    wanted = units
    for kind in sorted(standing.abroad, key=lambda kind: -kind.weight):
        for index in kind.lines:
            taken = min(wanted, left[index])
            left[index], wanted = left[index] - taken, wanted - taken
    kept = [one | {"quantity": left[index]} for index, one in enumerate(whole["lines"]) if left[index]]
    return [*kept, NEW | {"quantity": units}] if units else kept


@settings(max_examples=300, deadline=None)
@given(cases())
def test_adding_so_many_is_enough_and_one_fewer_is_not(whole: dict) -> None:
    least = least_added(stands(whole), weight_of(NEW, whole["provision"]["metric"]))
    if least is None:
        most = [*whole["lines"], NEW | {"quantity": 10**12}]
        assert not complies(whole, most)
        return
    assert least <= 10**12
    assert complies(whole, [*whole["lines"], NEW | {"quantity": least}] if least else whole["lines"])
    if least:
        fewer = [*whole["lines"], NEW | {"quantity": least - 1}] if least > 1 else whole["lines"]
        assert not complies(whole, fewer)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_replacing_so_many_is_enough_and_one_fewer_is_not(whole: dict) -> None:
    standing = stands(whole)
    least = least_replaced(standing, weight_of(NEW, whole["provision"]["metric"]), "accelerator")
    if least is None:
        all_of_them = sum(kind.quantity for kind in standing.abroad)
        assert not complies(whole, exchanged(whole, all_of_them, standing))
        return
    assert complies(whole, exchanged(whole, least, standing))
    if least:
        assert not complies(whole, exchanged(whole, least - 1, standing))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_by_units_the_least_are_those_that_the_engine_names(whole: dict) -> None:
    whole["provision"]["metric"] = "units"
    reply = answer(bare(whole))
    assume(reply["low"] is not None)
    standing = stands(whole)
    assert (least_replaced(standing, 1, "accelerator"), least_added(standing, 1)) == (reply["replace"], reply["add"])


@settings(max_examples=400, deadline=None)
@given(cases(classes=("accelerator", "cpu")))
def test_a_compliant_centre_can_lose_so_many_whichever_they_are_and_of_the_heaviest_no_more(whole: dict) -> None:
    assume(complies(whole, whole["lines"]))
    standing = stands(whole)
    count = spare(standing)

    def without(units: int, *, heaviest: bool) -> list[dict[str, Any]]:
        left = {index: one["quantity"] for index, one in enumerate(whole["lines"])}
        for kind in sorted(standing.home, key=lambda kind: -kind.weight if heaviest else kind.weight):
            for index in kind.lines:
                taken = min(units, left[index])
                left[index], units = left[index] - taken, units - taken
        return [one | {"quantity": left[index]} for index, one in enumerate(whole["lines"]) if left[index]]

    assert complies(whole, without(count, heaviest=True))
    assert complies(whole, without(count, heaviest=False))
    if count < sum(kind.quantity for kind in standing.home):
        assert not complies(whole, without(count + 1, heaviest=True))


@pytest.mark.parametrize("metric", ["units", "compute", "value"])
def test_what_the_engine_does_not_call_compliant_is_no_least(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = case(
        held(60, key=1, designer="CN"), held(100, key=2, designer="US", compute="989.5"),
        held(40, key=3, designer="US"), metric=metric,
    )  # fmt: skip
    offers = [offer(1, "1"), offer(2, "3", compute="64")]
    plan = planned(whole, offers)
    assert plan.least_refused == []
    assert len(plan.least) == 2
    assert all(one.replace and one.add for one in plan.least)
    fewer = planning.least_added
    monkeypatch.setattr(planning, "least_added", lambda *of: (fewer(*of) or 0) - 1)
    plan = planned(whole, offers)
    assert [one.chip.model.name for one in plan.least_refused] == ["Model 101", "Model 102"]
    assert plan.least == []


def test_an_exchange_stays_within_its_class() -> None:
    whole = case(held(3, key=1, designer="US", chip_class="cpu"), held(1, key=2, designer="US"))
    assert least_replaced(stands(whole), 1, "cpu") == 2
    assert least_replaced(stands(whole), 1, "accelerator") is None
    assert least_replaced(stands(whole), 1, "storage") is None
