"""What is expected for a period, a row for each centre: what was filed, whether in time, and what is still to come.

One statement tells the state of every centre that is asked about. Lists, sums by region, filters and reminders all
read it, so that none can say otherwise than another. Centres are given as a queryset, which `visible_to` restricts.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, TypeGuard

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, TextChoices
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import Role, User
from centres.models import Centre, CentreStatus, Provenance, Region, ReportingPeriod
from centres.templatetags.names import named
from centres.terms import Term, term_of
from chips.models import SubmissionStatus
from chips.safe_cells import safe_cell


class FilingState(TextChoices):
    """Where the filing of a centre for a period stands."""

    DUE = "due", _lazy("due")
    LATE = "late", _lazy("late")
    MISSING = "missing", _lazy("missing")
    RECEIVED = "received", _lazy("received")
    RETURNED = "returned", _lazy("returned for correction")
    ACCEPTED = "accepted", _lazy("accepted")
    CONFIRMED_NIL = "confirmed_nil", _lazy("confirmed nil")
    EXEMPT = "exempt", _lazy("exempt from filing")


class Filed(TextChoices):
    """Whether something was filed at all, and whether the first of it came in time."""

    ON_TIME = "on_time", _lazy("filed on time")
    LATE = "late", _lazy("filed late")
    NOT_AT_ALL = "not_at_all", _lazy("not filed")
    EXEMPT = "exempt", _lazy("exempt from filing")


class Locked(Exception):
    """Nothing can be filed any more: the day of `term` on which it locked is over."""

    def __init__(self, term: Term) -> None:
        super().__init__(f"Locked after {term.locks_on}: {term.reason}")
        self.term = term


def require_open(centre: Centre, period: ReportingPeriod, now: datetime) -> None:
    """Raise `Locked` where nothing can be filed for `centre` and `period` at `now`."""
    term = term_of(centre, period)
    if term.is_locked(now):
        raise Locked(term)


def why_locked(term: Term) -> str:
    """Why a period is locked, since when, and which office decided it, in the reader's language."""
    if term.locks_on is None:
        return _("It can be filed for at any time.")
    return _(
        "Nothing can be filed for this period any more: the last day was %(day)s. Reason: %(reason)s "
        "Decided on %(decided)s by: %(office)s. Who files for the centre can ask for it to be opened, under "
        "“Timeliness”."
    ) % {
        "day": date_format(term.locks_on, "DATE_FORMAT"),
        "reason": term.reason,
        "decided": date_format(timezone.localtime(term.recorded_at), "DATE_FORMAT"),
        "office": office_of(term.recorded_by),
    }


def office_of(user: User | None) -> str:
    """The office in which `user` decides, and not who it is, in the reader's language."""
    (office,) = offices_of([user])
    return office


def offices_of(users: Iterable[User | None]) -> list[str]:
    """The `office_of` each of `users`, in their order; one query for any number of them."""
    deciding = list(users)
    codes = {code for user in deciding if _is_regional(user) for code in user.region_codes}
    regions = list(Region.objects.filter(pk__in=codes)) if codes else []
    return [_office(user, regions) for user in deciding]


def _is_regional(user: User | None) -> TypeGuard[User]:
    return user is not None and user.role == Role.REGULATOR and not user.all_regions


def _office(user: User | None, regions: list[Region]) -> str:
    if user is None:
        return _("the register")
    if not _is_regional(user):
        return str(user.get_role_display())
    own = [named(region) for region in regions if region.pk in user.region_codes]
    return _("regulator for %(regions)s") % {"regions": _(", ").join(own)}


