"""Determinations for a period: facts in a fixed number of queries, judged in process, stored by one COPY."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection, transaction

from centres.models import Centre, CentreRecord, ReportingPeriod
from compliance import rollups
from compliance.engine import answer
from compliance.facts import Facts, facts_of_period
from compliance.measure import measure
from compliance.models import Determination, Mandate, Provision

_COPIED = (
    "centre_id", "provision_id", "period_id", "as_of", "known_at", "outcome", "digest", "answer",
    "centre_record_id", "submission_id", "chip_revisions", "exemptions", "cause",
    "units_domestic", "units_foreign", "units_unknown", "compute_domestic", "compute_foreign", "compute_unknown",
)  # fmt: skip


class Judgement(NamedTuple):
    """The answer for a centre under a mandate, and whether it differs from the determination that stood."""

    centre: str
    provenance: str
    mandate: str
    answer: dict[str, Any]
    is_new: bool


@transaction.atomic
def determine(
    *,
    period: ReportingPeriod,
    cause: str,
    centres: Iterable[Centre] | None = None,
    mandates: Iterable[Mandate] | None = None,
) -> list[Judgement]:
    """Judge `centres` (None: all) under `mandates` (None: all) for `period`; store what is not yet so determined.

    A determination whose digest stands already is not made again, so that running twice, at once or late comes to
    the same: a lock lets one run at a time judge a period. The number of queries is the same for any number of
    centres. Rollups follow in the same transaction.
    """
    lock_period(period)
    chosen = None if centres is None else list(centres)
    facts = facts_of_period(period, chosen, mandates)
    standing = _standing(facts)
    judgements = []
    rows = []
    for record in facts.records:
        for provision in facts.provisions:
            document = facts.document(record, provision)
            reply = answer(document)
            is_new = standing.get((record.centre_id, provision.pk)) != reply["digest"]
            where = record.centre
            judgements.append(Judgement(where.code, where.provenance, provision.mandate.code, reply, is_new))
            if is_new:
                rows.append(_row(facts, record, provision, document, reply, cause))
    _copy(rows)
    rollups.follow(facts, centres=chosen)
    return judgements


def lock_period(period: ReportingPeriod) -> None:
    """Wait until no other transaction determines `period`, and let none do so until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('determine'), hashtext(%s))", [period.code])


def _standing(facts: Facts) -> dict[tuple[int, int], str]:
    """The digest of the latest determination of each centre and provision."""
    latest = (
        Determination.objects.filter(period=facts.period, provision__in=facts.provisions)
        .order_by("provision_id", "centre_id", "-pk")
        .distinct("provision_id", "centre_id")
    )
    return {(c, p): digest for c, p, digest in latest.values_list("centre_id", "provision_id", "digest")}


def _row(
    facts: Facts,
    record: CentreRecord,
    provision: Provision,
    document: dict[str, Any],
    reply: dict[str, Any],
    cause: str,
) -> tuple[Any, ...]:
    submission = facts.submissions.get(record.centre_id)
    exemptions = facts.exemptions.get((record.centre_id, provision.mandate_id), ())
    return (
        record.centre_id,
        provision.pk,
        facts.period.code,
        document["as_of"],
        facts.known_at.isoformat(),
        reply["outcome"],
        reply["digest"],
        json.dumps(reply, ensure_ascii=False),
        record.pk,
        submission.pk if submission else None,
        _array(facts.revisions.get(submission.pk, []) if submission else []),
        _array([exemption.pk for exemption in exemptions]),
        cause,
        *measure(document, reply).columns(),
    )


def _array(ids: list[int]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"


def _copy(rows: list[tuple[Any, ...]]) -> None:
    """Append `rows` to the determinations; None is NULL, which CSV tells from a text that is empty."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    table = Determination._meta.db_table
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(_COPIED)}) FROM STDIN (FORMAT csv)", buffer)
