"""Determinations for a period: facts in a fixed number of queries, judged in process, stored by one COPY."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from centres.models import Centre, CentreRecord, CentreStatus, ReportingPeriod
from chips.models import ChipModel, ChipRevision, Submission, SubmissionStatus
from compliance.engine import answer
from compliance.models import Determination, Exemption, Mandate, Provision

_COPIED = (
    "centre_id", "provision_id", "period_id", "as_of", "known_at", "outcome", "digest", "answer",
    "centre_record_id", "submission_id", "chip_revisions", "exemptions", "cause",
)  # fmt: skip
# One row a submission: its lines as parallel arrays, in the order of the operator's spreadsheet.
_LINES = """
    SELECT submission_id,
           array_agg(chip_model_id ORDER BY "row"), array_agg(quantity ORDER BY "row"),
           array_agg(workload ORDER BY "row"), array_agg(status ORDER BY "row"),
           array_agg(acquired_on::text ORDER BY "row"), array_agg(unit_price_cny::text ORDER BY "row")
    FROM chips_inventoryline WHERE submission_id = ANY(%s) GROUP BY submission_id
"""


class Judgement(NamedTuple):
    """The answer for a centre under a mandate, and whether it differs from the determination that stood."""

    centre: str
    mandate: str
    answer: dict[str, Any]
    is_new: bool


class Facts(NamedTuple):
    """Everything that the documents of a period are made of, as known at one instant."""

    known_at: datetime
    provisions: list[Provision]
    records: list[CentreRecord]
    submissions: dict[int, Submission]
    lines: dict[int, list[dict[str, Any]]]
    revisions: dict[int, list[int]]
    exemptions: dict[tuple[int, int], list[Exemption]]


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
    centres.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('determine'), hashtext(%s))", [period.code])
    facts = _facts(period, centres, mandates)
    standing = _standing(period, facts)
    judgements = []
    rows = []
    for record in facts.records:
        for provision in facts.provisions:
            reply = answer(_document(period, facts, record, provision))
            is_new = standing.get((record.centre_id, provision.pk)) != reply["digest"]
            judgements.append(Judgement(record.centre.code, provision.mandate.code, reply, is_new))
            if is_new:
                rows.append(_row(period, facts, record, provision, reply, cause))
    _copy(rows)
    return judgements


def _facts(period: ReportingPeriod, centres: Iterable[Centre] | None, mandates: Iterable[Mandate] | None) -> Facts:
    known_at = timezone.now()
    day = period.ends_on
    issued = Provision.objects.filter(issued_at__lte=known_at, from_on__lte=day).select_related("mandate")
    records = CentreRecord.objects.as_of(day, known_at).select_related("centre")
    if mandates is not None:
        issued = issued.filter(mandate__in=list(mandates))
    if centres is not None:
        records = records.filter(centre__in=list(centres))
    accepted = Submission.objects.filter(period=period, status=SubmissionStatus.ACCEPTED, decided_at__lte=known_at)
    submissions = {
        submission.centre_id: submission
        for submission in accepted.order_by("centre_id", "-version").distinct("centre_id")
    }
    exemptions = defaultdict(list)
    granted = Exemption.objects.filter(granted_at__lte=known_at).filter(
        Q(revoked_at__isnull=True) | Q(revoked_at__gt=known_at)
    )
    for exemption in granted.order_by("pk"):
        exemptions[exemption.centre_id, exemption.mandate_id].append(exemption)
    lines, revisions = _lines(period, known_at, [s.pk for s in submissions.values()])
    return Facts(
        known_at=known_at,
        provisions=list(issued.order_by("mandate_id", "-from_on").distinct("mandate_id")),
        records=[record for record in records if record.status != CentreStatus.CLOSED],
        submissions=submissions,
        lines=lines,
        revisions=revisions,
        exemptions=exemptions,
    )


def _lines(
    period: ReportingPeriod, known_at: datetime, submissions: list[int]
) -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[int]]]:
    """The engine's lines of each submission, and the chip revisions that they rest on."""
    chips = {chip.pk: (chip.name, chip.chip_class) for chip in ChipModel.objects.order_by()}
    revision_of = {r.chip_model_id: r for r in ChipRevision.objects.as_of(period.ends_on, known_at)}
    lines = {}
    revisions = {}
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [submissions])
        for submission, models, *columns in cursor.fetchall():
            revisions[submission] = sorted({revision_of[model].pk for model in models if model in revision_of})
            lines[submission] = [
                _line(chips[model], revision_of.get(model), *values)
                for model, *values in zip(models, *columns, strict=True)
            ]
    return lines, revisions


def _line(
    chip: tuple[str, str],
    revision: ChipRevision | None,
    quantity: int,
    workload: str,
    status: str,
    acquired_on: str | None,
    unit_price: str | None,
) -> dict[str, Any]:
    name, chip_class = chip
    return {
        "chip": name,
        "class": chip_class,
        "quantity": quantity,
        "workload": workload,
        "status": status,
        "acquired_on": acquired_on,
        "designer_country": revision.designer_country if revision else None,
        "fabricator_country": revision.fabricator_country if revision else None,
        "compute": revision.compute if revision else None,
        "unit_price": unit_price,
    }


def _document(period: ReportingPeriod, facts: Facts, record: CentreRecord, provision: Provision) -> dict[str, Any]:
    """The engine's document: what is asked of a centre under a provision on the period's last day."""
    submission = facts.submissions.get(record.centre_id)
    return {
        "as_of": period.ends_on.isoformat(),
        "provision": provision.rule,
        "centre": {
            "kind": record.kind,
            "region": record.centre.region_code,
            "ownership": record.ownership,
            # Not known is told as "no"; pages say that it is not known.
            "state_funded": bool(record.state_funded),
            "commissioned_on": record.commissioned_on and record.commissioned_on.isoformat(),
            "progress": None if record.progress is None else str(record.progress),
        },
        "exemptions": [
            {
                "from": exemption.from_on.isoformat(),
                "to": exemption.to_on.isoformat(),
                "threshold": None if exemption.threshold is None else str(exemption.threshold),
            }
            for exemption in facts.exemptions.get((record.centre_id, provision.mandate_id), ())
        ],
        "reported": submission is not None,
        "lines": facts.lines.get(submission.pk, []) if submission else [],
    }


def _standing(period: ReportingPeriod, facts: Facts) -> dict[tuple[int, int], str]:
    """The digest of the latest determination of each centre and provision."""
    latest = (
        Determination.objects.filter(period=period, provision__in=facts.provisions)
        .order_by("provision_id", "centre_id", "-pk")
        .distinct("provision_id", "centre_id")
    )
    return {(c, p): digest for c, p, digest in latest.values_list("centre_id", "provision_id", "digest")}


def _row(
    period: ReportingPeriod,
    facts: Facts,
    record: CentreRecord,
    provision: Provision,
    reply: dict[str, Any],
    cause: str,
) -> tuple[Any, ...]:
    submission = facts.submissions.get(record.centre_id)
    exemptions = facts.exemptions.get((record.centre_id, provision.mandate_id), ())
    return (
        record.centre_id,
        provision.pk,
        period.code,
        period.ends_on,
        facts.known_at.isoformat(),
        reply["outcome"],
        reply["digest"],
        json.dumps(reply, ensure_ascii=False),
        record.pk,
        submission.pk if submission else None,
        _array(facts.revisions.get(submission.pk, []) if submission else []),
        _array([exemption.pk for exemption in exemptions]),
        cause,
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
