"""Determinations for a period: facts in a fixed number of queries, judged in process, stored by one COPY."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple

import psycopg2
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.wall.filling import fill
from centres.models import Centre, ReportingPeriod
from compliance import rollups
from compliance.behind import stored_behind
from compliance.engine import Tally
from compliance.facts import Facts, Record, facts_of_period
from compliance.judging import Judged, judged, many_judged
from compliance.models import Determination, DeterminationRun, Mandate, Provision

# A country is stored by so many COPYs: what is checked when one ends is checked while the next is judged.
_COPIES = 4
_ROWS_AT_ONCE = 500
_MANY = 1_000
_NULL = "\\N"
_NOTHING_GRANTED = f"{{}}\t{_NULL}"
# The last six of `_COPIED`.
_NOTHING_MEASURED = "\t".join([_NULL] * 6)
_COPIED = (
    "centre_id", "provision_id", "period_id", "as_of", "known_at", "outcome", "digest", "answer",
    "centre_record_id", "submission_id", "chip_revisions", "exemptions", "hand_decision_id", "cause", "run_id",
    "units_domestic", "units_foreign", "units_unknown", "compute_domestic", "compute_foreign", "compute_unknown",
)  # fmt: skip


class Judgement(NamedTuple):
    """The outcome for a centre under a mandate, and whether it was determined anew."""

    provenance: str
    mandate: str
    outcome: str
    is_new: bool


class Determined(NamedTuple):
    """What came of judging a period."""

    judgements: list[Judgement]
    # How many outcomes became others.
    changed: int
    # The codes of centres that were asked about and of which nothing is known on the period's last day.
    without_history: list[str]

    @property
    def made(self) -> int:
        """How many determinations were appended."""
        return sum(judgement.is_new for judgement in self.judgements)


class _Latest(NamedTuple):
    digest: str
    known_at: datetime


@transaction.atomic
@many_judged()
def determine(
    *,
    period: ReportingPeriod,
    cause: str,
    centres: Iterable[Centre] | None = None,
    mandates: Iterable[Mandate] | None = None,
    run: DeterminationRun | None = None,
) -> Determined:
    """Judge `centres` (None: all) under `mandates` (None: all) for `period`; store what is not yet so determined.

    A determination whose digest stands already is not made again, so that running twice, at once or late comes to
    the same: a lock lets one run at a time judge a period. As part of a `run` it judges by what was known when that
    began, and leaves alone what was determined by later knowledge since. The number of queries is the same for any
    number of centres. Rollups follow in the same transaction.
    """
    lock_period(period)
    chosen = None if centres is None else list(centres)
    facts = facts_of_period(period, chosen, mandates, known_at=run.began_at if run else None)
    judgements = store(facts, cause=cause, run=run)
    now = facts if run is None else facts_of_period(period, chosen, mandates, is_read=False)
    determined = Determined(judgements, rollups.follow(now, run), facts.without_history)
    if determined.made >= _MANY:
        # What the planner knows of tables that were nearly empty lets it join a country row by row.
        transaction.on_commit(_let_the_planner_know, robust=True)
    return determined


def _let_the_planner_know() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT analyse_determined()")


def store(facts: Facts, *, cause: str, run: DeterminationRun | None = None) -> list[Judgement]:
    """Judge all of `facts`, and append what is not yet so determined; the caller holds the period's lock."""
    judgements: list[Judgement] = []
    # Read before the rows are: nothing else can be asked of PostgreSQL while it takes them.
    standing = _standing(facts)
    with connection.cursor() as cursor, facts.inventories.read_ahead():
        texts = _joined(_new(facts, standing, cause, run, judgements))
        if not facts.inventories.are_coming:
            _copy(cursor, texts)
            return judgements
        rows = len(facts.records) * len(facts.provisions)
        with stored_behind(partial(_copy_next, facts, cursor), rows // (_ROWS_AT_ONCE * _COPIES) + 1) as behind:
            for text in texts:
                behind.take(text)
    return judgements


def _joined(rows: Iterator[str]) -> Iterator[str]:
    while text := "".join(islice(rows, _ROWS_AT_ONCE)):
        yield text


def _copy_next(facts: Facts, cursor: CursorWrapper, texts: Iterator[str]) -> None:
    # PostgreSQL takes none as long as it is read from.
    facts.inventories.finish_reading()
    _copy(cursor, texts)


def _copy(cursor: CursorWrapper, texts: Iterator[str]) -> None:
    table = Determination._meta.db_table
    read = _Read(texts)
    try:
        # COPY asks for more while PostgreSQL works on what came before.
        fill(cursor, table, f"COPY {table} ({', '.join(_COPIED)}) FROM STDIN", read)
    except psycopg2.Error:
        if read.error is not None:
            raise read.error from None
        raise


def lock_period(period: ReportingPeriod) -> None:
    """Wait until no other transaction determines `period`, and let none do so until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('determine'), hashtext(%s))", [period.code])


def _standing(facts: Facts) -> dict[tuple[int, int], _Latest]:
    """The latest determination of each centre and provision."""
    made = Determination.objects.filter(period=facts.period, provision__in=facts.provisions)
    if facts.chosen is not None:
        made = made.filter(centre__in=facts.chosen)
    latest = made.order_by("provision_id", "centre_id", "-pk").distinct("provision_id", "centre_id")
    found = latest.values_list("centre_id", "provision_id", "digest", "known_at")
    return {(centre, provision): _Latest(digest, known_at) for centre, provision, digest, known_at in found}


def _new(
    facts: Facts,
    standing: dict[tuple[int, int], _Latest],
    cause: str,
    run: DeterminationRun | None,
    judgements: list[Judgement],
) -> Iterator[str]:
    """The rows to append; every judgement is added to `judgements` on the way."""
    row = _Rows(facts, cause, run)
    # By key: to ask a model for what belongs to it costs more than to look it up.
    mandates = {provision.id: provision.mandate.code for provision in facts.provisions}
    for one in judged(facts):
        record, provision, answered = one
        latest = standing.get((record.centre_id, provision.id)) if standing else None
        is_new = latest is None or (latest.digest != answered.digest and latest.known_at <= facts.known_at)
        judgements.append(Judgement(record.provenance, mandates[provision.id], answered.reply["outcome"], is_new))
        if is_new:
            yield row.of(one)


class _Rows:
    """Rows of determinations as COPY reads them: a tab between the cells, ``\\N`` for NULL.

    The provisions of a centre come one after the other, and mostly share its inventory and what was counted of it.
    """

    def __init__(self, facts: Facts, cause: str, run: DeterminationRun | None) -> None:
        self._facts = facts
        self._when = f"{facts.period.code}\t{facts.period.ends_on}\t{facts.known_at.isoformat()}"
        self._why = f"{_escaped(cause)}\t{_cell(run.pk if run else None)}"
        self._is_any_granted = bool(facts.exemptions or facts.hand_decisions)
        self._inputs: tuple[Record | None, str] = (None, "")
        self._measured: tuple[Tally | None, str] = (None, _NOTHING_MEASURED)

    def of(self, one: Judged) -> str:
        record, provision, answered = one
        tally = answered.tally
        if record is not self._inputs[0]:
            self._inputs = record, self._inputs_of(record)
        if tally is not self._measured[0]:
            self._measured = tally, _measured(tally) if tally else _NOTHING_MEASURED
        granted = self._granted_of(record, provision) if self._is_any_granted else _NOTHING_GRANTED
        return (
            f"{record.centre_id}\t{provision.id}\t{self._when}\t{answered.reply['outcome']}\t{answered.digest}\t"
            f"{answered.text()}\t{self._inputs[1]}\t{granted}\t{self._why}\t"
            f"{self._measured[1]}\n"
        )

    def _inputs_of(self, record: Record) -> str:
        submission = self._facts.submissions.get(record.centre_id)
        revisions = [] if submission is None else self._facts.inventories.of(submission).revisions
        return f"{record.pk}\t{_cell(submission)}\t{_array(revisions)}"

    def _granted_of(self, record: Record, provision: Provision) -> str:
        facts = self._facts
        exemptions = facts.exemptions.get((record.centre_id, provision.mandate_id), ())
        decision = facts.hand_decisions.get((record.centre_id, provision.id))
        return f"{_array([exemption.pk for exemption in exemptions])}\t{_cell(decision.pk if decision else None)}"


def _measured(tally: Tally) -> str:
    domestic, foreign, unknown = tally.units
    known_domestic, known_foreign, known_unknown = tally.compute
    # Parts of `SCALE`, which is nine places.
    return f"{domestic}\t{foreign}\t{unknown}\t{known_domestic}e-9\t{known_foreign}e-9\t{known_unknown}e-9"


class _Read:
    """What COPY reads: each piece is made when it is asked for."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        # What was raised on the way: psycopg2 would tell of it as a statement that was cancelled.
        self.error: BaseException | None = None

    def read(self, size: int) -> str:
        """The next rows; psycopg2 takes a piece of any length, and "" for the end."""
        try:
            return next(self._texts, "")
        except BaseException as error:
            self.error = error
            raise


def _cell(value: int | str | None) -> str:
    return _NULL if value is None else str(value)


def _escaped(text: str) -> str:
    """`text` as COPY reads it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _array(keys: list[int]) -> str:
    # A list as Python writes it, in other brackets.
    return f"{{{str(keys)[1:-1]}}}"
