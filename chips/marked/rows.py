"""A workbook made of a file's rows, marked: held in memory, or written as they come."""

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter

from chips.intake.tables import Cells
from chips.marked.fault_list import SHEET, add_list, fill_list
from chips.marked.marks import ERROR_FILL, Marks, comment_of, mark_cells
from chips.marked.source import Source
from chips.safe_cells import GREATEST_CELL, font, is_plain, put_text

_DATA = ("Inventory", "芯片台账")


def rebuilt(rows: list[tuple[int, Cells]], marks: Marks, source: Source) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = _title(source, marks)
    cut = 0
    for number, cells in rows:
        for place, value in enumerate(cells, start=1):
            if value not in (None, ""):
                cut += isinstance(value, str) and len(value) > GREATEST_CELL
                _put(sheet.cell(number, place), value)
    mark_cells(sheet, marks)
    if source.header_row:
        sheet.freeze_panes = sheet.cell(source.header_row + 1, 1)
        for cell in sheet[source.header_row]:
            cell.font = font(bold=True)
    for place in range(1, min(marks.width, 50) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 18
    add_list(book, marks, sheet, cut)
    return book


def _title(source: Source, marks: Marks) -> str:
    wanted = source.sheet or marks.text(_DATA)
    allowed = "".join("_" if letter in "[]*:/\\?" or not letter.isprintable() else letter for letter in wanted)
    return allowed[:31].strip("'") or marks.text(_DATA)


def _put(cell: Any, value: Any) -> Any:
    """Write a value of one of our readers so that it is read again as the same."""
    value = _storable(value)
    if isinstance(value, str):
        # So that what is typed over it stays as it is typed.
        cell.number_format = "@"
        return put_text(cell, value)
    cell.value = value
    if isinstance(value, datetime):
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    return cell


def _storable(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 10**15 else value
    # A workbook counts its days from 1900.
    if isinstance(value, date) and value.year < 1901:
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return str(value)
    return value


def streamed(rows: Iterator[tuple[int, Cells]], marks: Marks, source: Source, into: BinaryIO) -> None:
    """Write the values as they come, with the marks: nothing of it is held."""
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet(_title(source, marks))
    if source.header_row:
        sheet.freeze_panes = f"A{source.header_row + 1}"
    written = cut = 0
    for number, cells in rows:
        columns = marks.cells.get(number)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if not cells and not columns:
            continue
        for _ in range(written + 1, number):
            sheet.append(())
        cut += any(isinstance(value, str) and len(value) > GREATEST_CELL for value in cells)
        sheet.append(_marked_row(sheet, cells, columns, marks, is_beyond=number in marks.beyond))
        written = number
    for number in sorted(row for row in marks.cells if row > written):
        for _ in range(written + 1, number):
            sheet.append(())
        sheet.append(_marked_row(sheet, [], marks.cells[number], marks, is_beyond=False))
        written = number
    fill_list(book.create_sheet(marks.text(SHEET)), marks, sheet.title, cut)
    book.save(into)


def _marked_row(
    sheet: Any, cells: Cells, columns: dict[int, tuple[bool, list[str]]] | None, marks: Marks, *, is_beyond: bool
) -> list[Any]:
    row = [_plain_or_cell(sheet, value) for value in cells]
    if columns:
        row += [None] * (max(columns) + 1 - len(row))
        for column, (is_error, texts) in columns.items():
            value = cells[column] if column < len(cells) else None
            cell = WriteOnlyCell(sheet)
            if value not in (None, ""):
                _put(cell, value)
            cell.fill, cell.comment = marks.fill_of(is_error), comment_of(texts)
            row[column] = cell
    if is_beyond:
        for column in range(marks.width, len(cells)):
            if cells[column] not in (None, ""):
                row[column] = _put(WriteOnlyCell(sheet), cells[column])
                row[column].fill = ERROR_FILL
    return row


def _plain_or_cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return (value or None) if is_plain(value) else put_text(WriteOnlyCell(sheet), value)
    value = _storable(value)
    return _put(WriteOnlyCell(sheet), value) if isinstance(value, date) else value
