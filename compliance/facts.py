"""What the engine's documents are made of: everything known of centres at one instant, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from centres.models import Centre, CentreRecord, CentreStatus, ReportingPeriod
from chips.models import ChipRevision, Submission
from compliance.engine import Question, Subject, question, subject
from compliance.inventories import Inventories
from compliance.models import Exemption, HandDecision, Mandate, Provision, Ruling

_RECORD = (
    "pk", "centre_id", "centre__code", "centre__provenance", "centre__region_id", "from_on", "kind", "region_code",
    "ownership", "state_funded", "commissioned_on", "progress", "status",
)  # fmt: skip


class Record(NamedTuple):
    """What holds of a centre on the period's last day, and where the register has it."""

    # None: it is only supposed.
    pk: int | None
    centre_id: int
    centre_code: str
    provenance: str
    region_id: str
    from_on: date
    kind: str
    region_code: str
    ownership: str
    state_funded: bool | None
    # As the engine is told them: an ISO date, and a decimal.
    commissioned_on: str | None
    progress: str | None
    status: str

    @classmethod
    def supposed(cls, record: CentreRecord) -> "Record":
        """What `record`, stored nowhere, says."""
        said = cls._make(attrgetter(*(name.replace("__", ".") for name in _RECORD))(record))
        return said._replace(
            commissioned_on=_text_or_none(record.commissioned_on), progress=_text_or_none(record.progress)
        )


_Dated = TypeVar("_Dated", Record, ChipRevision)


class Facts(NamedTuple):
    """What the documents of a period are made of, as known at one instant."""

    period: ReportingPeriod
    known_at: datetime
    # The keys of the centres that are asked about; None: all.
    chosen: list[int] | None
    provisions: list[Provision]
    records: list[Record]
    # By centre: the key of the submission that stands.
    submissions: dict[int, int]
    inventories: Inventories
    # By centre and mandate: those that cover any day, as known.
    exemptions: dict[tuple[int, int], list[Exemption]]
    # By centre and provision: what was decided by hand and holds on the period's last day.
    hand_decisions: dict[tuple[int, int], HandDecision]
    # The codes of centres that are asked about and of which nothing is known on the period's last day.
    without_history: list[str]

    def rule(self, centre_id: int, provision: Provision) -> dict[str, Any]:
        """The rule as a centre is judged by it: under its wider scope where that was decided by hand."""
        # A model's `pk` is a property, which costs as much as the look-up.
        decision = self.hand_decisions.get((centre_id, provision.id))
        return rule_under(provision, decision) if decision else provision.rule

    def granted(self, centre_id: int, provision: Provision) -> list[dict[str, Any]]:
        """The engine's exemptions of a centre from a provision."""
        held = self.exemptions.get((centre_id, provision.mandate_id))
        return exemptions_of(held, self.known_at) if held else []

    def document(self, record: Record, provision: Provision) -> dict[str, Any]:
        """The engine's document: what is asked of a centre under a provision on the period's last day."""
        submission = self.submissions.get(record.centre_id)
        return {
            "as_of": self.period.ends_on.isoformat(),
            "provision": self.rule(record.centre_id, provision),
            "centre": centre_of(record),
            "exemptions": self.granted(record.centre_id, provision),
            "reported": submission is not None,
            "lines": [] if submission is None else self.inventories.of(submission).lines(),
        }

    def subject(self, record: Record) -> Subject:
        """A centre with its inventory, of which the engine can be asked; `document` asks the same."""
        submission = self.submissions.get(record.centre_id)
        return subject(centre_of(record), None if submission is None else partial(self.inventories.of, submission))

    def question(self, rule: dict[str, Any]) -> Question:
        """What a `rule` asks on the period's last day."""
        return question(rule, self.period.ends_on.isoformat())


def centre_of(record: Record | CentreRecord) -> dict[str, Any]:
    """The engine's centre: what scope rules read of a record."""
    return {
        "kind": record.kind,
        "region": record.region_code,
        "ownership": record.ownership,
        # Not known is told as "no"; pages say that it is not known.
        "state_funded": bool(record.state_funded),
        "commissioned_on": _text_or_none(record.commissioned_on),
        "progress": _text_or_none(record.progress),
    }


def _text_or_none(value: date | Decimal | str | None) -> str | None:
    return None if value is None else str(value)


def rule_under(provision: Provision, decision: HandDecision | None) -> dict[str, Any]:
    """The rule of `provision` as what was decided by hand has it: under its wider scope, or as it stands."""
    if decision is None or decision.ruling != Ruling.APPLIES or provision.case_by_case is None:
        return provision.rule
    return provision.rule | {"scope": provision.case_by_case}


def exemptions_of(exemptions: Sequence[Exemption], known_at: datetime) -> list[dict[str, Any]]:
    """The engine's exemptions, as they were known at `known_at`."""
    return [
        {
            "from": exemption.from_on.isoformat(),
            "to": exemption.ends_on(known_at).isoformat(),
            "threshold": None if exemption.threshold is None else f"{exemption.threshold:f}",
        }
        for exemption in exemptions
    ]


