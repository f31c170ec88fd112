"""All rows of a file, those above its header too, under the numbers that its sender sees."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import python_calamine as calamine

from chips.intake.columns import meanings
from chips.intake.faults import FileFault
from chips.intake.formats import MIB, encoding_of
from chips.intake.sprawling import is_sprawling, streamed_rows
from chips.intake.tables import DELIMITERS, Cells, open_table


class Source(NamedTuple):
    """What was found in a file: its rows from the first on, and where the header stands, if there is one."""

    rows: Iterator[tuple[int, Cells]]
    header: list[str]
    header_row: int | None
    sheet: str | None


def source_of(path: Path, kind: str) -> Source:
    """The rows of the sheet that the check reads, those above the header too; raises `FileFault`."""
    try:
        table = open_table(path, kind)
    except FileFault as error:
        if error.fault.code != "no_header":
            raise
        return Source(_headless(path, kind), [], None, None)
    above = _above(path, kind, table.sheet, table.encoding, table.delimiter, table.header_row)
    header: Cells = list(table.header)
    rows = chained([*above, (table.header_row, header)], table.rows)
    return Source(rows, table.header, table.header_row, table.sheet)


def _above(
    path: Path, kind: str, sheet: str | None, encoding: str | None, delimiter: str | None, header_row: int
) -> list[tuple[int, Cells]]:
    """What stands above the header, such as a title: the check passes it over, its readers should not miss it."""
    if header_row == 1:
        return []
    rows = _records(path, encoding_of(path), delimiter or ",") if kind == "csv" else _sheet(path, kind, sheet)
    found = []
    for number, cells in rows:
        if number >= header_row:
            break
        found.append((number, cells))
    return found


def _headless(path: Path, kind: str) -> Iterator[tuple[int, Cells]]:
    """The rows of a file in which no header was found: of its first visible sheet."""
    if kind != "csv":
        return _sheet(path, kind, None)
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        start = file.readline(MIB)
    return _records(path, encoding, max(DELIMITERS, key=start.count))


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, Cells]]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding=encoding, newline="") as file, suppress(csv.Error):
        yield from enumerate(csv.reader(file, delimiter=delimiter), start=1)


def _sheet(path: Path, kind: str, name: str | None) -> Iterator[tuple[int, Cells]]:
    """The rows of the sheet called `name`, or of the first that is visible."""
    with suppress(calamine.CalamineError, OSError, ValueError), calamine.CalamineWorkbook.from_path(str(path)) as book:
        visible = (
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet and sheet.visible == calamine.SheetVisibleEnum.Visible
        )
        name = name or next(visible, None)
        if name is None:
            return
        if kind == "xlsx" and is_sprawling(path, name):
            yield from streamed_rows(path, name)
            return
        sheet = book.get_sheet_by_name(name)
        left = sheet.start[1] if sheet.start else 0
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            yield number, [""] * left + cells


def chained(held: Iterable[tuple[int, Cells]], rest: Iterable[tuple[int, Cells]]) -> Iterator[tuple[int, Cells]]:
    yield from held
    yield from rest


def corrected(source: Source, corrections: Mapping[tuple[int, str], str]) -> Iterator[tuple[int, Cells]]:
    at = {column: index for index, column in enumerate(meanings(source.header)) if column}
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), text in corrections.items():
        if column in at:
            by_row.setdefault(row, {})[at[column]] = text
    for number, cells in source.rows:
        for index, text in by_row.get(number, {}).items():
            cells += [""] * (index + 1 - len(cells))
            cells[index] = text
        yield number, cells
