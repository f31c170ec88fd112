import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.trail import heads, keys
from accounts.trail.seal import seal
from accounts.trail.verify import verify


class Command(BaseCommand):
    help = "Verify the audit trail; names the first event that is not as it was sealed, and then exits 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", action="append", default=[], type=Path, help="a signed head, or a receipt that carries one"
        )
        parser.add_argument("--key", action="append", help="a public key to believe, in hexadecimal, and no other")

    def handle(self, *args: Any, head: list[Path], key: list[str] | None, **options: Any) -> None:
        seal()
        witnesses = [one for path in (heads.file_of_heads(), *head) for one in heads.read_heads(path)]
        began = perf_counter()
        found = verify(trusted=set(key) if key else None, witnesses=witnesses)
        seconds = perf_counter() - began
        self.stdout.write(f"Keys believed: {', '.join(key or sorted(keys.trusted()))}")
        if found.fault:
            self.stderr.write(f"Not as it was sealed: {found.fault}")
            sys.exit(1)
        self.stdout.write(
            f"{found.events} events and {found.heads} heads are as they were signed ({seconds:.1f} s). "
            f"The last has the hash {found.last_sha256}."
        )
