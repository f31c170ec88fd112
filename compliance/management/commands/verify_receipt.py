"""`manage.py verify_receipt RECEIPT.json [--file FILE] [--lines LINES.jsonl]`: whether a receipt says the truth.

Changes nothing. Exits 0 where everything holds, 1 where anything does not, 2 where there is no such receipt or file.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.verify import taken_back, verify


class Command(BaseCommand):
    help = "Check a receipt against itself, the register, and the bytes that were kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receipt", type=Path, help="the receipt as JSON")
        parser.add_argument("--file", type=Path, help="your copy of the file that was sent")
        parser.add_argument("--lines", type=Path, help="your copy of the lines in their canonical form")

    def handle(self, *args: Any, receipt: Path, file: Path | None, lines: Path | None, **options: Any) -> None:
        for path in filter(None, (receipt, file, lines)):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.", returncode=2)
        try:
            content = json.loads(receipt.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{receipt} is no receipt: it is not JSON.", returncode=2) from error
        if not isinstance(content, dict) or "kind" not in content:
            raise CommandError(f"{receipt} is no receipt: it does not say of what kind it is.", returncode=2)
        checks = verify(content, file=file, lines=lines)
        for check in checks:
            self.stdout.write(f"{'yes' if check.holds else 'NO':<4}{check.what}")
        if told := taken_back(content):
            self.stdout.write(f"note {told}")
        if not all(check.holds for check in checks):
            sys.exit(1)
