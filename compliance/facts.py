"""What the engine's documents are made of: everything known of centres at one instant, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from centres.models import Centre, CentreRecord, CentreStatus, ReportingPeriod
from chips.models import ChipModel, ChipRevision, Submission
from compliance.models import Determination, Exemption, Mandate, Provision

# One row a submission: its lines as parallel arrays, in the order of the operator's spreadsheet.
_LINES = """
    SELECT submission_id,
           array_agg(chip_model_id ORDER BY "row"), array_agg(quantity ORDER BY "row"),
           array_agg(workload ORDER BY "row"), array_agg(status ORDER BY "row"),
           array_agg(acquired_on::text ORDER BY "row"), array_agg(unit_price_cny::text ORDER BY "row")
    FROM chips_inventoryline WHERE submission_id = ANY(%s) GROUP BY submission_id
"""


class Facts(NamedTuple):
    """What the documents of a period are made of, as known at one instant."""

    period: ReportingPeriod
    known_at: datetime
    provisions: list[Provision]
    records: list[CentreRecord]
    submissions: dict[int, Submission]
    lines: dict[int, list[dict[str, Any]]]
    revisions: dict[int, list[int]]
    exemptions: dict[tuple[int, int], list[Exemption]]

    def document(self, record: CentreRecord, provision: Provision) -> dict[str, Any]:
        """The engine's document: what is asked of a centre under a provision on the period's last day."""
        submission = self.submissions.get(record.centre_id)
        return {
            "as_of": self.period.ends_on.isoformat(),
            "provision": provision.rule,
            "centre": {
                "kind": record.kind,
                "region": record.region_code,
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
                for exemption in self.exemptions.get((record.centre_id, provision.mandate_id), ())
            ],
            "reported": submission is not None,
            "lines": self.lines.get(submission.pk, []) if submission else [],
        }


def facts_of_period(
    period: ReportingPeriod, centres: Iterable[Centre] | None = None, mandates: Iterable[Mandate] | None = None
) -> Facts:
    """The facts of `centres` (None: all) and `mandates` (None: all) for `period`, as known now."""
    known_at = timezone.now()
    records = CentreRecord.objects.as_of(period.ends_on, known_at).select_related("centre")
    accepted = Submission.objects.accepted_as_known(period, known_at)
    if centres is not None:
        chosen = list(centres)
        records, accepted = records.filter(centre__in=chosen), accepted.filter(centre__in=chosen)
    submissions = {submission.centre_id: submission for submission in accepted}
    return _facts(period, known_at, provisions_in_force(period, known_at, mandates), list(records), submissions)


def facts_of_draft(submission: Submission) -> Facts:
    """The facts as they would be if `submission` were what stands for its centre."""
    known_at = timezone.now()
    period = submission.period
    records = CentreRecord.objects.as_of(period.ends_on, known_at).select_related("centre")
    records = records.filter(centre=submission.centre_id)
    provisions = provisions_in_force(period, known_at)
    return _facts(period, known_at, provisions, list(records), {submission.centre_id: submission})


def facts_of_determination(determination: Determination) -> Facts:
    """The facts that `determination` was made of: its own revisions, however much was learned since."""
    submission = determination.submission
    chosen = [submission.pk] if submission else []
    revisions = ChipRevision.objects.filter(pk__in=determination.chip_revisions)
    lines, revisions_of = _lines(chosen, {revision.chip_model_id: revision for revision in revisions})
    exemptions = list(Exemption.objects.filter(pk__in=determination.exemptions).order_by("pk"))
    return Facts(
        period=determination.period,
        known_at=determination.known_at,
        provisions=[determination.provision],
        records=[determination.centre_record],
        submissions={submission.centre_id: submission} if submission else {},
        lines=lines,
        revisions=revisions_of,
        exemptions={(determination.centre_id, determination.provision.mandate_id): exemptions},
    )


def provisions_in_force(
    period: ReportingPeriod, known_at: datetime, mandates: Iterable[Mandate] | None = None
) -> list[Provision]:
    """Of each mandate the provision that holds on the period's last day, as known at `known_at`."""
    issued = Provision.objects.filter(issued_at__lte=known_at, from_on__lte=period.ends_on).select_related("mandate")
    if mandates is not None:
        issued = issued.filter(mandate__in=list(mandates))
    return list(issued.order_by("mandate_id", "-from_on").distinct("mandate_id"))


def _facts(
    period: ReportingPeriod,
    known_at: datetime,
    provisions: list[Provision],
    records: list[CentreRecord],
    submissions: dict[int, Submission],
) -> Facts:
    exemptions = defaultdict(list)
    granted = Exemption.objects.filter(
        Q(revoked_at__isnull=True) | Q(revoked_at__gt=known_at),
        granted_at__lte=known_at,
        centre__in=[record.centre_id for record in records],
    )
    for exemption in granted.order_by("pk"):
        exemptions[exemption.centre_id, exemption.mandate_id].append(exemption)
    revisions = ChipRevision.objects.as_of(period.ends_on, known_at)
    lines, revisions_of = _lines(
        [submission.pk for submission in submissions.values()],
        {revision.chip_model_id: revision for revision in revisions},
    )
    return Facts(
        period=period,
        known_at=known_at,
        provisions=provisions,
        records=[record for record in records if record.status != CentreStatus.CLOSED],
        submissions=submissions,
        lines=lines,
        revisions=revisions_of,
        exemptions=exemptions,
    )


def _lines(
    submissions: list[int], revision_of: dict[int, ChipRevision]
) -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[int]]]:
    """The engine's lines of each submission, and the chip revisions that they rest on."""
    unrevised = ChipModel.objects.exclude(pk__in=revision_of).order_by()
    chips = {chip.pk: (chip.name, chip.chip_class) for chip in unrevised}
    chips |= {key: (revision.name, revision.chip_class) for key, revision in revision_of.items()}
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
