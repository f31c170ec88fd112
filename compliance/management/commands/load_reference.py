"""`manage.py load_reference`: the reference data that ships with the product, all of it or none."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from centres import periods, reference
from chips import catalogue
from compliance import mandates
from compliance.models import DeterminationRun

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

    def handle(self, *args: Any, data: Path, **options: Any) -> None:
        last = DeterminationRun.objects.order_by("pk").values_list("pk", flat=True).last() or 0
        try:
            with transaction.atomic():
                counts = [f"{load(data)} {name}" for name, load in STEPS]
                counts.append(f"{load_periods()} reporting periods")
        except reference.FaultyRow as fault:
            raise CommandError(f"{fault} Nothing was loaded.") from fault
        if options["verbosity"]:
            self.stdout.write("Loaded " + ", ".join(counts) + ".")
            for run in DeterminationRun.objects.filter(pk__gt=last).order_by("pk"):
                self.stdout.write(f"Run {run.pk} determines anew whom this touches: {run.cause}.")


def load_periods() -> int:
    """Write the quarters of `YEARS` that are not there yet; returns the number of all of them."""
    codes = [f"{year}Q{number}" for year in YEARS for number in (1, 2, 3, 4)]
    quarters = [periods.quarter(code) for code in codes]
    type(quarters[0]).objects.bulk_create(quarters, ignore_conflicts=True)
    return len(codes)
