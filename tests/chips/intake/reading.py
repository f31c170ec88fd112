"""A file as it is typed, checked in this process."""

from datetime import date
from pathlib import Path
from typing import Any

from chips.intake.check import Check, Line, Report
from chips.intake.matching import Catalogue

ENDS_ON = date(2025, 12, 31)


def typed(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(path: Path, catalogue: dict[str, Any], **how: Any) -> tuple[list[Line], Report]:
    check = Check(path, name=path.name, catalogue=Catalogue.from_dict(catalogue), ends_on=ENDS_ON, **how)
    return list(check.lines()), check.report


def told(report: Report) -> list[tuple[str, int | None, str | None]]:
    return [(fault.code, fault.row, fault.column) for fault in report.errors]
