"""Outlooks as rows of their table, put there some thousands at a time."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Any

from django.db import connection
from psycopg2 import sql

from centres.models import ReportingPeriod
from compliance.models import Outlook
from compliance.outlook.foresee import Foreseen, Met, Path
from compliance.outlook.quarters import code_of, number_on
from compliance.outlook.steps import Share, Step
from compliance.outlook.weights import Stock
from compliance.shares import PLACES

_STORED = (
    "period_id", "mandate_id", "provision_id", "region_id", "centre_id", "step_from", "comparator", "threshold",
    "basis", "is_exempt", "expected", "earliest", "latest", "falls_in", "past", "points", "planned", "trend",
    "units_due", "units_without_day", "centres", "made_at",
)  # fmt: skip
_AT_ONCE = 5_000
_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, _STORED))
_EXCLUDED = sql.SQL(", ").join(sql.Identifier("excluded", column) for column in _STORED)
_REPLACE = sql.SQL(
    "INSERT INTO compliance_outlook ({columns}) "
    "SELECT {columns} FROM jsonb_populate_recordset(NULL::compliance_outlook, %s) "
    "ON CONFLICT ON CONSTRAINT outlook_once DO UPDATE SET ({columns}) = ({excluded})"
).format(columns=_COLUMNS, excluded=_EXCLUDED)
_SCALE = 10**PLACES


def row_of(
    period: ReportingPeriod,
    step: Step,
    foreseen: Foreseen,
    stocks: Mapping[int, Stock],
    made_at: datetime,
    *,
    centre: int | None = None,
    region: str | None = None,
    centres: dict[str, Any] | None = None,
) -> tuple[Any, ...]:
    """One outlook as the values of `_STORED`: of a centre, or of a region or the country with its `centres` counted."""
    basis = foreseen.basis(step)
    met = foreseen.met(step, foreseen.path)
    falls_in = foreseen.falls_in(step)
    last = stocks[max(stocks)] if stocks and foreseen.now else None
    due, without_day = last.units_to_come(foreseen.base) if last else (0, 0)
    return (
        period.code,
        step.provision.mandate_id,
        step.provision.pk,
        region,
        centre,
        step.from_on.isoformat(),
        step.comparator,
        step.threshold,
        basis.value,
        max(foreseen.base, number_on(step.from_on)) in step.released,
        *_quarters(met),
        code_of(falls_in) if falls_in else "",
        [point for quarter, stock in stocks.items() if (point := _point(quarter, stock))],
        _points(foreseen, foreseen.path),
        _alone(foreseen, foreseen.planned, step),
        _alone(foreseen, foreseen.trend, step),
        due,
        without_day,
        centres or None,
        made_at.isoformat(),
    )


def replace_outlooks(period: ReportingPeriod, rows: Iterable[tuple[Any, ...]], made_at: datetime) -> int:
    """Store `rows`, all made at `made_at`, in place of the period's outlooks; returns their number.

    What is foreseen of the same thing and step keeps its key: it is what addresses name.
    """
    stored, left = 0, iter(rows)
    with connection.cursor() as cursor:
        while some := [dict(zip(_STORED, row, strict=True)) for row in islice(left, _AT_ONCE)]:
            cursor.execute(_REPLACE, [json.dumps(some)])
            stored += len(some)
    Outlook.objects.filter(period=period).exclude(made_at=made_at).delete()
    return stored


def _quarters(met: Met) -> tuple[str, ...]:
    return tuple(code_of(quarter) if quarter else "" for quarter in met)


def _alone(foreseen: Foreseen, path: Path | None, step: Step) -> dict[str, Any] | None:
    """What one basis says by itself."""
    if path is None:
        return None
    met = dict(zip(Met._fields, _quarters(foreseen.met(step, path)), strict=True))
    return {**met, "points": _points(foreseen, path)}


def _points(foreseen: Foreseen, path: Path | None) -> list[dict[str, str]]:
    if path is None:
        return []
    return [
        {
            "period": code_of(foreseen.base + ahead),
            "low": shown(band.low),
            "expected": shown(band.expected),
            "high": shown(band.high),
        }
        for ahead, band in enumerate(path, start=1)
        if band
    ]


def _point(quarter: int, stock: Stock) -> dict[str, str] | None:
    low, high = stock.weights.low, stock.weights.high
    if low is None or high is None:
        return None
    least = shown(low)
    return {"period": code_of(quarter), "low": least, "high": least if stock.weights.is_settled else shown(high)}


def shown(share: Share) -> str:
    """A share in percent, cut to the places in which shares are told."""
    if isinstance(share, Fraction):
        return _cut(share.numerator * 100 * _SCALE // share.denominator)
    return _cut(int(share * 100 * _SCALE))


def _cut(parts: int) -> str:
    whole, places = divmod(parts, _SCALE)
    return f"{whole}.{places:0{PLACES}}"
