"""The lines of a table some thousands at a time, so that a column of them can be checked at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from chips.intake.columns import COLUMNS
from chips.intake.faults import FileFault
from chips.intake.tables import Cells, Table
from chips.intake.values import shown

Corrections = Mapping[int, Mapping[str, str]]

# Rows are taken from the reader so many at a time, and cut to the table's width before the next: what stands beyond
# the header can be wide.
_STEP = 64
_ROWS, _CELLS = 512, 200_000


def require_columns(corrections: Corrections) -> None:
    """Raise `ValueError` where a correction is of no column that there is."""
    unknown = {column for row in corrections.values() for column in row} - COLUMNS.keys()
    if unknown:
        raise ValueError(f"There is no column {', '.join(sorted(unknown))}; the columns are {', '.join(COLUMNS)}.")


@dataclass(slots=True)
class Chunk:
    """Lines under their row numbers, each as wide as the header.

    `beyond` has the first text beyond the header of the rows that have one, `added` the cells of columns that the file
    has not; both by row number.
    """

    numbers: list[int] = field(default_factory=list)
    rows: list[Cells] = field(default_factory=list)
    beyond: dict[int, str] = field(default_factory=dict)
    added: dict[int, dict[str, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, start: int, stop: int | None = None) -> "Chunk":
        return Chunk(self.numbers[start:stop], self.rows[start:stop], self.beyond, self.added)


class Chunks:
    """The chunks of a table's lines: blank rows are passed over, `corrections` made, and the last line kept back.

    `last` is that line, a chunk of one, once all others were taken: only the last can be a total.
    """

    def __init__(self, table: Table, places: Mapping[str, int], width: int, corrections: Corrections) -> None:
        self._table, self._places, self._width, self._corrections = table, places, width, corrections
        self.last: Chunk | None = None
        # What stood in the cells that were corrected, by row and column.
        self.written: dict[tuple[int, str], str] = {}

    def __iter__(self) -> Iterator[Chunk]:
        waiting = Chunk()
        for chunk in self._filled():
            if isinstance(chunk, FileFault):
                yield waiting.part(0, -1)
                raise chunk
            yield waiting
            waiting = chunk
        yield waiting.part(0, -1)
        self.last = waiting.part(-1) if waiting else None

    def _filled(self) -> Iterator["Chunk | FileFault"]:
        greatest = max(_STEP, min(_ROWS, _CELLS // self._width))
        chunk = Chunk()
        fault: FileFault | None = None
        while not fault:
            step: list[tuple[int, Cells]] = []
            try:
                step.extend(islice(self._table.rows, _STEP))
            except FileFault as error:
                fault = error
            if step:
                self._add(chunk, step)
            elif not fault:
                break
            if len(chunk) >= greatest:
                yield chunk
                chunk = Chunk()
        if chunk:
            yield chunk
        if fault:
            yield fault

    def _add(self, chunk: Chunk, step: list[tuple[int, Cells]]) -> None:
        numbers, rows = map(list, zip(*step, strict=True))
        for number in self._corrections.keys() & set(numbers) if self._corrections else ():
            self._correct(chunk, number, rows[numbers.index(number)])
        if set(map(len, rows)) != {self._width}:
            rows = [self._fitted(chunk, number, row) for number, row in zip(numbers, rows, strict=True)]
        # A blank row has a blank model too; the others need no closer look.
        model = self._places["chip_model"]
        blank = {cell for cell in set(map(itemgetter(model), rows)) if not shown(cell)}
        if blank:
            kept = [
                place
                for place, (number, row) in enumerate(zip(numbers, rows, strict=True))
                if row[model] not in blank or number in chunk.beyond or any(map(shown, row)) or number in chunk.added
            ]
            numbers, rows = [numbers[place] for place in kept], [rows[place] for place in kept]
        chunk.numbers += numbers
        chunk.rows += rows

    def _correct(self, chunk: Chunk, number: int, row: Cells) -> None:
        for column, text in self._corrections[number].items():
            place = self._places.get(column)
            self.written[number, column] = "" if place is None or place >= len(row) else shown(row[place])
            if place is not None:
                row += [""] * (place + 1 - len(row))
                row[place] = text
            elif text:
                chunk.added.setdefault(number, {})[column] = text

    def _fitted(self, chunk: Chunk, number: int, row: Cells) -> Cells:
        if len(row) <= self._width:
            return row + [""] * (self._width - len(row))
        rest = row[self._width :]
        # Most often there is nothing at all, and that is seen fast.
        if rest.count("") < len(rest) and (beyond := next(filter(None, map(shown, rest)), None)):
            chunk.beyond[number] = beyond
        return row[: self._width]
