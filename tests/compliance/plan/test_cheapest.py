"""The cheapest mix is the one that trying everything finds, and the engine calls it compliant."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compliance.plan.cheapest as module
from compliance.engine import answer
from compliance.plan import planning
from compliance.plan.cheapest import Cheapest, Limit, Limits, Mix, Way
from compliance.plan.integers import Clock, Minimum, Program, Proof
from compliance.plan.least import least_added
from compliance.plan.offers import Offer
from compliance.plan.planning import Plan
from compliance.plan_wording import obstacles_in_words, proof_in_words
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
            chip_class=draw(st.sampled_from(["accelerator", "accelerator", "cpu"])),
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


@pytest.mark.parametrize("threshold", ["0.333333333", "0.987654321", "0.5"])
@pytest.mark.parametrize("comparator", ["at_least", "over"])
def test_figures_of_nine_places_are_solved_to_the_card_though_their_sums_exceed_64_bits(
    threshold: str, comparator: str
) -> None:
    whole = case(
        held(20_001, key=1, designer="US", compute="989.123456789"), metric="compute",
        threshold=threshold, comparator=comparator,
    )  # fmt: skip
    plan = planned(whole, [offer(1, "99999.99", compute="320.987654321")], Limits(Way.ADD))
    assert plan.mix is not None
    assert plan.standing is not None
    assert plan.cheapest is not None
    assert [one.units for one in plan.mix.bought] == [least_added(plan.standing, 320_987654321)]
    assert plan.cheapest.minimum.proof == Proof.LEAST


@pytest.mark.parametrize("threshold", ["0.333333333", "0.999999999", "0.5"])
def test_of_the_greatest_numbers_that_a_document_holds_what_is_found_complies_and_what_is_not_proved_is_told(
    threshold: str,
) -> None:
    compute = "123456789012345.123456789"
    lines = held(10**12, key=1, designer="US", compute=compute)
    offers = [offer(1, "99999.99", compute=compute), offer(2, "7.01", compute="0.000000001")]
    plan = planned(case(lines, metric="compute", threshold=threshold), offers)
    assert plan.cheapest is not None
    minimum = plan.cheapest.minimum
    if plan.mix is None:
        assert minimum.proof == Proof.UNKNOWN
        return
    assert plan.mix.answer["outcome"] == "compliant"
    assert minimum.proof == Proof.GAP
    assert minimum.bound is not None
    assert minimum.bound < plan.mix.cost


def moved(plan: Plan) -> list[tuple[str, int]]:
    """What is bought and taken out, and how much of it."""
    if plan.mix is None:
        return []
    bought = [(one.offer.line["chip"], one.units) for one in plan.mix.bought]
    return [*bought, *((one.held.chip, -one.units) for one in plan.mix.taken)]


def test_half_of_a_thousand_is_enough_for_at_least_and_one_card_short_for_over() -> None:
    lines = (held(500, key=1, designer="CN"), held(500, key=2, designer="US", watts=700))
    assert planned(case(*lines), [offer(1, "10")]).cheapest is None
    replaced = planned(case(*lines, comparator="over"), [offer(1, "10")])
    assert replaced.mix is not None
    assert [(one.units, one.cost) for one in replaced.mix.bought] == [(1, 10)]
    # Adding one card does as well, so that nothing needs to be taken out.
    assert replaced.mix.taken == []
    assert replaced.mix.answer["low"] == "501/1001"


def test_what_is_bought_for_compute_is_not_what_is_cheapest_by_card() -> None:
    # 100 × 989.5 foreign, 100 × 320 domestic TFLOPS: 66,950 of them must be made up for.
    lines = (held(100, key=1, designer="CN", compute="320"), held(100, key=2, designer="US", compute="989.5"))
    small, large = offer(1, "20000", compute="80"), offer(2, "110000", compute="640")
    by_compute = planned(case(*lines, metric="compute"), [small, large], Limits(Way.ADD))
    assert by_compute.mix is not None
    # 104 × 640 = 66,560, and 390 more are made up for by 5 × 80.
    assert [one.units for one in by_compute.mix.bought] == [5, 104]
    by_units = planned(case(*lines, comparator="over"), [small, large], Limits(Way.ADD))
    assert by_units.mix is not None
    assert [(one.offer.line["chip"], one.units) for one in by_units.mix.bought] == [("Offered 1", 1)]


@pytest.mark.parametrize(
    ("limits", "limit", "would_do"),
    [
        (Limits(Way.REPLACE, budget=Fraction(49_999)), Limit.BUDGET, 50_000),
        (Limits(Way.ADD, power=Fraction(3_099)), Limit.POWER, 3_100),
        (Limits(Way.ADD, power=Fraction(3_099)), Limit.WAY, 50_000),
    ],
)
def test_it_says_which_limit_stands_in_the_way_and_the_least_that_would_do(
    limits: Limits, limit: Limit, would_do: int
) -> None:
    # Ten cards more are needed: 310 W and 10,000 CNY each, or five in the place of cards that draw more.
    whole = case(held(10, key=1, designer="CN"), held(20, key=2, designer="US"))
    plan = planned(whole, [offer(1, "10000")], limits)
    assert plan.mix is None
    found = plan.cheapest.obstacles if plan.cheapest else None
    assert found is not None
    assert not found.is_together
    assert found.would_do[limit].cost == would_do
    assert found.would_do[limit].proof == Proof.LEAST
    enough = {
        Limit.BUDGET: limits._replace(budget=Fraction(would_do)),
        Limit.POWER: limits._replace(power=Fraction(would_do)),
        Limit.WAY: limits._replace(way=Way.EITHER),
    }[limit]
    assert planned(whole, [offer(1, "10000")], enough).mix is not None


def test_deliveries_stand_in_the_way_by_themselves_or_together_with_a_budget() -> None:
    whole = case(held(10, key=1, designer="US"))
    few = [offer(1, "10000", available=4)]
    alone = planned(whole, few).cheapest
    assert alone is not None
    assert alone.obstacles is not None
    assert {limit: m.cost for limit, m in alone.obstacles.would_do.items()} == {Limit.DELIVERIES: 50_000}
    both = planned(whole, few, Limits(budget=Fraction(30_000))).cheapest
    assert both is not None
    assert both.obstacles is not None
    assert both.obstacles.is_together
    assert both.obstacles.would_do[Limit.BUDGET].cost == 50_000


def test_together_only_those_are_named_that_cannot_stay() -> None:
    whole = case(held(10, key=1, designer="US", watts=300, compute="320"))
    # Ten cards are to be added, of 10,000 CNY and 310 W each; power and computing power stand in nobody's way.
    limits = Limits(Way.ADD, keeps_compute=True, budget=Fraction(30_000), power=Fraction(10_000))
    found = planned(whole, [offer(1, "10000", available=4)], limits).cheapest
    assert found is not None
    assert found.obstacles is not None
    assert found.obstacles.is_together
    assert {limit: m.cost for limit, m in found.obstacles.would_do.items()} == {
        Limit.BUDGET: 100_000,
        Limit.DELIVERIES: 100_000,
    }


def test_no_number_of_cards_is_more_than_the_whole() -> None:
    plan = planned(case(held(10, key=1, designer="US"), threshold="1", comparator="over"), [offer(1, "1")])
    assert plan.cheapest is not None
    assert plan.cheapest.obstacles is not None
    assert plan.cheapest.obstacles.would_do == {}


def test_cards_whose_power_is_not_known_free_none_and_are_not_bought_where_power_is_limited() -> None:
    whole = case(held(2, key=1, designer="US", watts=None))
    offers = [offer(1, "1", watts=None), offer(2, "100", watts=310)]
    assert planned(whole, offers).mix is not None
    limited = planned(whole, offers, Limits(power=Fraction(310)))
    assert limited.mix is not None
    assert [(one.offer.line["chip"], one.units) for one in limited.mix.bought] == [("Offered 2", 1)]
    assert limited.mix.power == 310
    assert planned(whole, offers, Limits(power=Fraction(309))).mix is None


@pytest.mark.parametrize("keeps_compute", [False, True])
def test_power_that_nobody_knows_stands_in_the_way_where_power_is_limited(keeps_compute: bool) -> None:
    whole = case(held(100, key=1, designer="US", compute="320"))
    unknown, limits = offer(1, "1000", watts=None), Limits(keeps_compute=keeps_compute, power=Fraction(10**9))
    found = planned(whole, [unknown], limits).cheapest
    assert found is not None
    assert found.obstacles is not None
    # Nothing else does: neither is the computing power to blame, nor is there no number that would do.
    assert {limit: minimum.cost for limit, minimum in found.obstacles.would_do.items()} == {Limit.UNKNOWN_POWER: 50_000}
    assert obstacles_in_words(found.obstacles) == [
        "The limit of power stands in the way, since it is not known what some chips draw: without such a limit, "
        "50,000 CNY would do, and the power that this takes is not known."
    ]
    assert "No mix of those chips on offer whose power is known" in proof_in_words(found)
    # Beside one of which it is known: that one needs so much, and whether the other needs less nobody can tell.
    beside = planned(whole, [unknown, offer(2, "2000", watts=410)], limits._replace(power=Fraction(499))).cheapest
    assert beside is not None
    assert beside.obstacles is not None
    assert {limit: (m.cost, m.proof) for limit, m in beside.obstacles.would_do.items()} == {
        Limit.POWER: (500, Proof.GAP)
    }
    assert "whether less would is not proved" in obstacles_in_words(beside.obstacles)[0]
    enough = planned(whole, [unknown, offer(2, "2000", watts=410)], limits._replace(power=Fraction(500))).cheapest
    assert enough is not None
    assert "whose power is known that keeps to these limits" in proof_in_words(enough)


def test_cards_of_unknown_origin_count_as_foreign_and_are_taken_out_like_those() -> None:
    whole = case(held(4, key=1, designer=None))
    plan = planned(whole, [offer(1, "1")], Limits(Way.REPLACE))
    assert plan.target.answer["outcome"] == "undetermined"
    assert plan.mix is not None
    assert [(one.held.chip, one.units) for one in plan.mix.taken] == [("Held 1", 2)]
    assert plan.mix.answer["low"] == "1/2"


def test_what_must_keep_its_computing_power_is_not_replaced_by_less() -> None:
    whole = case(held(2, key=1, designer="US", compute="989.5"), held(2, key=2, designer="US", compute=None))
    offers = [offer(1, "1000", compute="80"), offer(2, "9000", compute="752")]
    free = planned(whole, offers, Limits(Way.REPLACE))
    assert free.mix is not None
    assert free.mix.cost == 2_000
    kept = planned(whole, offers, Limits(keeps_compute=True))
    assert kept.mix is not None
    # Nothing is taken out of which nobody knows what is lost; to add four small ones costs less than two large.
    assert [(one.offer.line["chip"], one.units) for one in kept.mix.bought] == [("Offered 1", 4)]
    assert kept.mix.taken == []
    assert planned(whole, offers, Limits(Way.REPLACE, keeps_compute=True)).mix is None


def test_of_mixes_that_cost_as_much_it_is_the_one_that_moves_fewest_cards() -> None:
    whole = case(held(10, key=1, designer="CN"), held(14, key=2, designer="US"), comparator="over")
    plan = planned(whole, [offer(1, "5"), offer(2, "5")])
    assert plan.mix is not None
    assert sum(one.units for one in plan.mix.bought) == 3
    assert sum(one.units for one in plan.mix.taken) == 2


@pytest.mark.parametrize("metric", ["units", "compute", "value"])
def test_a_mix_that_the_engine_does_not_call_compliant_is_refused(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = case(held(100, key=1, designer="CN"), held(200, key=2, designer="US"), metric=metric)
    offers = [offer(1, "100000")]
    solved = planning.cheapest

    def one_card_fewer(*args: Any, **kwargs: Any) -> Cheapest:
        found = solved(*args, **kwargs)
        assert found.mix is not None
        bought, taken = (tuple(max(0, units - 1) for units in moved) for moved in found.mix)
        return found._replace(mix=Mix(bought, taken))

    assert planned(whole, offers).refused is None
    monkeypatch.setattr(planning, "cheapest", one_card_fewer)
    plan = planned(whole, offers)
    assert plan.mix is None
    assert plan.refused is not None
    assert plan.refused["outcome"] == "non_compliant"


def test_where_time_ends_first_nothing_is_called_proved() -> None:
    whole = case(held(100, key=1, designer="CN"), held(200, key=2, designer="US"))
    plan = planned(whole, [offer(1, "1"), offer(2, "2")], seconds=0)
    assert plan.cheapest is not None
    assert plan.cheapest.minimum.proof in (Proof.UNKNOWN, Proof.GAP)
    assert plan.cheapest.obstacles is None


def test_where_time_ends_before_the_obstacles_are_known_none_is_called_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = case(held(10, key=1, designer="US"))
    limits = Limits(Way.ADD, budget=Fraction(1), power=Fraction(1))
    solved, asked = module.minimise, []

    def told(ends_at: set[int]) -> list[str]:
        """What is said where time ends at these searches of what stands in the way: at the last of them, or before."""

        def minimise(program: Program, clock: Clock) -> Minimum:
            asked.append(program)
            return Minimum(Proof.UNKNOWN) if len(asked) - 2 in ends_at else solved(program, clock)

        asked.clear()
        monkeypatch.setattr(module, "minimise", minimise)
        found = planned(whole, [offer(1, "10000")], limits).cheapest
        assert found is not None
        assert found.obstacles is not None
        return obstacles_in_words(found.obstacles)

    # The budget, the power and the way by themselves; then all of them together, each for its least.
    assert told(set())[0].startswith("No limit stands in the way by itself")
    assert told({1})[0].startswith("These limits stand in the way together; the search ended")
    assert told(set(range(9))) == ["The search ended before it was found which limit stands in the way, if any does."]
    limits = Limits(budget=Fraction(1), keeps_compute=True)
    assert [said.split(":")[0] for said in told({1})] == [
        "The budget stands in the way",
        "The search ended before it was found whether another limit stands in the way by itself, too.",
    ]


def test_a_repeated_question_has_the_same_answer() -> None:
    whole = case(
        *(held(37 + key, key=key, designer="US", compute=str(100 + 37 * key), watts=300 + key) for key in range(6)),
        metric="compute",
    )
    offers = [offer(key, str(1000 + 97 * key), compute=str(60 + 61 * key), watts=90 + 40 * key) for key in range(8)]
    limits = Limits(keeps_compute=True, power=Fraction(20_000))
    first, second = (planned(whole, offers, limits) for _ in range(2))
    assert moved(first)
    assert moved(first) == moved(second)
