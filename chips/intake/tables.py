"""The rows of a file, each under the number that the user's spreadsheet shows."""

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import python_calamine as calamine

from chips.intake.columns import HEADER_ROWS, SPACES, meanings, names_required
from chips.intake.error_cells import error_cells
from chips.intake.faults import Fault, FileFault
from chips.intake.formats import encoding_of
from chips.intake.markup import IsFreeOfErrors, judged_beside
from chips.intake.sprawling import is_sprawling, streamed_rows

Cells = list[Any]
DELIMITERS = (",", ";", "\t")
XLS_ROWS = 65_536


@dataclass(slots=True)
class Table:
    """A file's table: its header, the rows below it, and where it was found."""

    header: list[str]
    header_row: int
    rows: Iterator[tuple[int, Cells]]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    warnings: list[Fault] = field(default_factory=list)
    # What fraction of the file is read with the row of a number.
    fraction: Callable[[int], float | None] = lambda number: None


def text_of(cell: Any) -> str:
    """A cell's text, trimmed of every kind of space."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # A spreadsheet's numbers have fifteen digits; what stands behind them is the noise of binary fractions.
        text = f"{cell:.15g}"
        return f"{Decimal(text):f}" if "e" in text else text
    return str(cell).strip(SPACES)


def open_table(path: Path, file_format: str) -> Table:
    """The table of the file at `path`; raises `FileFault` where it has none."""
    return _delimited(path) if file_format == "csv" else _workbook(path, file_format)


def _delimited(path: Path) -> Table:
    csv.field_size_limit(sys.maxsize)
    encoding = encoding_of(path)
    broken = False
    for delimiter in DELIMITERS:
        records = _Records(path, encoding, delimiter)
        rows = iter(records)
        try:
            header = _find_header(rows)
        except FileFault:
            broken = True
            continue
        if header:
            encoding = encoding.removesuffix("-sig")
            return Table(*header, rows, encoding=encoding, delimiter=delimiter, fraction=records.fraction)
    raise FileFault("unbalanced_quote" if broken else "no_header")


class _Records:
    """The records of a delimited file, and how far they are read."""

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        self._size = path.stat().st_size
        self._file: BinaryIO | None = None

    def __iter__(self) -> Iterator[tuple[int, Cells]]:
        with self._path.open("rb") as file, TextIOWrapper(file, encoding=self._encoding, newline="") as text:
            self._file = file
            try:
                yield from enumerate(csv.reader(text, delimiter=self._delimiter, strict=True), start=1)
            except csv.Error as error:
                # Strict reading ends at the end of the file within quotes, or at text after a closing quote.
                raise FileFault("unbalanced_quote") from error

    def fraction(self, number: int) -> float:
        # The text's own place cannot be asked for while it is being read by lines.
        return self._file.tell() / self._size if self._file and not self._file.closed else 1.0


def _find_header(rows: Iterator[tuple[int, Cells]]) -> tuple[list[str], int] | None:
    """The first of the first rows that names both required columns, with its number; consumes `rows` up to it."""
    for number, cells in islice(rows, HEADER_ROWS):
        header = [text_of(cell) for cell in cells]
        if names_required(meanings(header)):
            return header, number
    return None


def _workbook(path: Path, file_format: str) -> Table:
    try:
        markup = judged_beside(path) if file_format != "xls" else nullcontext(lambda: False)
        with markup as is_free_of_errors, calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            return _visible_table(workbook, path, file_format, is_free_of_errors)
    except calamine.PasswordError as error:
        raise FileFault("encrypted") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise FileFault("unsupported_format") from error


def _visible_table(
    workbook: calamine.CalamineWorkbook, path: Path, file_format: str, is_free_of_errors: IsFreeOfErrors
) -> Table:
    found: Table | None = None
    ignored = []
    for metadata in workbook.sheets_metadata:
        if metadata.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = _sheet_of(workbook, metadata.name, path, file_format, is_free_of_errors)
        if sheet is None:
            continue
        if found is None and metadata.visible == calamine.SheetVisibleEnum.Visible:
            header = _find_header(sheet.rows)
            if header and sheet.is_cut:
                raise FileFault("too_many_rows")
            if header:
                found = Table(*header, sheet.rows, sheet=metadata.name, fraction=sheet.fraction)
                continue
        ignored.append(metadata.name)
    if found is None:
        raise FileFault("no_header")
    found.warnings = [Fault("sheet_ignored", value=name) for name in ignored]
    return found


@dataclass(slots=True)
class _Sheet:
    """A sheet's rows, the number of the last where it is known, and whether it was cut when it was saved."""

    rows: Iterator[tuple[int, Cells]]
    last: int | None = None
    is_cut: bool = False

    def fraction(self, number: int) -> float | None:
        return min(number / self.last, 1.0) if self.last else None


def _sheet_of(
    workbook: calamine.CalamineWorkbook,
    name: str,
    path: Path,
    file_format: str,
    is_free_of_errors: IsFreeOfErrors,
) -> _Sheet | None:
    """The sheet called `name`, None where it has no cell."""
    if file_format == "xlsx" and is_sprawling(path, name):
        return _Sheet(streamed_rows(path, name))
    sheet = workbook.get_sheet_by_name(name)
    if sheet.start is None or sheet.end is None:
        return None
    last = sheet.end[0] + 1
    # An ODS file marks its errors otherwise than is looked for while its markup is judged.
    has_none = file_format == "xlsx" and is_free_of_errors()
    rows = _sheet_rows(sheet, {} if has_none else error_cells(path, name, file_format))
    return _Sheet(rows, last, is_cut=file_format == "xls" and last >= XLS_ROWS)


def _sheet_rows(sheet: calamine.CalamineSheet, errors: dict[tuple[int, int], str]) -> Iterator[tuple[int, Cells]]:
    """The sheet's rows under its own numbers, from the first that has a cell; columns from the first, A."""
    top, left = sheet.start or (0, 0)
    if not errors and not left:
        yield from islice(enumerate(sheet.iter_rows(), start=1), top, None)
        return
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), value in errors.items():
        by_row.setdefault(row, {})[column] = value
    # Row by row, since all of them at once would be too much memory for the longest that is allowed.
    for number, cells in enumerate(sheet.iter_rows()):
        if number >= top or number in by_row:
            yield number + 1, _with_errors([""] * left + cells, by_row.pop(number, {}))
    # The reader ends with the last cell that is no error.
    for number in sorted(by_row):
        yield number + 1, _with_errors([], by_row[number])


def _with_errors(cells: Cells, errors: dict[int, str]) -> Cells:
    for column, value in errors.items():
        cells += [""] * (column + 1 - len(cells))
        cells[column] = value
    return cells
