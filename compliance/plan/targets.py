"""What a centre has to meet: each rule as it stands for its last accepted inventory, and each step that is to come."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from centres.models import Centre, ReportingPeriod
from chips.models import InventoryLine, Submission, SubmissionStatus
from compliance.engine import answer
from compliance.facts import Facts, Record, facts_of_period
from compliance.models import Mandate, Outcome, Provision

# What is asked of nobody needs no plan.
_NOTHING_ASKED = frozenset((Outcome.OUT_OF_SCOPE, Outcome.NOT_IN_FORCE))


class Target(NamedTuple):
    """A provision on a day, asked of what stands now: the document and the engine's answer to it."""

    provision: Provision
    day: date
    # Whether it is asked of a day after the inventory's period.
    is_to_come: bool
    document: dict[str, Any]
    answer: dict[str, Any]

    @property
    def key(self) -> str:
        """What names it in addresses: the mandate, and the day where that is to come."""
        return f"{self.provision.mandate.code}/{self.day}" if self.is_to_come else self.provision.mandate.code


class Inventory(NamedTuple):
    """The last accepted inventory of a centre, the chip models of its lines in their order, and what has to be met."""

    submission: Submission
    models: list[int]
    targets: list[Target]


def inventory_of(centre: Centre) -> Inventory | None:
    """What stands for `centre` as known now; None where no inventory was accepted yet."""
    accepted = Submission.objects.filter(centre=centre, status=SubmissionStatus.ACCEPTED).select_related("period")
    period = ReportingPeriod.objects.filter(submissions__in=accepted).order_by("-code").first()
    if period is None:
        return None
    facts = facts_of_period(period, [centre], known_at=timezone.now())
    submission = accepted.get(pk=facts.submissions[centre.pk])
    lines = InventoryLine.objects.filter(submission=submission).order_by("row")
    # A centre that is closed, or of which nothing is known on that day, is asked for nothing.
    targets = [target for record in facts.records for target in _targets(facts, record)]
    return Inventory(submission, list(lines.values_list("chip_model_id", flat=True)), targets)


def _targets(facts: Facts, record: Record) -> Iterator[Target]:
    issued = Provision.objects.issued().filter(from_on__gt=facts.period.ends_on).select_related("mandate")
    of_mandate: dict[Mandate, list[Provision]] = {}
    for provision in [*facts.provisions, *issued.order_by("from_on")]:
        of_mandate.setdefault(provision.mandate, []).append(provision)
    for mandate in sorted(of_mandate, key=lambda mandate: mandate.code):
        told = set()
        for target in _targets_of(facts, record, of_mandate[mandate]):
            reply = target.answer
            asked = (target.provision.pk, reply["threshold"], reply["comparator"])
            if reply["outcome"] == Outcome.EXEMPT:
                # That it stands now is said; one to come asks for nothing, and what follows it was asked before.
                if not target.is_to_come:
                    yield target
            elif asked not in told and reply["outcome"] not in _NOTHING_ASKED:
                told.add(asked)
                yield target


def _targets_of(facts: Facts, record: Record, provisions: list[Provision]) -> Iterator[Target]:
    """On each day, from the period's last, on which what is asked may become another."""
    last = facts.period.ends_on
    exemptions = facts.exemptions.get((record.centre_id, provisions[0].mandate_id), ())
    days = {last} | {provision.from_on for provision in provisions}
    days |= {date.fromisoformat(step["from"]) for provision in provisions for step in provision.rule["steps"]}
    days |= {exemption.from_on for exemption in exemptions}
    days |= {exemption.ends_on(facts.known_at) + timedelta(days=1) for exemption in exemptions}
    for day in sorted(day for day in days if day >= last):
        begun = [provision for provision in provisions if provision.from_on <= day]
        if begun:
            document = facts.document(record, begun[-1]) | {"as_of": day.isoformat()}
            yield Target(begun[-1], day, day > last, document, answer(document))
