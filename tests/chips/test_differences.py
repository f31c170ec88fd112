"""What changed between two submissions: each line told once, and applied to the one they give the other."""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from chips.differences import FIELDS, NEARNESS, Kind, differences, pair
from chips.models import ChipModel, InventoryLine
from tests import cast
from tests.chips.inventories import Line, line, made, store

CHIPS = {"ascend": ChipModel(pk=1, name="Ascend 910B"), "h800": ChipModel(pk=2, name="H800")}
KNOWN: Line = line(
    quantity=8, acquired_on="2025-01-02", unit_price_cny=100, serial_numbers=[], note="rack 1", workload="training"
)


def told(before: list[Line], after: list[Line]) -> list[tuple[Any, ...]]:
    """What happened to lines: kind, row before, row after and the fields that differ."""
    where = cast.centre()
    first = store(where, before, quarter="2025Q3") if before else None
    found = differences(first, store(where, after))
    return [(one.kind, one.was and one.was.row, one.line.row, one.fields) for one in found.lines]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, None),
        ({"quantity": 9}, ("quantity",)),
        ({"unit_price_cny": 101}, ("unit_price_cny",)),
        ({"unit_price_cny": None}, ("unit_price_cny",)),
        ({"serial_numbers": ["SN1"]}, ("serial_numbers",)),
        ({"note": ""}, ("note",)),
        ({"note": "rack 2", "quantity": 7}, ("quantity", "note")),
        ({"workload": "inference"}, ("workload",)),
        ({"status": "retired"}, ("status",)),
        ({"acquisition": "leased"}, ("acquisition",)),
        ({"acquired_on": "2025-01-03"}, ("acquired_on",)),
        ({"acquired_on": None}, ("acquired_on",)),
    ],
)
def test_a_line_that_changed_names_what_differs(change: dict[str, Any], fields: tuple[str, ...] | None) -> None:
    found = told([KNOWN], [{**KNOWN, **change}])
    assert found == ([] if fields is None else [(Kind.CHANGED, 2, 2, fields)])


@pytest.mark.django_db
def test_another_model_is_another_line() -> None:
    assert told([KNOWN], [{**KNOWN, "chip": "h800"}]) == [
        (Kind.ADDED, None, 2, ()),
        (Kind.REMOVED, None, 2, ()),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after", "kinds"), [
    (3, 3, []),
    (3, 2, [Kind.REMOVED]),
    (2, 3, [Kind.ADDED]),
    (0, 2, [Kind.ADDED, Kind.ADDED]),
    (2, 0, [Kind.REMOVED, Kind.REMOVED]),
])  # fmt: skip
def test_of_equal_lines_as_many_are_the_same_as_both_hold(before: int, after: int, kinds: list[Kind]) -> None:
    where = cast.centre()
    found = differences(store(where, [KNOWN] * before, quarter="2025Q3"), store(where, [KNOWN] * after))
    assert [one.kind for one in found.lines] == kinds
    assert found.unchanged == min(before, after)
    assert found.is_same == (before == after)


@pytest.mark.django_db
def test_lines_in_another_order_are_the_same() -> None:
    lines = [line(quantity=number, note="a;b'\"\\,()") for number in range(1, 6)]
    assert told(lines, lines[::-1]) == []


@pytest.mark.django_db
def test_a_blank_is_not_nothing_and_a_note_is_not_another_field() -> None:
    """What would be one text if fields were only strung together."""
    before = [line(serial_numbers=["a,b"]), line("h800", serial_numbers=["a", "b"], quantity=2)]
    after = [line(serial_numbers=["a b"]), line("h800", serial_numbers=["a,b"], quantity=2)]
    assert [fields for *_, fields in told(before, after)] == [("serial_numbers",), ("serial_numbers",)]


