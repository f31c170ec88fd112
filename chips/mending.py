"""What an operator can mend of a faulty file in the page: cells with the same fault are mended by one answer."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chips.help import kind_title
from chips.intake.cells import GREATEST_TEXT, without_control_characters
from chips.intake.check import VALUES, Report
from chips.intake.faults import Fault
from chips.models import Acquisition, LineStatus, Workload

# Beyond these the page would be slower than the file is mended.
SHOWN = 200
_LABELS = {"workload": Workload, "status": LineStatus, "acquisition": Acquisition}
# Of these the cell alone does not say what would be right.
_IN_THE_FILE = frozenset(("duplicate_serial", "precision_lost", "broken_row"))
_DECLARED = frozenset(("declared_lines_differ", "declared_units_differ"))
# The fault is told of one column and mended in another.
_MENDED_IN = {"ambiguous_chip": "vendor", "serial_count_mismatch": "quantity"}
_COUNTED = re.compile(r"[^0-9]*([0-9]{1,8})[^0-9]*", re.ASCII)


class Choice(NamedTuple):
    value: str
    label: str


class Mend(NamedTuple):
    """Cells with the same fault, and what is offered to mend them; without `target` they are mended in the file."""

    name: str
    fault: dict[str, Any]
    # Its class, in words.
    kind: str
    rows: list[int]
    target: str | None
    choices: list[Choice]
    suggestion: str

    @property
    def is_declared(self) -> bool:
        """Whether what was said of the file differs from what it holds, and not a cell is wrong."""
        return self.fault["code"] in _DECLARED

    @property
    def takes_text(self) -> bool:
        """Whether another answer than the choices is possible."""
        return self.target is not None and self.fault["code"] not in ("unknown_value", "ambiguous_chip")


def mends(report: Report, language: str) -> list[Mend]:
    """The faults of `report`, those of equal cells together, in the order of their first rows."""
    together: dict[tuple[str, str | None, str | None], list[Fault]] = {}
    for fault in report.errors:
        together.setdefault((fault.code, fault.column, fault.value), []).append(fault)
    return [_mend(str(place), same, language) for place, same in enumerate(together.values())]


def answers(offered: Iterable[Mend], given: Mapping[str, str]) -> list[tuple[int, str, str]]:
    """The corrections (row, column, text) that the answers `given` in the page come to; a blank one mends nothing."""
    found = []
    for mend in offered:
        text = given.get(f"{mend.name}-text") or given.get(mend.name) or ""
        if mend.target and text:
            found += [(row, mend.target, text) for row in mend.rows]
    return found


def _mend(name: str, same: list[Fault], language: str) -> Mend:
    fault = same[0]
    rows = [one.row for one in same if one.row is not None]
    target = _MENDED_IN.get(fault.code, fault.column)
    if fault.code in _IN_THE_FILE or not rows or target == "serial_numbers":
        target = None
    return Mend(
        name,
        fault.worded(language),
        kind_title(fault.kind, language),
        rows,
        target,
        _choices(fault),
        _suggestion(fault),
    )


def _choices(fault: Fault) -> list[Choice]:
    if fault.code == "unknown_value" and fault.column in _LABELS:
        labels = _LABELS[fault.column]
        return [Choice(value, str(labels(value).label)) for value in VALUES[fault.column]]
    if fault.code in ("unknown_chip", "ambiguous_chip", "vendor_mismatch") and fault.hint:
        return [Choice(name, name) for name in fault.hint.split("; ")]
    return []


def _suggestion(fault: Fault) -> str:
    """What the cell probably means, for its sender to look at: nothing is mended unasked."""
    if fault.code == "serial_count_mismatch":
        return str(fault.params["found"])
    if fault.code == "not_an_integer" and (counted := _COUNTED.fullmatch(fault.value or "")):
        return counted[1]
    if fault.code == "control_character":
        return without_control_characters(fault.value or "")
    if fault.code == "too_long":
        return (fault.value or "")[:GREATEST_TEXT]
    return ""
