"""Lines that are checked column by column are told what each would be told by itself."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chips.intake import chunks, memory
from chips.intake.cells import Wrong
from chips.intake.check import Line
from chips.intake.matching import Catalogue
from chips.intake.values import DEFAULTS, Misfit, chip_of, shown, value_of
from tests.chips.intake.reading import ENDS_ON, read, told

CELLS = {
    "chip_model": ["910B", "昇腾910B", " H800", "A100", "nope", "", "\x00", "合计"],
    "quantity": ["1", "2", "1,200", "１２", "", "x", "0"],
    "vendor": ["", "华为", "NVIDIA", "AMD", "what"],
    "status": ["", "在用", "planned", "zz"],
    "acquired_on": ["", "2024/3/5", "2026-01-01", "2024-02-30"],
    "serial_numbers": ["", "S1", "S2", "S1;S2", "S3；S4", "x" * 101],
    "note": ["", "plain", "a,b", 'q"q', " sp ", "\u202eturn", "line\ntwo"],
}
ROW = st.fixed_dictionaries({column: st.sampled_from(cells) for column, cells in CELLS.items()})


def plainly(rows: list[dict[str, str]], known: Catalogue) -> tuple[list[Line], list[Any], list[Any], int]:
    """The lines, the faults, the equal rows and the units: line by line, with nothing remembered but what must be."""
    lines, faults, equal, units = [], [], [], 0
    serials_seen: set[str] = set()
    rows_seen: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows, start=2):
        values = dict(DEFAULTS) | {column: value_of(column, cell, known) for column, cell in row.items()}
        wrong = [(value.code, number, column) for column, value in values.items() if isinstance(value, Wrong)]
        chip = chip_of(values["chip_model"], values["vendor"], known)
        if isinstance(chip, Misfit) and chip.column:
            wrong.append((chip.code, number, chip.column))
        is_late = not isinstance(values["acquired_on"], Wrong | None) and values["acquired_on"] > ENDS_ON
        if is_late and values["status"] == "in_service":
            wrong.append(("date_after_period", number, "acquired_on"))
        quantity, serials = values["quantity"], values["serial_numbers"]
        units += quantity if isinstance(quantity, int) else 0
        if not isinstance(serials, Wrong):
            if serials and isinstance(quantity, int) and len(serials) != quantity:
                wrong.append(("serial_count_mismatch", number, "serial_numbers"))
            if len(set(serials)) < len(serials) or serials_seen & set(serials):
                wrong.append(("duplicate_serial", number, "serial_numbers"))
            serials_seen |= set(serials)
        faults += sorted(wrong, key=lambda fault: fault[2])
        if not wrong:
            earlier = rows_seen.setdefault(tuple(map(shown, row.values())), number)
            equal += [(number, earlier)] if earlier != number else []
            lines.append(Line(number, *((values | {"chip_model": chip})[column] for column in Line._fields[1:])))
    return lines, faults, equal, units


@pytest.fixture(autouse=True)
def _little_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_STEP", 2)
    monkeypatch.setattr(chunks, "_ROWS", 4)
    monkeypatch.setattr(memory, "REMEMBERED", 3)
    monkeypatch.setattr(memory, "_FEW", 2)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=20), copies=st.lists(st.integers(0, 19), max_size=10))
def test_a_file_is_told_what_its_lines_are_told_one_by_one(
    rows: list[dict[str, str]], copies: list[int], catalogue: dict[str, Any], tmp_path: Path
) -> None:
    rows = [*rows, *(rows[copy % len(rows)] for copy in copies), dict.fromkeys(CELLS, "") | {"chip_model": "H800"}]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(CELLS))
    writer.writeheader()
    filled = [row if any(row.values()) else row | {"quantity": "1"} for row in rows]
    writer.writerows(filled)
    path = tmp_path / "rows.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    lines, report = read(path, catalogue)
    plain_lines, faults, equal, units = plainly(filled, Catalogue.from_dict(catalogue))
    assert (lines, told(report)) == (plain_lines, faults)
    assert [(fault.row, fault.params["earlier"]) for fault in report.warnings] == equal
    assert (report.units, report.lines) == (units, len(plain_lines))
