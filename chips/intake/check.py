"""All that is wrong with a file, and the lines that it comes to where nothing is."""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from chips.intake import cells
from chips.intake.cells import Wrong
from chips.intake.columns import REQUIRED, meanings, require_distinct
from chips.intake.faults import Fault, FileFault
from chips.intake.formats import format_of
from chips.intake.matching import Catalogue, match_key
from chips.intake.tables import Cells, Table, open_table, text_of

GREATEST_LINES = 1_000_000
KEPT_ERRORS = 1_000
KEPT_WARNINGS = 1_000
_TOTALS = frozenset(("合计", "总计", "小计", "total", "sum"))
_REMEMBERED = 50_000

VALUES: dict[str, dict[str, str]] = {
    "workload": {
        "training": "训练",
        "inference": "推理",
        "mixed": "训推一体",
        "unspecified": "",
    },
    "status": {
        "in_service": "在用",
        "installing": "安装中",
        "spare": "备用",
        "planned": "规划",
        "retired": "退役",
    },
    "acquisition": {"purchased": "采购", "leased": "租赁", "hosted": "托管"},
}
DEFAULTS: dict[str, Any] = {
    "workload": "unspecified",
    "status": "in_service",
    "acquired_on": None,
    "acquisition": "purchased",
    "unit_price_cny": None,
    "serial_numbers": (),
    "note": "",
    "vendor": None,
}
_KEYS = {
    column: {match_key(name): value for value, chinese in allowed.items() for name in (value, chinese) if name}
    for column, allowed in VALUES.items()
}


class Line(NamedTuple):
    """A checked line, in the order of the columns that it is stored in."""

    row: int
    chip_model: int
    quantity: int
    workload: str
    status: str
    acquired_on: date | None
    acquisition: str
    unit_price_cny: Decimal | None
    serial_numbers: tuple[str, ...]
    note: str


@dataclass(slots=True)
class Report:
    """What was found in a file. `lines` and `units` count what would be stored: nothing where there is an error."""

    name: str
    sha256: str
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    lines: int = 0
    units: int = 0
    error_count: int = 0
    errors: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.error_count

    def add(self, fault: Fault) -> None:
        self.error_count += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(fault)

    def warn(self, fault: Fault) -> None:
        """Note what does not stop the file, as far as anybody would read it."""
        if len(self.warnings) < KEPT_WARNINGS:
            self.warnings.append(fault)

    def worded(self, language: str) -> dict[str, Any]:
        """The object of `check_inventory`."""
        file = ("name", "format", "encoding", "delimiter", "sheet", "header_row", "sha256")
        return {
            "ok": self.ok,
            "file": {key: getattr(self, key) for key in file},
            "lines": self.lines if self.ok else 0,
            "units": self.units if self.ok else 0,
            "error_count": self.error_count,
            "errors": [fault.worded(language) for fault in self.errors],
            "warnings": [fault.worded(language) for fault in self.warnings],
        }


