"""Which step is in force and which are to come, over provisions that supersede each other."""

from datetime import date
from typing import Any

from compliance.models import Provision
from compliance.outlook.steps import steps_from

COUNTED = {"metric": "units", "scope": {}, "population": {}}


def provision(from_on: date, *steps: tuple[str, str], **rule: Any) -> Provision:
    told = [{"from": day, "comparator": "at_least", "threshold": threshold} for day, threshold in steps]
    return Provision(from_on=from_on, rule={**COUNTED, **rule, "steps": told})


def told(*provisions: Provision, day: date) -> list[tuple[str, str]]:
    return [(step.from_on.isoformat(), step.threshold) for step in steps_from(provisions, day)]


FIRST = provision(date(2023, 3, 1), ("2025-01-01", "0.5"), ("2026-07-01", "0.6"), ("2027-07-01", "0.7"))


def test_before_the_first_step_all_are_to_come() -> None:
    assert told(FIRST, day=date(2024, 12, 31)) == [
        ("2025-01-01", "0.5"), ("2026-07-01", "0.6"), ("2027-07-01", "0.7"),
    ]  # fmt: skip


def test_from_its_day_on_a_step_is_in_force_and_the_one_before_is_gone() -> None:
    assert told(FIRST, day=date(2026, 6, 30))[0] == ("2025-01-01", "0.5")
    assert told(FIRST, day=date(2026, 7, 1)) == [("2026-07-01", "0.6"), ("2027-07-01", "0.7")]


def test_a_provision_that_supersedes_ends_the_steps_of_the_one_before() -> None:
    second = provision(date(2027, 1, 1), ("2025-01-01", "0.4"), ("2028-01-01", "0.8"))
    assert told(second, FIRST, day=date(2025, 12, 31)) == [
        ("2025-01-01", "0.5"), ("2026-07-01", "0.6"), ("2027-01-01", "0.4"), ("2028-01-01", "0.8"),
    ]  # fmt: skip


def test_a_provision_that_begins_with_what_was_asked_before_adds_no_step() -> None:
    second = provision(date(2026, 1, 10), ("2025-01-01", "0.5"), ("2026-07-01", "0.6"))
    assert told(FIRST, second, day=date(2025, 12, 31)) == [("2025-01-01", "0.5"), ("2026-07-01", "0.6")]


def test_the_same_threshold_of_something_else_is_a_step() -> None:
    second = provision(date(2026, 1, 10), ("2025-01-01", "0.5"), metric="compute")
    assert told(FIRST, second, day=date(2025, 12, 31))[1] == ("2026-01-10", "0.5")


def test_a_repeal_leaves_no_step_in_force() -> None:
    repeal = provision(date(2026, 1, 1))
    assert told(FIRST, repeal, day=date(2026, 1, 1)) == []
    assert told(FIRST, repeal, day=date(2025, 12, 31)) == [("2025-01-01", "0.5")]


def test_a_provision_under_which_nothing_holds_yet_takes_what_held_with_it() -> None:
    second = provision(date(2026, 1, 1), ("2026-07-01", "0.6"))
    assert told(FIRST, second, day=date(2026, 3, 31)) == [("2026-07-01", "0.6")]
