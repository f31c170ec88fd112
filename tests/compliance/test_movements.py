"""What deserves a question is found once, with its numbers; is gone when they are; and is dismissed for good."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from centres.models import Centre, CentreRecord, Operator
from chips.models import ChipModel
from compliance import afterwards
from compliance.models import DeterminationRequest, Mandate, Movement, MovementKind
from compliance.movement_signs import AddedUp, compute_apart, power_apart
from compliance.movement_wording import movement_in_words
from compliance.movements import CannotDismiss, dismiss, find
from compliance.requests import request_determination
from compliance.tasks import fulfil_request
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db
PASSING = MovementKind.PASSING_THROUGH


def open_ones(kind: MovementKind) -> list[Movement]:
    return list(Movement.objects.open().filter(kind=kind).order_by("pk"))


def pass_through(where: Centre, *, came: int, kept: int, stock: int = 1000, on: date = date(2025, 12, 20)) -> None:
    """`came` H800 acquired on a day, of which `kept` are still in service a quarter later, beside a `stock` of them."""
    old = {"quantity": stock, "acquired_on": date(2024, 3, 1)}
    inventory(where, old, {"quantity": came, "acquired_on": on})
    later = [old, {"quantity": kept, "acquired_on": on}] if kept else [old]
    inventory(where, *later, quarter=cast.period("2026Q1"))


@pytest.mark.parametrize(
    ("came", "kept", "stock", "on", "is_asked"),
    [
        # 64 units: eight servers of eight cards.
        (64, 0, 500, date(2025, 12, 20), True),
        (63, 0, 500, date(2025, 12, 20), False),
        (128, 64, 500, date(2025, 12, 20), True),
        (128, 65, 500, date(2025, 12, 20), False),
        # A twentieth of all in service, 100 of 2,000.
        (100, 0, 1900, date(2025, 12, 20), True),
        (100, 0, 1901, date(2025, 12, 20), False),
        # The last 30 days: 2 to 31 December.
        (64, 0, 500, date(2025, 12, 2), True),
        (64, 0, 500, date(2025, 12, 1), False),
        (64, 0, 500, date(2025, 12, 31), True),
    ],
)
def test_what_comes_at_the_end_and_leaves_after_it_is_asked_about_from_its_limits_on(
    came: int, kept: int, stock: int, on: date, is_asked: bool
) -> None:
    pass_through(cast.centre(), came=came, kept=kept, stock=stock, on=on)
    find(period=cast.period())
    assert bool(open_ones(PASSING)) is is_asked


def test_cards_that_came_at_the_end_and_older_ones_that_left_are_no_movement() -> None:
    where = cast.centre()
    new = {"quantity": 100, "acquired_on": date(2025, 12, 20)}
    inventory(where, {"quantity": 500, "acquired_on": date(2024, 3, 1)}, new)
    inventory(where, {"quantity": 400, "acquired_on": date(2024, 3, 1)}, new, quarter=cast.period("2026Q1"))
    find(period=cast.period())
    assert not open_ones(PASSING)


def test_days_that_are_told_otherwise_later_are_no_movement_while_the_cards_stand() -> None:
    where = cast.centre()
    inventory(where, {"quantity": 500}, {"quantity": 100, "acquired_on": date(2025, 12, 20)})
    inventory(where, {"quantity": 600}, quarter=cast.period("2026Q1"))
    find(period=cast.period())
    assert not open_ones(PASSING)


def test_a_nil_return_after_it_takes_all_of_them_away() -> None:
    where = cast.centre()
    inventory(where, {"quantity": 100, "acquired_on": date(2025, 12, 20)})
    find(period=cast.period())
    assert not open_ones(PASSING), "Nothing is asked while the next quarter is not known."
    inventory(where, quarter=cast.period("2026Q1"))
    find(period=cast.period())
    (found,) = open_ones(PASSING)
    assert found.period == cast.period()
    assert (found.evidence["left"], found.evidence["in_service"]) == (100, 100)


@pytest.mark.parametrize(
    ("launched_on", "acquired_on", "is_asked"),
    [
        # A year or a month is taken by its first day: only what is surely before is asked about.
        ("2024", date(2023, 12, 31), True),
        ("2024", date(2024, 1, 1), False),
        ("2024-06", date(2024, 5, 31), True),
        ("2024-06", date(2024, 6, 1), False),
        ("2024-06-15", date(2024, 6, 14), True),
        ("2024-06-15", date(2024, 6, 15), False),
        ("2026-01", None, True),
        ("2025-12", None, False),
        ("", date(1999, 1, 1), False),
    ],
)
def test_what_served_before_its_launch_is_asked_about(
    launched_on: str, acquired_on: date | None, is_asked: bool
) -> None:
    ChipModel.objects.filter(name="H800").update(launched_on=launched_on)
    inventory(cast.centre(), {"quantity": 3, "acquired_on": acquired_on})
    find(period=cast.period())
    assert bool(open_ones(MovementKind.BEFORE_LAUNCH)) is is_asked


def record(**facts: Any) -> CentreRecord:
    return CentreRecord(**({"from_on": date(2025, 7, 1), "status": "operating", "progress": Decimal(100)} | facts))


@pytest.mark.parametrize(
    ("teraflops", "without", "facts", "is_asked"),
    [
        # 100 PFLOPS stated: half and twice are not far, less and more are.
        ("50000", 0, {}, False),
        ("49999.999", 0, {}, True),
        ("200000", 0, {}, False),
        ("200000.001", 0, {}, True),
        # What has no figure may be all of the difference, but never makes it smaller.
        ("49999", 1, {}, False),
        ("200001", 1, {}, True),
        # What is not built yet has less; it has not more.
        ("0", 0, {"progress": Decimal(60)}, False),
        ("0", 0, {"status": "building"}, False),
        ("0", 0, {}, True),
        ("300000", 0, {"progress": Decimal(60)}, True),
        ("0", 0, {"capacity": None}, False),
        ("5", 0, {"capacity": Decimal(0)}, False),
    ],
)
def test_computing_power_is_far_from_the_lines_beyond_half_and_twice(
    teraflops: str, without: int, facts: dict[str, Any], is_asked: bool
) -> None:
    sums = AddedUp(Decimal(teraflops), without, 100, Decimal(), 0, 0)
    assert bool(compute_apart(record(**{"capacity": Decimal(100)} | facts), sums)) is is_asked


@pytest.mark.parametrize(
    ("power", "without", "is_asked"),
    [
        # 1,000 chips of 400 W: 0.4 MW alone; (0.4 + 1) × 2 + 1 = 3.8 MW with servers and an old house.
        ("0.4", 0, False),
        ("0.399", 0, True),
        ("3.8", 0, False),
        ("3.801", 0, True),
        ("3.801", 1, False),
        ("0.399", 1, True),
    ],
)
def test_power_is_far_where_it_cannot_feed_the_chips_or_they_cannot_use_it(
    power: str, without: int, is_asked: bool
) -> None:
    sums = AddedUp(Decimal(), 0, 0, Decimal(400_000), without, 1000)
    assert bool(power_apart(record(power=Decimal(power)), sums)) is is_asked


@pytest.mark.parametrize(
    ("most", "said"), [("1999600", "2.000"), ("1999000", "1.999"), ("1999000.000001", "2.000"), ("2000000", "2.000")]
)
def test_what_is_said_not_to_be_exceeded_is_never_cut(most: str, said: str) -> None:
    evidence = {
        "stated_mw": "5", "stated_from": "2024-01-01", "chips": 1000, "chips_watts": "399999.9", "most_watts": most,
        "chips_without_figure": 0,
    }  # fmt: skip
    told = movement_in_words(Movement(kind=MovementKind.POWER_APART, evidence=evidence), {})
    assert "draw 0.399 MW" in told
    assert f"not more than {said} MW" in told or f"not more than {said.rstrip('0').rstrip('.')} MW" in told


def test_stated_figures_are_held_against_the_accepted_lines() -> None:
    # 100 H800: 98.9 PFLOPS, 700 W each.
    where = cast.centre(capacity=Decimal(1000), power=Decimal("0.069"))
    inventory(where, {"quantity": 100}, {"quantity": 900, "status": "planned"})
    find(period=cast.period())
    (compute,) = open_ones(MovementKind.COMPUTE_APART)
    assert compute.evidence == {
        "stated_pflops": "1000", "stated_from": "2024-01-01", "lines_tflops": "98900", "cards": 100,
        "cards_without_figure": 0,
    }  # fmt: skip
    (power,) = open_ones(MovementKind.POWER_APART)
    assert (power.evidence["stated_mw"], power.evidence["chips_watts"]) == ("0.069", "70000")


def test_what_is_found_again_is_the_same_and_what_was_amended_is_gone() -> None:
    where = cast.centre(capacity=Decimal(1000))
    inventory(where, {"quantity": 100})
    assert find(period=cast.period()) == 1
    assert find(period=cast.period()) == 0
    inventory(where, {"quantity": 60}, {"quantity": 40})
    assert find(period=cast.period(), centres=[where.pk]) == 0, "Another version with the same numbers."
    inventory(where, {"quantity": 1000})
    find(period=cast.period(), centres=[where.pk])
    (movement,) = Movement.objects.all()
    assert movement.gone_at is not None
    inventory(where, {"quantity": 100})
    find(period=cast.period())
    movement.refresh_from_db()
    assert movement.gone_at is None


def test_a_dismissed_question_is_asked_again_only_for_other_numbers() -> None:
    where, regulator = cast.centre(capacity=Decimal(1000)), cast.regulator()
    for quarter in ("2025Q3", "2025Q4"):
        inventory(where, {"quantity": 100}, quarter=cast.period(quarter))
    find(period=cast.period("2025Q3"))
    (movement,) = open_ones(MovementKind.COMPUTE_APART)
    with pytest.raises(ValidationError):
        dismiss(movement=movement, by=regulator, reason="  ")
    dismiss(movement=movement, by=regulator, reason="The second hall is leased out.")
    with pytest.raises(CannotDismiss):
        dismiss(movement=movement, by=regulator, reason="Once more.")
    find(period=cast.period("2025Q3"))
    find(period=cast.period("2025Q4"))
    assert not open_ones(MovementKind.COMPUTE_APART)
    inventory(where, {"quantity": 90})
    find(period=cast.period("2025Q4"))
    assert len(open_ones(MovementKind.COMPUTE_APART)) == 1


def test_the_same_numbers_in_two_quarters_are_one_question_and_of_the_later_once_the_earlier_is_amended() -> None:
    where = cast.centre(capacity=Decimal(1000))
    for quarter in ("2025Q3", "2025Q4"):
        inventory(where, {"quantity": 100}, quarter=cast.period(quarter))
        find(period=cast.period(quarter))
    (movement,) = open_ones(MovementKind.COMPUTE_APART)
    assert movement.period == cast.period("2025Q3")
    inventory(where, {"quantity": 1000}, quarter=cast.period("2025Q3"))
    for quarter in ("2025Q3", "2025Q4"):
        find(period=cast.period(quarter))
    (movement,) = open_ones(MovementKind.COMPUTE_APART)
    assert movement.period == cast.period("2025Q4")


def test_what_is_gone_cannot_be_dismissed() -> None:
    where = cast.centre(capacity=Decimal(1000))
    inventory(where, {"quantity": 100})
    find(period=cast.period())
    inventory(where, {"quantity": 1000})
    find(period=cast.period())
    with pytest.raises(CannotDismiss):
        dismiss(movement=Movement.objects.get(), by=cast.regulator(), reason="Late.")


def test_nothing_is_asked_of_a_centre_that_never_filed() -> None:
    published = Centre.objects.get(code="SC-CD-01")
    inventory(published, {"quantity": 1})
    find(period=cast.period())
    assert not Movement.objects.exists()


def test_a_request_that_is_fulfilled_looks_at_its_quarter_and_the_one_before() -> None:
    where = cast.centre()
    pass_through(where, came=100, kept=0)
    request = request_determination(period=cast.period("2026Q1"), centres=[where.pk], cause="submission accepted")
    fulfil_request(request.pk)
    (movement,) = open_ones(PASSING)
    assert movement.period == cast.period()


def test_a_request_under_one_mandate_moves_no_inventory() -> None:
    where = cast.centre(capacity=Decimal(1000))
    inventory(where, {"quantity": 100})
    request = DeterminationRequest.objects.create(
        period=cast.period(), mandate=Mandate.objects.get(code="SH-2023"), cause="test", requested_at=timezone.now()
    )
    afterwards.follow(request.pk)
    assert not Movement.objects.exists()


def test_operators_never_see_what_would_be_asked_of_them(owner: Operator) -> None:
    where = cast.centre(owner=owner, capacity=Decimal(1000))
    inventory(where, {"quantity": 100})
    find(period=cast.period())
    who: dict[str, Callable[[], Any]] = {
        "owner": lambda: cast.user("filer", cast.Role.OPERATOR, acts_for=owner),
        "elsewhere": lambda: cast.regional_regulator("44"),
        "administrator": cast.administrator,
        "regulator": cast.regulator,
        "analyst": cast.analyst,
    }
    seen = {name: Movement.objects.visible_to(user()).count() for name, user in who.items()}
    assert seen == {"owner": 0, "elsewhere": 0, "administrator": 0, "regulator": 1, "analyst": 1}


def test_it_costs_the_same_for_2_and_for_20_centres() -> None:
    def queries(first: int, last: int) -> int:
        for number in range(first, last):
            where = cast.centre(f"SH-{number:02}", capacity=Decimal(1000))
            pass_through(where, came=100, kept=0)
        with CaptureQueriesContext(connection) as captured:
            find(period=cast.period())
        return len(captured)

    few = queries(0, 2)
    # Savepoint; lock; what stands; lines before their launch; records; revisions, claims, models; what lines add up
    # to; the next period; what stands in it; what passed through; movements that are known; marks as gone, as seen
    # again; what was answered; the new ones; savepoint released.
    assert queries(2, 20) == few <= 18
    assert Movement.objects.filter(kind=PASSING).count() == 20
