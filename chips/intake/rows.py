"""Checked lines as PostgreSQL's COPY takes them: CSV, in the order of `COLUMNS`.

A blank cell is NULL but for the note, which COPY is told to leave empty.
"""

import csv
from typing import TextIO

from chips.intake.check import Check, Line

COLUMNS = (
    "submission_id", "row", "chip_model_id", "quantity", "workload", "status", "acquired_on", "acquisition",
    "unit_price_cny", "serial_numbers", "note",
)  # fmt: skip


def write_rows(check: Check, submission: int, rows: TextIO) -> None:
    """Write the lines that pass; after the first fault nothing more, since nothing of the file will be stored."""
    writer = csv.writer(rows)
    for line in check.lines():
        if check.report.ok:
            writer.writerow((submission, *line[:-2], _array(line), line.note))


def _array(line: Line) -> str:
    if not line.serial_numbers:
        return "{}"
    quoted = (serial.replace("\\", "\\\\").replace('"', '\\"') for serial in line.serial_numbers)
    return '{"' + '","'.join(quoted) + '"}'
