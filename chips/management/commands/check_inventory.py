"""`manage.py check_inventory FILE --centre CODE --period 2025Q4 [--json]`: what an upload would be told.

Stores nothing. Exits 0 where the file is good, 1 where not, 2 where the centre or the period does not exist.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from centres.models import Centre, ReportingPeriod
from chips.catalogue import for_intake
from chips.intake.sandbox import check_file


class Command(BaseCommand):
    help = "Check an inventory file as an upload would be checked, and store nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--centre", required=True, metavar="CODE")
        parser.add_argument("--period", required=True, metavar="2025Q4")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *args: Any, file: Path, centre: str, period: str, as_json: bool, **options: Any) -> None:
        if not Centre.objects.filter(code=centre).exists():
            raise CommandError(f"There is no centre {centre}.", returncode=2)
        quarter = ReportingPeriod.objects.filter(code=period).first()
        if quarter is None:
            raise CommandError(f"There is no period {period}; a period is written like 2025Q4.", returncode=2)
        if not file.is_file():
            raise CommandError(f"There is no file {file}.", returncode=2)
        report = check_file(file, name=file.name, catalogue=for_intake(), ends_on=quarter.ends_on)
        found = report.worded(get_language() or "en")
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else _summary(found))
        if not report.ok:
            sys.exit(1)


def _summary(found: dict[str, Any]) -> str:
    """The report for a person at a terminal."""
    lines = [f"{found['lines']} lines, {found['units']} units, {found['error_count']} errors."]
    for fault in found["errors"] + found["warnings"]:
        place = ", ".join(f"{key} {fault[key]}" for key in ("row", "column") if fault[key])
        parts = (place, fault["code"], fault["value"], fault["message"], fault["hint"])
        lines.append(" · ".join(str(part) for part in parts if part))
    return "\n".join(lines)
