"""What the cells of a column come to, each different one worked out once and looked up at the speed of a dict.

A column's cells repeat: a million lines hold a few thousand different dates. Where they do not, what is remembered is
forgotten now and then, so that it stays small.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chips.intake.cells import GREATEST_TEXT, Wrong
from chips.intake.columns import SPACES
from chips.intake.values import Misfit, shown

REMEMBERED = 50_000
_KEPT_READINGS = 10_000
_FEW = 100

Cells = Sequence[Any]


class _Reading:
    """What a cell was read as, and in how many rows. Equal to itself alone, and so counted fast."""

    __slots__ = ("read_as", "rows", "written")

    def __init__(self, written: str, read_as: str) -> None:
        self.written, self.read_as, self.rows = written, read_as, 0


class Memory(dict[Any, Any]):
    """From a cell to what its column hands on for it.

    `odd` holds the values of the cells whose lines must be looked at one by one: what is wrong, and what may be wrong
    beside another cell.
    """

    def __init__(
        self,
        check: Callable[[Any], Any],
        form: Callable[[Any], Any] | None = None,
        read_as: Callable[[Any, Any], tuple[str, str] | None] | None = None,
        is_odd: Callable[[Any], bool] = lambda value: False,
    ) -> None:
        super().__init__()
        self._check, self._form, self._read_as, self._is_odd = check, form, read_as, is_odd
        self.odd: dict[Any, Any] = {}
        self._dressed: dict[Any, str] = {}
        self._readings: dict[Any, _Reading] = {}
        self._rows_read: Counter[tuple[str, str]] = Counter()

    def __missing__(self, cell: Any) -> Any:
        value = self._check(cell)
        is_wrong = isinstance(value, Wrong | Misfit)
        if is_wrong or self._is_odd(value):
            self.odd[cell] = value
        if not is_wrong and self._read_as and (reading := self._read_as(cell, value)):
            self._readings[cell] = _Reading(*reading)
        if (text := shown(cell)) != cell:
            self._dressed[cell] = text
        self[cell] = found = None if is_wrong else self._form(value) if self._form else value
        return found

    def of(self, cells: Cells) -> list[Any]:
        """What each of `cells` comes to, None for what is wrong."""
        if len(self) > REMEMBERED:
            self.forget()
        found = list(map(self.__getitem__, cells))
        if self._readings:
            self._count(cells)
        return found

    def _count(self, cells: Cells) -> None:
        # Of a few different cells the cells are counted, of many only what they were read as: each the faster.
        if len(self) <= _FEW:
            counted = ((self._readings.get(cell), rows) for cell, rows in Counter(cells).items())
        else:
            counted = ((reading, rows) for reading, rows in Counter(map(self._readings.get, cells)).items())
        for reading, rows in counted:
            if reading:
                reading.rows += rows

    def odd_among(self, cells: Cells) -> list[int]:
        """The places of the odd ones among `cells`, after `of`."""
        if not self.odd or self.odd.keys().isdisjoint(cells):
            return []
        return [place for place, cell in enumerate(cells) if cell in self.odd]

    def texts(self, cells: Cells) -> Cells:
        """The trimmed texts of `cells`, after `of`."""
        return list(map(self._dressed.get, cells, cells)) if self._dressed else cells

    def readings(self) -> dict[tuple[str, str], int]:
        """What was written and what it was read as, with the number of rows."""
        for reading in self._readings.values():
            self._rows_read[reading.written, reading.read_as] += reading.rows
            reading.rows = 0
        return self._rows_read

    def forget(self) -> None:
        self.readings()
        if len(self._rows_read) > 2 * _KEPT_READINGS:
            self._rows_read = Counter(dict(self._rows_read.most_common(_KEPT_READINGS)))
        for remembered in (self, self.odd, self._dressed, self._readings):
            remembered.clear()


class Notes(Memory):
    """Notes differ from line to line, so that a whole column of plain ones is seen to be plain at once."""

    def of(self, cells: Cells) -> list[Any]:
        texts = self._texts = texts_of(cells)
        joined = "".join(texts)
        # What is printable holds no control character and no mark that turns the writing direction.
        is_plain = joined.isprintable() and not any(map(joined.__contains__, (",", '"', "#", "Err:")))
        if is_plain and max(map(len, texts)) <= GREATEST_TEXT:
            return list(texts)
        return super().of(cells)

    def texts(self, cells: Cells) -> Cells:
        return self._texts


def texts_of(cells: Cells) -> Cells:
    """The trimmed texts of cells that are worth no memory."""
    try:
        joined = "".join(cells)
    except TypeError:
        return list(map(shown, cells))
    # Of what is trimmed, the space alone is printable.
    if joined.isprintable():
        return list(map(str.strip, cells)) if " " in joined else cells
    return [cell.strip(SPACES) for cell in cells]
