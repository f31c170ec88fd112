"""How many comply at each whole percent is decided by integers: just under, at and just over."""

from fractions import Fraction
from typing import Any

import pytest

from compliance.curve import Curve, greatest_percent


def answered(low: str | None, outcome: str = "non_compliant") -> dict[str, Any]:
    return {"low": low, "outcome": outcome}


@pytest.mark.parametrize(
    ("part", "whole", "at_least", "over"),
    [
        (0, 7, 0, -1),
        (1, 10**18, 0, 0),
        (499_999_999, 1_000_000_000, 49, 49),
        (1, 2, 50, 49),
        (500_000_001, 1_000_000_000, 50, 50),
        (1, 3, 33, 33),
        (33, 100, 33, 32),
        (7, 1000, 0, 0),
        (1, 100, 1, 0),
        (999, 1000, 99, 99),
        (1, 1, 100, 99),
    ],
)
def test_the_greatest_whole_percent_that_a_share_meets(part: int, whole: int, at_least: int, over: int) -> None:
    assert greatest_percent(part, whole, "at_least") == at_least
    assert greatest_percent(part, whole, "over") == over
    # Read again in fractions: it is met, and the next is not.
    share = Fraction(part, whole)
    assert share >= Fraction(at_least, 100)
    assert at_least == 100 or share < Fraction(at_least + 1, 100)
    assert over == -1 or share > Fraction(over, 100)
    assert share <= Fraction(over + 1, 100)


def test_the_curve_falls_by_one_behind_each_centre() -> None:
    curve = Curve()
    for low in ("0/1", "1/4", "1/2", "1/2", "1/1"):
        curve.add(answered(low), None)
    found = curve.as_data()
    counts = {percent: (found["at_least"][percent], found["over"][percent]) for percent in (0, 1, 25, 26, 50, 51, 100)}
    assert counts == {0: (5, 4), 1: (4, 4), 25: (4, 3), 26: (3, 3), 50: (3, 1), 51: (1, 1), 100: (1, 0)}
    assert (len(found["at_least"]), found["known"], found["unknown"]) == (101, 5, 0)


@pytest.mark.parametrize(
    ("low", "granted", "at_least_100", "over_100"),
    [("1/5", "1/5", 1, 0), ("21/100", "1/5", 1, 1), ("19/100", "1/5", 0, 0)],
)
def test_who_was_granted_a_lower_threshold_is_asked_for_no_more(
    low: str, granted: str, at_least_100: int, over_100: int
) -> None:
    curve = Curve()
    curve.add(answered(low), Fraction(granted))
    assert (curve.as_data()["at_least"][100], curve.as_data()["over"][100]) == (at_least_100, over_100)


def test_who_is_not_asked_is_not_counted_and_whose_share_cannot_be_told_is_said() -> None:
    curve = Curve()
    for outcome in ("exempt", "out_of_scope", "not_reported", "empty", "not_in_force", "undetermined"):
        curve.add(answered(None, outcome), None)
    found = curve.as_data()
    assert (found["known"], found["unknown"], found["at_least"][0]) == (0, 1, 0)
