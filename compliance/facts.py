"""What the engine's documents are made of: everything known of centres at one instant, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from centres.models import Centre, CentreRecord, CentreStatus, ReportingPeriod
from chips.models import ChipModel, ChipRevision, Submission
from compliance.models import Exemption, HandDecision, Mandate, Provision, Ruling

# One row a submission: its lines as parallel arrays, in the order of the operator's spreadsheet.
_LINES = """
    SELECT submission_id,
           array_agg(chip_model_id ORDER BY "row"), array_agg(quantity ORDER BY "row"),
           array_agg(workload ORDER BY "row"), array_agg(status ORDER BY "row"),
           array_agg(acquired_on::text ORDER BY "row"), array_agg(unit_price_cny::text ORDER BY "row")
    FROM chips_inventoryline WHERE submission_id = ANY(%s) GROUP BY submission_id
"""

_Dated = TypeVar("_Dated", CentreRecord, ChipRevision)


class Facts(NamedTuple):
    """What the documents of a period are made of, as known at one instant."""

    period: ReportingPeriod
    known_at: datetime
    provisions: list[Provision]
    records: list[CentreRecord]
    submissions: dict[int, Submission]
    lines: dict[int, list[dict[str, Any]]]
    revisions: dict[int, list[int]]
    # By centre and mandate: those that cover any day, as known.
    exemptions: dict[tuple[int, int], list[Exemption]]
    # By centre and provision: what was decided by hand and holds on the period's last day.
    hand_decisions: dict[tuple[int, int], HandDecision]
    # The codes of centres that are asked about and of which nothing is known on the period's last day.
    without_history: list[str]

    def rule(self, centre_id: int, provision: Provision) -> dict[str, Any]:
        """The rule as a centre is judged by it: under its wider scope where that was decided by hand."""
        decision = self.hand_decisions.get((centre_id, provision.pk))
        if decision is None or decision.ruling != Ruling.APPLIES or provision.case_by_case is None:
            return provision.rule
        return provision.rule | {"scope": provision.case_by_case}

    def document(self, record: CentreRecord, provision: Provision) -> dict[str, Any]:
        """The engine's document: what is asked of a centre under a provision on the period's last day."""
        submission = self.submissions.get(record.centre_id)
        return {
            "as_of": self.period.ends_on.isoformat(),
            "provision": self.rule(record.centre_id, provision),
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
                    "to": exemption.ends_on(self.known_at).isoformat(),
                    "threshold": None if exemption.threshold is None else str(exemption.threshold),
                }
                for exemption in self.exemptions.get((record.centre_id, provision.mandate_id), ())
            ],
            "reported": submission is not None,
            "lines": self.lines.get(submission.pk, []) if submission else [],
        }


def facts_of_period(
    period: ReportingPeriod,
    centres: Iterable[Centre] | None = None,
    mandates: Iterable[Mandate] | None = None,
    *,
    known_at: datetime | None = None,
    records: Iterable[CentreRecord] = (),
    revisions: Iterable[ChipRevision] = (),
) -> Facts:
    """The facts of `centres` and `mandates` (None: all) for `period`, as known at `known_at` (None: now).

    With `records` and `revisions` that are stored nowhere: as they would be, were those recorded after all that is.
    """
    known_at = known_at or timezone.now()
    stored = CentreRecord.objects.as_of(period.ends_on, known_at).select_related("centre")
    accepted = Submission.objects.accepted_as_known(period, known_at)
    if centres is not None:
        chosen = list(centres)
        stored, accepted = stored.filter(centre__in=chosen), accepted.filter(centre__in=chosen)
    standing = _following({record.centre_id: record for record in stored}, "centre_id", records, period.ends_on)
    submissions = {submission.centre_id: submission for submission in accepted}
    known = CentreRecord.objects.filter(centre=OuterRef("pk"), from_on__lte=period.ends_on, recorded_at__lte=known_at)
    unknown = Centre.objects.filter(~Exists(known)).order_by("code").values_list("code", flat=True)
    if centres is not None:
        unknown = unknown.filter(pk__in=[centre.pk for centre in chosen])
    provisions = provisions_in_force(period, known_at, mandates)
    facts = _facts(period, known_at, provisions, list(standing.values()), submissions, revisions)
    recorded = {record.centre.code for record in standing.values()}
    return facts._replace(without_history=[code for code in unknown if code not in recorded])


def facts_of_draft(submission: Submission) -> Facts:
    """The facts as they would be if `submission` were what stands for its centre."""
    known_at = timezone.now()
    period = submission.period
    records = CentreRecord.objects.as_of(period.ends_on, known_at).select_related("centre")
    records = records.filter(centre=submission.centre_id)
    provisions = provisions_in_force(period, known_at)
    return _facts(period, known_at, provisions, list(records), {submission.centre_id: submission})


def provisions_in_force(
    period: ReportingPeriod, known_at: datetime, mandates: Iterable[Mandate] | None = None
) -> list[Provision]:
    """Of each mandate the provision that holds on the period's last day, as known at `known_at`."""
    issued = Provision.objects.filter(issued_at__lte=known_at, from_on__lte=period.ends_on).select_related("mandate")
    if mandates is not None:
        issued = issued.filter(mandate__in=list(mandates))
    return list(issued.order_by("mandate_id", "-from_on").distinct("mandate_id"))


