"""The sheet that lists all that is wrong, with links to the cells."""

import io
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink

from chips.help import LABELS, in_language
from chips.intake.columns import COLUMNS
from chips.marked.marks import Marks
from chips.safe_cells import font, put_text

SHEET = ("Faults", "问题清单")
TITLE = ("What is wrong with this file", "文件中的问题")
_INTRO = (
    "Mend the marked cells and send this workbook again; this sheet may stay.",
    "请修改已标记的单元格后重新上传本工作簿；本工作表可以保留。",
)
_LIST_ONLY = (
    "The file itself cannot be shown here. Mend it, and send it again.",
    "此处无法显示原文件内容。请修改原文件后重新上传。",
)
_CUT = (
    "{count} cells hold more than a workbook's cell can and were cut: mend those in the file that was sent.",
    "有 {count} 个单元格的内容超出工作簿单元格上限，已被截断：请在原文件中修改。",
)
_HEADER = (
    ("Row", "Column", "What stands there", "What is wrong", "What would be right", "Code"),
    ("行", "列", "原值", "问题", "应填", "代码"),
)
_KINDS = (("error", "错误"), ("notice", "提示"))


def list_only(marks: Marks) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet(marks.text(SHEET))
    fill_list(sheet, marks, None)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def add_list(book: openpyxl.Workbook, marks: Marks, sheet: Any, cut: int = 0) -> None:
    """Add the list behind the table's sheet, since the first sheet with a header is the one that is read."""
    added = book.create_sheet(marks.text(SHEET), book.index(sheet) + 1)
    fill_list(added, marks, sheet.title, cut)


def fill_list(sheet: Any, marks: Marks, target: str | None, cut: int = 0) -> None:
    """Write the list; where the file's rows stand on the sheet `target`, with links to their cells."""
    for place, width in enumerate((8, 26, 30, 60, 44, 24, 10), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A5"
    sheet.append([_text(sheet, marks.text(TITLE), bold=True)])
    sheet.append([_text(sheet, marks.text(_INTRO if target else _LIST_ONLY))])
    sheet.append([_text(sheet, marks.text(_CUT, count=cut))] if cut else [None])
    sheet.append([_text(sheet, name, bold=True) for name in _HEADER[marks.language.startswith("zh")]])
    for number, ((fault, is_error), found) in enumerate(zip(marks.listed, marks.places, strict=True), start=5):
        said = fault.worded(marks.language)
        column = in_language(LABELS[fault.column], marks.language) if fault.column in COLUMNS else ""
        row = WriteOnlyCell(sheet, fault.row)
        texts = (column, said["value"], said["message"], said["hint"], fault.code)
        cells = [row, *(_text(sheet, text or "", wrap=True) for text in texts)]
        cells.append(_text(sheet, marks.text(_KINDS[not is_error])))
        cells[0].fill = marks.fill_of(is_error)
        if target and found:
            address = f"{get_column_letter(found[1] + 1)}{found[0]}"
            if fault.row is None:
                put_text(row, address)
            row.font = font(underline="single", color="FF1F5F99")
            # A link names the cell that it stands in.
            row.row = number
            row.hyperlink = Hyperlink(ref=row.coordinate, location=f"{quote_sheetname(target)}!{address}")
        sheet.append(cells)


def _text(sheet: Any, text: str, *, bold: bool = False, wrap: bool = False) -> Any:
    cell = put_text(WriteOnlyCell(sheet), text)
    if bold:
        cell.font = font(bold=True)
    if wrap:
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell
