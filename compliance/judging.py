"""Every centre of a set of facts under every provision of it, judged by the engine."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple

from compliance.engine import Answered
from compliance.facts import Facts, Record
from compliance.measure import Measured
from compliance.models import Provision


class Judged(NamedTuple):
    """What the engine answered for a centre under a provision, and how much it counted."""

    record: Record
    provision: Provision
    answered: Answered

    @property
    def answer(self) -> dict[str, Any]:
        """The contract's answer, whole."""
        return self.answered.answer

    @property
    def reply(self) -> dict[str, Any]:
        """The answer but for the lines left out and its digest, which cost as much as to judge a centre."""
        return self.answered.reply

    @property
    def measured(self) -> Measured:
        """How much was counted for it."""
        return Measured.of(self.answered.tally)


# How many threads judge many at once, and whether the collector ran before the first of them.
_lock, _judging, _was_enabled = Lock(), 0, True


@contextmanager
def many_judged() -> Iterator[None]:
    """Where many are judged: what is made of a country holds no cycles, and the collector would walk it over and over.

    It goes on as it was, whatever happens within.
    """
    global _judging, _was_enabled
    with _lock:
        if not _judging:
            _was_enabled = gc.isenabled()
            gc.disable()
        _judging += 1
    try:
        yield
    finally:
        with _lock:
            _judging -= 1
            if not _judging and _was_enabled:
                gc.enable()


def judged(facts: Facts) -> Iterator[Judged]:
    """The answers for all centres and provisions of `facts`, centre by centre; nothing is stored.

    An inventory is read once for all provisions; the answers are those to `Facts.document`.
    """
    asked = [(provision, facts.question(provision.rule)) for provision in facts.provisions]
    for record in facts.records:
        subject = facts.subject(record)
        for provision, question in asked:
            # A country mostly has neither.
            if facts.hand_decisions and (rule := facts.rule(record.centre_id, provision)) is not provision.rule:
                question = facts.question(rule)
            exemptions = facts.granted(record.centre_id, provision) if facts.exemptions else ()
            yield Judged(record, provision, subject.answer(question, exemptions))