class Name(NamedTuple):
    """What stands under its code, named in both languages."""

    code: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class Row:
    """What is expected of a centre for a period, and what came."""

    centre_id: int
    state: FilingState
    filed: Filed
    # When what was filed first came, of what was not taken back.
    filed_at: datetime | None
    # That of which the state speaks.
    submission_id: int | None
    due_on: date
    locks_on: date | None
    is_locked: bool
    # The first day within the period on which the centre was there, or was no longer.
    opens_on: date | None
    closes_on: date | None
    centre: Name
    region: Name
    operator: Name | None

    @property
    def is_late(self) -> bool | None:
        """Whether what was filed first came after the due date; None where nothing was filed."""
        return None if self.filed_at is None else self.filed == Filed.LATE


class Tally(NamedTuple):
    """How many centres of a region stand alike."""

    region: str
    state: FilingState
    filed: Filed
    centres: int


_LEDGER = f"""
WITH asked AS (
    SELECT %s::varchar AS period_id, %s::date AS starts_on, %s::date AS ends_on, %s::date AS due_on,
           %s::timestamptz AS now
), visible (centre_id) AS ({{centres}}), facts AS (
    SELECT DISTINCT ON (centre_id, from_on) centre_id, from_on, status
    FROM centres_centrerecord
    WHERE from_on <= (SELECT asked.ends_on FROM asked) AND centre_id IN (SELECT visible.centre_id FROM visible)
    ORDER BY centre_id, from_on, recorded_at DESC, id DESC
), spans AS (
    SELECT centre_id, from_on, status, lead(from_on) OVER (PARTITION BY centre_id ORDER BY from_on) AS ended_on
    FROM facts
), existing AS (
    SELECT centre_id, min(from_on) AS opened_on,
           CASE WHEN bool_and(ended_on IS NOT NULL) THEN max(ended_on) END AS closes_on
    FROM spans
    WHERE status <> '{CentreStatus.CLOSED}' AND (ended_on IS NULL OR ended_on > (SELECT asked.starts_on FROM asked))
    GROUP BY centre_id
), terms AS (
    SELECT DISTINCT ON (centre_id) centre_id, due_on, locks_on, is_exempt
    FROM centres_filingterm
    WHERE period_id = (SELECT asked.period_id FROM asked)
    ORDER BY centre_id, recorded_at DESC, id DESC
), of_period AS (
    SELECT coalesce(terms.due_on, asked.due_on) AS due_on, terms.locks_on
    FROM asked LEFT JOIN terms ON terms.centre_id IS NULL
), filings AS (
    SELECT centre_id, min(submitted_at) AS filed_at,
           (array_agg(id ORDER BY version DESC))[1] AS last_id,
           (array_agg(status ORDER BY version DESC))[1] AS last_status,
           (array_agg(id ORDER BY version DESC) FILTER (WHERE status = '{SubmissionStatus.ACCEPTED}'))[1]
               AS accepted_id,
           (array_agg(nil ORDER BY version DESC) FILTER (WHERE status = '{SubmissionStatus.ACCEPTED}'))[1]
               AS accepted_nil
    FROM chips_submission
    WHERE period_id = (SELECT asked.period_id FROM asked) AND submitted_at IS NOT NULL
          AND status IN ('{SubmissionStatus.SUBMITTED}', '{SubmissionStatus.ACCEPTED}', '{SubmissionStatus.RETURNED}')
          AND centre_id IN (SELECT visible.centre_id FROM visible)
    GROUP BY centre_id
), expected AS (
    SELECT existing.centre_id,
           CASE WHEN existing.opened_on > asked.starts_on THEN existing.opened_on END AS opens_on,
           existing.closes_on,
           coalesce(terms.due_on, of_period.due_on) AS due_on,
           CASE WHEN terms.centre_id IS NULL THEN of_period.locks_on ELSE terms.locks_on END AS locks_on,
           coalesce(terms.is_exempt, false) AS is_exempt,
           filed_at, accepted_id, accepted_nil, last_id, last_status, asked.now
    FROM existing CROSS JOIN asked CROSS JOIN of_period
    LEFT JOIN terms ON terms.centre_id = existing.centre_id
    LEFT JOIN filings ON filings.centre_id = existing.centre_id
), timed AS (
    SELECT *, (due_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS filing_ended_at,
           coalesce(now >= (locks_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai', false) AS is_locked
    FROM expected
), ledger AS (
    SELECT centre_id, filed_at, coalesce(accepted_id, last_id) AS submission_id, due_on, locks_on, is_locked,
           opens_on, closes_on,
           CASE WHEN is_exempt THEN '{FilingState.EXEMPT}'
                WHEN accepted_nil THEN '{FilingState.CONFIRMED_NIL}'
                WHEN accepted_id IS NOT NULL THEN '{FilingState.ACCEPTED}'
                WHEN last_status = '{SubmissionStatus.SUBMITTED}' THEN '{FilingState.RECEIVED}'
                WHEN last_status = '{SubmissionStatus.RETURNED}' THEN '{FilingState.RETURNED}'
                WHEN is_locked THEN '{FilingState.MISSING}'
                WHEN now >= filing_ended_at THEN '{FilingState.LATE}'
                ELSE '{FilingState.DUE}' END AS state,
           CASE WHEN is_exempt THEN '{Filed.EXEMPT}'
                WHEN filed_at IS NULL THEN '{Filed.NOT_AT_ALL}'
                WHEN filed_at >= filing_ended_at THEN '{Filed.LATE}'
                ELSE '{Filed.ON_TIME}' END AS filed
    FROM timed
)
"""  # noqa: S608 - what is put in are our own constants; what was asked is bound
_FACTS = (
    "centre_id", "state", "filed", "filed_at", "submission_id", "due_on", "locks_on", "is_locked", "opens_on",
    "closes_on",
)  # fmt: skip
_ROWS = f"""
SELECT {", ".join(_FACTS)},
       centre.code, centre.name_en, centre.name_zh, region.code, region.name_en, region.name_zh,
       operator.id, operator.name_en, operator.name_zh
FROM ledger
JOIN centres_centre centre ON centre.id = ledger.centre_id
JOIN centres_region region ON region.code = centre.region_id
LEFT JOIN centres_operator operator ON operator.id = centre.operator_id
"""  # noqa: S608 - what is put in are our own constants; what was asked is bound
_TALLIES = """
SELECT centre.region_id, state, filed, count(*)
FROM ledger JOIN centres_centre centre ON centre.id = ledger.centre_id
GROUP BY centre.region_id, state, filed ORDER BY centre.region_id, state, filed
"""
_NOBODY = "SELECT id FROM centres_centre WHERE false"


