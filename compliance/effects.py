"""Whose outcome a change would flip, told before it takes effect.

The facts as they are known now are judged beside the facts as they would be, over the periods that the change reaches;
nothing is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from centres.models import Centre, CentreRecord, Provenance, ReportingPeriod
from chips.catalogue import revisions_after
from chips.models import ChipModel, Claim
from compliance.facts import Facts, Record, facts_of_period
from compliance.judging import judged
from compliance.models import Exemption, HandDecision, Mandate, Provision
from compliance.touched import considered_periods, holders, periods_of_provision

if TYPE_CHECKING:
    from accounts.models import User

# What the engine answered, but for its digest, by centre and mandate.
_Answers = dict[tuple[int, int], dict[str, Any]]


class Flip(NamedTuple):
    """That an outcome would become another: the engine's answers before (None: not determined) and after (likewise)."""

    centre: Centre
    mandate: Mandate
    period: ReportingPeriod
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def change(self) -> tuple[str, str]:
        """The outcomes before and after; "" where there is none."""
        return outcome_of(self.before), outcome_of(self.after)


class Effects(NamedTuple):
    """What a change would come to: every flip, by period, mandate and centre; who was judged, over which periods.

    Counts are of filings, as rollups are: what was worked out for a centre that never filed is told apart.
    """

    flips: list[Flip]
    # Those of centres that never filed.
    illustrative: list[Flip]
    # The keys of the centres that were judged and that file.
    judged: frozenset[int]
    periods: list[ReportingPeriod]

    def by_change(self) -> list[tuple[str, str, int]]:
        """How many outcomes become which other, most first; "" stands for not determined."""
        counts = Counter(flip.change for flip in self.flips)
        return [(before, after, count) for (before, after), count in counts.most_common()]

    def visible_to(self, user: User) -> Effects:
        """Those of the centres that `user` may know of."""
        told_of = self.judged | {flip.centre.pk for flip in self.illustrative}
        seen = frozenset(Centre.objects.visible_to(user).filter(pk__in=told_of).values_list("pk", flat=True))
        flips, illustrative = (
            [flip for flip in told if flip.centre.pk in seen] for told in (self.flips, self.illustrative)
        )
        return Effects(flips, illustrative, self.judged & seen, self.periods)


def outcome_of(answer: Mapping[str, Any] | None) -> str:
    """The outcome of an answer; "" where there is none."""
    return answer["outcome"] if answer else ""


def of_provision(provision: Provision) -> Effects:
    """What issuing `provision`, a draft, would come to in the periods in which it would be the one in force."""
    return _effects(
        (facts, facts._replace(provisions=[provision]))
        for facts in (
            facts_of_period(period, mandates=[provision.mandate]) for period in periods_of_provision(provision)
        )
    )


def of_exemption(*, centre: Centre, mandate: Mandate, from_on: date, to_on: date, threshold: Decimal | None) -> Effects:
    """What an exemption of `centre` from `from_on` to `to_on` (both included) would come to.

    `threshold` is the lower share from 0 to 1; None releases it from the mandate.
    """
    granted = Exemption(centre=centre, mandate=mandate, from_on=from_on, to_on=to_on, threshold=threshold)
    where = (centre.pk, mandate.pk)
    return _effects(
        (facts, facts._replace(exemptions={**facts.exemptions, where: [*facts.exemptions.get(where, ()), granted]}))
        for facts in _facts_of(considered_periods(from_on, to_on), centre, mandate)
    )


def of_revocation(exemption: Exemption, *, from_on: date) -> Effects:
    """What it would come to that `exemption` covers no day from `from_on` on."""
    periods = considered_periods(max(from_on, exemption.from_on), exemption.to_on)
    return _effects(
        (facts, _without(facts, exemption)) for facts in _facts_of(periods, exemption.centre, exemption.mandate)
    )


def of_hand_decision(*, centre: Centre, provision: Provision, ruling: str, from_on: date) -> Effects:
    """What it would come to that `provision` is decided by hand for `centre`, from `from_on` on, as `ruling` says."""
    decision = HandDecision(centre=centre, provision=provision, ruling=ruling, from_on=from_on)
    periods = [period for period in periods_of_provision(provision) if period.ends_on >= from_on]
    return _effects(
        (facts, _with_hand_decision(facts, decision)) for facts in _facts_of(periods, centre, provision.mandate)
    )


def of_adoption(*, model: ChipModel, claims: Iterable[Claim], from_on: date) -> Effects:
    """What it would come to that `claims`, one a figure of `model`, are adopted from `from_on` on."""
    revisions = revisions_after(model, claims, from_on=from_on)
    known_at = timezone.now()
    return _effects(
        (
            facts_of_period(period, centres, known_at=known_at),
            facts_of_period(period, centres, known_at=known_at, revisions=revisions),
        )
        for period, centres in _centres_of(holders(model, from_on=from_on))
    )


