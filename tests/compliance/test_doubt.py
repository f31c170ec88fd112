"""What is not known or contested could change a determination just so much: held against every way that it could be."""

import json
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from chips.models import ChipClass, ChipModel, Claim, Figure, Vendor
from compliance.doubt import Doubt, UnknownOrigin, doubt_of, unknown_in_words
from compliance.engine import answer
from compliance.shares import parts_of
from tests.compliance.engine.documents import document, line

pytestmark = pytest.mark.django_db

DESIGNER, FABRICATOR, COMPUTE = Figure.DESIGNER_COUNTRY, Figure.FABRICATOR_COUNTRY, Figure.FP16_TFLOPS
PLACES = {DESIGNER: "designer_country", FABRICATOR: "fabricator_country", COMPUTE: "compute"}


def chip(name: str, **claims: list[str]) -> ChipModel:
    """A model of which this is claimed, a figure a keyword, each value by a source of its own."""
    vendor, _ = Vendor.objects.get_or_create(
        name="Test", defaults={"name_zh": "测试", "designer_country": "CN", "parent_country": "CN"}
    )
    made = ChipModel.objects.create(vendor=vendor, name=name, chip_class=ChipClass.ACCELERATOR, workload="mixed")
    for figure, values in claims.items():
        for number, value in enumerate(values):
            Claim.objects.create(
                chip_model=made, figure=figure, value=value, source=f"source {number}", confidence="reported"
            )
    return made


def told(asked: dict[str, Any], *chips: ChipModel, known: bool = True) -> Doubt:
    """What could change `asked`, whose lines are of `chips` in their order."""
    reply = answer(asked)
    found = {one.pk: one for one in chips}
    return doubt_of(asked, reply, [one.pk for one in chips], found, is_state_funded_known=known)


def by_compute(*lines: dict[str, Any], **options: Any) -> dict[str, Any]:
    asked = document(*lines, **options)
    asked["provision"]["metric"] = "compute"
    return asked


def test_the_ascend_910b_passes_under_one_claim_and_fails_under_another() -> None:
    # 100 × 320 of 100 × 320 + 100 × 300; with 256: 256 of 556, with 328: 328 of 628.
    mine = chip("Mine", fp16_tflops=["320", "256", "328", "320.0"])
    theirs = chip("Theirs", fp16_tflops=["300"])
    asked = by_compute(line(100, compute="320"), line(100, designer="US", compute="300"))
    doubt = told(asked, mine, theirs)
    (figure,) = doubt.contested
    assert (figure.chip_model, figure.figure, figure.counted) == (mine, COMPUTE, "320")
    low, high = figure.cases
    assert (low.value, low.supposed.outcome, low.supposed.low) == ("256", "non_compliant", "64/139")
    assert (high.value, high.supposed.outcome, high.supposed.low) == ("328", "compliant", "82/157")
    assert [claim.source for claim in low.claims] == ["source 1"]
    assert (doubt.worst, doubt.best) == (low.supposed, high.supposed)
    assert doubt.unread == []


def test_what_the_rule_does_not_read_is_told_and_changes_nothing() -> None:
    mine = chip("Mine", fp16_tflops=["320", "256"], fabricator_country=["CN", "KR"])
    doubt = told(document(line(1)), mine)
    assert (doubt.contested, doubt.worst, doubt.best) == ([], None, None)
    assert doubt.unread == [(mine, COMPUTE), (mine, FABRICATOR)]


def test_a_figure_of_what_does_not_count_is_not_told() -> None:
    mine, other = chip("Mine"), chip("Other", designer_country=["CN", "US"])
    asked = document(line(1), line(9, status="planned"))
    asked["provision"]["population"]["statuses"] = ["in_service"]
    assert told(asked, mine, other).contested == []


