"""A provision reads whole: no part of its rule is left out of the sentences beside it."""

from datetime import date
from typing import Any

import pytest

from compliance.reading import (
    percent_text,
    provision_in_sentences,
    readings,
    rule_in_words,
    steps_from,
    threshold_in_words,
)
from tests.compliance.engine.documents import document

pytestmark = pytest.mark.django_db
FROM = date(2025, 1, 1)


def rule(**parts: Any) -> dict[str, Any]:
    """A rule for intelligent centres in Shanghai; the parts of population and scope are given by their names."""
    made: dict[str, Any] = document()["provision"]
    made["population"] |= {"classes": ["accelerator", "cpu"], "statuses": ["in_service"]}
    made["scope"] |= {"kinds": ["intelligent"], "regions": ["31"]}
    for name, value in parts.items():
        place = next(p for p in (made["population"], made["scope"], made) if name in p)
        place[name] = value
    return made


def whole(made: dict[str, Any], case_by_case: dict[str, Any] | None = None) -> str:
    return " ".join(provision_in_sentences(made, FROM, case_by_case))


def test_it_reads_like_a_sentence_of_a_notice() -> None:
    assert whole(rule()) == (
        "Intelligent computing centres in Shanghai: at least 50% of accelerator cards and CPUs in service, "
        "by units, designed in China; from 1 January 2025."
    )


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("metric", "compute", "by computing power"),
        ("metric", "value", "by value"),
        ("origin_rule", "fabricator", "fabricated in China"),
        ("origin_rule", "designer_and_fabricator", "designed and fabricated in China"),
        ("domestic", ["CN", "KR", "SG"], "designed in China, South Korea or SG"),
        ("classes", None, "chips of every class"),
        ("classes", ["storage"], "memory and storage chips"),
        ("workloads", ["training", "mixed"], "for training or mixed work"),
        ("statuses", None, "in any status"),
        ("statuses", ["in_service", "installing", "spare"], "in service, being installed or held as spares"),
        ("acquired_from", "2024-02-29", "acquired on 29 February 2024 or later"),
        ("kinds", None, "Computing centres of every kind in Shanghai"),
        ("kinds", ["supercomputing", "general"], "Supercomputing centres and general data centres in Shanghai"),
        ("regions", None, "Intelligent computing centres: at least"),
        ("regions", ["11", "3101"], "in Beijing or Shanghai (code 3101)"),
        ("regions", ["3"], "in regions whose code begins with 3"),
        (
            "ownership",
            ["central_soe", "local_soe"],
            "of central state-owned enterprises or local state-owned enterprises",
        ),
        ("state_funded", True, "with state funds"),
        ("state_funded", False, "without state funds"),
        ("commissioned_from", "2024-01-01", "commissioned on 1 January 2024 or later"),
        ("commissioned_to", "2024-12-31", "commissioned on 31 December 2024 or earlier"),
        ("progress_under", "30.5", "less than 30.5% built"),
    ],
)
def test_every_part_of_a_rule_is_read(part: str, value: Any, said: str) -> None:
    assert said in whole(rule(**{part: value}))
    assert said not in whole(rule())


def test_two_days_of_commissioning_are_one_span() -> None:
    said = whole(rule(commissioned_from="2024-01-01", commissioned_to="2024-12-31"))
    assert "commissioned from 1 January 2024 to 31 December 2024" in said


def test_later_steps_and_those_who_are_decided_by_hand_are_read() -> None:
    made = rule(
        steps=[
            {"from": "2028-01-01", "comparator": "over", "threshold": "0.705"},
            {"from": "2025-01-01", "comparator": "at_least", "threshold": "0.5"},
        ]
    )
    sentences = provision_in_sentences(made, FROM, made["scope"] | {"progress_under": "100"})
    assert sentences[1:] == [
        "From 1 January 2028: over 70.5%.",
        "Decided case by case, where that leaves them out: "
        "intelligent computing centres in Shanghai, less than 100% built.",
    ]


def test_what_a_later_day_leaves_without_effect_is_said_to_be_so() -> None:
    made = rule(
        steps=[
            {"from": "2023-01-01", "comparator": "at_least", "threshold": "0.3"},
            {"from": "2024-01-01", "comparator": "over", "threshold": "0.4"},
        ]
    )
    first, second = provision_in_sentences(made, FROM)
    assert "over 40%" in first
    assert first.endswith("from 1 January 2025.")
    assert (
        second
        == "Without effect, since the provision holds only from 1 January 2025: at least 30% from 1 January 2023."
    )


def test_a_provision_without_steps_is_a_repeal() -> None:
    assert provision_in_sentences(rule(steps=[]), FROM) == [
        "From 1 January 2025 on nothing is asked for: the mandate is repealed."
    ]
    assert rule_in_words(rule(steps=[]), FROM) == "Nothing is asked for: the mandate is repealed."


def test_both_languages_stand_side_by_side_whatever_the_reader_speaks() -> None:
    english, chinese = readings(rule(), from_on=FROM)
    assert (english.language, chinese.language) == ("en", "zh-hans")
    assert english.sentences == provision_in_sentences(rule(), FROM)
    assert "上海市" in chinese.sentences[0]
    assert "2025年1月1日" in chinese.sentences[0]


@pytest.mark.parametrize(
    ("day", "begins", "goes_on"),
    [
        (date(2024, 1, 1), "at least 50%", "From 1 January 2027: over 70%."),
        (date(2026, 12, 31), "at least 50%", "From 1 January 2027: over 70%."),
        (date(2027, 1, 1), "over 70%", "from 1 January 2027."),
    ],
)
def test_on_a_day_a_rule_is_told_from_the_step_in_force_on(day: date, begins: str, goes_on: str) -> None:
    made = rule(
        steps=[
            {"from": "2025-01-01", "comparator": "at_least", "threshold": "0.5"},
            {"from": "2027-01-01", "comparator": "over", "threshold": "0.7"},
        ]
    )
    said = rule_in_words(made, day)
    assert said.startswith(f"Intelligent computing centres in Shanghai: {begins}")
    assert said.endswith(goes_on)


@pytest.mark.parametrize(
    ("from_on", "without_effect", "first"),
    [(date(2026, 12, 31), 0, date(2026, 12, 31)), (date(2027, 1, 1), 1, date(2027, 1, 1))],
)
def test_a_step_has_effect_until_the_next_begins(from_on: date, without_effect: int, first: date) -> None:
    made = rule(
        steps=[
            {"from": "2025-01-01", "comparator": "at_least", "threshold": "0.5"},
            {"from": "2027-01-01", "comparator": "over", "threshold": "0.7"},
        ]
    )
    left, effective = steps_from(made, from_on)
    assert (len(left), effective[0].from_on) == (without_effect, first)


@pytest.mark.parametrize(
    ("threshold", "comparator", "said"),
    [("1/2", "over", "over 50%"), ("1/1", "at_least", "at least 100%"), ("1/3000", "over", None)],
)
def test_thresholds_are_exact(threshold: str, comparator: str, said: str | None) -> None:
    if said is None:
        with pytest.raises(ValueError, match="no finite decimal"):
            threshold_in_words(threshold, comparator)
    else:
        assert threshold_in_words(threshold, comparator) == said


@pytest.mark.parametrize(
    ("share", "percent"),
    [("0", "0"), ("1", "100"), ("1.000000000", "100"), ("0.333333333", "33.3333333"), ("0.10", "10")],
)
def test_a_share_in_percent_is_exact(share: str, percent: str) -> None:
    assert percent_text(share) == percent
