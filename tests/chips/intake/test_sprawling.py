"""The reader for sheets that are too large for the fast one reads what the fast one reads."""

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from chips.intake import sprawling, tables
from tests.chips.intake.test_uploads import MANIFEST, UPLOADS

# Without those that are refused before either reader is asked.
REFUSED = {"unsupported_format", "too_large"}
WORKBOOKS = [
    case["file"]
    for case in MANIFEST
    if zipfile.is_zipfile(UPLOADS / case["file"]) and not REFUSED & {error["code"] for error in case["errors"]}
]


def read(path: Path) -> Any:
    table = tables.open_table(path, "xlsx")
    rows = [(number, [tables.text_of(cell) for cell in row if cell is not None]) for number, row in table.rows]
    filled = [(number, [text for text in row if text]) for number, row in rows if any(row)]
    return table.sheet, table.header_row, [cell for cell in table.header if cell], filled, table.warnings


@pytest.mark.parametrize("name", WORKBOOKS)
def test_both_readers_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(UPLOADS / name)
    monkeypatch.setattr(tables, "is_sprawling", lambda path, sheet: True)
    assert read(UPLOADS / name) == fast


def test_a_sheet_sprawls_by_its_cells_and_not_by_its_styles(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["chip_model", "quantity"])
    sheet["XFD1048576"].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "styled.xlsx")
    assert not sprawling.is_sprawling(tmp_path / "styled.xlsx", "Sheet")
    sheet["XFD1048576"] = "x"
    book.save(tmp_path / "far.xlsx")
    assert sprawling.is_sprawling(tmp_path / "far.xlsx", "Sheet")