@pytest.mark.parametrize("outcome", ["out_of_scope", "not_in_force", "exempt", "not_reported", "empty"])
def test_where_nothing_was_counted_nothing_could_change_it(outcome: str) -> None:
    mine = chip("Mine", designer_country=["CN", "US"])
    asked = document(line(1))
    if outcome == "out_of_scope":
        asked["provision"]["scope"]["kinds"] = ["general"]
    elif outcome == "not_in_force":
        asked["provision"]["steps"][0]["from"] = "2026-01-01"
    elif outcome == "exempt":
        asked["exemptions"] = [{"from": "2025-01-01", "to": None, "threshold": None}]
    elif outcome == "not_reported":
        asked["reported"] = False
    else:
        asked["provision"]["population"]["classes"] = ["cpu"]
    assert answer(asked)["outcome"] == outcome
    assert told(asked, mine) == Doubt(None, [], None, None, [], None)


@pytest.mark.parametrize("metric", ["units", "compute"])
@pytest.mark.parametrize("origin_rule", ["designer", "fabricator", "designer_and_fabricator"])
@pytest.mark.parametrize("acquired_from", [None, "2024-01-01"])
def test_all_at_once_is_the_worst_and_the_best_of_every_combination(
    metric: str, origin_rule: str, acquired_from: str | None
) -> None:
    claims = [
        {"fp16_tflops": ["100", "250", "400"], "designer_country": ["CN", "US"], "fabricator_country": ["CN"]},
        {"fp16_tflops": ["300", "120"], "designer_country": ["CN"], "fabricator_country": ["CN", "KR", "US"]},
        {"fp16_tflops": ["80", "90.5"], "designer_country": ["US"], "fabricator_country": ["CN", "KR"]},
        {"fp16_tflops": ["70", "500"], "designer_country": ["CN"]},
    ]
    chips = [chip(f"Chip {number}", **said) for number, said in enumerate(claims)]
    lines = [
        line(7, compute="250", fabricator_country="CN"),
        line(5, compute="120", fabricator_country="US"),
        line(11, designer="US", compute="90.5", fabricator_country="KR"),
        # Of unknown origin wherever the fabricator is read.
        line(3, compute="70", fabricator_country=None),
    ]
    # Each model stands in a second line, of which the day is not known.
    asked = document(*lines, *(one | {"quantity": 2, "acquired_on": None} for one in lines))
    asked["provision"] |= {"metric": metric, "origin_rule": origin_rule}
    asked["provision"]["population"]["acquired_from"] = acquired_from
    doubt = told(asked, *chips, *chips)
    assert doubt.worst is not None
    assert doubt.best is not None
    every = [answer(one) for one in combinations(asked, claims)]
    assert Fraction(*parts_of(str(doubt.worst.low))) == min(Fraction(*parts_of(one["low"])) for one in every)
    assert Fraction(*parts_of(str(doubt.best.high))) == max(Fraction(*parts_of(one["high"])) for one in every)


def combinations(asked: dict[str, Any], claims: list[dict[str, list[str]]]) -> list[dict[str, Any]]:
    """The document under every combination of all claims of all models; their lines repeat in their order."""
    figures = [(number, figure, values) for number, said in enumerate(claims) for figure, values in said.items()]
    found = []
    for chosen in product(*(values for _number, _figure, values in figures)):
        changed = json.loads(json.dumps(asked))
        for (number, figure, _values), value in zip(figures, chosen, strict=True):
            for one in changed["lines"][number :: len(claims)]:
                one[PLACES[Figure(figure)]] = value
        found.append(changed)
    return found


def test_each_claim_alone_is_answered_as_the_engine_answers_the_whole_document() -> None:
    mine = chip("Mine", designer_country=["US", "CN", "KR"])
    other = chip("Other")
    asked = document(line(5), line(5, designer="US"), line(1, status="planned"))
    asked["provision"]["population"]["statuses"] = ["in_service"]
    (figure,) = told(asked, mine, other, other).contested
    for case in figure.cases:
        changed = json.loads(json.dumps(asked))
        changed["lines"][0]["designer_country"] = case.value
        reply = answer(changed)
        assert case.supposed == tuple(reply[key] for key in ("outcome", "reason", "low", "high"))
    assert [case.value for case in figure.cases] == ["CN", "KR", "US"]