@dataclass(frozen=True)
class Ledger:
    """What is expected of `centres` for `period`, as it stands at `now`; of them, what `state` and `filed` leave.

    A centre is expected to file where it was there, and not closed, on any day of the period. What is illustrative
    was never asked to file. Each method is one query.
    """

    centres: QuerySet[Centre]
    period: ReportingPeriod
    now: datetime
    state: FilingState | None = None
    filed: Filed | None = None
    _where: tuple[str, list[Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        asked = {"state": self.state, "filed": self.filed}
        chosen = {name: str(value) for name, value in asked.items() if value is not None}
        where = "WHERE " + " AND ".join(f"{name} = %s" for name in chosen) if chosen else ""
        object.__setattr__(self, "_where", (where, list(chosen.values())))

    def rows(self, start: int = 0, stop: int | None = None) -> list[Row]:
        """The rows from `start` to `stop`, by the codes of their centres."""
        where, chosen = self._where
        limit = None if stop is None else max(stop - start, 0)
        sql = f"{_ROWS} {where} ORDER BY centre.code OFFSET %s LIMIT %s"
        return [_row(values) for values in self._select(sql, [*chosen, start, limit])]

    def tallies(self) -> list[Tally]:
        """How many centres of each region stand how; whatever was chosen of them."""
        return [
            Tally(region, FilingState(state), Filed(filed), centres)
            for region, state, filed, centres in self._select(_TALLIES, [])
        ]

    def count(self, tallies: Sequence[Tally]) -> int:
        """How many rows there are, out of the `tallies`; no query."""
        return sum(
            tally.centres
            for tally in tallies
            if self.state in (None, tally.state) and self.filed in (None, tally.filed)
        )

    def expected_centres(self) -> QuerySet[Centre]:
        """The centres of the rows, to be filtered and paged further."""
        where, chosen = self._where
        sql, params = self._statement(f"SELECT centre_id FROM ledger {where}", chosen)  # noqa: S608 - as above
        return self.centres.filter(pk__in=RawSQL(sql, params))  # noqa: S611 - as above

    def _select(self, sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(*self._statement(sql, params))
            return cursor.fetchall()

    def _statement(self, sql: str, params: list[Any]) -> tuple[str, list[Any]]:
        real = self.centres.exclude(provenance=Provenance.ILLUSTRATIVE).order_by().values("pk")
        try:
            centres, of_centres = real.query.sql_with_params()
        except EmptyResultSet:
            centres, of_centres = _NOBODY, ()
        period = self.period
        asked = [period.code, period.starts_on, period.ends_on, period.due_on, self.now]
        return _LEDGER.format(centres=centres) + sql, [*asked, *of_centres, *params]


class ListedRows(Sequence[Row]):
    """The rows of a ledger for a paginator: counted out of the tallies, read a page at a time."""

    def __init__(self, ledger: Ledger, tallies: Sequence[Tally]) -> None:
        self.ledger, self.tallies = ledger, tallies

    @cached_property
    def length(self) -> int:
        return self.ledger.count(self.tallies)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return self.ledger.rows(place.start or 0, place.stop)
        return self.ledger.rows(place, place + 1)[0]


def row_of(centre: Centre, period: ReportingPeriod, now: datetime) -> Row | None:
    """What is expected of `centre` for `period`; None where nothing is, since it was not there."""
    return next(iter(Ledger(Centre.objects.filter(pk=centre.pk), period, now).rows()), None)


def _row(values: tuple[Any, ...]) -> Row:
    known, centre, region, operator = values[:10], values[10:13], values[13:16], values[16:]
    facts: dict[str, Any] = dict(zip(_FACTS, known, strict=True))
    facts |= {"state": FilingState(facts["state"]), "filed": Filed(facts["filed"])}
    named_operator = None if operator[0] is None else Name(str(operator[0]), *operator[1:])
    return Row(**facts, centre=Name(*centre), region=Name(*region), operator=named_operator)


COLUMNS = (
    "period", "centre", "centre_name_en", "centre_name_zh", "region", "region_name_en", "region_name_zh",
    "operator_en", "operator_zh", "state", "filed", "filed_at", "due_on", "locks_on", "opens_on", "closes_on",
    "submission",
)  # fmt: skip
_MARK = "\ufeff"
_LINES_AT_ONCE = 500


def as_csv(ledger: Ledger) -> Iterator[str]:
    """The ledger as CSV in parts, marked as UTF-8 for spreadsheets; no cell of it is taken for a formula."""
    rows = ledger.rows()
    yield _MARK + _lines([COLUMNS])
    for start in range(0, len(rows), _LINES_AT_ONCE):
        yield _lines([_cells(ledger.period, row) for row in rows[start : start + _LINES_AT_ONCE]])


def _cells(period: ReportingPeriod, row: Row) -> list[Any]:
    operator = row.operator
    texts = [
        period.code, row.centre.code, row.centre.name_en, row.centre.name_zh, row.region.code, row.region.name_en,
        row.region.name_zh, operator.name_en if operator else "", operator.name_zh if operator else "",
    ]  # fmt: skip
    return [
        *map(safe_cell, texts),
        row.state.value,
        row.filed.value,
        timezone.localtime(row.filed_at).isoformat() if row.filed_at else None,
        row.due_on,
        row.locks_on,
        row.opens_on,
        row.closes_on,
        row.submission_id,
    ]


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