def of_records(records: Iterable[CentreRecord]) -> Effects:
    """What it would come to that `records`, not stored yet, hold of their centres, each from its day on."""
    recorded = list(records)
    wanted = {
        period: [record.centre_id for record in recorded if record.from_on <= period.ends_on]
        for period in considered_periods(min((record.from_on for record in recorded), default=date.max))
    }
    known_at = timezone.now()
    return _effects(
        (
            facts_of_period(period, centres, known_at=known_at),
            facts_of_period(period, centres, known_at=known_at, records=recorded),
        )
        for period, centres in _centres_of(wanted)
    )


def of_load(load: Callable[[], object]) -> Effects:
    """What it would come to that `load` writes what it writes to the register, which is taken back.

    Within no transaction: what others record meanwhile is no effect of it, since all of it is read as it stood when it
    began. Raises `OperationalError` where `load` writes what another wrote meanwhile.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        periods = list(considered_periods(date.min))
        standing = [_answered(facts_of_period(period)) for period in periods]
        load()
        following = [_answered(facts_of_period(period)) for period in periods]
        # A centre that is new by it is there no longer than this lasts.
        effects = _told(zip(standing, following, strict=True))
        transaction.set_rollback(True)
    return effects


def _facts_of(periods: Iterable[ReportingPeriod], centre: Centre, mandate: Mandate) -> Iterator[Facts]:
    return (facts_of_period(period, [centre], [mandate]) for period in periods)


def _centres_of(wanted: Mapping[ReportingPeriod, list[int]]) -> Iterator[tuple[ReportingPeriod, list[Centre]]]:
    found = Centre.objects.in_bulk({key for keys in wanted.values() for key in keys})
    return ((period, [found[key] for key in keys]) for period, keys in wanted.items())


def _without(facts: Facts, exemption: Exemption) -> Facts:
    where = (exemption.centre_id, exemption.mandate_id)
    others = [other for other in facts.exemptions.get(where, ()) if other != exemption]
    return facts._replace(exemptions={**facts.exemptions, where: others})


def _with_hand_decision(facts: Facts, decision: HandDecision) -> Facts:
    where = (decision.centre_id, decision.provision_id)
    standing = facts.hand_decisions.get(where)
    if standing is not None and standing.from_on > decision.from_on:
        # What was decided for a later day keeps its day.
        return facts
    return facts._replace(hand_decisions={**facts.hand_decisions, where: decision})


def _effects(supposed: Iterable[tuple[Facts, Facts]]) -> Effects:
    """What differs in outcome between the two of each pair: the facts of a period as they are, and as they would be."""
    return _told((_answered(before), _answered(after)) for before, after in supposed)


class _Answered(NamedTuple):
    """What the engine answers about a period; the centres that it judges, and the mandates, by key."""

    period: ReportingPeriod
    answers: _Answers
    records: dict[int, Record]
    mandates: dict[int, Mandate]


def _answered(facts: Facts) -> _Answered:
    answers = {(one.record.centre_id, one.provision.mandate_id): one.reply for one in judged(facts)}
    records = {record.centre_id: record for record in facts.records}
    mandates = {provision.mandate_id: provision.mandate for provision in facts.provisions}
    return _Answered(facts.period, answers, records, mandates)


def _told(supposed: Iterable[tuple[_Answered, _Answered]]) -> Effects:
    found: list[_Found] = []
    judged_centres: set[int] = set()
    periods = []
    for before, after in supposed:
        periods.append(before.period)
        judged_centres.update(
            record.centre_id
            for record in (*before.records.values(), *after.records.values())
            if record.provenance != Provenance.ILLUSTRATIVE
        )
        found += _flips(before, after)
    centres = Centre.objects.in_bulk({one.centre_id for one in found})
    flips: list[Flip] = []
    illustrative: list[Flip] = []
    for one in found:
        told = flips if one.centre_id in judged_centres else illustrative
        told.append(Flip(centres[one.centre_id], *one[1:]))
    return Effects(flips, illustrative, frozenset(judged_centres), periods)


class _Found(NamedTuple):
    """A flip of the centre with that key."""

    centre_id: int
    mandate: Mandate
    period: ReportingPeriod
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def _flips(before: _Answered, after: _Answered) -> list[_Found]:
    standing, following = before.answers, after.answers
    records, mandates = before.records | after.records, before.mandates | after.mandates

    def place(where: tuple[int, int]) -> tuple[str, str]:
        centre, mandate = where
        return mandates[mandate].code, records[centre].centre_code

    return [
        _Found(centre, mandates[mandate], before.period, standing.get(where), following.get(where))
        for where in sorted(standing.keys() | following.keys(), key=place)
        if outcome_of(standing.get(where)) != outcome_of(following.get(where))
        for centre, mandate in [where]
    ]
