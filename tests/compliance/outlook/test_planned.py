"""What planned and installing lines come to, to the unit: just under, at and just over each threshold."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from compliance.models import OutlookBasis, Provision
from compliance.outlook.foresee import Foreseen, foresee
from compliance.outlook.quarters import code_of, number_of, number_on
from compliance.outlook.readings import stock_of
from compliance.outlook.steps import Step
from compliance.outlook.weights import Stock, summed

DAY = date(2025, 12, 31)
BASE = number_of("2025Q4")
UNITS = {
    "metric": "units",
    "origin_rule": "designer",
    "domestic": ["CN"],
    "population": {"classes": ["accelerator"], "workloads": None, "statuses": ["in_service"], "acquired_from": None},
}
COMPUTE = UNITS | {"metric": "compute"}


def line(quantity: int, country: str | None, status: str = "in_service", on: str | None = None) -> dict[str, Any]:
    return {
        "chip": "any", "class": "accelerator", "quantity": quantity, "workload": "training", "status": status,
        "acquired_on": on, "designer_country": country, "fabricator_country": None, "compute": "100",
        "unit_price": None,
    }  # fmt: skip


def step(threshold: str, comparator: str = "at_least") -> Step:
    limit = Fraction(threshold)
    return Step(Provision(), date(2026, 7, 1), comparator, threshold, limit, float(limit))


def stock(*lines: dict[str, Any], counting: dict[str, Any] = UNITS) -> Stock:
    found = stock_of(list(lines), counting, DAY)
    assert found is not None
    return found


def seen(*lines: dict[str, Any], counting: dict[str, Any] = UNITS) -> Foreseen:
    return foresee({BASE: stock(*lines, counting=counting)}, BASE, None, None, many=False)


def met(foreseen: Foreseen, asked: Step) -> tuple[str, ...]:
    """Expected, earliest and latest, as quarters."""
    return tuple(code_of(quarter) if quarter else "" for quarter in foreseen.met(asked, foreseen.path))


STANDING = (line(400, "CN"), line(600, "US"))


@pytest.mark.parametrize(
    ("comparator", "planned", "quarter"),
    [
        ("at_least", 199, ""),
        ("at_least", 200, "2026Q2"),
        ("at_least", 201, "2026Q2"),
        ("over", 200, ""),
        ("over", 201, "2026Q2"),
    ],
)
def test_planned_units_meet_a_threshold_or_miss_it_by_one(comparator: str, planned: int, quarter: str) -> None:
    foreseen = seen(*STANDING, line(planned, "CN", "planned", "2026-05-20"))
    assert met(foreseen, step("0.5", comparator)) == (quarter,) * 3
    assert foreseen.basis(step("0.5", comparator)) == OutlookBasis.PLANNED


@pytest.mark.parametrize(("on", "quarter"), [("2026-06-30", "2026Q2"), ("2026-07-01", "2026Q3")])
def test_what_is_due_counts_from_the_quarter_of_its_day(on: str, quarter: str) -> None:
    assert met(seen(*STANDING, line(200, "CN", "installing", on)), step("0.5"))[0] == quarter


def test_a_threshold_that_no_float_can_hold_is_compared_exactly() -> None:
    # 3 of 10, against 0.3: as floats, 0.1 + 0.2 is more than 0.3.
    foreseen = seen(line(1, "CN"), line(7, "US"), line(2, "CN", "planned", "2026-01-01"))
    assert met(foreseen, step("0.3"))[0] == "2026Q1"
    assert met(foreseen, step("0.3", "over"))[0] == ""
    assert met(foreseen, step("0.300000001"))[0] == ""


def test_lines_of_several_quarters_add_up() -> None:
    lines = [line(100, "CN", "planned", day) for day in ("2026-02-01", "2026-08-01")]
    foreseen = seen(*STANDING, *lines)
    assert foreseen.path is not None
    shares = [band.expected if band else None for band in foreseen.path]
    assert shares[:4] == [Fraction(500, 1100), Fraction(500, 1100), Fraction(600, 1200), Fraction(600, 1200)]
    assert met(foreseen, step("0.5"))[0] == "2026Q3"


@pytest.mark.parametrize(
    ("status", "on"), [("planned", None), ("installing", None), ("installing", "2025-11-20"), ("planned", "2025-12-31")]
)
def test_without_a_day_to_come_a_line_is_in_the_bounds_alone(status: str, on: str | None) -> None:
    foreseen = seen(*STANDING, line(200, "CN", status, on))
    assert met(foreseen, step("0.5")) == ("", "2026Q1", "")
    assert stock(*STANDING, line(200, "CN", status, on)).units_to_come(BASE) == (0, 200)


def test_a_foreign_purchase_takes_below_what_was_met() -> None:
    foreseen = seen(line(500, "CN"), line(500, "US"), line(1, "US", "planned", "2026-10-01"))
    assert foreseen.basis(step("0.5")) == OutlookBasis.MEETS
    assert foreseen.falls_in(step("0.5")) == number_of("2026Q4")
    assert met(foreseen, step("0.5"))[0] == ""


def test_what_dips_on_the_way_is_met_from_where_it_stays_met() -> None:
    dips = line(500, "US", "planned", "2026-04-01"), line(600, "CN", "planned", "2026-10-01")
    assert met(seen(line(500, "CN"), line(400, "US"), *dips), step("0.5"))[0] == "2026Q4"


def test_unknown_origins_are_foreign_at_the_low_end_and_domestic_at_the_high() -> None:
    foreseen = seen(*STANDING, line(200, None, "planned", "2026-05-20"))
    assert met(foreseen, step("0.5")) == ("", "2026Q2", "")


def test_compute_is_weighed_and_what_cannot_be_weighed_adds_nothing() -> None:
    heavy = line(50, "CN", "planned", "2026-01-15") | {"compute": "400"}
    silent = line(900, "CN", "planned", "2026-01-15") | {"compute": None}
    found = stock(*STANDING, heavy, silent, counting=COMPUTE)
    assert found.units_to_come(BASE) == (50, 0)
    # 400 × 100 + 50 × 400 of 1,000 × 100 + 50 × 400 is a half.
    assert met(foresee({BASE: found}, BASE, None, None, many=False), step("0.5"))[0] == "2026Q1"


def test_what_the_rule_does_not_count_is_not_planned_either() -> None:
    assert stock(*STANDING, line(900, "CN", "planned", "2026-01-15") | {"class": "cpu"}).added == ()
    assert stock(*STANDING, line(900, "CN", "spare", "2026-01-15")).added == ()


def test_where_nothing_serves_yet_the_first_share_is_that_of_what_comes_first() -> None:
    foreseen = seen(line(60, "CN", "planned", "2026-03-01"), line(40, "US", "planned", "2026-03-01"))
    assert foreseen.path is not None
    assert foreseen.path[0] == (Fraction(3, 5),) * 3
    assert met(foreseen, step("0.6")) == ("2026Q1",) * 3
    later = seen(line(60, "CN", "planned", "2026-07-01"))
    assert later.path is not None
    assert later.path[0] is None
    assert met(later, step("1"))[0] == "2026Q3"


def test_an_inventory_of_nothing_that_counts_has_no_share() -> None:
    assert stock_of([line(5, "CN") | {"class": "cpu"}], UNITS, DAY) is None


def test_a_line_that_counts_and_cannot_be_weighed_leaves_no_share() -> None:
    assert stock_of([line(5, "CN") | {"compute": None}], COMPUTE, DAY) is None


def test_many_stocks_are_one_with_all_that_comes_to_them() -> None:
    first = stock(*STANDING, line(10, "CN", "planned", "2026-02-01"))
    second = stock(line(100, "US"), line(20, "CN", "planned", "2026-03-31"), line(5, "US", "planned"))
    whole = summed([first, second])
    assert whole is not None
    assert whole.weights.low == Fraction(400, 1100)
    assert whole.units_to_come(BASE) == (30, 5)
    assert {one.quarter: one.weights.low_part for one in whole.added} == {number_of("2026Q1"): 30, None: 0}


def test_what_was_due_by_the_base_and_never_reported_since_has_no_day() -> None:
    old = stock_of([*STANDING, line(200, "CN", "planned", "2025-11-01")], UNITS, date(2025, 9, 30))
    assert old is not None
    foreseen = foresee({BASE - 1: old}, BASE, None, None, many=False)
    assert met(foreseen, step("0.5")) == ("", "2026Q1", "")


@pytest.mark.parametrize(("gap", "is_known"), [(2, True), (3, False)])
def test_an_inventory_of_three_quarters_ago_says_nothing_any_more(gap: int, is_known: bool) -> None:
    foreseen = foresee({BASE - gap: stock(*STANDING)}, BASE, None, None, many=False)
    assert (foreseen.now is not None) is is_known


def test_quarters_are_counted_on_over_the_year() -> None:
    assert code_of(number_of("2025Q4") + 1) == "2026Q1"
    assert number_on(date(2026, 3, 31)) == number_of("2026Q1")
    assert number_on(date(2026, 4, 1)) == number_of("2026Q2")