def facts_of_period(
    period: ReportingPeriod,
    centres: Iterable[Centre] | None = None,
    mandates: Iterable[Mandate] | None = None,
    *,
    known_at: datetime | None = None,
    records: Iterable[CentreRecord] = (),
    revisions: Iterable[ChipRevision] = (),
    is_read: bool = True,
) -> Facts:
    """The facts of `centres` and `mandates` (None: all) for `period`, as known at `known_at` (None: now).

    With `records` and `revisions` that are stored nowhere: as they would be, were those recorded after all that is.
    Inventories are not read where nothing is to be judged by them.
    """
    known_at = known_at or timezone.now()
    stored = CentreRecord.objects.as_of(period.ends_on, known_at)
    accepted = Submission.objects.accepted_as_known(period, known_at)
    chosen = None if centres is None else [centre.pk for centre in centres]
    if chosen is not None:
        stored, accepted = stored.filter(centre__in=chosen), accepted.filter(centre__in=chosen)
    recorded = {record.centre_id: record for record in _records(stored)}
    standing = _following(recorded, "centre_id", map(Record.supposed, records), period.ends_on)
    submissions = dict(accepted.values_list("centre_id", "pk"))
    provisions = provisions_in_force(period, known_at, mandates)
    facts = _facts(
        period, known_at, provisions, list(standing.values()), submissions, chosen, revisions, is_read=is_read
    )
    return facts._replace(without_history=_without_history(standing.keys(), chosen, period, known_at))


def _without_history(
    known_of: Collection[int], chosen: list[int] | None, period: ReportingPeriod, known_at: datetime
) -> list[str]:
    """The codes of those who are asked about and of whom nothing is known on the period's last day."""
    if chosen is not None and all(key in known_of for key in chosen):
        return []
    known = CentreRecord.objects.filter(centre=OuterRef("pk"), from_on__lte=period.ends_on, recorded_at__lte=known_at)
    unknown = Centre.objects.filter(~Exists(known)).order_by("code").values_list("pk", "code")
    if chosen is not None:
        unknown = unknown.filter(pk__in=chosen)
    # What is only supposed is known, too.
    return [code for key, code in unknown if key not in known_of]


def facts_of_draft(submission: Submission) -> Facts:
    """The facts as they would be if `submission` were what stands for its centre."""
    known_at = timezone.now()
    period = submission.period
    records = CentreRecord.objects.as_of(period.ends_on, known_at).filter(centre=submission.centre_id)
    provisions = provisions_in_force(period, known_at)
    filed = {submission.centre_id: submission.pk}
    return _facts(period, known_at, provisions, list(_records(records)), filed, list(filed))


def provisions_in_force(
    period: ReportingPeriod, known_at: datetime, mandates: Iterable[Mandate] | None = None
) -> list[Provision]:
    """Of each mandate the provision that holds on the period's last day, as known at `known_at`."""
    issued = Provision.objects.filter(issued_at__lte=known_at, from_on__lte=period.ends_on).select_related("mandate")
    if mandates is not None:
        issued = issued.filter(mandate__in=list(mandates))
    return list(issued.order_by("mandate_id", "-from_on").distinct("mandate_id"))


def _records(stored: QuerySet[CentreRecord]) -> Iterator[Record]:
    # A country has tens of thousands: rows cost a fraction of what instances of models do, and texts of what days do.
    columns = (Cast(name, TextField()) if name in ("commissioned_on", "progress") else name for name in _RECORD)
    return map(Record._make, stored.values_list(*columns))


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
    records: list[Record],
    submissions: dict[int, int],
    chosen: list[int] | None,
    supposed: Iterable[ChipRevision] = (),
    *,
    is_read: bool = True,
) -> Facts:
    granted = Exemption.objects.filter(granted_at__lte=known_at)
    decisions = HandDecision.objects.filter(
        provision__in=provisions, from_on__lte=period.ends_on, decided_at__lte=known_at
    )
    # A country is not asked for by the keys of its centres: to hand those over costs more than what they leave out.
    if chosen is not None:
        granted, decisions = granted.filter(centre__in=chosen), decisions.filter(centre__in=chosen)
    exemptions = defaultdict(list)
    for exemption in granted.order_by("pk"):
        if exemption.from_on <= exemption.ends_on(known_at):
            exemptions[exemption.centre_id, exemption.mandate_id].append(exemption)
    # Of several of one centre and provision the last that holds on the day, as known.
    hand_decisions = {(d.centre_id, d.provision_id): d for d in decisions.order_by("from_on", "decided_at", "pk")}
    stored = {revision.chip_model_id: revision for revision in ChipRevision.objects.as_of(period.ends_on, known_at)}
    revision_of = _following(stored, "chip_model_id", supposed, period.ends_on)
    return Facts(
        period=period,
        known_at=known_at,
        chosen=chosen,
        provisions=provisions,
        # In the order in which inventories are read.
        records=sorted(
            (record for record in records if record.status != CentreStatus.CLOSED),
            key=lambda record: submissions.get(record.centre_id, 0),
        ),
        submissions=submissions,
        inventories=Inventories(submissions.values() if is_read else (), revision_of),
        exemptions=exemptions,
        hand_decisions=hand_decisions,
        without_history=[],
    )
