"""An operator's own workbook with what is wrong marked in its cells, ready to be mended and sent again.

It opens files that anybody sent, so it is made in a child process with limits: ``python -m chips.marked`` takes its
task as JSON on standard input and writes the workbook to standard output. Nothing here knows Django.
"""

import csv
import io
import json
import math
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import openpyxl
import python_calamine as calamine
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.styles import Alignment, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink

from chips.help import LABELS, in_language
from chips.intake.columns import COLUMNS, meanings
from chips.intake.faults import Fault, FileFault, Kind
from chips.intake.formats import MIB, encoding_of, format_of
from chips.intake.sprawling import is_sprawling, streamed_rows
from chips.intake.tables import DELIMITERS, Cells, open_table, text_of
from chips.safe_cells import FORMULA_STARTS, GREATEST_CELL, font, is_plain, put_text

MEMORY = 512 * MIB
# A workbook of a million lines in ten columns takes some 300 s to read and to write again.
SECONDS = 600
# Up to here a workbook is held in memory whole, with its styles; beyond, its values are written as they are read.
MOST_ROWS = 20_000
MOST_CELLS = 200_000
MOST_UNPACKED = 24 * MIB
_PROJECT = Path(__file__).resolve().parents[1]

_AUTHOR = "Originmark"
# Colours of no office theme: marks of an earlier round are told by them, and taken away.
_ERROR_FILL = PatternFill("solid", fgColor="FFFFC4C1")
_WARNING_FILL = PatternFill("solid", fgColor="FFFFE9A3")
_OUR_FILLS = (_ERROR_FILL.fgColor.rgb, _WARNING_FILL.fgColor.rgb)
_LONGEST_COMMENT = 2_000

_DATA = ("Inventory", "芯片台账")
_FAULTS = ("Faults", "问题清单")
_TITLE = ("What is wrong with this file", "文件中的问题")
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


def marked_workbook(
    path: Path,
    *,
    faults: Sequence[Fault],
    language: str,
    corrections: Mapping[tuple[int, str], str] | None = None,
    memory: int = MEMORY,
    seconds: int = SECONDS,
) -> BinaryIO:
    """The file at `path` as a workbook with its faults marked, open for reading at its beginning; close it.

    `faults` are the errors and warnings of the file's report; what only regulators are shown is left out.
    `corrections` are what was mended already, by row and canonical column. A file that cannot be opened, or takes
    more than `memory` bytes or `seconds` of CPU, gives a workbook with only the list of what is wrong; this never
    raises for a file.
    """
    task = {
        "path": str(path.resolve()),
        "faults": [fault.as_data() for fault in faults],
        "corrections": [[*place, text] for place, text in (corrections or {}).items()],
        "language": language,
        "memory": memory,
        "seconds": seconds,
    }
    # One that is too much to hold with its styles may still be written value by value.
    for is_streamed in (False, True):
        made = tempfile.TemporaryFile()  # noqa: SIM115 - it is the caller's to close
        if _made_by_child(task | {"is_streamed": is_streamed}, made):
            made.seek(0)
            return made
        made.close()
    return io.BytesIO(_list_only(_Marks(faults, language)))


def _made_by_child(task: dict[str, Any], into: BinaryIO) -> bool:
    child = subprocess.Popen(
        [sys.executable, "-m", "chips.marked"],
        stdin=subprocess.PIPE,
        stdout=into,
        stderr=subprocess.DEVNULL,
        cwd=_PROJECT,
    )
    try:
        # A child that is gone already says so by its code.
        with suppress(subprocess.TimeoutExpired):
            child.communicate(json.dumps(task).encode(), timeout=2 * task["seconds"])
        return child.returncode == 0
    finally:
        child.kill()
        child.wait()


