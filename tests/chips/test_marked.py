"""The operator's own workbook with its faults marked: it shows what the report says, and can be sent again."""

from collections import deque
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine

from chips.intake.check import Check, Report
from chips.intake.columns import meanings
from chips.intake.faults import CODES, Fault, Kind
from chips.intake.formats import MIB, format_of
from chips.intake.matching import Catalogue
from chips.intake.tables import open_table, text_of
from chips.marked import write
from chips.marked.child import marked_workbook
from chips.marked.write import write_marked
from chips.safe_cells import escaped, put_text
from tests.chips.intake.conftest import catalogue as catalogue
from tests.chips.intake.test_uploads import MANIFEST, UPLOADS

# What no reader can open, or could only open in part, which nobody should send again.
UNREADABLE = {"unsupported_format", "encrypted", "bad_encoding", "too_large", "too_many_rows", "unbalanced_quote"}
FAULTY = [case["file"] for case in MANIFEST if case["errors"]]
OPENED = [
    case["file"] for case in MANIFEST if case["errors"] and not UNREADABLE & {error["code"] for error in case["errors"]}
]
# Faults of the whole file have no cell to mend.
WITH_CELLS = [case["file"] for case in MANIFEST if case["errors"] and case["errors"][0]["row"] is not None]
GOOD = [case["file"] for case in MANIFEST if not case["errors"]]
WORKBOOKS = Path(__file__).parent / "intake" / "workbooks"
RIGHT: dict[str, Any] = {
    "chip_model": "Ascend 910B", "vendor": "Huawei", "quantity": 1, "workload": "training", "status": "spare",
    "acquired_on": date(2024, 3, 5), "acquisition": "leased", "unit_price_cny": 120000.5, "serial_numbers": None,
    "note": "mended",
}  # fmt: skip


def check(path: Path, catalogue: dict[str, Any]) -> Report:
    whole = Check(path, name=path.name, catalogue=Catalogue.from_dict(catalogue), ends_on=date(2025, 12, 31))
    deque(whole.lines(), maxlen=0)
    return whole.report


def mark(path: Path, report: Report, into: Path, language: str = "en", **facts: Any) -> Path:
    """In this process, since a child takes half a second to start."""
    with into.open("wb") as file:
        faults = [*report.errors, *report.warnings]
        write_marked(path, faults=faults, language=language, into=file, **({"corrections": {}} | facts))
    return into


def contents(path: Path) -> Any:
    table = open_table(path, format_of(path))
    rows = [(number, [text_of(cell) for cell in cells if cell is not None]) for number, cells in table.rows]
    filled = [(number, row) for number, cells in rows if (row := [text for text in cells if text])]
    return table.header_row, [cell for cell in table.header if cell], filled


def sheet_of(path: Path) -> Any:
    """The sheet that the reader reads; the first one where it reads none."""
    book = openpyxl.load_workbook(path)
    return next((sheet for sheet in book.worksheets if sheet.sheet_state == "visible"), None)


def commented(sheet: Any) -> set[tuple[int, int]]:
    return {(cell.row, cell.column) for cells in sheet.iter_rows() for cell in cells if cell.comment}


def places(path: Path, report: Report) -> set[tuple[int, int]]:
    """The cells that the report is about; a fault of a row, or of the file, in the first cell of its row."""
    try:
        table = open_table(path, format_of(path))
        header, header_row = meanings(table.header), table.header_row
        names = table.header
    except Exception:
        header, header_row, names = [], 1, []
    found = set()
    for fault in (*report.errors, *report.warnings):
        if fault.row is None and not fault.kind.stops:
            continue
        if fault.code == "unknown_column":
            found.add((header_row, names.index(fault.value or "") + 1))
            continue
        found.add((fault.row or header_row, header.index(fault.column) + 1 if fault.column else 1))
    return found


@pytest.mark.parametrize("name", OPENED)
def test_the_marked_cells_are_those_of_the_report(name: str, catalogue: dict[str, Any], tmp_path: Path) -> None:
    report = check(UPLOADS / name, catalogue)
    made = mark(UPLOADS / name, report, tmp_path / "marked.xlsx")
    assert commented(sheet_of(made)) == places(UPLOADS / name, report)


@pytest.mark.parametrize("name", [*OPENED, *GOOD])
def test_it_is_read_as_the_original_is(name: str, catalogue: dict[str, Any], tmp_path: Path) -> None:
    report = check(UPLOADS / name, catalogue)
    made = mark(UPLOADS / name, report, tmp_path / "marked.xlsx", "zh-hans")
    again = check(made, catalogue)
    assert [(f.code, f.row, f.column) for f in again.errors] == [(f.code, f.row, f.column) for f in report.errors]
    assert (again.lines, again.units) == (report.lines, report.units)
    if report.header_row:
        assert contents(made) == contents(UPLOADS / name)