def _following(known: dict[int, _Dated], key: str, added: Iterable[_Dated], day: date) -> dict[int, _Dated]:
    """What holds on `day` of each `key` where `known` does, were `added` recorded after it."""
    held = dict(known)
    for one in sorted(added, key=lambda one: one.from_on):
        before = held.get(getattr(one, key))
        if one.from_on <= day and (before is None or before.from_on <= one.from_on):
            held[getattr(one, key)] = one
    return held


def _facts(
    period: ReportingPeriod,
    known_at: datetime,
    provisions: list[Provision],
    records: list[CentreRecord],
    submissions: dict[int, Submission],
    supposed: Iterable[ChipRevision] = (),
) -> Facts:
    centres = [record.centre_id for record in records]
    exemptions = defaultdict(list)
    for exemption in Exemption.objects.filter(granted_at__lte=known_at, centre__in=centres).order_by("pk"):
        if exemption.from_on <= exemption.ends_on(known_at):
            exemptions[exemption.centre_id, exemption.mandate_id].append(exemption)
    decisions = HandDecision.objects.filter(
        provision__in=provisions, centre__in=centres, from_on__lte=period.ends_on, decided_at__lte=known_at
    )
    # Of several of one centre and provision the last that holds on the day, as known.
    hand_decisions = {(d.centre_id, d.provision_id): d for d in decisions.order_by("from_on", "decided_at", "pk")}
    stored = {revision.chip_model_id: revision for revision in ChipRevision.objects.as_of(period.ends_on, known_at)}
    revision_of = _following(stored, "chip_model_id", supposed, period.ends_on)
    lines, revisions_of = _lines([submission.pk for submission in submissions.values()], revision_of)
    return Facts(
        period=period,
        known_at=known_at,
        provisions=provisions,
        records=[record for record in records if record.status != CentreStatus.CLOSED],
        submissions=submissions,
        lines=lines,
        revisions=revisions_of,
        exemptions=exemptions,
        hand_decisions=hand_decisions,
        without_history=[],
    )


def _lines(
    submissions: list[int], revision_of: dict[int, ChipRevision]
) -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[int]]]:
    """The engine's lines of each submission, and the chip revisions that they rest on."""
    chips = ChipModel.objects.exclude(pk__in=revision_of).order_by().first_called()
    chips |= {key: (revision.name, revision.chip_class) for key, revision in revision_of.items()}
    lines = {}
    revisions = {}
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [submissions])
        for submission, models, *columns in cursor.fetchall():
            named = {revision_of[model].pk for model in models if model in revision_of}
            # One that is only supposed has no key.
            revisions[submission] = sorted(key for key in named if key is not None)
            lines[submission] = [
                line_of(chips[model], revision_of.get(model), *values)
                for model, *values in zip(models, *columns, strict=True)
            ]
    return lines, revisions


def line_of(
    chip: tuple[str, str],
    revision: ChipRevision | None,
    quantity: int,
    workload: str,
    status: str,
    acquired_on: str | None,
    unit_price: str | None,
) -> dict[str, Any]:
    """The engine's line of a `chip` (its name and class), of which the catalogue knows a `revision`, or nothing."""
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