@pytest.mark.django_db
def test_the_nearest_line_is_the_one_that_changed() -> None:
    """Row 2 differs in its status, row 3 only in its quantity: the changed line was row 3, though it comes later."""
    before = [line(quantity=8, status="spare", acquired_on="2025-01-02"), line(quantity=9, acquired_on="2025-01-02")]
    after = [line(quantity=10, acquired_on="2025-01-02")]
    assert told(before, after) == [(Kind.CHANGED, 3, 2, ("quantity",)), (Kind.REMOVED, None, 2, ())]


@pytest.mark.django_db
def test_the_day_of_acquisition_is_nearer_than_the_model_alone() -> None:
    before = [line(quantity=8, acquired_on="2025-01-02"), line(quantity=9, acquired_on="2025-03-04")]
    after = [line(quantity=10, status="retired", acquired_on="2025-03-04"), line(quantity=11, workload="mixed")]
    assert told(before, after) == [
        (Kind.CHANGED, 3, 2, ("quantity", "status")),
        (Kind.CHANGED, 2, 3, ("quantity", "workload", "acquired_on")),
    ]


@pytest.mark.django_db
def test_counts_and_units() -> None:
    where = cast.centre()
    before = store(where, [line(quantity=8), line(quantity=1), line("h800", 5)], quarter="2025Q3")
    after = store(where, [line(quantity=8), line(quantity=3), line(quantity=4, status="retired")])
    found = differences(before, after)
    assert (len(found.added), len(found.removed), len(found.changed), found.unchanged) == (1, 1, 1, 1)
    assert (found.units_before, found.units_after, found.units_change) == (14, 15, 1)
    (changed,) = found.changed
    assert changed.was is not None
    assert (changed.was.quantity, changed.line.quantity) == (1, 3)
    units = [
        (one.chip_model.name, one.opening, one.closing, [(str(s.status), s.opening, s.closing) for s in one.by_status])
        for one in found.by_model
    ]
    assert units == [
        ("Ascend 910B", 9, 15, [("in_service", 9, 11), ("retired", 0, 4)]),
        ("H800", 5, 0, [("in_service", 5, 0)]),
    ]


@pytest.mark.django_db
def test_serial_numbers_that_came_and_went() -> None:
    where = cast.centre()
    before = store(where, [line(quantity=2, serial_numbers=["A", "B"])], quarter="2025Q3")
    (changed,) = differences(before, store(where, [line(quantity=2, serial_numbers=["B", "C"])])).changed
    assert (changed.serials_gained, changed.serials_lost) == (["C"], ["A"])


@pytest.mark.django_db
def test_against_nothing_and_against_a_nil_return_every_line_is_added() -> None:
    where = cast.centre()
    nil, after = store(where, [], quarter="2025Q3"), store(where, [line(quantity=8)])
    for before in (None, nil):
        found = differences(before, after)
        assert [one.quantity for one in found.added] == [8]
        assert (found.units_before, found.units_change, len(found.lines)) == (0, 8, 1)
    assert [one.quantity for one in differences(after, nil).removed] == [8]
    assert differences(nil, nil).is_same


@pytest.mark.django_db
@pytest.mark.parametrize(("left_before", "left_after", "is_told"), [
    (2, 2, True), (3, 3, True), (3, 0, True), (4, 3, False), (3, 4, False), (0, 4, False),
])  # fmt: skip
def test_beyond_the_limit_only_the_units_by_model_are_told(left_before: int, left_after: int, is_told: bool) -> None:
    where = cast.centre()
    same = [line(quantity=1), line(quantity=2)]
    before = store(where, same + [line(quantity=10 + n) for n in range(left_before)], quarter="2025Q3")
    after = store(where, same + [line("h800", quantity=20 + n) for n in range(left_after)])
    found = differences(before, after, limit=3)
    assert (found.is_told_by_line, found.only_before, found.only_after) == (is_told, left_before, left_after)
    assert len(found.lines) == (left_before + left_after if is_told else 0)
    assert found.unchanged == 2
    assert sum(one.closing for one in found.by_model) == after.units