@pytest.mark.parametrize("name", WITH_CELLS)
def test_mending_the_marked_cells_makes_it_pass(name: str, catalogue: dict[str, Any], tmp_path: Path) -> None:
    report = check(UPLOADS / name, catalogue)
    made = mark(UPLOADS / name, report, tmp_path / "marked.xlsx")
    book = openpyxl.load_workbook(made)
    sheet: Any = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
    table = open_table(made, "xlsx")
    header = meanings(table.header)
    # One at a time, since another fault may have stood behind the first.
    for _ in range(3):
        for fault in report.errors:
            assert fault.row is not None
            if fault.code == "broken_row":
                for cell in sheet[fault.row]:
                    if cell.fill.fgColor.rgb == "FFFFC4C1":
                        cell.value = None
            elif fault.column:
                sheet.cell(fault.row, header.index(fault.column) + 1).value = RIGHT[fault.column]
        book.save(made)
        report = check(made, catalogue)
    assert report.ok, report.errors


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize(("language", "title"), [("en", "Faults"), ("zh-hans", "问题清单")])
def test_every_fault_is_listed_with_its_place(
    name: str, language: str, title: str, catalogue: dict[str, Any], tmp_path: Path
) -> None:
    report = check(UPLOADS / name, catalogue)
    book = openpyxl.load_workbook(mark(UPLOADS / name, report, tmp_path / "marked.xlsx", language))
    rows = list(book[title].iter_rows(min_row=5, values_only=True))
    shown = sorted((row[5], row[3]) for row in rows)
    assert shown == sorted((f.code, f.worded(language)["message"]) for f in (*report.errors, *report.warnings))
    if name not in OPENED:
        assert book.sheetnames == [title]


def test_links_lead_to_the_cells(catalogue: dict[str, Any], tmp_path: Path) -> None:
    report = check(UPLOADS / "unknown_chip.csv", catalogue)
    book = openpyxl.load_workbook(mark(UPLOADS / "unknown_chip.csv", report, tmp_path / "marked.xlsx"))
    fault = report.errors[0]
    linked = book["Faults"]["A5"]
    assert (linked.value, linked.hyperlink.location) == (fault.row, f"'Inventory'!A{fault.row}")
    assert fault.hint is not None
    assert fault.hint in book["Inventory"].cell(fault.row, 1).comment.text


@pytest.mark.parametrize("name", ["book.xls", "book.ods", "error.xls", "error.ods", "error_alone.xls"])
def test_old_and_open_formats_come_back_as_they_were(name: str, catalogue: dict[str, Any], tmp_path: Path) -> None:
    report = check(WORKBOOKS / name, catalogue)
    made = mark(WORKBOOKS / name, report, tmp_path / "marked.xlsx")
    assert contents(made) == contents(WORKBOOKS / name)
    again = check(made, catalogue)
    assert [(f.code, f.row, f.column) for f in again.errors] == [(f.code, f.row, f.column) for f in report.errors]


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
    "_x0041_",
    "a_x000D_b",
    "#x",
]


