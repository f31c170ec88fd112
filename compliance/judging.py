"""Every centre of a set of facts under every provision of it, judged by the engine."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from centres.models import CentreRecord
from compliance.facts import Facts
from compliance.measure import Measured
from compliance.models import Provision


class Judged(NamedTuple):
    """What the engine answered for a centre under a provision, and how much it counted."""

    record: CentreRecord
    provision: Provision
    answer: dict[str, Any]
    measured: Measured


def judged(facts: Facts) -> Iterator[Judged]:
    """The answers for all centres and provisions of `facts`, centre by centre; nothing is stored.

    An inventory is read once for all provisions; the answers are those to `Facts.document`.
    """
    asked = [(provision, facts.question(provision.rule)) for provision in facts.provisions]
    for record in facts.records:
        subject = facts.subject(record)
        for provision, question in asked:
            rule = facts.rule(record.centre_id, provision)
            if rule is not provision.rule:
                question = facts.question(rule)
            reply, tally = subject.answer(question, facts.granted(record.centre_id, provision))
            yield Judged(record, provision, reply, Measured.of(tally))
