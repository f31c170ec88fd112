"""All that is wrong with a file, and the lines that it comes to where nothing is.

Lines are checked some thousands at a time and column by column. Only a line with an odd cell is looked at by itself.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import compress, repeat
from pathlib import Path
from typing import Any

from chips.intake.cells import Wrong
from chips.intake.chunks import Chunk, Chunks, Corrections, require_columns
from chips.intake.columns import COLUMNS, meanings, require_distinct
from chips.intake.faults import Fault, FileFault
from chips.intake.formats import format_of
from chips.intake.matching import Catalogue
from chips.intake.memory import REMEMBERED, Memory, Notes, texts_of
from chips.intake.report import KEPT_ERRORS, KEPT_NORMALISATIONS, KEPT_WARNINGS, Corrected, Normalisation, Report
from chips.intake.serials import Serials
from chips.intake.tables import Table, open_table, text_of
from chips.intake.values import DEFAULTS, VALUES, Line, Misfit, Truth, chip_of, read_as, shown, value_of

__all__ = [
    "DEFAULTS", "GREATEST_LINES", "KEPT_ERRORS", "KEPT_WARNINGS", "VALUES", "Check", "Line", "Normalisation", "Report",
]  # fmt: skip

GREATEST_LINES = 1_000_000
# Tables wider than this are compared row by row.
_WIDE = 64
_TOTALS = frozenset(("合计", "总计", "小计", "total", "sum"))

Forms = Mapping[str, Callable[[Any], Any]]
OnProgress = Callable[[int, float | None], None]
Columns = dict[str, Sequence[Any]]


class Check:
    """The check of one file: iterate `lines`, or `run`, then read `report`, which is whole only then.

    The text `corrections[row][column]` is checked in place of what stands in that cell. `on_progress` is told often
    how many lines were read, and what fraction of the file that is, where that can be said.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        catalogue: Catalogue,
        ends_on: date,
        corrections: Corrections | None = None,
        declared_lines: int | None = None,
        declared_units: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.path, self.catalogue, self.ends_on = path, catalogue, ends_on
        self.declared = {"lines": declared_lines, "units": declared_units}
        self._corrections = corrections or {}
        require_columns(self._corrections)
        self._on_progress = on_progress or (lambda lines, fraction: None)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.report = Report(name=name, sha256=digest)
        self._seen = 0
        self._has_all_quantities = True
        self._rows_seen: dict[int, int] = {}

    def run(self) -> Report:
        """Check all of the file; returns the report on it."""
        for _ in self.columns():
            pass
        return self.report

    def lines(self) -> Iterator[Line]:
        """The lines that pass; those of a file with any error are worth nothing."""
        for columns in self.columns():
            yield from map(Line, *columns)

    def columns(self, forms: Forms | None = None) -> Iterator[Sequence[Sequence[Any]]]:
        """The columns of `lines`, some thousands of lines at a time; a value's column may form it otherwise."""
        self._forms = forms or {}
        self._prepare()
        try:
            yield from self._columns()
        except FileFault as error:
            self.report.add(error.fault)
        self.report.normalisations = self._normalisations()

    def _prepare(self) -> None:
        self._memories = {column: self._memory(column) for column in COLUMNS}
        models, vendors = self._memories["chip_model"], self._memories["vendor"]

        def chip(pair: tuple[Any, Any]) -> int | Misfit:
            model, vendor = pair
            named = models[model], vendors[vendor]
            return chip_of(models.odd.get(model, named[0]), vendors.odd.get(vendor, named[1]), self.catalogue)

        def reading(pair: tuple[Any, Any], chip: int) -> tuple[str, str] | None:
            found = read_as("chip_model", pair[0], chip, self.catalogue)
            return (shown(pair[0]), found) if found else None

        self._chips = Memory(chip, self._forms.get("chip_model"), reading)
        serials = partial(value_of, "serial_numbers", catalogue=self.catalogue)
        self._serials = Serials(serials, self._forms.get("serial_numbers"))

    def _memory(self, column: str) -> Memory:
        def reading(cell: Any, value: Any) -> tuple[str, str] | None:
            found = read_as(column, cell, value, self.catalogue)
            return (shown(cell), found) if found else None

        def is_late(value: Any) -> bool:
            return isinstance(value, date) and value > self.ends_on

        check = partial(value_of, column, catalogue=self.catalogue)
        # A model is formed, and its reading noted, with its vendor; a quantity is summed before it is formed.
        form = None if column in ("chip_model", "quantity") else self._forms.get(column)
        kind = Notes if column == "note" else Memory
        return kind(check, form, None if column == "chip_model" else reading, is_late)

    def _columns(self) -> Iterator[Sequence[Sequence[Any]]]:
        report = self.report
        report.format = format_of(self.path)
        if report.format != "csv":
            self._on_progress(0, None)
        table = open_table(self.path, report.format)
        report.encoding, report.delimiter, report.sheet = table.encoding, table.delimiter, table.sheet
        report.header_row = table.header_row
        report.warnings += table.warnings
        found = meanings(table.header)
        require_distinct(found)
        self._warn_of_unknown(table, found)
        self._width = max(index for index, cell in enumerate(table.header) if cell) + 1
        self._places = {column: index for index, column in enumerate(found) if column}
        chunks = Chunks(table, self._places, self._width, self._corrections)
        for chunk in chunks:
            yield from self._within_limit(chunk)
            if chunk:
                self._on_progress(self._seen, table.fraction(chunk.numbers[-1]))
        if chunks.last and not self._is_total(chunks.last):
            yield from self._within_limit(chunks.last)
        if not self._seen:
            raise FileFault("empty")
        self._tell_corrected(chunks.written)
        self._hold_against_declared()

    def _tell_corrected(self, written: dict[tuple[int, str], str]) -> None:
        """Tell what stood in the cells that were corrected, and which corrections met no row of the table."""
        self.report.corrected = [Corrected(*place, text) for place, text in sorted(written.items())]
        asked = ((row, column) for row in sorted(self._corrections) for column in self._corrections[row])
        for row, column in asked:
            if (row, column) not in written:
                self.report.warnings.append(Fault("correction_without_row", row, column))

    def _within_limit(self, chunk: Chunk) -> Iterator[Sequence[Sequence[Any]]]:
        room = GREATEST_LINES - self._seen
        self._seen += len(chunk)
        if chunk and room:
            yield self._checked(chunk.part(0, room) if room < len(chunk) else chunk)
        if room < len(chunk):
            raise FileFault("too_many_rows")

    def _warn_of_unknown(self, table: Table, found: list[str | None]) -> None:
        for cell, column in zip(table.header, found, strict=True):
            if cell and not column:
                self.report.warn(Fault("unknown_column", row=table.header_row, value=cell))

    def _is_total(self, last: Chunk) -> bool:
        (number,), (row,) = last.numbers, last.rows
        first = next(filter(None, map(shown, row)), None) or last.beyond.get(number, "")
        if unicodedata.normalize("NFKC", first).casefold() not in _TOTALS:
            return False
        self.report.warnings.append(Fault("total_row_skipped", row=number, value=first))
        cell = row[self._places["quantity"]]
        text = shown(cell)
        # A total may be larger than any one quantity, so only its digits are compared.
        total = text_of(cell).replace(",", "").replace("，", "") if text else ""
        plain = unicodedata.normalize("NFKC", total).removesuffix(".0")
        if text and plain != str(self.report.units):
            fault = Fault("total_mismatch", number, "quantity", text, params={"sum": self.report.units})
            self.report.warnings.append(fault)
        return True

    def _checked(self, chunk: Chunk) -> Sequence[Sequence[Any]]:
        """The columns of the chunk's lines that pass."""
        cells, others = self._cells_of(chunk)
        by_itself = cells.keys() - {"chip_model", "serial_numbers"}
        found: Columns = {column: self._memories[column].of(cells[column]) for column in by_itself}
        self._forget_models()
        pairs = list(zip(cells["chip_model"], cells.get("vendor", repeat("")), strict=False))
        found["chip_model"] = self._chips.of(pairs)
        quantities = found["quantity"]
        self._add_up(quantities)
        faults: dict[int, list[Fault]] = {}
        if "serial_numbers" in cells:
            found["serial_numbers"], faults = self._serials.of(cells["serial_numbers"], chunk.numbers, quantities)
        self._judge(chunk, cells, pairs, found.get("status"), faults)
        passed = [place not in faults for place in range(len(chunk))] if faults else None
        self._warn_of_duplicates(chunk, cells, others, passed)
        for place in sorted(faults):
            for fault in sorted(faults[place], key=lambda fault: fault.column or ""):
                self.report.add(fault)
        self.report.lines += len(chunk) - len(faults)
        return self._formed(chunk, found, passed)

    def _forget_models(self) -> None:
        """Forget models together with the pairs that were made of them."""
        if len(self._memories["chip_model"]) > REMEMBERED:
            self._memories["chip_model"].forget()
            self._chips.forget()

    def _cells_of(self, chunk: Chunk) -> tuple[Columns, list[Sequence[Any]]]:
        """The cells of the chunk's known columns, and of the others."""
        if self._width > _WIDE:
            cells: Columns = {column: [row[at] for row in chunk.rows] for column, at in self._places.items()}
            others: list[Sequence[Any]] = [[hash(tuple(map(shown, row))) for row in chunk.rows]]
        else:
            columns = list(zip(*chunk.rows, strict=True))
            cells = {column: columns[at] for column, at in self._places.items()}
            known = set(self._places.values())
            others = [texts_of(columns[at]) for at in range(self._width) if at not in known]
        if self.report.format != "csv":
            cells = {column: _told_apart(column_cells) for column, column_cells in cells.items()}
        for column in {column for added in chunk.added.values() for column in added}:
            cells[column] = [chunk.added.get(number, {}).get(column, "") for number in chunk.numbers]
        return cells, others

    def _add_up(self, quantities: Sequence[int | None]) -> None:
        if None in quantities:
            self._has_all_quantities = False
        self.report.units += sum(filter(None, quantities))

    def _judge(
        self,
        chunk: Chunk,
        cells: Columns,
        pairs: list[tuple[Any, Any]],
        statuses: Sequence[Any] | None,
        faults: dict[int, list[Fault]],
    ) -> None:
        """Add to `faults`, by place, those of the lines that have an odd cell or stand beyond the header."""
        odd = set(self._chips.odd_among(pairs))
        for column in cells:
            odd.update(self._memories[column].odd_among(cells[column]))
        if chunk.beyond:
            odd.update(place for place, number in enumerate(chunk.numbers) if number in chunk.beyond)
        for place in odd:
            row = {column: column_cells[place] for column, column_cells in cells.items()}
            is_in_service = statuses is None or statuses[place] == DEFAULTS["status"]
            found = self._faults_of(row, pairs[place], chunk.numbers[place], is_in_service)
            if beyond := chunk.beyond.get(chunk.numbers[place]):
                found.append(Fault("broken_row", chunk.numbers[place], None, beyond))
            if found:
                faults[place] = found + faults.get(place, [])

    def _faults_of(self, row: dict[str, Any], pair: tuple[Any, Any], number: int, is_in_service: bool) -> list[Fault]:
        """What is wrong with the cells of a line, but for its serial numbers."""
        faults = []
        for column, cell in row.items():
            value = self._memories[column].odd.get(cell)
            if isinstance(value, Wrong):
                faults.append(Fault(value.code, number, column, shown(cell), value.hint, value.params))
            elif isinstance(value, date) and is_in_service:
                params = {"ends_on": self.ends_on.isoformat()}
                faults.append(Fault("date_after_period", number, column, shown(cell), None, params))
        misfit = self._chips.odd.get(pair)
        if misfit and misfit.column:
            faults.append(Fault(misfit.code, number, misfit.column, shown(row[misfit.column]), misfit.hint))
        return faults

    def _warn_of_duplicates(
        self, chunk: Chunk, cells: Columns, others: list[Sequence[Any]], passed: list[bool] | None
    ) -> None:
        """Note the lines that pass and equal an earlier one in the text of every cell."""
        texts = [self._texts_of(column, cells[column]) for column in self._places]
        hashes = list(map(hash, zip(*texts, *others, strict=True)))
        numbers = chunk.numbers
        for place, number in enumerate(numbers) if chunk.added else ():
            if added := chunk.added.get(number):
                hashes[place] = hash((hashes[place], *sorted(added.items())))
        if passed:
            hashes, numbers = list(compress(hashes, passed)), list(compress(numbers, passed))
        earlier = list(map(self._rows_seen.setdefault, hashes, numbers))
        if earlier != numbers:
            for first, number in zip(earlier, numbers, strict=True):
                if first != number:
                    self.report.warn(Fault("duplicate_row", row=number, params={"earlier": first}))

    def _texts_of(self, column: str, cells: Sequence[Any]) -> Sequence[Any]:
        return self._serials.texts if column == "serial_numbers" else self._memories[column].texts(cells)

    def _formed(self, chunk: Chunk, found: Columns, passed: list[bool] | None) -> Sequence[Sequence[Any]]:
        columns: list[Sequence[Any]] = [chunk.numbers]
        for column in Line._fields[1:]:
            form = self._forms.get(column)
            if column not in found:
                default = form(DEFAULTS[column]) if form else DEFAULTS[column]
                columns.append([default] * len(chunk))
            elif column == "quantity" and form and passed is None:
                columns.append(list(map(form, found[column])))
            else:
                columns.append(found[column])
        return columns if passed is None else [list(compress(column, passed)) for column in columns]

    def _hold_against_declared(self) -> None:
        found = {"lines": self._seen, "units": self.report.units if self._has_all_quantities else None}
        for counted, declared in self.declared.items():
            if declared is not None and found[counted] not in (None, declared):
                params = {"declared": declared, "found": found[counted]}
                self.report.add(Fault(f"declared_{counted}_differ", params=params))

    def _normalisations(self) -> list[Normalisation]:
        memories = [("chip_model", self._chips), *self._memories.items()]
        found = [
            Normalisation(column, written, read, rows)
            for column, memory in memories
            for (written, read), rows in memory.readings().items()
        ]
        return sorted(found, key=lambda one: -one.rows)[:KEPT_NORMALISATIONS]


def _told_apart(cells: Sequence[Any]) -> Sequence[Any]:
    """The cells of a workbook's column, none of which equals another that it is not."""
    if bool in set(map(type, cells)):
        return [Truth(cell) if isinstance(cell, bool) else cell for cell in cells]
    return cells
