"""`manage.py determine --period 2025Q4 [--centre CODE] [--mandate CODE] [--json]`."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from centres.models import Centre, Provenance, ReportingPeriod
from centres.periods import closes_at
from compliance.determine import determine
from compliance.models import CurrentDetermination, Mandate


class Command(BaseCommand):
    help = "Determine which centres meet which mandates in a period; what stands already is not made again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--period", required=True, metavar="2025Q4")
        parser.add_argument("--centre", metavar="CODE")
        parser.add_argument("--mandate", metavar="CODE")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object a line")

    def handle(
        self, *args: Any, period: str, centre: str | None, mandate: str | None, as_json: bool, **options: Any
    ) -> None:
        quarter = ReportingPeriod.objects.filter(code=period).first()
        if quarter is None:
            raise CommandError(f"There is no period {period}; a period is written like 2025Q4.", returncode=2)
        centres = Centre.objects.filter(code=centre) if centre else None
        mandates = Mandate.objects.filter(code=mandate) if mandate else None
        for code, found in ((centre, centres), (mandate, mandates)):
            if found is not None and not found.exists():
                raise CommandError(f"There is no {found.model._meta.verbose_name} {code}.", returncode=2)
        determined = determine(period=quarter, cause="command", centres=centres, mandates=mandates)
        if as_json:
            for line in _standing(quarter, centres, mandates):
                self.stdout.write(json.dumps(line, ensure_ascii=False))
            return
        judgements = determined.judgements
        # What is worked out for a centre that never filed is in no sum.
        filed = [j for j in judgements if j.provenance != Provenance.ILLUSTRATIVE]
        counted = Counter((j.mandate, j.outcome) for j in filed)
        for (code, outcome), count in sorted(counted.items()):
            self.stdout.write(f"{code}: {outcome} {count}")
        self.stdout.write(f"{len(judgements)} determinations stand for {period}, {determined.made} of them made now.")
        if illustrative := len(judgements) - len(filed):
            self.stdout.write(f"{illustrative} of them are of centres that never filed and are not counted above.")
        if determined.without_history:
            codes = ", ".join(determined.without_history)
            self.stdout.write(f"Not determined, since nothing is known of them on {quarter.ends_on}: {codes}.")
        if timezone.now() < closes_at(quarter):
            self.stdout.write(f"{period} has not ended: what is determined of it is provisional.")


def _standing(
    period: ReportingPeriod, centres: QuerySet[Centre] | None, mandates: QuerySet[Mandate] | None
) -> Iterator[dict[str, Any]]:
    """What stands determined of `centres` and `mandates` (None: all) in `period`, as the register keeps it."""
    standing = CurrentDetermination.objects.filter(period=period).order_by("centre", "mandate")
    if centres is not None:
        standing = standing.filter(centre__in=centres)
    if mandates is not None:
        standing = standing.filter(mandate__in=mandates)
    told = standing.values_list("centre__code", "centre__provenance", "mandate__code", "determination__answer")
    for centre, provenance, mandate, answer in told.iterator():
        yield {"centre": centre, "provenance": provenance, "mandate": mandate, "period": period.code, **answer}
