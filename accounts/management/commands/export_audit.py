from argparse import FileType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.trail import export
from accounts.trail.models import EventKind
from accounts.trail.notes import note
from accounts.trail.seal import seal


class Command(BaseCommand):
    help = "Write the whole audit trail, as tools/verify_trail.py verifies it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=FileType("w", encoding="utf-8"), help="where to; - for the output")

    def handle(self, *args: Any, file: Any, **options: Any) -> None:
        note(EventKind.DOWNLOAD, subject="accounts_auditevent")
        seal()
        file.writelines(export.lines())
