"""A hostile file takes down the child that reads it, and nothing else."""

import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bench.inventory import write_xlsx
from chips.intake.check import Report
from chips.intake.formats import MIB
from chips.intake.markup import GREATEST_AT_ONCE
from chips.intake.sandbox import check_file
from tests.chips.intake.test_uploads import UPLOADS


def check(path: Path, catalogue: dict[str, Any], **limits: Any) -> Report:
    return check_file(path, name=path.name, catalogue=catalogue, ends_on=date(2025, 12, 31), **limits)


def codes(report: Report) -> list[str]:
    return [fault.code for fault in report.errors]


def test_a_good_file_comes_back_as_it_was_read(catalogue: dict[str, Any]) -> None:
    report = check(UPLOADS / "gbk_excel.csv", catalogue)
    assert (report.ok, report.encoding, report.lines, report.units) == (True, "gb18030", 2, 160)


def test_a_child_out_of_memory_is_a_file_too_large(catalogue: dict[str, Any]) -> None:
    assert codes(check(UPLOADS / "plain.csv", catalogue, memory=8 * MIB)) == ["too_large"]


def test_a_child_out_of_time_is_a_file_too_large(catalogue: dict[str, Any], tmp_path: Path) -> None:
    slow = tmp_path / "slow.csv"
    slow.write_text("chip_model,quantity\n" + "Ascend 910B,1\n" * 900_000)
    assert codes(check(slow, catalogue, seconds=1)) == ["too_large"]


def test_a_cell_in_the_last_corner_of_a_sheet_is_told_of_itself(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["chip_model", "quantity"])
    sheet["XFD1048576"] = "x"
    book.save(path)
    assert codes(check(path, catalogue)) == ["broken_row", "missing_value", "missing_value"]


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("mismatched.xml", b"<a><b></a></b>", "unsupported_format"),
        ("bomb.xml", b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>', "unsupported_format"),
        ("xl/vbaProject.bin", b"macro", "unsupported_format"),
    ],
)
def test_a_workbook_with_a_bad_part_is_refused(
    catalogue: dict[str, Any], tmp_path: Path, name: str, body: bytes, code: str
) -> None:
    path = tmp_path / "bad.xlsx"
    path.write_bytes((UPLOADS / "book.xlsx").read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, body)
    assert codes(check(path, catalogue)) == [code]


def test_rows_and_errors_of_a_workbook_stand_where_the_user_sees_them(
    catalogue: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for address, value in {"B4": "型号", "C4": "数量", "B6": "昇腾910B", "C6": "#N/A", "B9": 4090, "C9": 3.5}.items():
        sheet[address] = value
    sheet["C6"].data_type = "e"
    book.save(path)
    report = check(path, catalogue)
    assert [(e.code, e.row, e.column) for e in report.errors] == [
        ("cell_error", 6, "quantity"),
        ("not_an_integer", 9, "quantity"),
    ]
    assert report.header_row == 4


def test_a_lying_dimension_hides_no_row(catalogue: dict[str, Any], tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["chip_model", "quantity"], *(["H800", n] for n in range(1, 11))):
        sheet.append(row)
    book.save(tmp_path / "true.xlsx")
    with zipfile.ZipFile(tmp_path / "true.xlsx") as true, zipfile.ZipFile(tmp_path / "lie.xlsx", "w") as lie:
        for entry in true.infolist():
            lie.writestr(entry, true.read(entry).replace(b'ref="A1:B11"', b'ref="A1:A3"'))
    assert check(tmp_path / "lie.xlsx", catalogue).lines == 10


def test_warnings_end_where_nobody_would_read_on(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("chip_model,quantity," + ",".join(f"c{number}" for number in range(5_000)) + "\nH800,1\n")
    report = check(path, catalogue)
    assert (report.ok, report.lines, len(report.warnings)) == (True, 1, 1_000)


def test_a_workbook_with_two_parts_of_one_name_is_refused(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "double.xlsx"
    path.write_bytes((UPLOADS / "book.xlsx").read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    assert codes(check(path, catalogue)) == ["unsupported_format"]


@pytest.mark.parametrize("rows", [500, 60_000], ids=["a small part", "a part that is judged beside"])
def test_an_archive_whose_bytes_do_not_unpack_is_a_damaged_one(
    catalogue: dict[str, Any], tmp_path: Path, rows: int
) -> None:
    """And not one that is too large: its sender would cut it, and send a damaged one again."""
    path = write_xlsx(tmp_path / "inventory.xlsx", rows)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    assert (sheet.file_size > GREATEST_AT_ONCE) == (rows > 500)
    middle = sheet.header_offset + sheet.compress_size // 2
    for place in range(middle, middle + 200):
        content[place] ^= 0x5A
    path.write_bytes(content)
    assert codes(check(path, catalogue)) == ["unsupported_format"]
