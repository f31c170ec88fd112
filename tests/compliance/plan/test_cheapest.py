"""The cheapest mix is the one that trying everything finds, and the engine calls it compliant."""

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine import answer
from compliance.plan.cheapest import Limits, Way
from compliance.plan.integers import Proof
from compliance.plan.offers import Offer
from tests.compliance.plan.cases import case, cheapest_by_trying, held, offer, planned

thresholds = st.sampled_from(["0", "0.25", "0.333333333", "0.5", "0.999999999", "1"])
metrics = st.sampled_from(["units", "compute", "value"])
figures = st.sampled_from(["0.1", "64", "320", "989.5"])


@st.composite
def problems(draw: st.DrawFn) -> tuple[dict[str, Any], list[Offer], Limits]:
    origin_rule = draw(st.sampled_from(["designer", "fabricator", "designer_and_fabricator"]))
    lines = [
        held(
            draw(st.integers(1, 3)),
            key=key,
            designer=draw(st.sampled_from(["CN", "US", None])),
            compute=draw(figures),
            unit_price=draw(st.sampled_from(["0.5", "30000", "240000.99"])),
            acquired_on=draw(st.sampled_from(["2024-06-01", "2025-06-01", "2026-01-01", None])),
            watts=draw(st.sampled_from([None, 300, 700])),
            **{"class": draw(st.sampled_from(["accelerator", "accelerator", "cpu"]))},
        )
        for key in range(draw(st.integers(0, 2)))
    ]
    offers = [
        offer(
            key,
            draw(st.sampled_from(["0.01", "32000", "110000.5"])),
            compute=draw(figures),
            watts=draw(st.sampled_from([150, 310])),
            available=draw(st.integers(0, 4)),
            chip_class=draw(st.sampled_from(["accelerator", "accelerator", "cpu"])),
        )
        for key in range(2)
    ]
    whole = case(
        *lines, metric=draw(metrics), threshold=draw(thresholds), comparator=draw(st.sampled_from(["at_least", "over"]))
    )
    whole["provision"]["origin_rule"] = origin_rule
    whole["provision"]["population"]["acquired_from"] = draw(st.sampled_from([None, "2025-01-01"]))
    limits = Limits(
        way=draw(st.sampled_from(Way)),
        keeps_compute=draw(st.booleans()),
        budget=draw(st.sampled_from([None, Fraction(64000), Fraction("220000.99")])),
        power=draw(st.sampled_from([None, Fraction(0), Fraction(450)])),
    )
    return whole, offers, limits


@settings(max_examples=300, deadline=None)
@given(problems())
def test_no_mix_that_the_engine_calls_compliant_is_cheaper(problem: tuple[dict, list[Offer], Limits]) -> None:
    whole, offers, limits = problem
    # Only accelerators have computing power to keep, so that the plain check may look at every line.
    if limits.keeps_compute and any(one["class"] != "accelerator" for one in whole["lines"]):
        limits = limits._replace(keeps_compute=False)
    if limits.keeps_compute:
        offers = [one if one.line["class"] == "accelerator" else one._replace(available=0) for one in offers]
    plan = planned(whole, offers, limits)
    if plan.cheapest is None:
        return
    least = cheapest_by_trying(whole, offers, limits)
    assert plan.refused is None
    assert (plan.mix.cost if plan.mix else None) == least
    if plan.mix:
        assert plan.cheapest.minimum.proof == Proof.LEAST
        assert plan.cheapest.minimum.bound == plan.cheapest.minimum.cost == plan.mix.cost
        assert answer(plan.mix.document)["outcome"] == "compliant"
    else:
        assert plan.cheapest.minimum.proof == Proof.NONE
