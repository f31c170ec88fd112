"""Quarters of the year in Asia/Shanghai."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from centres.models import ReportingPeriod

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS_TO_FILE = 20
_CODE = re.compile(r"(20[0-9]{2})Q([1-4])", re.ASCII)


class UnknownPeriod(ValueError):
    """A text that names no quarter."""


def quarter(code: str) -> ReportingPeriod:
    """The period that `code` (``2025Q4``) names, unsaved.

    It ends on the last day of the quarter and is due `DAYS_TO_FILE` days after that day, which counts whole.
    """
    match = _CODE.fullmatch(code)
    if match is None:
        raise UnknownPeriod(f"{code!r} is no quarter; a quarter is written like 2025Q4.")
    year, number = int(match[1]), int(match[2])
    starts_on = date(year, 3 * number - 2, 1)
    next_starts_on = date(year + number // 4, 3 * number % 12 + 1, 1)
    ends_on = next_starts_on - timedelta(days=1)
    return ReportingPeriod(
        code=code, starts_on=starts_on, ends_on=ends_on, due_on=ends_on + timedelta(days=DAYS_TO_FILE)
    )


def closes_at(period: ReportingPeriod) -> datetime:
    """The first instant after the period: it is closed at and after it."""
    return first_instant_after(period.ends_on)


def filing_ended_at(period: ReportingPeriod) -> datetime:
    """The first instant after the day on which the period is due, as it was last decided for every centre."""
    from centres.terms import term_of_period

    return term_of_period(period).filing_ended_at


def first_instant_after(day: date) -> datetime:
    """The end of `day`, which counts whole, in Asia/Shanghai."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=SHANGHAI)
