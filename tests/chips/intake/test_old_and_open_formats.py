"""XLS and ODS are read as XLSX is, errors in cells included.

The files of `workbooks/` were written by xlwt and odfpy.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chips.intake import tables
from chips.intake.check import Check, Line
from chips.intake.matching import Catalogue

WORKBOOKS = Path(__file__).parent / "workbooks"


def check(name: str, catalogue: dict[str, Any]) -> tuple[list[Line], list[tuple[str, int | None, str | None]], Check]:
    read = Check(WORKBOOKS / name, name=name, catalogue=Catalogue.from_dict(catalogue), ends_on=date(2025, 12, 31))
    lines = list(read.lines())
    return lines, [(fault.code, fault.row, fault.column) for fault in read.report.errors], read


@pytest.mark.parametrize("name", ["book.xls", "book.ods"])
def test_every_kind_of_cell_is_read(name: str, catalogue: dict[str, Any]) -> None:
    lines, faults, read = check(name, catalogue)
    assert faults == []
    assert (read.report.format, read.report.sheet, read.report.header_row) == (name[-3:], "台账", 1)
    assert [(line.row, line.quantity) for line in lines] == [(2, 120), (3, 40)]
    first = lines[0]
    assert (first.acquired_on, first.unit_price_cny, first.note) == (date(2024, 3, 5), Decimal("120000.5"), "一期")


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("error.xls", [("cell_error", 4, "unit_price_cny")]),
        ("error.ods", [("cell_error", 4, "unit_price_cny")]),
        # An error that stands alone in its row, below all else: the row is none that is blank.
        ("error_alone.xls", [("missing_value", 6, "chip_model"), ("cell_error", 6, "quantity")]),
    ],
)
def test_an_error_in_a_cell_is_no_blank(
    name: str, faults: list[tuple[str, int, str]], catalogue: dict[str, Any]
) -> None:
    assert check(name, catalogue)[1] == faults


def test_a_sheet_that_was_cut_when_it_was_saved_is_refused(
    catalogue: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "XLS_ROWS", 3)
    assert check("book.xls", catalogue)[1] == [("too_many_rows", None, None)]


@pytest.mark.parametrize(("greatest", "faults"), [(2, []), (1, [("too_many_rows", None, None)])])
def test_the_last_line_counts_too(
    greatest: int, faults: list[Any], catalogue: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chips.intake.check.GREATEST_LINES", greatest)
    assert check("book.xls", catalogue)[1] == faults
