"""Checked lines as PostgreSQL's COPY takes them: CSV, in the order of `COLUMNS`.

A blank cell is NULL but for the note, which COPY is told to leave empty.
"""

from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import TextIO

from chips.intake.check import Check, Forms

COLUMNS = (
    "submission_id", "row", "chip_model_id", "quantity", "workload", "status", "acquired_on", "acquisition",
    "unit_price_cny", "serial_numbers", "note",
)  # fmt: skip


def write_rows(check: Check, submission: int, rows: TextIO) -> None:
    """Write the lines that pass; after the first fault nothing more, since nothing of the file will be stored."""
    for columns in check.columns(_FORMS):
        numbers, *others = columns
        if check.report.ok and numbers:
            lines = zip(repeat(str(submission)), map(str, numbers), *others, strict=False)
            rows.write("\n".join(map(",".join, lines)) + "\n")


def _quoted(text: str) -> str:
    if any(map(text.__contains__, ('"', ",", "\n", "\r", "\\"))):
        return '"' + text.replace('"', '""') + '"'
    return text


def _array(serials: tuple[str, ...]) -> str:
    if not serials:
        return "{}"
    quoted = (serial.replace("\\", "\\\\").replace('"', '\\"') for serial in serials)
    return _quoted('{"' + '","'.join(quoted) + '"}')


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _price(price: Decimal | None) -> str:
    return "" if price is None else str(price)


_FORMS: Forms = {
    "chip_model": str,
    "quantity": str,
    "acquired_on": _day,
    "unit_price_cny": _price,
    "serial_numbers": _array,
    "note": _quoted,
}
