"""`manage.py demo_users [--json] [--all]`: who may sign in to the demonstration."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demonstration.load import is_loaded
from demonstration.users import code_of, first_of_each_role, kept_in, read_users


class Command(BaseCommand):
    help = (
        "Print one user of each role of the demonstration, with password, API token and, where the role needs a "
        "second factor, the code that its app shows now: good for a minute, and once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON list")
        parser.add_argument(
            "--all",
            action="store_true",
            dest="with_others",
            help="print the others too: a second regulator, who approves what the first has written",
        )

    def handle(self, *args: Any, as_json: bool, with_others: bool, **options: Any) -> None:
        if not is_loaded():
            raise CommandError("The demonstration is not loaded here; manage.py load_demonstration loads it.")
        entries = read_users()
        if entries is None:
            raise CommandError(
                f"{kept_in()} is missing, and passwords are kept nowhere else; "
                "manage.py load_demonstration makes new ones."
            )
        if not with_others:
            entries = first_of_each_role(entries)
        entries = [entry | {"code": code_of(entry)} if code_of(entry) else entry for entry in entries]
        if as_json:
            self.stdout.write(json.dumps(entries, ensure_ascii=False))
            return
        for entry in entries:
            self.stdout.write(
                "  ".join((f"{entry['name']:<16}", entry["password"], entry["token"], entry.get("code", ""))).rstrip()
            )
