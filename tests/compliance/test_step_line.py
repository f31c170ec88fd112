"""What is asked for over time is drawn step by step, to the day and the percent, and told by a table."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from compliance.models import Provision
from compliance.step_line import HEIGHT, WIDTH, drawn, spans_of
from tests.compliance.written import rule

TODAY = date(2026, 6, 1)


def step(day: str, threshold: str, comparator: str = "at_least") -> dict[str, str]:
    return {"from": day, "comparator": comparator, "threshold": threshold}


def provision(from_on: str, *steps: dict[str, str]) -> Provision:
    return Provision(from_on=date.fromisoformat(from_on), rule=rule(steps=list(steps)))


def told(*provisions: Provision) -> list[tuple[str, str]]:
    return [(span.from_on.isoformat(), str(span.step) if span.step else "") for span in spans_of(provisions)]


def test_each_step_lasts_until_the_next_and_each_provision_until_the_next() -> None:
    first = provision("2023-03-01", step("2025-01-01", "0.5"), step("2026-01-01", "0.7", "over"))
    second = provision("2025-07-01", step("2027-01-01", "0.8"), step("2025-07-01", "0.55"))
    repeal = provision("2028-01-01")
    assert told(repeal, second, first) == [
        ("2023-03-01", ""),
        ("2025-01-01", "at least 50%"),
        ("2025-07-01", "at least 55%"),
        ("2027-01-01", "at least 80%"),
        ("2028-01-01", ""),
    ]


@pytest.mark.parametrize("provisions", [[], [provision("2025-01-01")]])
def test_where_nothing_is_asked_for_nothing_is_drawn(provisions: list[Provision]) -> None:
    assert drawn(provisions, TODAY) is None


def drawing(*provisions: Provision, today: date = TODAY) -> Any:
    found = drawn(provisions, today)
    assert found is not None
    return found


def test_the_line_lies_at_the_thresholds_and_stops_where_nothing_is_asked_for() -> None:
    found = drawing(
        provision("2024-01-01", step("2025-01-01", "0"), step("2026-01-01", "0.5"), step("2027-01-01", "1", "over")),
        provision("2028-01-01"),
    )
    heights = dict(found.levels)
    assert [mark.y for mark in found.marks] == [heights[0], heights[50], heights[100]]
    assert [mark.is_over for mark in found.marks] == [False, False, True]
    places = [mark.x for mark in found.marks]
    assert places == sorted(places)
    assert found.path == (
        f"M{places[0]} {heights[0]}H{places[1]}V{heights[50]}H{places[2]}V{heights[100]}H{found.nothing[1][0]}"
    )
    # Before the first step, and from the repeal on.
    assert [until for _, until in found.nothing] == [places[0], found.right]
    assert places[1] < found.today < places[2]


@pytest.mark.parametrize("today", [date(1999, 1, 1), date(2099, 1, 1)])
def test_a_day_far_away_is_not_drawn(today: date) -> None:
    assert drawing(provision("2025-01-01", step("2025-01-01", "0.5")), today=today).today is None


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_drawn_too(day: str) -> None:
    found = drawing(provision(day, step(day, "0.5")))
    assert found.left <= found.marks[0].x <= found.right


def test_labels_never_run_into_each_other_and_the_table_tells_every_step() -> None:
    steps = [step(f"2025-{month:02}-01", f"0.{month:02}") for month in range(1, 13)]
    found = drawing(provision("2025-01-01", *steps), today=date(2099, 1, 1))
    assert len(found.spans) == len(found.marks) == 12
    percents = [mark.x for mark in found.marks if mark.percent]
    days = [mark.x for mark in found.marks if mark.day]
    assert all(later - earlier >= 44 for earlier, later in pairwise(percents))
    assert all(later - earlier >= 78 for earlier, later in pairwise(days))
    for mark in found.marks:
        assert 0 <= mark.x <= WIDTH
        assert 0 <= mark.y <= HEIGHT
