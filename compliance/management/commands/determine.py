"""`manage.py determine --period 2025Q4 [--centre CODE] [--mandate CODE] [--json]`."""

import json
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from centres.models import Centre, Provenance, ReportingPeriod
from centres.periods import closes_at
from compliance.determine import determine
from compliance.models import Mandate


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
        judgements = determined.judgements
        if as_json:
            for judgement in judgements:
                whole = {
                    "centre": judgement.centre,
                    "provenance": judgement.provenance,
                    "mandate": judgement.mandate,
                    "period": period,
                }
                self.stdout.write(json.dumps(whole | judgement.answer, ensure_ascii=False))
            return
        # What is worked out for a centre that never filed is in no sum.
        filed = [j for j in judgements if j.provenance != Provenance.ILLUSTRATIVE]
        counted = Counter((j.mandate, j.answer["outcome"]) for j in filed)
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
