"""What a synthetic centre filed for a quarter, when, and what the regulator made of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from centres.models import ReportingPeriod
from centres.periods import closes_at, first_instant_after
from chips.models import SubmissionStatus
from demonstration.inventory import END, Line

# A decision comes within so many days; before an amendment, so many are left for the first version.
_DECIDED_WITHIN, _FIRST_VERSION_WITHIN = 12, 8
_COMMENTS = (
    "数量与采购合同不一致，请核对后重新填报。",
    "The total does not match the contract; please check and file again.",
    "缺少第三季度新增设备，请补充。",
)


class Filing(NamedTuple):
    """One version of what a centre filed for a quarter; without lines it is a nil return."""

    period: str
    version: int
    status: SubmissionStatus
    lines: list[Line]
    created_at: datetime
    submitted_at: datetime
    decided_at: datetime | None
    comment: str


def drawn_fate(random: Random, period: ReportingPeriod) -> SubmissionStatus | None:
    """How the filing for `period` stands; None where nothing was filed. Of the last quarter more is still open."""
    absent, in_review, returned = (0.03, 0.054, 0.065) if period.ends_on == END else (0.012, 0.012, 0.012)
    fate = random.random()
    if fate < absent:
        return None
    if fate < in_review:
        return SubmissionStatus.SUBMITTED
    return SubmissionStatus.RETURNED if fate < returned else SubmissionStatus.ACCEPTED


def filings(
    random: Random, period: ReportingPeriod, lines: list[Line], fate: SubmissionStatus | None
) -> Iterator[Filing]:
    """The versions that a centre filed of `lines`, until the last of them stood at `fate`."""
    opens = closes_at(period)
    # The period's own date: what is decided in a register cannot change what a seed tells.
    days = (first_instant_after(period.due_on) - opens).days
    if fate is None:
        return
    if fate == SubmissionStatus.RETURNED:
        yield _filing(random, period, 1, fate, _mistaken(random, lines), opens, days)
        return
    version = 1
    if fate == SubmissionStatus.ACCEPTED and lines and random.random() < 0.03:
        mistaken = _mistaken(random, lines)
        yield _filing(random, period, 1, SubmissionStatus.RETURNED, mistaken, opens, _FIRST_VERSION_WITHIN)
        version, opens, days = 2, opens + timedelta(days=_DECIDED_WITHIN + _FIRST_VERSION_WITHIN), 6
    elif random.random() < 0.04:
        # Late.
        opens += timedelta(days=days)
    yield _filing(random, period, version, fate, lines, opens, days)


def _filing(
    random: Random,
    period: ReportingPeriod,
    version: int,
    status: SubmissionStatus,
    lines: list[Line],
    opens: datetime,
    days: int,
) -> Filing:
    """A filing at some working hour of the `days` from `opens` on, and the decision where `status` is one."""
    day = opens + timedelta(days=random.randrange(days))
    created_at = day.replace(hour=random.randrange(9, 18), minute=random.randrange(60), second=random.randrange(60))
    submitted_at = created_at + timedelta(minutes=random.randrange(3, 90))
    decided_at = submitted_at + timedelta(days=random.randrange(1, _DECIDED_WITHIN), minutes=random.randrange(120))
    is_decided = status in (SubmissionStatus.ACCEPTED, SubmissionStatus.RETURNED)
    return Filing(
        period=period.code,
        version=version,
        status=status,
        lines=lines,
        created_at=created_at,
        submitted_at=submitted_at,
        decided_at=decided_at if is_decided else None,
        comment=random.choice(_COMMENTS) if status == SubmissionStatus.RETURNED else "",
    )


def _mistaken(random: Random, lines: list[Line]) -> list[Line]:
    """The lines as they were filed before somebody looked again."""
    if not lines:
        return lines
    place = random.randrange(len(lines))
    wrong = lines[place]
    if wrong.serial_numbers:
        return lines
    return [*lines[:place], wrong._replace(quantity=wrong.quantity * 10), *lines[place + 1 :]]
