"""The centres whose outcome a simulated rule changes, as a table to take away."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from chips.safe_cells import safe_cell
from compliance.change_wording import change_in_words
from compliance.models import SimulatedChange, Simulation
from compliance.shares import decimal_of, parts_of, percent_of

COLUMNS = (
    "mandate", "period", "known_at", "centre", "centre_name_en", "centre_name_zh", "provenance", "region",
    "outcome_now", "outcome_then",
    *(f"{when}_{name}" for when in ("now", "then") for name in (
        "low_percent", "low_numerator", "low_denominator", "high_percent", "high_numerator", "high_denominator",
        "comparator", "threshold",
    )),
    "why",
)  # fmt: skip
# Excel takes a CSV file for UTF-8 only where it begins with this mark.
_MARK = "\ufeff"
_LINES_AT_ONCE = 500


def as_csv(simulation: Simulation, changes: QuerySet[SimulatedChange]) -> Iterator[str]:
    """The table as CSV in parts, marked as UTF-8 for spreadsheets; no cell of it is taken for a formula."""
    yield _MARK + _text([COLUMNS])
    rows: list[tuple[Any, ...]] = []
    for change in changes.iterator(_LINES_AT_ONCE):
        rows.append(_row(simulation, change))
        if len(rows) == _LINES_AT_ONCE:
            yield _text(rows)
            rows = []
    yield _text(rows)


def _row(simulation: Simulation, change: SimulatedChange) -> tuple[Any, ...]:
    centre = change.centre
    cells = (
        simulation.mandate.code, simulation.period_id, simulation.known_at and simulation.known_at.isoformat(),
        centre.code, centre.name_en, centre.name_zh, centre.provenance, centre.region_id,
        change.outcome_before, change.outcome_after,
        *_share(change.answer_before), *_share(change.answer_after),
        change_in_words(change.answer_before, change.answer_after),
    )  # fmt: skip
    return tuple(safe_cell(cell) for cell in cells)


def _share(answer: dict[str, Any] | None) -> tuple[Any, ...]:
    """An answer's eight columns; numerators apart, since a spreadsheet would take ``1/2`` for a day in January."""
    if answer is None:
        return (None,) * 8
    low, high, threshold = answer["low"], answer["high"], answer["threshold"]
    exact = [(percent_of(share), *parts_of(share)) if share else (None,) * 3 for share in (low, high)]
    return *exact[0], *exact[1], answer["comparator"], threshold and decimal_of(threshold)


def _text(rows: list[tuple[Any, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
