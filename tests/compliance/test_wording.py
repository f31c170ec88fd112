"""Sentences say what the numbers beside them say."""

from typing import Any

import pytest

from compliance.wording import determination_in_words, gap_in_words

BASE = {"reason": None, "threshold": "1/2", "comparator": "over", "replace": None, "add": None}


def answer(outcome: str, low: str | None, high: str | None, **more: Any) -> dict[str, Any]:
    return BASE | {"outcome": outcome, "low": low, "high": high} | more


@pytest.mark.parametrize(
    ("given", "units", "metric", "said"),
    [
        (
            answer("non_compliant", "1/2", "1/2"), (500, 500, 0), "units",
            "500 of 1,000 units counted are domestic: 50.0000%. The rule asks for over 50%.",
        ),
        # A share of computing power is not one of units: no units are quoted.
        (
            answer("non_compliant", "320/1309", "320/1309"), (1, 1, 0), "compute",
            "The share is 24.4461%. The rule asks for over 50%.",
        ),
        (
            answer("compliant", "3/5", "4/5"), (3, 1, 1), "units",
            "The share lies between 60.0000% and 80.0000%; the rule asks for over 50%.",
        ),
        (
            answer("undetermined", "1/3", "2/3", reason="unknown_origin"), (1, 1, 1), "units",
            "The share lies between 33.3333% and 66.6666%, since the origin of 1 units is not known; "
            "the rule asks for over 50%.",
        ),
        (
            answer("undetermined", "1/3", "1/1", reason="unknown_origin"), (1, 2, 0), "units",
            "The share lies between 33.3333% and 100.0000%, since it is not known whether some lines count; "
            "the rule asks for over 50%.",
        ),
        (answer("not_reported", None, None), None, "units", "No accepted inventory stands for this period."),
    ],
)  # fmt: skip
def test_what_a_determination_says(given: dict[str, Any], units: Any, metric: str, said: str) -> None:
    assert determination_in_words(given, units, metric) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            answer("non_compliant", "1/2", "1/2", replace=1, add=1),
            "To comply: units to replace by domestic ones: 1; or domestic units to add: 1.",
        ),
        (answer("non_compliant", "0/1", "0/1", replace=3), "To comply: units to replace by domestic ones: 3."),
        (answer("non_compliant", "0/1", "0/1"), ""),
        (answer("compliant", "1/1", "1/1", replace=0, add=0), ""),
    ],
)
def test_what_is_missing(given: dict[str, Any], said: str) -> None:
    assert gap_in_words(given) == said
