"""Which way a file is marked: its own workbook, one made of its rows, or only the list of what is wrong."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from chips.intake.faults import Fault, FileFault
from chips.intake.formats import MIB, format_of
from chips.intake.tables import Cells
from chips.marked.fault_list import list_only
from chips.marked.marks import Marks
from chips.marked.own import own_workbook
from chips.marked.rows import rebuilt, streamed
from chips.marked.source import Source, chained, corrected, source_of

# Up to here a workbook is held in memory whole, with its styles; beyond, its values are written as they are read.
MOST_ROWS = 20_000
MOST_CELLS = 200_000
MOST_UNPACKED = 24 * MIB


def write_marked(
    path: Path,
    *,
    faults: Sequence[Fault],
    language: str,
    corrections: Mapping[tuple[int, str], str],
    into: BinaryIO,
    is_streamed: bool = False,
) -> None:
    """What `marked_workbook` has its child do; in the process that holds the database only with files of our own.

    Where `is_streamed`, values are written as they are read, without the workbook's styles.
    """
    marks = Marks(faults, language)
    try:
        kind = format_of(path)
        source = source_of(path, kind)
        marks.settle(source)
        _write_table(path, kind, source, marks, corrections, into, is_streamed=is_streamed)
    except FileFault:
        # Nothing was written yet, since a workbook is written last of all.
        marks.unsettle()
        into.write(list_only(marks))


def _write_table(
    path: Path,
    kind: str,
    source: Source,
    marks: Marks,
    corrections: Mapping[tuple[int, str], str],
    into: BinaryIO,
    *,
    is_streamed: bool,
) -> None:
    rows = corrected(source, corrections)
    if is_streamed or _is_large(path, kind):
        streamed(rows, marks, source, into)
        return
    held: list[tuple[int, Cells]] = []
    cells = 0
    for number, row in rows:
        held.append((number, row))
        cells += len(row)
        if number > MOST_ROWS or cells > MOST_CELLS:
            streamed(chained(held, rows), marks, source, into)
            return
    own = own_workbook(path, marks, source, held, corrections) if kind == "xlsx" else None
    book = own or rebuilt(held, marks, source)
    book.save(into)


def _is_large(path: Path, kind: str) -> bool:
    """Whether a workbook is too much to hold with its styles, by what it unpacks to."""
    if kind != "xlsx":
        return False
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED
