"""`manage.py load_demonstration`: the demonstration country and its users, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demonstration.load import load_demonstration
from demonstration.store import CannotLoad


class Command(BaseCommand):
    help = "Load the demonstration: illustrative inventories, a synthetic country, a user of each role. Only once."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            stored = load_demonstration()
        except CannotLoad as error:
            raise CommandError(str(error)) from error
        if stored is None:
            self.stdout.write("The demonstration stands already; nothing was loaded.")
            return
        self.stdout.write(
            f"Loaded {stored.centres} synthetic centres of {stored.operators} operators, {stored.submissions} "
            f"submissions over {len(stored.periods)} quarters, and what was published of real centres, marked "
            "illustrative. manage.py demo_users tells who may sign in."
        )
