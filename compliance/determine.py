"""Determinations for a period: facts in a fixed number of queries, judged in process, stored by one COPY."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from centres.models import Centre, ReportingPeriod
from compliance import rollups
from compliance.facts import Facts, facts_of_period
from compliance.judging import Judged, judged
from compliance.models import Determination, DeterminationRun, Mandate

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_COPIED = (
    "centre_id", "provision_id", "period_id", "as_of", "known_at", "outcome", "digest", "answer",
    "centre_record_id", "submission_id", "chip_revisions", "exemptions", "hand_decision_id", "cause", "run_id",
    "units_domestic", "units_foreign", "units_unknown", "compute_domestic", "compute_foreign", "compute_unknown",
)  # fmt: skip


class Judgement(NamedTuple):
    """The answer for a centre under a mandate, and whether it differs from the determination that stood."""

    centre: str
    provenance: str
    mandate: str
    answer: dict[str, Any]
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


@transaction.atomic
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
    was asked for, and leaves alone what was determined by later knowledge since. The number of queries is the same
    for any number of centres. Rollups follow in the same transaction.
    """
    lock_period(period)
    chosen = None if centres is None else list(centres)
    facts = facts_of_period(period, chosen, mandates, known_at=run.requested_at if run else None)
    standing = _standing(facts)
    judgements = []
    rows = []
    for one in judged(facts):
        centre, digest = one.record.centre, one.answer["digest"]
        latest = standing.get((centre.pk, one.provision.pk))
        is_new = latest is None or (latest.digest != digest and latest.known_at <= facts.known_at)
        judgements.append(Judgement(centre.code, centre.provenance, one.provision.mandate.code, one.answer, is_new))
        if is_new:
            rows.append(one)
    _store(facts, rows, cause, run)
    changed = rollups.follow(facts, centres=chosen)
    return Determined(judgements, changed, facts.without_history)


def lock_period(period: ReportingPeriod) -> None:
    """Wait until no other transaction determines `period`, and let none do so until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('determine'), hashtext(%s))", [period.code])


class _Latest(NamedTuple):
    digest: str
    known_at: datetime


def _standing(facts: Facts) -> dict[tuple[int, int], _Latest]:
    """The latest determination of each centre and provision."""
    latest = (
        Determination.objects.filter(period=facts.period, provision__in=facts.provisions)
        .order_by("provision_id", "centre_id", "-pk")
        .distinct("provision_id", "centre_id")
    )
    found = latest.values_list("centre_id", "provision_id", "digest", "known_at")
    return {(centre, provision): _Latest(digest, known_at) for centre, provision, digest, known_at in found}


def _store(facts: Facts, new: list[Judged], cause: str, run: DeterminationRun | None) -> None:
    """Append what is `new` to the determinations; None is NULL, which CSV tells from a text that is empty."""
    day, known_at = facts.period.ends_on.isoformat(), facts.known_at.isoformat()
    run_id = run.pk if run else None
    revisions: dict[int | None, str] = {None: "{}"}
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    for record, provision, answer, measured in new:
        centre_id = record.centre_id
        submission = facts.submissions.get(centre_id)
        if submission is not None and submission not in revisions:
            revisions[submission] = _array(facts.inventories.revisions(submission))
        exemptions = facts.exemptions.get((centre_id, provision.mandate_id), ())
        decision = facts.hand_decisions.get((centre_id, provision.pk))
        write((
            centre_id, provision.pk, facts.period.code, day, known_at, answer["outcome"], answer["digest"],
            _encode(answer), record.pk, submission, revisions[submission], _array(one.pk for one in exemptions),
            decision and decision.pk, cause, run_id, *measured.columns(),
        ))  # fmt: skip
    buffer.seek(0)
    table = Determination._meta.db_table
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(_COPIED)}) FROM STDIN (FORMAT csv)", buffer)


def _array(ids: Iterable[int]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"