def main() -> None:
    task = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (task["memory"], task["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    write_marked(
        Path(task["path"]),
        faults=[Fault.from_data(data) for data in task["faults"]],
        language=task["language"],
        corrections={(row, column): text for row, column, text in task["corrections"]},
        into=sys.stdout.buffer,
        is_streamed=task["is_streamed"],
    )


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
    marks = _Marks(faults, language)
    try:
        kind = format_of(path)
        source = _source_of(path, kind)
        marks.settle(source)
        _write_table(path, kind, source, marks, corrections, into, is_streamed=is_streamed)
    except FileFault:
        # Nothing was written yet, since a workbook is written last of all.
        marks.unsettle()
        into.write(_list_only(marks))


class _Source(NamedTuple):
    """What was found in a file: its rows from the first on, and where the header stands, if there is one."""

    rows: Iterator[tuple[int, Cells]]
    header: list[str]
    header_row: int | None
    sheet: str | None


class _Marks:
    """The faults and warnings by the cells that they are about; columns by their place in the file's header."""

    def __init__(self, faults: Iterable[Fault], language: str) -> None:
        self.language = language
        self.listed = [(fault, fault.kind.stops) for fault in faults if fault.kind != Kind.ACROSS_CENTRES]
        # A fault of the whole file comes first, then by rows; what is wrong before what was only noticed.
        self.listed.sort(key=lambda entry: (entry[0].row or 0, not entry[1]))
        self.places: list[tuple[int, int] | None] = [None] * len(self.listed)
        # By row, then by column from 0: whether it is an error, and the comment's text.
        self.cells: dict[int, dict[int, tuple[bool, list[str]]]] = {}
        # Beyond the header, where no comment stands.
        self.beyond: set[int] = set()
        self.width = 0

    def settle(self, source: _Source) -> None:
        """Find the cell of each fault."""
        found = meanings(source.header)
        at = {column: index for index, column in enumerate(found) if column}
        self.width = max((index for index, cell in enumerate(source.header) if cell), default=-1) + 1
        for number, (fault, is_error) in enumerate(self.listed):
            row, column = fault.row, at.get(fault.column or "", 0)
            if row is None:
                if not is_error:
                    continue
                row = source.header_row or 1
            elif row == source.header_row and fault.value in source.header:
                column = source.header.index(fault.value)
            if fault.code == "broken_row":
                self.beyond.add(row)
            self.places[number] = (row, column)
            self._mark(row, column, is_error, self.comment(fault))

    def unsettle(self) -> None:
        """Forget the cells: there will be none."""
        self.places = [None] * len(self.listed)

    def _mark(self, row: int, column: int, is_error: bool, text: str) -> None:
        was_error, texts = self.cells.setdefault(row, {}).get(column, (False, []))
        self.cells[row][column] = (was_error or is_error, [*texts, text])

    def comment(self, fault: Fault) -> str:
        said = fault.worded(self.language)
        return f"{said['message']}\n→ {said['hint']}" if said["hint"] else str(said["message"])

    def fill_of(self, is_error: bool) -> PatternFill:
        return _ERROR_FILL if is_error else _WARNING_FILL

    def text(self, texts: tuple[str, str], **params: Any) -> str:
        return texts[self.language.startswith("zh")].format(**params)


def _write_table(
    path: Path,
    kind: str,
    source: _Source,
    marks: _Marks,
    corrections: Mapping[tuple[int, str], str],
    into: BinaryIO,
    *,
    is_streamed: bool,
) -> None:
    rows = _corrected(source, corrections)
    if is_streamed or _is_large(path, kind):
        _stream(rows, marks, source, into)
        return
    held: list[tuple[int, Cells]] = []
    cells = 0
    for number, row in rows:
        held.append((number, row))
        cells += len(row)
        if number > MOST_ROWS or cells > MOST_CELLS:
            _stream(_chained(held, rows), marks, source, into)
            return
    own = _own_workbook(path, marks, source, held, corrections) if kind == "xlsx" else None
    book = own or _rebuilt(held, marks, source)
    book.save(into)


def _source_of(path: Path, kind: str) -> _Source:
    """The rows of the sheet that the check reads, those above the header too; raises `FileFault`."""
    try:
        table = open_table(path, kind)
    except FileFault as error:
        if error.fault.code != "no_header":
            raise
        return _Source(_headless(path, kind), [], None, None)
    above = _above(path, kind, table.sheet, table.encoding, table.delimiter, table.header_row)
    header: Cells = list(table.header)
    rows = _chained([*above, (table.header_row, header)], table.rows)
    return _Source(rows, table.header, table.header_row, table.sheet)


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


def _chained(held: Iterable[tuple[int, Cells]], rest: Iterable[tuple[int, Cells]]) -> Iterator[tuple[int, Cells]]:
    yield from held
    yield from rest


def _corrected(source: _Source, corrections: Mapping[tuple[int, str], str]) -> Iterator[tuple[int, Cells]]:
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


def _is_large(path: Path, kind: str) -> bool:
    """Whether a workbook is too much to hold with its styles, by what it unpacks to."""
    if kind != "xlsx":
        return False
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED


# The operator's own workbook.


def _own_workbook(
    path: Path, marks: _Marks, source: _Source, rows: list[tuple[int, Cells]], corrections: Mapping[Any, str]
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
        _mark_cells(sheet, marks)
        _add_list(book, marks, sheet)
        written = io.BytesIO()
        book.save(written)
    # Any library that cannot make sense of somebody's workbook says so in its own way; the values are at hand.
    except Exception:  # its rows are written instead
        return None
    return book if _is_read_alike(written, source, rows) else None


def _is_read_alike(written: io.BytesIO, source: _Source, rows: list[tuple[int, Cells]]) -> bool:
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(written.getvalue())
        copy.flush()
        try:
            again = _source_of(Path(copy.name), format_of(Path(copy.name)))
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
        if sheet.title.startswith(_FAULTS) and sheet.cell(1, 1).value in _TITLE and len(book.worksheets) > 1:
            book.remove(sheet)
            continue
        for cells in sheet.iter_rows():
            for cell in cells:
                if cell.comment is not None and cell.comment.author == _AUTHOR:
                    cell.comment = None
                if cell.has_style and cell.fill.fgColor.rgb in _OUR_FILLS:
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


def _mark_cells(sheet: Any, marks: _Marks) -> None:
    for merged in list(sheet.merged_cells.ranges):
        # A cell that was merged away cannot be filled in.
        if any(row in marks.cells for row in range(merged.min_row, merged.max_row + 1)):
            sheet.unmerge_cells(str(merged))
    for row, columns in marks.cells.items():
        for column, (is_error, texts) in columns.items():
            cell = sheet.cell(row, column + 1)
            cell.fill = marks.fill_of(is_error)
            earlier = [cell.comment.text] if cell.comment else []
            cell.comment = _comment([*texts, *earlier])
    for row in marks.beyond:
        for cell in sheet[row][marks.width :]:
            if cell.value is not None:
                cell.fill = _ERROR_FILL


def _comment(texts: list[str]) -> Comment:
    text = "\n".join(texts)[:_LONGEST_COMMENT]
    return Comment("".join(c for c in text if c.isprintable() or c == "\n"), _AUTHOR, width=320, height=140)


# A workbook made of the rows.


def _rebuilt(rows: list[tuple[int, Cells]], marks: _Marks, source: _Source) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = _title(source, marks)
    cut = 0
    for number, cells in rows:
        for place, value in enumerate(cells, start=1):
            if value not in (None, ""):
                cut += isinstance(value, str) and len(value) > GREATEST_CELL
                _put(sheet.cell(number, place), value)
    _mark_cells(sheet, marks)
    if source.header_row:
        sheet.freeze_panes = sheet.cell(source.header_row + 1, 1)
        for cell in sheet[source.header_row]:
            cell.font = font(bold=True)
    for place in range(1, min(marks.width, 50) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 18
    _add_list(book, marks, sheet, cut)
    return book


def _title(source: _Source, marks: _Marks) -> str:
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


def _stream(rows: Iterator[tuple[int, Cells]], marks: _Marks, source: _Source, into: BinaryIO) -> None:
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
    _fill_list(book.create_sheet(marks.text(_FAULTS)), marks, sheet.title, cut)
    book.save(into)


def _marked_row(
    sheet: Any, cells: Cells, columns: dict[int, tuple[bool, list[str]]] | None, marks: _Marks, *, is_beyond: bool
) -> list[Any]:
    row = [_plain_or_cell(sheet, value) for value in cells]
    if columns:
        row += [None] * (max(columns) + 1 - len(row))
        for column, (is_error, texts) in columns.items():
            value = cells[column] if column < len(cells) else None
            cell = WriteOnlyCell(sheet)
            if value not in (None, ""):
                _put(cell, value)
            cell.fill, cell.comment = marks.fill_of(is_error), _comment(texts)
            row[column] = cell
    if is_beyond:
        for column in range(marks.width, len(cells)):
            if cells[column] not in (None, ""):
                row[column] = _put(WriteOnlyCell(sheet), cells[column])
                row[column].fill = _ERROR_FILL
    return row


def _plain_or_cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return (value or None) if is_plain(value) else put_text(WriteOnlyCell(sheet), value)
    value = _storable(value)
    return _put(WriteOnlyCell(sheet), value) if isinstance(value, date) else value


# The list of all that is wrong.


def _list_only(marks: _Marks) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet(marks.text(_FAULTS))
    _fill_list(sheet, marks, None)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _add_list(book: openpyxl.Workbook, marks: _Marks, sheet: Any, cut: int = 0) -> None:
    """Add the list behind the table's sheet, since the first sheet with a header is the one that is read."""
    added = book.create_sheet(marks.text(_FAULTS), book.index(sheet) + 1)
    _fill_list(added, marks, sheet.title, cut)


def _fill_list(sheet: Any, marks: _Marks, target: str | None, cut: int = 0) -> None:
    """Write the list; where the file's rows stand on the sheet `target`, with links to their cells."""
    for place, width in enumerate((8, 26, 30, 60, 44, 24, 10), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A5"
    sheet.append([_text(sheet, marks.text(_TITLE), bold=True)])
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


if __name__ == "__main__":
    main()