@pytest.mark.django_db
@pytest.mark.parametrize("count", [2, 20])
def test_it_costs_five_queries_however_many_lines(count: int) -> None:
    where = cast.centre()
    before = store(where, [line(quantity=one) for one in range(1, count + 1)], quarter="2025Q3")
    after = store(where, [line("h800", quantity=one) for one in range(1, count + 1)])
    # Rows without equal; units by model; the models with their vendors; the lines left of each side.
    with CaptureQueriesContext(connection) as queries:
        found = differences(before, after)
        assert [str(one.line.chip_model.vendor) for one in found.lines].count("Nvidia") == count
    assert len(queries) == 5


def test_every_field_of_a_line_is_compared() -> None:
    columns = {column.attname for column in InventoryLine._meta.concrete_fields} - {"submission_id", "row"}
    assert set(FIELDS) == columns
    assert {name for names in NEARNESS for name in names} < columns


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "chip": st.sampled_from(["ascend", "h800"]),
            "quantity": st.integers(1, 3),
            "workload": st.sampled_from(["training", "inference"]),
            "status": st.sampled_from(["in_service", "retired"]),
            "acquired_on": st.sampled_from([None, date(2025, 1, 1), date(2025, 2, 2)]),
            "unit_price_cny": st.sampled_from([None, 1]),
            "serial_numbers": st.sampled_from([[], ["A"], ["A,B"], ['"', "\\"]]),
            "note": st.sampled_from(["", "a", "(,)", "null"]),
        }
    ),
    max_size=8,
)


def values(lines: Any) -> "Counter[tuple[Any, ...]]":
    """Lines as a multiset of what they say, whatever their rows."""
    return Counter(
        tuple(tuple(value) if isinstance(value := getattr(one, name), list) else value for name in FIELDS)
        for one in lines
    )


def applied(before: Any, found: Any) -> "Counter[tuple[Any, ...]]":
    after = values(before)
    after.subtract(values([one.was for one in found if one.was]))
    after.subtract(values([one.line for one in found if one.kind == Kind.REMOVED]))
    after.update(values([one.line for one in found if one.kind != Kind.REMOVED]))
    # None taken away that was not there.
    assert min(after.values(), default=0) >= 0
    return +after


@given(LINES, LINES)
def test_what_is_paired_and_what_is_left_is_every_line_once(before: list[Line], after: list[Line]) -> None:
    left, right = ([unsaved(row, one) for row, one in enumerate(lines, 2)] for lines in (before, after))
    found = pair(left, right)
    assert applied(left, found) == values(right)
    assert found == pair(left[::-1], right[::-1])
    added, removed = ({one.line.chip_model_id for one in found if one.kind == kind} for kind in list(Kind)[:2])
    # Of one model lines are added or removed, never both: they would have been told to have changed.
    assert not added & removed
    for kind, lines in ((Kind.ADDED, right), (Kind.REMOVED, left)):
        told_rows = [one.line.row for one in found if one.kind == kind]
        assert len(set(told_rows)) == len(told_rows) <= len(lines)


@pytest.mark.django_db
def test_the_differences_applied_to_the_one_give_the_other() -> None:
    where = cast.centre()

    @settings(max_examples=60, deadline=None)
    @given(LINES, LINES)
    def applied_they_give_the_other(before: list[Line], after: list[Line]) -> None:
        first, second = store(where, before), store(where, after)
        found = differences(first, second)
        lines_before, lines_after = list(first.lines.all()), list(second.lines.all())
        assert applied(lines_before, found.lines) == values(lines_after)
        # As many are the same as there can be.
        assert found.unchanged == (values(lines_before) & values(lines_after)).total()
        assert all(one.fields for one in found.changed)

    applied_they_give_the_other()


def unsaved(row: int, facts: Line) -> InventoryLine:
    return made(1, row, facts, CHIPS)
