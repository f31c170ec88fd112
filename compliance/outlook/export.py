"""Outlooks as a file of comma-separated values, in parts."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from chips.safe_cells import safe_cell
from compliance.models import Outlook
from compliance.outlook.words import share_now

# Excel takes a CSV file for UTF-8 only where it begins with this mark.
_MARK = "\ufeff"
COLUMNS = (
    "period", "mandate", "step_from", "comparator", "threshold", "region", "centre", "name_en", "name_zh", "provenance",
    "share_low_percent", "share_high_percent", "basis", "expected", "earliest", "latest", "falls_in",
    "planned_expected", "trend_expected", "trend_earliest", "trend_latest", "units_due", "units_without_day",
    "centres_asked", "centres_meeting_now", "made_at", "exempt", "centres_exempt_now",
)  # fmt: skip


def as_csv(outlooks: Iterable[Outlook]) -> Iterator[str]:
    """A line of each, below `COLUMNS`; no cell of it is taken for a formula."""
    yield _MARK + _line(COLUMNS)
    for outlook in outlooks:
        yield _line([safe_cell(value) for value in _row(outlook)])


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _row(one: Outlook) -> tuple[Any, ...]:
    centre, last = one.centre, share_now(one) or {}
    planned, trend, counts = one.planned or {}, one.trend or {}, one.centres
    return (
        one.period_id, one.mandate.code, one.step_from.isoformat(), one.comparator, one.threshold,
        centre.region_id if centre else one.region_id, centre.code if centre else None,
        centre.name_en if centre else None, centre.name_zh if centre else None, centre.provenance if centre else None,
        last.get("low"), last.get("high"), one.basis, one.expected, one.earliest, one.latest, one.falls_in,
        planned.get("expected"), trend.get("expected"), trend.get("earliest"), trend.get("latest"), one.units_due,
        one.units_without_day, counts["asked"] if counts else None, counts["met"][0][1] if counts else None,
        one.made_at.isoformat(), one.is_exempt, counts.get("exempt", [None])[0] if counts else None,
    )  # fmt: skip
