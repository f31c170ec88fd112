"""The shares of a period read off its inventories by the engine's own tally, kept until its determinations change."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from centres.models import ReportingPeriod
from chips.models import LineStatus
from compliance.determine import lock_period
from compliance.engine import Tally, tally_of
from compliance.facts import Facts, facts_of_period
from compliance.models import CentreShare, Determination, DeterminationRequest, ShareReading
from compliance.outlook.quarters import code_of, number_of, number_on
from compliance.outlook.weights import Addition, Stock, Weights

# The parts of a rule that say what is counted, and how: its scope and its steps are not among them.
_COUNTING = ("metric", "origin_rule", "domestic", "population")
_TO_COME = (LineStatus.PLANNED, LineStatus.INSTALLING)
_AT_ONCE = 2_000

Counting = dict[str, Any]


def counting_of(rule: Mapping[str, Any]) -> Counting:
    """What `rule` counts, and how."""
    return {key: rule[key] for key in _COUNTING}


def key_of(counting: Counting) -> str:
    """SHA-256 of what is counted, in canonical JSON: rules that count alike have the same."""
    text = json.dumps(counting, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def stale(period: ReportingPeriod, countings: Iterable[Counting]) -> list[Counting]:
    """Those `countings` by which `period` was not read since its last determination.

    Before a first provision nothing comes of what is asked to be determined: then, since it was last asked for.
    """
    last = _last_determination(period)
    current = ShareReading.objects.filter(period=period, last_determination__gte=last)
    if not last:
        asked = DeterminationRequest.objects.filter(period=period, done_at__isnull=False)
        current = current.filter(~Exists(asked.filter(done_at__gte=OuterRef("read_at"))))
    known = set(current.values_list("counting", flat=True))
    return [counting for counting in countings if key_of(counting) not in known]


@transaction.atomic
def read_shares(period: ReportingPeriod, countings: Iterable[Counting]) -> None:
    """Read the share of every centre that reported for `period` by each of `countings`, in place of what was read.

    No determination of the period is made meanwhile, so that none is missed.
    """
    lock_period(period)
    last = _last_determination(period)
    facts = facts_of_period(period)
    for counting in countings:
        ShareReading.objects.filter(period=period, counting=key_of(counting)).delete()
        reading = ShareReading.objects.create(
            period=period, counting=key_of(counting), last_determination=last, read_at=timezone.now()
        )
        CentreShare.objects.bulk_create(
            (
                CentreShare(reading=reading, centre_id=centre, added=_stored(stock), **stock.weights._asdict())
                for centre, stock in stocks_of(facts, counting)
            ),
            batch_size=_AT_ONCE,
        )


def stocks_of(facts: Facts, counting: Counting) -> Iterator[tuple[int, Stock]]:
    """By centre: what `counting` counts of its accepted inventory, and what planned and installing lines will add.

    A centre is left out that reported nothing, nothing that counts or will, or what cannot be weighed.
    """
    for record in facts.records:
        submission = facts.submissions.get(record.centre_id)
        lines = [] if submission is None else facts.inventories.of(submission).lines()
        if lines and (stock := stock_of(lines, counting, facts.period.ends_on)):
            yield record.centre_id, stock


def stock_of(lines: list[dict[str, Any]], counting: Counting, day: date) -> Stock | None:
    """What `counting` counts of `lines` (of the engine's contract) on `day`, and what is to come.

    What is planned or being installed serves from the quarter of its day on. Where that day has passed, or none is
    given, it is not known when; what cannot be weighed adds nothing.
    """
    tally = _tallied(lines, counting, day)
    if not tally.weighable or (tally.has_uncertain and not tally.has_certain):
        return None
    expected: dict[int | None, list[dict[str, Any]]] = {}
    for entry in tally.excluded:
        line = lines[entry["line"]]
        if line["status"] in _TO_COME:
            acquired_on = line["acquired_on"]
            is_due = acquired_on is not None and acquired_on > day.isoformat()
            quarter = number_on(date.fromisoformat(acquired_on)) if is_due else None
            expected.setdefault(quarter, []).append(line | {"status": LineStatus.IN_SERVICE.value})
    additions = (_addition(quarter, due, counting, day) for quarter, due in expected.items())
    added = tuple(addition for addition in additions if addition.weights.low_whole)
    return Stock(_weights(tally), added) if tally.has_certain or added else None


def _addition(quarter: int | None, lines: list[dict[str, Any]], counting: Counting, day: date) -> Addition:
    """What `lines` will add once they serve; each by itself, since one that cannot be weighed must not hide others."""
    units, weights = 0, Weights()
    for line in lines:
        tally = _tallied([line], counting, max(day, date.fromisoformat(line["acquired_on"] or day.isoformat())))
        if tally.weighable and _weights(tally).low_whole:
            units, weights = units + line["quantity"], weights.plus(_weights(tally))
    return Addition(quarter, units, weights)


def _tallied(lines: list[dict[str, Any]], counting: Counting, day: date) -> Tally:
    return tally_of({"as_of": day.isoformat(), "provision": counting, "lines": lines})


def _weights(tally: Tally) -> Weights:
    return Weights(*tally.low(), *tally.high())


def _last_determination(period: ReportingPeriod) -> int:
    return Determination.objects.filter(period=period).aggregate(last=Max("pk"))["last"] or 0


def _stored(stock: Stock) -> list[list[Any]] | None:
    told = [["" if one.quarter is None else code_of(one.quarter), one.units, *one.weights] for one in stock.added]
    return told or None


def stocks_read(counting: Counting, periods: Iterable[ReportingPeriod]) -> dict[int, dict[int, Stock]]:
    """What was read by `counting` for `periods`: by centre and quarter, in the order of quarters. One query."""
    shares = CentreShare.objects.filter(reading__counting=key_of(counting), reading__period__in=list(periods))
    rows = shares.order_by("reading__period_id").values_list(
        "centre_id", "reading__period_id", "low_part", "low_whole", "high_part", "high_whole", "added"
    )
    found: dict[int, dict[int, Stock]] = {}
    numbers: dict[str, int] = {}
    for centre, code, *parts, added in rows.iterator(_AT_ONCE):
        number = numbers.setdefault(code, number_of(code))
        found.setdefault(centre, {})[number] = Stock(Weights(*map(int, parts)), _additions(added) if added else ())
    return found


def _additions(stored: list[list[Any]]) -> tuple[Addition, ...]:
    return tuple(
        Addition(number_of(quarter) if quarter else None, units, Weights(*weights))
        for quarter, units, *weights in stored
    )