def test_equal_lines_are_added_together_beyond_what_a_line_can_hold() -> None:
    mine = chip("Mine", designer_country=["CN", "US"])
    asked = document(*(line(10**12) for _ in range(3)), line(1, designer="US"))
    other = chip("Other")
    (figure,) = told(asked, mine, mine, mine, other).contested
    assert figure.cases[0].supposed.low == f"{3 * 10**12}/{3 * 10**12 + 1}"


@pytest.mark.parametrize(
    ("domestic", "foreign", "unknown", "comparator", "decisive", "outcomes"),
    [
        # Of 100: 50 at least, or over, with as many of the unknown as it takes.
        (40, 40, 20, "at_least", 10, ("compliant", "non_compliant")),
        (40, 40, 20, "over", 11, ("compliant", "non_compliant")),
        (50, 40, 10, "at_least", None, ("compliant", "compliant")),
        (50, 40, 10, "over", 1, ("compliant", "non_compliant")),
        (30, 60, 10, "at_least", None, ("non_compliant", "non_compliant")),
        (40, 50, 10, "at_least", 10, ("compliant", "non_compliant")),
        (40, 50, 10, "over", None, ("non_compliant", "non_compliant")),
    ],
)
def test_how_many_of_unknown_origin_decide_it(
    domestic: int, foreign: int, unknown: int, comparator: str, decisive: int | None, outcomes: tuple[str, str]
) -> None:
    chips = [chip(name) for name in ("A", "B", "C")]
    asked = document(line(domestic), line(foreign, designer="US"), line(unknown, designer=None), comparator=comparator)
    found = told(asked, *chips).unknown
    assert found is not None
    assert (found.units, found.lines, found.decisive) == (unknown, 1, decisive)
    assert (found.all_domestic.outcome, found.all_foreign.outcome) == outcomes
    if decisive is not None:
        for part, outcome in ((decisive, "compliant"), (decisive - 1, "non_compliant")):
            settled = [line(part)] * (part > 0) + [line(unknown - part, designer="US")] * (part < unknown)
            whole = document(line(domestic), line(foreign, designer="US"), *settled, comparator=comparator)
            assert answer(whole)["outcome"] == outcome


@pytest.mark.parametrize(
    ("comparator", "words"),
    [
        (
            "at_least",
            "It complies if at least 1,000.5 TFLOPS dense FP16 of unknown origin are domestic, and not otherwise.",
        ),
        (
            "over",
            "It complies if more than 1,000.5 TFLOPS dense FP16 of unknown origin are domestic, and not otherwise.",
        ),
    ],
)
def test_how_much_computing_power_of_unknown_origin_decides_it(comparator: str, words: str) -> None:
    chips = [chip(name) for name in ("A", "B", "C")]
    # 1,000 of 4,001 TFLOPS are domestic: 2,000.5 are half.
    lines = (line(10, compute="100"), line(1, designer="US", compute="1001"), line(20, designer=None, compute="100"))
    found = told(by_compute(*lines, comparator=comparator), *chips).unknown
    assert found is not None
    assert found.decisive == Fraction(2001, 2)
    assert unknown_in_words(found, "compute") == words


def test_where_it_is_not_known_which_lines_count_no_number_is_named() -> None:
    mine = chip("Mine")
    asked = document(line(1), line(1, designer=None), line(1, designer="US", acquired_on=None))
    asked["provision"]["population"]["acquired_from"] = "2024-01-01"
    found = told(asked, mine, mine, mine).unknown
    assert isinstance(found, UnknownOrigin)
    assert found.decisive is None
    assert "cannot be told" in unknown_in_words(found, "units")


@pytest.mark.parametrize(
    ("asks", "known", "outcome"),
    [(True, False, "compliant"), (True, True, None), (None, False, None), (False, False, "out_of_scope")],
)
def test_what_it_would_be_were_the_centre_state_funded(asks: bool | None, known: bool, outcome: str | None) -> None:
    asked = document(line(1))
    asked["centre"]["state_funded"] = False
    asked["provision"]["scope"]["state_funded"] = asks
    found = told(asked, chip("Mine"), known=known).state_funded
    assert (found and found.outcome) == outcome
