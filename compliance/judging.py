"""Every centre of a set of facts under every provision of it, judged by the engine."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from centres.models import CentreRecord
from compliance.engine import answer
from compliance.facts import Facts
from compliance.measure import Measured, measure
from compliance.models import Provision


class Judged(NamedTuple):
    """What the engine answered for a centre under a provision, and how much it counted."""

    record: CentreRecord
    provision: Provision
    answer: dict[str, Any]
    measured: Measured


def judged(facts: Facts) -> Iterator[Judged]:
    """The answers for all centres and provisions of `facts`, centre by centre; nothing is stored."""
    for record in facts.records:
        for provision in facts.provisions:
            document = facts.document(record, provision)
            reply = answer(document)
            yield Judged(record, provision, reply, measure(document, reply))
