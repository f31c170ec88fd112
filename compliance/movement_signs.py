"""What in an inventory is a sign that deserves a question, and the numbers that show it, by queries over all centres.

The evidence is numbers alone, so that the same numbers are the same question, whatever version they stand in.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.db import connection

from centres.models import CentreRecord, CentreStatus, Provenance, ReportingPeriod
from chips.models import ChipClass, Submission
from compliance.chip_facts import chip_facts
from compliance.models import MovementKind

# What came in a period's last month came for its end; a quarter's ordinary purchases are spread over three.
LAST_DAYS = 30
# Eight servers of eight cards: fewer come and go in any house.
LEAST_UNITS = 64
# And a twentieth of what stands in service of its class: less moves no share that anybody looks at.
LEAST_PART = Fraction(1, 20)
# Published figures of one model differ by a quarter, and records are renewed when a centre has grown by a fifth: only
# twice or half is far.
FAR = 2
# Beside a card or a CPU a server draws up to a kilowatt for a chip (host, memory, network, fans), an old house as much
# again to cool it, and up to a megawatt goes to what the inventory does not list. Chips alone draw what their makers
# say: a connection of less cannot run them.
REST_OF_SERVER = 1000
HOUSE = 2
UNLISTED_WATTS = 1_000_000

_PASSING = """
    WITH now AS (
        SELECT given.centre_id, line.chip_model_id, sum(line.quantity) AS units,
               coalesce(sum(line.quantity) FILTER (WHERE line.acquired_on > %(from)s), 0) AS came
        FROM unnest(%(centres)s::bigint[], %(submissions)s::bigint[]) AS given (centre_id, submission_id)
        JOIN chips_inventoryline line USING (submission_id)
        WHERE line.status = 'in_service' AND (line.acquired_on IS NULL OR line.acquired_on <= %(to)s)
        GROUP BY given.centre_id, line.chip_model_id
    ), later AS (
        SELECT given.centre_id, line.chip_model_id, sum(line.quantity) AS units,
               coalesce(sum(line.quantity) FILTER (
                   WHERE line.acquired_on > %(from)s AND line.acquired_on <= %(to)s), 0) AS kept
        FROM unnest(%(centres)s::bigint[], %(next)s::bigint[]) AS given (centre_id, submission_id)
        JOIN chips_inventoryline line USING (submission_id)
        WHERE line.status = 'in_service'
        GROUP BY given.centre_id, line.chip_model_id
    ), by_model AS (
        SELECT now.centre_id, now.chip_model_id, model.chip_class, now.came,
               sum(now.units) OVER (PARTITION BY now.centre_id, model.chip_class) AS in_service,
               least(now.came - coalesce(later.kept, 0), now.units - coalesce(later.units, 0)) AS "left"
        FROM now JOIN chips_chipmodel model ON model.id = now.chip_model_id
        LEFT JOIN later USING (centre_id, chip_model_id)
    )
    SELECT centre_id, chip_class, in_service, chip_model_id, came, "left" FROM by_model WHERE "left" > 0
    ORDER BY centre_id, chip_class, chip_model_id
"""
# A year or a month as published is taken by its first day: what came before that came surely before the launch.
_BEFORE_LAUNCH = """
    WITH launch AS (
        SELECT id, launched_on, (launched_on || substr('-01-01', length(launched_on) - 3))::date AS first_day
        FROM chips_chipmodel WHERE launched_on <> ''
    )
    SELECT given.centre_id, line.chip_model_id, launch.launched_on, sum(line.quantity), count(*),
           min(line.acquired_on)
    FROM unnest(%(centres)s::bigint[], %(submissions)s::bigint[]) AS given (centre_id, submission_id)
    JOIN chips_inventoryline line USING (submission_id)
    JOIN launch ON launch.id = line.chip_model_id
    WHERE line.status = 'in_service' AND least(line.acquired_on, %(to)s) < launch.first_day
    GROUP BY given.centre_id, line.chip_model_id, launch.launched_on
    ORDER BY given.centre_id, line.chip_model_id