def test_no_text_becomes_a_formula_and_none_is_changed(catalogue: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "hostile.csv"
    source.write_text("chip_model,quantity,note\nNope,1,x\n" + "".join(f'H800,1,"{text}"\n' for text in HOSTILE))
    report = check(source, catalogue)
    made = mark(source, report, tmp_path / "marked.xlsx")
    assert contents(made) == contents(source)
    notes = [row[2] for row in sheet_of(made).iter_rows(min_row=3)]
    assert {cell.data_type for cell in notes} == {"s"}
    assert [cell.quotePrefix for cell in notes] == [True] * 9 + [False] * 3


def test_an_own_workbook_loses_its_formulas_and_links_and_keeps_its_looks(
    catalogue: dict[str, Any], tmp_path: Path
) -> None:
    source = tmp_path / "own.xlsx"
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "台账"
    sheet.append(["chip_model", "quantity", "note"])
    sheet.append(["Nope", 1, "=1+1"])
    put_text(sheet["C3"], "=2+2")
    sheet["A3"], sheet["B3"] = "H800", 2
    sheet["A1"].font = openpyxl.styles.Font(bold=True, size=20)
    sheet["A3"].hyperlink = "https://example.org/"
    sheet.conditional_formatting.add(
        "A1:A9", openpyxl.formatting.rule.FormulaRule(formula=["WEBSERVICE(A1)"], font=openpyxl.styles.Font(bold=True))
    )
    book.defined_names["evil"] = openpyxl.workbook.defined_name.DefinedName("evil", attr_text="CALL(1)")
    book.save(source)
    made = mark(source, check(source, catalogue), tmp_path / "marked.xlsx")
    again = openpyxl.load_workbook(made)
    sheet = again["台账"]
    cells = [cell for sheet in again.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert (sheet["C3"].value, sheet["C3"].quotePrefix, sheet["A1"].font.size) == ("=2+2", True, 20)
    assert (sheet["A3"].hyperlink, len(sheet.conditional_formatting), len(again.defined_names)) == (None, 0, 0)


def test_marks_of_an_earlier_round_are_gone(catalogue: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "twice.csv"
    source.write_text("chip_model,quantity\nNope,1\nH800,x\n")
    made = mark(source, check(source, catalogue), tmp_path / "marked.xlsx")
    book = openpyxl.load_workbook(made)
    book["Inventory"]["A2"].value = "H800"
    book.save(made)
    again = mark(made, check(made, catalogue), tmp_path / "again.xlsx")
    assert openpyxl.load_workbook(again).sheetnames == ["Inventory", "Faults"]
    assert commented(sheet_of(again)) == {(3, 2)}
    assert sheet_of(again)["A2"].fill.fgColor.rgb == "00000000"


def test_a_title_above_the_header_and_a_cell_that_was_merged_away(catalogue: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "merged.xlsx"
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (["登记表"], ["型号", "数量"], ["H800", 1], [None, 2]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    sheet.merge_cells("A3:A4")
    book.save(source)
    made = sheet_of(mark(source, check(source, catalogue), tmp_path / "marked.xlsx"))
    assert (made["A1"].value, [str(merged) for merged in made.merged_cells.ranges]) == ("登记表", ["A1:B1"])
    made["A4"].value = "H800"
    made.parent.save(source)
    assert check(source, catalogue).ok


def test_a_title_above_the_header_of_a_csv_stays(catalogue: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "titled.csv"
    source.write_text("登记表\n\n型号,数量\nNope,1\n")
    made = sheet_of(mark(source, check(source, catalogue), tmp_path / "marked.xlsx"))
    assert [made["A1"].value, made["A3"].value, made["A4"].value] == ["登记表", "型号", "Nope"]


def test_warnings_have_another_colour(catalogue: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "warned.csv"
    source.write_text("chip_model,quantity,owner\nH800,1,a\nNope,1,a\n")
    made = sheet_of(mark(source, check(source, catalogue), tmp_path / "marked.xlsx"))
    assert made["C1"].fill.fgColor.rgb != made["A3"].fill.fgColor.rgb
    assert commented(made) == {(1, 3), (3, 1)}


def test_what_only_regulators_are_shown_is_left_out(catalogue: dict[str, Any], tmp_path: Path) -> None:
    hidden = next(code for code, known in CODES.items() if known.kind == Kind.ACROSS_CENTRES)
    report = check(UPLOADS / "unknown_chip.csv", catalogue)
    report.warnings.append(Fault(hidden, 2, "serial_numbers", "another centre's"))
    made = openpyxl.load_workbook(mark(UPLOADS / "unknown_chip.csv", report, tmp_path / "marked.xlsx"))
    assert "another centre's" not in [cell.value for row in made["Faults"].iter_rows() for cell in row]


def test_what_was_mended_already_stands_there_mended(catalogue: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "mended.csv"
    source.write_text("chip_model,quantity\nNope,1\n")
    made = mark(source, check(source, catalogue), tmp_path / "marked.xlsx", corrections={(2, "chip_model"): "H800"})
    assert check(made, catalogue).ok


@pytest.mark.parametrize("name", OPENED)
def test_a_large_file_is_written_value_by_value_and_reads_the_same(
    name: str, catalogue: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = check(UPLOADS / name, catalogue)
    monkeypatch.setattr(write, "MOST_ROWS", 1)
    made = mark(UPLOADS / name, report, tmp_path / "marked.xlsx")
    assert commented(sheet_of(made)) == places(UPLOADS / name, report)
    if report.header_row:
        assert contents(made) == contents(UPLOADS / name)


@pytest.mark.parametrize("name", ["unknown_chip.csv", "serial_as_number.xlsx", "truncated.xlsx"])
def test_a_child_makes_the_same(name: str, catalogue: dict[str, Any], tmp_path: Path) -> None:
    report = check(UPLOADS / name, catalogue)
    with marked_workbook(UPLOADS / name, faults=report.errors, language="en") as made:
        by_child = openpyxl.load_workbook(made)
    here = openpyxl.load_workbook(mark(UPLOADS / name, report, tmp_path / "marked.xlsx"))
    assert values_of(by_child) == values_of(here)


def values_of(book: Any) -> list[Any]:
    return [(sheet.title, list(sheet.iter_rows(values_only=True))) for sheet in book.worksheets]


def test_a_child_out_of_memory_leaves_the_list(catalogue: dict[str, Any]) -> None:
    path = UPLOADS / "unknown_chip.csv"
    with marked_workbook(path, faults=check(path, catalogue).errors, language="en", memory=8 * MIB) as made:
        assert openpyxl.load_workbook(made).sheetnames == ["Faults"]


@pytest.mark.parametrize("text", ["_x0041_", "a\rb", "\x07", "a\tb", "x_x", "_x005F_x0041_", "长" * 5])
def test_what_is_escaped_is_read_back(text: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    put_text(sheet["A1"], text)
    book.save(tmp_path / "book.xlsx")
    sheet = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "book.xlsx")).get_sheet_by_index(0)
    assert sheet.to_python() == [[text]]


def test_what_no_workbook_can_hold_is_shown_by_its_number(tmp_path: Path) -> None:
    assert escaped("a\ufffeb") == "a_xFFFE_b"


def test_a_cell_that_is_full_is_cut_between_escapes() -> None:
    assert escaped("a" * 32_765 + "\x07" * 3) == "a" * 32_765