class Check:
    """The check of one file: iterate `lines`, then read `report`, which is whole only then."""

    def __init__(self, path: Path, *, name: str, catalogue: Catalogue, ends_on: date) -> None:
        self.path, self.catalogue, self.ends_on = path, catalogue, ends_on
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.report = Report(name=name, sha256=digest)
        self._remembered: dict[tuple[str, type, Any], Any] = {}
        self._serials: set[bytes] = set()
        self._rows_seen: dict[int, int] = {}

    def lines(self) -> Iterator[Line]:
        """The lines that pass; those of a file with any error are worth nothing."""
        try:
            yield from self._lines()
        except FileFault as error:
            self.report.add(error.fault)

    def _lines(self) -> Iterator[Line]:
        report = self.report
        report.format = format_of(self.path)
        table = open_table(self.path, report.format)
        report.encoding, report.delimiter, report.sheet = table.encoding, table.delimiter, table.sheet
        report.header_row = table.header_row
        report.warnings += table.warnings
        found = meanings(table.header)
        require_distinct(found)
        self._warn_of_unknown(table, found)
        width = max(index for index, cell in enumerate(table.header) if cell) + 1
        places = {column: index for index, column in enumerate(found) if column}
        count = 0
        for count, (number, row) in enumerate(self._counted(table, places), start=1):
            if count > GREATEST_LINES:
                raise FileFault("too_many_rows")
            yield from self._line(number, row, places, width)
        if not count:
            raise FileFault("empty")

    def _counted(self, table: Table, places: dict[str, int]) -> Iterator[tuple[int, Cells]]:
        """The rows that are lines: without blank ones, and without a total at the end."""
        held: tuple[int, Cells] | None = None
        # One row is held back, since only the last can be a total.
        for number, row in table.rows:
            if any(map(_is_filled, row)):
                if held:
                    yield held
                held = number, row
        if held and not self._is_total(*held, places):
            yield held

    def _warn_of_unknown(self, table: Table, found: list[str | None]) -> None:
        for cell, column in zip(table.header, found, strict=True):
            if cell and not column:
                self.report.warn(Fault("unknown_column", row=table.header_row, value=cell))

    def _is_total(self, number: int, row: Cells, places: dict[str, int]) -> bool:
        first = next(text for cell in row if (text := _text(cell)))
        if unicodedata.normalize("NFKC", first).casefold() not in _TOTALS:
            return False
        self.report.warnings.append(Fault("total_row_skipped", row=number, value=first))
        cell = _at(row, places["quantity"])
        text = _text(cell)
        # A total may be larger than any one quantity, so only its digits are compared.
        total = text_of(cell).replace(",", "").replace("，", "") if text else ""
        plain = unicodedata.normalize("NFKC", total).removesuffix(".0")
        if text and plain != str(self.report.units):
            fault = Fault("total_mismatch", number, "quantity", text, params={"sum": self.report.units})
            self.report.warnings.append(fault)
        return True

    def _line(self, number: int, row: Cells, places: dict[str, int], width: int) -> Iterator[Line]:
        faults: list[Fault] = []
        if any(map(_is_filled, row[width:])):
            beyond = next(text for cell in row[width:] if (text := _text(cell)))
            faults.append(Fault("broken_row", number, None, beyond))
        checked: dict[str, Any] = dict(DEFAULTS)
        for column, index in places.items():
            cell = _at(row, index)
            checked[column] = self._checked(column, cell)
            self._note(faults, number, column, cell, checked[column])
        self._settle_chip(faults, number, row, places, checked)
        self._settle_date(faults, number, row, places, checked)
        self._settle_serials(faults, number, row, places, checked)
        if isinstance(checked["quantity"], int):
            self.report.units += checked["quantity"]
        if faults:
            for fault in sorted(faults, key=lambda fault: fault.column or ""):
                self.report.add(fault)
            return
        self._warn_of_duplicate(number, row)
        self.report.lines += 1
        yield Line(number, *(checked[column] for column in Line._fields[1:]))

    def _note(self, faults: list[Fault], number: int, column: str, cell: Any, value: Any) -> None:
        if isinstance(value, Wrong):
            faults.append(Fault(value.code, number, column, _text(cell), value.hint, value.params))

    def _checked(self, column: str, cell: Any) -> Any:
        """The value of a cell, or `Wrong`; each cell's content is checked once."""
        key = (column, type(cell), cell)
        try:
            return self._remembered[key]
        except KeyError:
            pass
        value = self._check_cell(column, cell)
        if len(self._remembered) < _REMEMBERED and column not in ("serial_numbers", "note"):
            self._remembered[key] = value
        return value

    def _check_cell(self, column: str, cell: Any) -> Any:
        text = _text(cell)
        if not text:
            wrong = cells.unreadable(str(cell)) if isinstance(cell, str) else None
            if wrong:
                return wrong
            return Wrong("missing_value") if column in REQUIRED else DEFAULTS[column]
        if wrong := cells.unreadable(text, limit=None if column == "serial_numbers" else cells.GREATEST_TEXT):
            return wrong
        match column:
            case "chip_model":
                return frozenset(self.catalogue.find(text)) or Wrong("unknown_chip", self.catalogue.nearest(text))
            case "vendor":
                return self.catalogue.vendor(text) or Wrong("unknown_vendor")
            case "quantity":
                return cells.quantity(cell, text)
            case "unit_price_cny":
                return cells.price(cell, text)
            case "acquired_on":
                return cells.day(cell, text)
            case "serial_numbers":
                return cells.serials(cell, text)
            case "note":
                return text
        return _KEYS[column].get(match_key(text)) or Wrong("unknown_value", ", ".join(VALUES[column]))

    def _settle_chip(
        self, faults: list[Fault], number: int, row: Cells, places: dict[str, int], checked: dict[str, Any]
    ) -> None:
        """Narrow the models that a line can mean by its vendor, to just one."""
        models, vendor = checked["chip_model"], checked["vendor"]
        if isinstance(models, Wrong) or isinstance(vendor, Wrong):
            return
        if vendor is not None:
            models = {model for model in models if self.catalogue.vendor_of[model] == vendor}
            if not models:
                hint = self.catalogue.vendors_of(checked["chip_model"])
                faults.append(Fault("vendor_mismatch", number, "vendor", _text(_at(row, places["vendor"])), hint))
                return
        if len(models) > 1:
            hint = self.catalogue.vendors_of(models)
            text = _text(_at(row, places["chip_model"]))
            faults.append(Fault("ambiguous_chip", number, "chip_model", text, hint))
            return
        (checked["chip_model"],) = models

    def _settle_date(
        self, faults: list[Fault], number: int, row: Cells, places: dict[str, int], checked: dict[str, Any]
    ) -> None:
        acquired_on = checked["acquired_on"]
        if checked["status"] == "in_service" and isinstance(acquired_on, date) and acquired_on > self.ends_on:
            text = _text(_at(row, places["acquired_on"]))
            params = {"ends_on": self.ends_on.isoformat()}
            faults.append(Fault("date_after_period", number, "acquired_on", text, None, params))

    def _settle_serials(
        self, faults: list[Fault], number: int, row: Cells, places: dict[str, int], checked: dict[str, Any]
    ) -> None:
        serials, quantity = checked["serial_numbers"], checked["quantity"]
        if isinstance(serials, Wrong) or not serials:
            return
        if isinstance(quantity, int) and len(serials) != quantity:
            text = _text(_at(row, places["serial_numbers"]))
            params = {"found": len(serials), "quantity": quantity}
            faults.append(Fault("serial_count_mismatch", number, "serial_numbers", text, None, params))
        repeated = None
        for serial in serials:
            digest = hashlib.blake2b(serial.encode(errors="surrogatepass"), digest_size=16).digest()
            if digest in self._serials:
                repeated = repeated or serial
            self._serials.add(digest)
        if repeated:
            faults.append(Fault("duplicate_serial", number, "serial_numbers", repeated, None, {"serial": repeated}))

    def _warn_of_duplicate(self, number: int, row: Cells) -> None:
        filled = tuple(map(_text, row))
        while filled and not filled[-1]:
            filled = filled[:-1]
        earlier = self._rows_seen.setdefault(hash(filled), number)
        if earlier != number:
            self.report.warn(Fault("duplicate_row", row=number, params={"earlier": earlier}))


def _at(row: Cells, index: int) -> Any:
    return row[index] if index < len(row) else None


def _text(cell: Any) -> str:
    return "" if cell is None else text_of(cell)


def _is_filled(cell: Any) -> bool:
    return bool(cell is not None and cell != "" and text_of(cell))
