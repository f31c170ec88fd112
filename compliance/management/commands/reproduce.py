"""`manage.py reproduce --all [--period 2025Q4] [--json]`, or `manage.py reproduce ID …`: made again, to the byte.

Changes nothing. Prints every determination that differs, with the parts that do; how far it is stands on standard
error. Exits 0 where all are reproduced, 1 where any is not, 2 where there is no such determination or period.
"""

import json
import sys
from textwrap import shorten
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from centres.models import ReportingPeriod
from compliance.models import Determination
from compliance.reproduce import Reproduction, reproduce_all, told
from compliance.wording import difference_in_words, record_in_words

# After so many determinations it says how far it is.
TOLD_AFTER = 10_000


class Command(BaseCommand):
    help = "Make determinations again of the records that they name, and print any that differ; nothing is changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="the determinations to make again")
        parser.add_argument("--all", action="store_true", dest="is_all", help="every determination of the register")
        parser.add_argument("--period", metavar="2025Q4", help="with --all: those of one period")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object a line")

    def handle(
        self, *args: Any, ids: list[int], is_all: bool, period: str | None, as_json: bool, **options: Any
    ) -> None:
        chosen = _chosen(ids, is_all, period)
        # What is determined from now on is not waited for.
        last = chosen.order_by("-pk").values_list("pk", flat=True).first() or 0
        chosen = chosen.filter(pk__lte=last)
        total, differing = chosen.count(), 0
        for number, one in enumerate(reproduce_all(chosen), start=1):
            if not one.is_reproduced:
                differing += 1
                self.stdout.write(json.dumps(told(one), ensure_ascii=False) if as_json else _in_words(one))
            if number % TOLD_AFTER == 0:
                self.stderr.write(f"{number:,} of {total:,} made again, {differing:,} of them differ.", str)
        self.stderr.write(f"{total:,} determinations made again: {_result(differing)}.", str)
        if differing:
            sys.exit(1)


def _chosen(ids: list[int], is_all: bool, period: str | None) -> QuerySet[Determination]:
    if bool(ids) == is_all or (period and not is_all):
        raise CommandError("Name determinations by their numbers, or give --all, alone or with --period.", returncode=2)
    if period and not ReportingPeriod.objects.filter(code=period).exists():
        raise CommandError(f"There is no period {period}; a period is written like 2025Q4.", returncode=2)
    if is_all:
        return Determination.objects.filter(period=period) if period else Determination.objects.all()
    found = Determination.objects.filter(pk__in=ids)
    unknown = sorted(set(ids) - set(found.values_list("pk", flat=True)))
    if unknown:
        raise CommandError(f"There is no determination {', '.join(map(str, unknown))}.", returncode=2)
    return found


def _in_words(one: Reproduction) -> str:
    found = told(one)
    where = " ".join(str(found[key]) for key in ("centre", "mandate", "period") if found[key])
    lines = [f"{one.determination_id} {where}".rstrip() + " differs:"]
    for difference in one.differences:
        kept, made_again = map(_short, difference_in_words(difference))
        lines.append(f"    {difference.part}: kept {kept}, made again {made_again}")
    lines += [f"    contradicts what was kept of it: {record_in_words(suspect)}" for suspect in one.suspects]
    return "\n".join(lines)


def _short(text: str) -> str:
    return shorten(text, 200, placeholder="…")


def _result(differing: int) -> str:
    return f"{differing:,} of them differ" if differing else "all the same, to the byte"
