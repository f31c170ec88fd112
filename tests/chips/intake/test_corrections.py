"""What an operator corrects in the page is checked as if it stood in the file."""

from pathlib import Path
from typing import Any

import pytest

from chips.intake.sandbox import check_file
from tests.chips.intake.reading import ENDS_ON, read, told, typed
from tests.chips.intake.test_uploads import UPLOADS

FILE = "型号,数量\nH800,x\n\nnope,2\n合计,9\n"


def test_a_corrected_cell_is_checked_in_place_of_what_stands_there(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(tmp_path / "a.csv", FILE)
    assert told(read(path, catalogue)[1]) == [("not_an_integer", 2, "quantity"), ("unknown_chip", 4, "chip_model")]
    corrections = {2: {"quantity": "7"}, 4: {"chip_model": "昇腾910B"}}
    lines, report = read(path, catalogue, corrections=corrections)
    assert report.ok
    assert [(line.row, line.quantity) for line in lines] == [(2, 7), (4, 2)]
    assert report.units == 9


def test_a_correction_that_is_wrong_is_told_with_its_own_text(catalogue: dict[str, Any], tmp_path: Path) -> None:
    _, report = read(typed(tmp_path / "a.csv", FILE), catalogue, corrections={2: {"quantity": "seven"}})
    assert (report.errors[0].code, report.errors[0].value) == ("not_an_integer", "seven")


def test_a_column_that_the_file_has_not_is_there_for_the_corrected_row(
    catalogue: dict[str, Any], tmp_path: Path
) -> None:
    path = typed(tmp_path / "a.csv", "型号,数量\nA100,1\nA100,1\nH800,1\n")
    assert told(read(UPLOADS / "ambiguous_chip.csv", catalogue)[1]) == [("ambiguous_chip", 2, "chip_model")]
    corrections = {2: {"status": "备用", "note": "x"}, 3: {"vendor": "AMD", "status": "who knows"}}
    lines, report = read(path, catalogue, corrections=corrections)
    assert told(report) == [("unknown_value", 3, "status"), ("vendor_mismatch", 3, "vendor")] or told(report) == [
        ("unknown_value", 3, "status"),
        ("unknown_vendor", 3, "vendor"),
    ]
    assert [(line.row, line.status, line.note) for line in lines] == [(2, "spare", "x"), (4, "in_service", "")]


def test_an_ambiguous_model_is_settled_by_a_vendor_given_later(catalogue: dict[str, Any]) -> None:
    path = UPLOADS / "ambiguous_chip.csv"
    hint = read(path, catalogue)[1].errors[0].hint
    assert hint is not None
    for vendor in hint.split("; "):
        assert read(path, catalogue, corrections={2: {"vendor": vendor}})[1].ok


def test_rows_that_differ_by_a_correction_alone_are_no_duplicates(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(tmp_path / "a.csv", "型号,数量\nH800,1\nH800,1\n")
    assert [fault.code for fault in read(path, catalogue)[1].warnings] == ["duplicate_row"]
    assert read(path, catalogue, corrections={3: {"note": "x"}})[1].warnings == []


def test_a_short_row_and_a_workbook_are_corrected_too(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(tmp_path / "a.csv", "型号,数量,备注\nH800\n")
    assert read(path, catalogue, corrections={2: {"quantity": "3"}})[1].units == 3
    _, report = read(UPLOADS / "true_as_quantity.xlsx", catalogue, corrections={2: {"quantity": "4"}})
    assert (report.ok, report.units) == (True, 4)


def test_corrections_reach_the_child(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(tmp_path / "a.csv", FILE)
    how: dict[str, Any] = {"name": "a.csv", "catalogue": catalogue, "ends_on": ENDS_ON}
    corrections = {2: {"quantity": "7"}, 4: {"chip_model": "昇腾910B", "note": "补正"}}
    assert check_file(path, **how, corrections=corrections).units == 9
    with pytest.raises(ValueError, match="no column 型号"):
        check_file(path, **how, corrections={2: {"型号": "7"}})


@pytest.mark.parametrize(
    ("declared", "codes"),
    [
        ({"declared_lines": 2, "declared_units": 160}, []),
        ({"declared_lines": 3}, [("declared_lines_differ", {"declared": 3, "found": 2})]),
        ({"declared_units": 161}, [("declared_units_differ", {"declared": 161, "found": 160})]),
        ({"declared_units": 0}, [("declared_units_differ", {"declared": 0, "found": 160})]),
    ],
)
def test_what_was_declared_is_held_against_what_was_found(
    declared: dict[str, Any], codes: list[Any], catalogue: dict[str, Any]
) -> None:
    how: dict[str, Any] = {"name": "plain.csv", "catalogue": catalogue, "ends_on": ENDS_ON}
    for report in (
        read(UPLOADS / "plain.csv", catalogue, **declared)[1],
        check_file(UPLOADS / "plain.csv", **how, **declared),
    ):
        assert [(fault.code, fault.params) for fault in report.errors] == codes
        assert report.ok == (not codes)
        assert {(fault.row, fault.column) for fault in report.errors} <= {(None, None)}


def test_faulty_lines_count_and_units_only_where_every_quantity_is_one(
    catalogue: dict[str, Any], tmp_path: Path
) -> None:
    path = typed(tmp_path / "a.csv", "型号,数量\nH800,1\nnope,2\nH800,x\n")
    _, report = read(path, catalogue, declared_lines=3, declared_units=100)
    assert told(report)[2:] == []
    path = typed(tmp_path / "b.csv", "型号,数量\nH800,1\nnope,2\n")
    _, report = read(path, catalogue, declared_lines=1, declared_units=4)
    assert [fault.params for fault in report.errors[1:]] == [{"declared": 1, "found": 2}, {"declared": 4, "found": 3}]
