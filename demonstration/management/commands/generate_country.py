"""`manage.py generate_country --centres N --quarters Q --seed S`: a synthetic country of any size, determined."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from demonstration.country import TooManyQuarters
from demonstration.load import CENTRES, QUARTERS, SEED
from demonstration.store import CannotLoad, determine_periods, store_country


class Command(BaseCommand):
    help = "Fill the database with a synthetic country, marked as such; the same seed gives the same country."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--centres", type=int, default=CENTRES)
        parser.add_argument("--quarters", type=int, default=QUARTERS, help="that end with 2025Q4")
        parser.add_argument("--seed", type=int, default=SEED)

    def handle(self, *args: Any, centres: int, quarters: int, seed: int, **options: Any) -> None:
        if centres < 1:
            raise CommandError(f"{centres} centres were asked for; a country has at least one.")
        try:
            with transaction.atomic():
                stored = store_country(seed=seed, centres=centres, quarters=quarters)
                determine_periods(stored.periods)
        except (CannotLoad, TooManyQuarters) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Made {stored.centres} synthetic centres of {stored.operators} operators with {stored.submissions} "
            f"submissions, {stored.periods[0].code} to {stored.periods[-1].code}, from seed {seed}; all are determined."
        )
