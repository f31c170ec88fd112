"""Whether determinations name what was known at their instant.

That what they name comes to what they say is another question: `reproduce.py` asks both.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from centres.models import ReportingPeriod
from compliance.engine import DocumentFault
from compliance.facts import Facts, facts_of_period
from compliance.models import Determination

# What is recorded bears the instant at which its transaction began to write it. Who determines before that ends does
# not see it, though it bears an earlier instant than what they make.
WRITTEN_WITHIN = timedelta(minutes=1)


class Misnamed(NamedTuple):
    """A column of a determination that names other records than were known: their keys as kept, and as known."""

    column: str
    kept: Any
    known: Any


def misnamed(determinations: Iterable[Determination]) -> dict[int, list[Misnamed]]:
    """What each of `determinations`, whose `inputs.NAMED` are read already, names wrongly, by its key; none: absent.

    Seven to nine queries for all that are of one period and instant; as many again, and one for each column, where
    any differs. What was just being recorded is not missed by one that is followed by another that names it. Where the
    engine takes no more what was known, each of that instant has a fault as its ``document``.
    """
    made_at: dict[tuple[ReportingPeriod, datetime], list[Determination]] = defaultdict(list)
    for made in determinations:
        made_at[made.period, made.known_at].append(made)
    found: dict[int, list[Misnamed]] = {}
    for (period, known_at), made_then in made_at.items():
        try:
            found |= _misnamed_then(period, known_at, made_then)
        except DocumentFault as fault:
            unread = Misnamed("document", None, fault)
            found |= {made.pk: [unread] for made in made_then}
    return found


def _misnamed_then(
    period: ReportingPeriod, known_at: datetime, determinations: list[Determination]
) -> dict[int, list[Misnamed]]:
    centres = {made.centre_id: made.centre for made in determinations}.values()
    known = _Known(facts_of_period(period, centres, known_at=known_at))
    differing = {made: wrong for made in determinations if (wrong := known.misnamed_by(made))}
    if not differing:
        return {}
    before = _Known(facts_of_period(period, centres, known_at=known_at - WRITTEN_WITHIN))
    found = {}
    for made, wrong in differing.items():
        named_before = {one.column for one in wrong} - {one.column for one in before.misnamed_by(made)}
        left = [one for one in wrong if one.column not in named_before or not _is_made_good(made, one)]
        if left:
            found[made.pk] = left
    return found


def _is_made_good(made: Determination, wrong: Misnamed) -> bool:
    """Whether a later determination of the same names what `made` does not."""
    same = {"centre": made.centre_id, "period": made.period_id, "provision__mandate": made.provision.mandate_id}
    return Determination.objects.filter(pk__gt=made.pk, **same, **{wrong.column: wrong.known}).exists()


class _Known:
    """The keys of what was known of some centres in a period."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._provisions = {provision.mandate_id: provision.pk for provision in facts.provisions}
        self._records = {record.centre_id: record.pk for record in facts.records}

    def misnamed_by(self, made: Determination) -> list[Misnamed]:
        facts, mandate = self._facts, made.provision.mandate_id
        submission = facts.submissions.get(made.centre_id)
        decision = facts.hand_decisions.get((made.centre_id, made.provision_id))
        known = {
            "provision_id": self._provisions.get(mandate),
            "centre_record_id": self._records.get(made.centre_id),
            "submission_id": submission,
            "chip_revisions": [] if submission is None else facts.inventories.of(submission).revisions,
            "exemptions": [exemption.pk for exemption in facts.exemptions.get((made.centre_id, mandate), ())],
            "hand_decision_id": decision.pk if decision else None,
        }
        kept = [(column, getattr(made, column)) for column in known]
        return [Misnamed(column, value, known[column]) for column, value in kept if value != known[column]]
