from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.trail import heads
from accounts.trail.seal import seal


class Command(BaseCommand):
    help = "Print the newest signed head of the audit trail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--publish", action="store_true", help="also keep it in the file, and mail it where set")

    def handle(self, *args: Any, publish: bool, **options: Any) -> None:
        seal()
        if publish:
            heads.publish()
        head = heads.newest()
        if head is None:
            raise CommandError("Nothing was sealed yet: there is no head.")
        self.stdout.write(heads.written(head))
