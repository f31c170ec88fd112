"""`manage.py load_reference`: the reference data that ships with the product, all of it or none."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, transaction
from psycopg2.errors import SerializationFailure

from centres import periods, reference
from chips import catalogue
from compliance import mandates
from compliance.effects import Effects, of_load
from compliance.models import DeterminationRun

_NOT_DETERMINED = "not determined"
# The register knows every quarter that a mandate or a trend can ask about.
YEARS = range(2023, 2028)

STEPS = (
    ("regions", reference.load_regions),
    ("vendors", catalogue.load_vendors),
    ("chip models", catalogue.load_chips),
    ("claims about figures", catalogue.load_claims),
    ("export controls", catalogue.load_export_controls),
    ("published market totals", catalogue.load_market),
    ("mandates", mandates.load_mandates),
    ("publicly reported centres", reference.load_centres),
)


class Command(BaseCommand):
    help = "Load the reference data of data/; a second run changes nothing. A faulty row stops it, and nothing is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, default=reference.DATA, help="the folder of the CSV files")
        parser.add_argument("--effects", action="store_true", help="tell whose outcome it would change; load nothing")

    def handle(self, *args: Any, data: Path, effects: bool, **options: Any) -> None:
        try:
            if effects:
                self._tell(_effects_of(data))
            else:
                self._load(data, is_told=bool(options["verbosity"]))
        except reference.FaultyRow as fault:
            raise CommandError(f"{fault} Nothing was loaded.") from fault

    def _load(self, data: Path, *, is_told: bool) -> None:
        last = DeterminationRun.objects.order_by("pk").values_list("pk", flat=True).last() or 0
        counts = load_all(data)
        if is_told:
            self.stdout.write("Loaded " + ", ".join(counts) + ".")
            for run in DeterminationRun.objects.filter(pk__gt=last).order_by("pk"):
                self.stdout.write(f"Run {run.pk} determines anew whom this touches: {run.cause}.")

    def _tell(self, effects: Effects) -> None:
        """Every outcome that would change, and how many do; those of centres that never filed are in no count."""
        for flip in (*effects.flips, *effects.illustrative):
            before, after = (outcome or _NOT_DETERMINED for outcome in flip.change)
            self.stdout.write(f"{flip.period.code} {flip.mandate.code} {flip.centre.code}: {before} -> {after}")
        for before, after, count in effects.by_change():
            self.stdout.write(f"{before or _NOT_DETERMINED} -> {after or _NOT_DETERMINED}: {count}")
        self.stdout.write(
            f"Outcomes that would change: {len(effects.flips)}, and {len(effects.illustrative)} of centres that never "
            f"filed. Judged: centres that file {len(effects.judged)}, quarters {len(effects.periods)}. "
            "Nothing was loaded."
        )


def _effects_of(data: Path) -> Effects:
    try:
        return of_load(lambda: load_all(data))
    except OperationalError as error:
        if not isinstance(error.__cause__, SerializationFailure):
            raise
        raise CommandError("What it would write was written by another meanwhile. Ask again.") from error


@transaction.atomic
def load_all(data: Path) -> list[str]:
    """Load the CSV files of `data`, all or none; returns how much of what there is. Raises `reference.FaultyRow`."""
    return [*(f"{load(data)} {name}" for name, load in STEPS), f"{load_periods()} reporting periods"]


def load_periods() -> int:
    """Write the quarters of `YEARS` that are not there yet; returns the number of all of them."""
    codes = [f"{year}Q{number}" for year in YEARS for number in (1, 2, 3, 4)]
    quarters = [periods.quarter(code) for code in codes]
    type(quarters[0]).objects.bulk_create(quarters, ignore_conflicts=True)
    return len(codes)
