"""Which cells of a workbook are marked, how, and with what comment."""

from collections.abc import Iterable
from typing import Any

from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from chips.help import in_language
from chips.intake.columns import meanings
from chips.intake.faults import Fault, Kind
from chips.marked.source import Source

AUTHOR = "Originmark"
# Colours of no office theme: marks of an earlier round are told by them, and taken away.
ERROR_FILL = PatternFill("solid", fgColor="FFFFC4C1")
_WARNING_FILL = PatternFill("solid", fgColor="FFFFE9A3")
OUR_FILLS = (ERROR_FILL.fgColor.rgb, _WARNING_FILL.fgColor.rgb)
_LONGEST_COMMENT = 2_000


class Marks:
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

    def settle(self, source: Source) -> None:
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
        return ERROR_FILL if is_error else _WARNING_FILL

    def text(self, texts: tuple[str, str], **params: Any) -> str:
        return in_language(texts, self.language, **params)


def mark_cells(sheet: Any, marks: Marks) -> None:
    for merged in list(sheet.merged_cells.ranges):
        # A cell that was merged away cannot be filled in.
        if any(row in marks.cells for row in range(merged.min_row, merged.max_row + 1)):
            sheet.unmerge_cells(str(merged))
    for row, columns in marks.cells.items():
        for column, (is_error, texts) in columns.items():
            cell = sheet.cell(row, column + 1)
            cell.fill = marks.fill_of(is_error)
            earlier = [cell.comment.text] if cell.comment else []
            cell.comment = comment_of([*texts, *earlier])
    for row in marks.beyond:
        for cell in sheet[row][marks.width :]:
            if cell.value is not None:
                cell.fill = ERROR_FILL


def comment_of(texts: list[str]) -> Comment:
    text = "\n".join(texts)[:_LONGEST_COMMENT]
    return Comment("".join(c for c in text if c.isprintable() or c == "\n"), AUTHOR, width=320, height=140)
