"""The operator's own workbook, marked and made harmless; its styles and sheets stay."""

import io
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.styles import PatternFill

from chips.intake.columns import meanings
from chips.intake.faults import FileFault
from chips.intake.formats import format_of
from chips.intake.tables import Cells, text_of
from chips.marked.fault_list import SHEET, TITLE, add_list
from chips.marked.marks import AUTHOR, OUR_FILLS, Marks, mark_cells
from chips.marked.source import Source, source_of
from chips.safe_cells import FORMULA_STARTS, put_text


def own_workbook(
    path: Path, marks: Marks, source: Source, rows: list[tuple[int, Cells]], corrections: Mapping[Any, str]
) -> openpyxl.Workbook | None:
    """The workbook itself, marked; None where it would not be read as the original is."""
    try:
        with path.open("rb") as file:
            book = openpyxl.load_workbook(file, data_only=True, keep_links=False)
        sheet = book[source.sheet] if source.sheet else _first_visible(book)
        _remove_earlier_marks(book)
        _make_harmless(book)
        at = {column: index for index, column in enumerate(meanings(source.header)) if column}
        for (row, column), text in corrections.items():
            if column in at:
                put_text(sheet.cell(row, at[column] + 1), text)
        mark_cells(sheet, marks)
        add_list(book, marks, sheet)
        written = io.BytesIO()
        book.save(written)
    # Any library that cannot make sense of somebody's workbook says so in its own way; the values are at hand.
    except Exception:  # its rows are written instead
        return None
    return book if _is_read_alike(written, source, rows) else None


def _is_read_alike(written: io.BytesIO, source: Source, rows: list[tuple[int, Cells]]) -> bool:
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(written.getvalue())
        copy.flush()
        try:
            again = source_of(Path(copy.name), format_of(Path(copy.name)))
        except FileFault:
            return False
        if (again.header, again.header_row, again.sheet) != (source.header, source.header_row, source.sheet):
            return False
        return _contents(again.rows) == _contents(rows)


def _contents(rows: Iterable[tuple[int, Cells]]) -> list[tuple[int, list[tuple[int, str]]]]:
    """What the check would read: the text of each cell that has any, under its row and column."""
    filled = (
        (number, [(index, text) for index, cell in enumerate(cells) if cell is not None and (text := text_of(cell))])
        for number, cells in rows
    )
    return [(number, cells) for number, cells in filled if cells]


def _first_visible(book: openpyxl.Workbook) -> Any:
    return next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")


def _remove_earlier_marks(book: openpyxl.Workbook) -> None:
    """Take away what this module put into a workbook that came back."""
    for sheet in list(book.worksheets):
        if sheet.title.startswith(SHEET) and sheet.cell(1, 1).value in TITLE and len(book.worksheets) > 1:
            book.remove(sheet)
            continue
        for cells in sheet.iter_rows():
            for cell in cells:
                if cell.comment is not None and cell.comment.author == AUTHOR:
                    cell.comment = None
                if cell.has_style and cell.fill.fgColor.rgb in OUR_FILLS:
                    cell.fill = PatternFill()


def _make_harmless(book: openpyxl.Workbook) -> None:
    """Leave no formula, no link and nothing that a spreadsheet would work out."""
    book.defined_names.clear()
    for sheet in book.worksheets:
        sheet.defined_names.clear()
        sheet.conditional_formatting = ConditionalFormattingList()
        # Lists of values and limits stay: what they point to is within the workbook, or a number.
        sheet.data_validations.dataValidation = [
            validation for validation in sheet.data_validations.dataValidation if _is_harmless(validation)
        ]
        for cells in sheet.iter_rows():
            for cell in cells:
                if getattr(cell, "hyperlink", None) is not None:
                    cell.hyperlink = None
                if isinstance(cell.value, str) and cell.data_type != "e":
                    cell.data_type = "s"
                    if cell.value.startswith(FORMULA_STARTS):
                        cell.quotePrefix = True


def _is_harmless(validation: Any) -> bool:
    formulas = [str(formula) for formula in (validation.formula1, validation.formula2) if formula]
    return validation.type != "custom" and not any(mark in formula for formula in formulas for mark in "([|")
