"""XLSX sheets that the fast reader cannot hold: it keeps the whole rectangle of a sheet's cells in memory.

A lone cell at XFD1048576 is such a rectangle, and so is an honest inventory of a million lines in ten columns. These
are read row by row, by a slower reader.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

from chips.intake.sheet_parts import CHUNK, part_of

# Measured: the fast reader takes some 40 bytes a cell, and the child has 512 MiB in all.
GREATEST_RECTANGLE = 6_000_000
# No sheet without a cell in a second letter's column, or in row 200,000 or beyond, is so large. Its markup is only
# searched for these, which is much faster than taking every cell's address.
_FAR = re.compile(rb"""r=["'](?:[A-Z]{2}|[A-Z](?:[2-9][0-9]{5}|[0-9]{7}))""")
# A cell that has something in it; a blank one, which only carries a style, ends in "/>".
_CELL = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["'][^>]*[^/>]>|\br=["']([A-Z]{1,3})([0-9]{1,7})["']>""")
_LONGEST_CELL = 256


def is_sprawling(path: Path, sheet: str) -> bool:
    """Whether the cells of the sheet span a rectangle too large for the fast reader."""
    with zipfile.ZipFile(path) as archive:
        part = part_of(archive, sheet)
        if part is None or part not in archive.namelist():
            return False
        return any(map(_FAR.search, _chunks(archive, part))) and _spans(archive, part) > GREATEST_RECTANGLE


def _chunks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The part's bytes, some at a time; every cell's address stands whole in one of them."""
    kept = b""
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            yield kept + chunk
            kept = chunk[-_LONGEST_CELL:]


def _spans(archive: zipfile.ZipFile, part: str) -> int:
    """How many cells the rectangle around all cells that have something in them has."""
    rows, columns = 0, 0
    for chunk in _chunks(archive, part):
        found = _CELL.findall(chunk)
        rows = max([rows, *(int(row or other) for _, row, _, other in found)])
        columns = max([columns, *(_number(name) for name in {a or b for a, _, b, _ in found})])
    return rows * columns


def streamed_rows(path: Path, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """The sheet's rows under its own numbers, from the first that has a cell, read one at a time."""
    # A heavy import, for files that are few.
    import openpyxl

    # Opened here, since a path would be judged by its name.
    with path.open("rb") as file:
        worksheet = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)[sheet]
        # The sheet's own claim of its size is not believed.
        worksheet.reset_dimensions()
        has_begun = False
        for number, values in enumerate(worksheet.iter_rows(values_only=True), start=1):
            has_begun = has_begun or any(value is not None for value in values)
            if has_begun:
                yield number, [_as_fast_reader(value) for value in values]


def _as_fast_reader(value: Any) -> Any:
    """A cell as the fast reader gives it: every number a float, and a midnight its day."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