"""
_ADDED_UP = """
    SELECT given.centre_id,
           coalesce(sum(line.quantity * known.compute) FILTER (WHERE known.is_card), 0),
           coalesce(sum(line.quantity) FILTER (WHERE known.is_card AND known.compute IS NULL), 0),
           coalesce(sum(line.quantity) FILTER (WHERE known.is_card), 0),
           coalesce(sum(line.quantity * known.power), 0),
           coalesce(sum(line.quantity) FILTER (WHERE known.is_chip AND known.power IS NULL), 0),
           coalesce(sum(line.quantity) FILTER (WHERE known.is_chip), 0)
    FROM unnest(%(centres)s::bigint[], %(submissions)s::bigint[]) AS given (centre_id, submission_id)
    LEFT JOIN chips_inventoryline line ON line.submission_id = given.submission_id AND line.status = 'in_service'
        AND (line.acquired_on IS NULL OR line.acquired_on <= %(to)s)
    LEFT JOIN unnest(%(models)s::bigint[], %(computes)s::numeric[], %(powers)s::numeric[], %(cards)s::boolean[],
                     %(chips)s::boolean[]) AS known (id, compute, power, is_card, is_chip)
        ON known.id = line.chip_model_id
    GROUP BY given.centre_id
"""


class Found(NamedTuple):
    """A movement as it is seen now: its evidence as codes, whole numbers and decimal texts."""

    centre_id: int
    kind: MovementKind
    evidence: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the evidence in canonical JSON."""
        text = json.dumps(self.evidence, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class AddedUp(NamedTuple):
    """What the lines of a centre in service come to: TFLOPS of cards, watts of all chips, and what has no figure."""

    teraflops: Decimal
    cards_without_compute: int
    cards: int
    watts: Decimal
    chips_without_power: int
    # Cards and CPUs.
    chips: int


def signs(period: ReportingPeriod, chosen: list[int] | None, now: datetime) -> Iterator[Found]:
    """What is seen in `period` as known at `now`, of centres by their keys (None: all that file)."""
    standing = _standing(period, chosen, now)
    values: dict[str, Any] = {
        "centres": list(standing),
        "submissions": list(standing.values()),
        "from": period.ends_on - timedelta(days=LAST_DAYS),
        "to": period.ends_on,
    }
    yield from _before_launch(values)
    yield from _far_apart(period, now, values)
    later = ReportingPeriod.objects.filter(code__gt=period.code).order_by("code").first()
    if later is not None:
        following = _standing(later, chosen, now)
        both = [centre for centre in standing if centre in following]
        values |= {
            "centres": both,
            "submissions": [standing[centre] for centre in both],
            "next": [following[centre] for centre in both],
        }
        yield from _passing_through(values)


def _standing(period: ReportingPeriod, chosen: list[int] | None, now: datetime) -> dict[int, int]:
    """The submission that stands for each centre that files."""
    accepted = Submission.objects.accepted_as_known(period, now).exclude(centre__provenance=Provenance.ILLUSTRATIVE)
    if chosen is not None:
        accepted = accepted.filter(centre__in=chosen)
    return dict(accepted.values_list("centre_id", "pk"))


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _passing_through(values: dict[str, Any]) -> Iterator[Found]:
    by_class: dict[tuple[int, str, int], list[dict[str, int]]] = {}
    for centre, chip_class, in_service, model, came, left in _rows(_PASSING, values):
        moved = {"chip": model, "came": int(came), "left": int(left)}
        by_class.setdefault((centre, chip_class, int(in_service)), []).append(moved)
    for (centre, chip_class, in_service), models in by_class.items():
        left = sum(model["left"] for model in models)
        if is_large(left, of=in_service):
            evidence = {"class": chip_class, "in_service": in_service, "left": left, "models": models}
            yield Found(centre, MovementKind.PASSING_THROUGH, evidence)


def is_large(units: int, *, of: int) -> bool:
    """Whether so many units leaving, `of` all in service, are worth a question."""
    return units >= LEAST_UNITS and units >= LEAST_PART * of


def _before_launch(values: dict[str, Any]) -> Iterator[Found]:
    for centre, model, launched_on, units, lines, earliest in _rows(_BEFORE_LAUNCH, values):
        evidence = {
            "chip": model,
            "launched_on": launched_on,
            "units": int(units),
            "lines": lines,
            "acquired_on": earliest and earliest.isoformat(),
        }
        yield Found(centre, MovementKind.BEFORE_LAUNCH, evidence)


def _far_apart(period: ReportingPeriod, now: datetime, values: dict[str, Any]) -> Iterator[Found]:
    records = CentreRecord.objects.as_of(period.ends_on, now).filter(centre__in=values["centres"])
    facts = list(chip_facts(period.ends_on, known_at=now).values())
    figures = {
        "models": [one.chip.pk for one in facts],
        "computes": [_decimal(one.compute) for one in facts],
        "powers": [_decimal(one.power) for one in facts],
        "cards": [one.chip_class == ChipClass.ACCELERATOR for one in facts],
        "chips": [one.chip_class != ChipClass.STORAGE for one in facts],
    }
    added_up = {centre: AddedUp(*sums) for centre, *sums in _rows(_ADDED_UP, values | figures)}
    for record in records:
        sums = added_up[record.centre_id]
        if evidence := compute_apart(record, sums):
            yield Found(record.centre_id, MovementKind.COMPUTE_APART, evidence)
        if evidence := power_apart(record, sums):
            yield Found(record.centre_id, MovementKind.POWER_APART, evidence)


def _decimal(figure: Fraction | None) -> Decimal | None:
    """A claimed figure as the finite decimal that it was written as."""
    return None if figure is None else Decimal(figure.numerator) / Decimal(figure.denominator)


def compute_apart(record: CentreRecord, sums: AddedUp) -> dict[str, Any] | None:
    """How a centre's stated computing power is far from its lines'; None where it is not, or cannot be told.

    Lines of more than twice what is stated are always far. Of less than half they are only where the centre is built
    and no card is without a figure.
    """
    if not record.capacity:
        return None
    stated, lines = record.capacity * 1000, sums.teraflops
    is_less = is_built(record) and not sums.cards_without_compute and lines * FAR < stated
    if not is_less and lines <= stated * FAR:
        return None
    return {
        "stated_pflops": _text(record.capacity),
        "stated_from": record.from_on.isoformat(),
        "lines_tflops": _text(lines),
        "cards": int(sums.cards),
        "cards_without_figure": int(sums.cards_without_compute),
    }


def power_apart(record: CentreRecord, sums: AddedUp) -> dict[str, Any] | None:
    """How a centre's stated power cannot feed its chips, or is far more than they, their servers and the house need.

    None where it fits, or cannot be told: more than is needed is far only where the centre is built and no chip is
    without a figure.
    """
    if not record.power:
        return None
    stated = record.power * 1_000_000
    most = (sums.watts + sums.chips * REST_OF_SERVER) * HOUSE + UNLISTED_WATTS
    is_more = is_built(record) and not sums.chips_without_power and stated > most
    if not is_more and stated >= sums.watts:
        return None
    return {
        "stated_mw": _text(record.power),
        "stated_from": record.from_on.isoformat(),
        "chips_watts": _text(sums.watts),
        "most_watts": _text(most),
        "chips": int(sums.chips),
        "chips_without_figure": int(sums.chips_without_power),
    }


def is_built(record: CentreRecord) -> bool:
    """Whether all that is stated of a centre should stand by now."""
    return record.status == CentreStatus.OPERATING and record.progress in (None, 100)


def _text(value: Decimal) -> str:
    """A decimal as it is written, without zeros that say nothing: equal numbers are equal evidence."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
