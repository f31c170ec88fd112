"""The way of a document through the engine: check, judge, digest.

A document can be asked part by part: a `Subject` is counted and hashed once, and a `Question` is made ready once,
however many of the one are asked of the other. `answer` asks the same rule and counts the same way.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import Any

from compliance.engine.count import COUNTING_KEYS, Counting, Tally
from compliance.engine.document import DocumentFault, check_centre, check_document, check_exemptions, check_provision
from compliance.engine.inventory import Inventory, KeptInventory
from compliance.engine.judge import Json, Rule

_canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
# Compared character by character, it would not compile: mypyc takes no half of a pair in a text.
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Question:
    """A rule, and how the canonical JSON of a document ends that asks it: of nothing reported, of an inventory."""

    __slots__ = ("endings", "rule")

    def __init__(self, rule: Rule, endings: tuple[bytes, bytes]) -> None:
        self.rule, self.endings = rule, endings


class Answered:
    """The contract's answer, and what was counted for it; what is asked for of few is made when it is."""

    __slots__ = ("_asked", "_digest", "reply", "tally")

    def __init__(
        self, reply: Json, tally: Tally | None, subject: "Subject", question: Question, exemptions: Sequence[Json]
    ) -> None:
        # The answer but for the lines left out and the digest; the tally is None where the outcome counts no line.
        self.reply, self.tally = reply, tally
        self._asked = subject, question, exemptions
        self._digest = ""

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the document that was answered."""
        if not self._digest:
            subject, question, exemptions = self._asked
            self._digest = subject.digest(question, exemptions)
        return self._digest

    @property
    def answer(self) -> Json:
        """The answer, whole."""
        return _whole(self.reply, self.tally, self.digest)

    def text(self) -> str:
        """The answer in JSON, of which nothing needs escaping: its texts are words, figures and days."""
        reply = self.reply
        return (
            f'{{"outcome":"{reply["outcome"]}","reason":{_or_null(reply["reason"])},"low":{_or_null(reply["low"])},'
            f'"high":{_or_null(reply["high"])},"threshold":{_or_null(reply["threshold"])},'
            f'"comparator":{_or_null(reply["comparator"])},"next_step":{_step_text(reply["next_step"])},'
            f'"replace":{_number(reply["replace"])},"add":{_number(reply["add"])},'
            f'"shortfall":{_or_null(reply["shortfall"])},'
            f'"excluded":{"[]" if self.tally is None else self.tally.excluded_text()},"digest":"{self.digest}"}}'
        )


def _whole(reply: Json, tally: Tally | None, digest: str) -> Json:
    reply = reply.copy()
    reply["excluded"] = [] if tally is None else tally.excluded
    reply["digest"] = digest
    return reply


class Subject:
    """A checked centre with its checked inventory, read and hashed once for however many questions, if at all."""

    def __init__(self, centre: Json, inventory: Callable[[], KeptInventory], *, is_reported: bool) -> None:
        self._centre, self._inventory, self._is_reported = centre, inventory, is_reported
        self._tallies: dict[Counting, Tally] = {}
        self._openings: dict[tuple[str, str], hashlib._Hash] = {}

    def answer(self, question: Question, exemptions: Sequence[Json] = ()) -> Answered:
        """The answer to `question` where `exemptions` were granted; raises `DocumentFault` for a fault in those."""
        if exemptions:
            check_exemptions(exemptions)
        reply, counted = question.rule.judge(self._centre, exemptions, self._tally if self._is_reported else None)
        return Answered(reply, counted, self, question, exemptions)

    def digest(self, question: Question, exemptions: Sequence[Json]) -> str:
        """SHA-256, in hex, of the document that asks `question`."""
        opening = question.rule.as_of, _canonical(list(exemptions)) if exemptions else "[]"
        whole = (self._openings.get(opening) or self._opened(*opening)).copy()
        whole.update(question.endings[self._is_reported])
        return whole.hexdigest()

    def _tally(self, counting: Counting) -> Tally:
        found = self._tallies.get(counting)
        if found is None:
            found = self._tallies[counting] = counting.tally(self._inventory())
        return found

    def _opened(self, as_of: str, exemptions: str) -> "hashlib._Hash":
        """The hash of a document's canonical JSON up to the end of its lines, which are nearly all of it."""
        opening = f'{{"as_of":"{as_of}","centre":{_centre_text(self._centre)},"exemptions":{exemptions},"lines":['
        found = hashlib.sha256(f"{opening}{self._inventory().text()}]".encode())
        self._openings[as_of, exemptions] = found
        return found


def question(provision: Any, as_of: str) -> Question:
    """What `provision` asks on the ISO date `as_of`; raises `DocumentFault` where it is no valid provision."""
    check_provision(provision)
    try:
        return _question(_canonical(provision), as_of)
    except UnicodeEncodeError:
        raise _half_a_pair(provision, "/provision") from None


def subject(centre: Any, inventory: Callable[[], KeptInventory] | None) -> Subject:
    """A centre of which is asked; `inventory` is only read where an answer rests on it. None: nothing was reported.

    Raises `DocumentFault` for a fault in `centre`.
    """
    check_centre(centre)
    return Subject(centre, inventory or _no_lines, is_reported=inventory is not None)


def _no_lines() -> KeptInventory:
    return KeptInventory([], [], [], [], "", "")


def answer(document: Any) -> Json:
    """The contract's answer to `document`; raises `DocumentFault` where it is no valid document."""
    check_document(document)
    try:
        rule = _question(_canonical(document["provision"]), document["as_of"]).rule
        reply, tally = rule.judge(document["centre"], document["exemptions"], _tally_of(document))
        return _whole(reply, tally, hashlib.sha256(_canonical(document).encode()).hexdigest())
    except UnicodeEncodeError:
        raise _half_a_pair(document, "") from None


def _tally_of(document: Json) -> Callable[[Counting], Tally] | None:
    if not document["reported"]:
        return None
    return lambda counting: counting.tally(Inventory.of_lines(document["lines"]))


def _half_a_pair(value: Any, path: str) -> DocumentFault:
    place = _place_of_lone_surrogate(value, path)
    return DocumentFault("bad_value", place, "The text holds half of a surrogate pair.")


def _centre_text(centre: Json) -> str:
    """A checked centre in canonical JSON."""
    return (
        f'{{"commissioned_on":{_or_null(centre["commissioned_on"])},"kind":{quoted(centre["kind"])},'
        f'"ownership":{quoted(centre["ownership"])},"progress":{_or_null(centre["progress"])},'
        f'"region":"{centre["region"]}","state_funded":{"true" if centre["state_funded"] else "false"}}}'
    )


def _or_null(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def _step_text(step: Json | None) -> str:
    return "null" if step is None else _canonical(step)


def _number(number: int | None) -> int | str:
    return "null" if number is None else number


# A register asks a few rules over and over; what is made ready for one is the same for every centre.
@lru_cache(maxsize=64)
def _question(provision: str, as_of: str) -> Question:
    """That of a checked provision in canonical JSON."""
    read = json.loads(provision)
    counting = _canonical({key: read[key] for key in COUNTING_KEYS})
    ending = f',"provision":{provision},"reported":'
    endings = (f"{ending}false}}".encode(), f"{ending}true}}".encode())
    return Question(Rule(read, as_of, _counting(counting, as_of)), endings)


@lru_cache(maxsize=64)
def _counting(provision: str, as_of: str) -> Counting:
    """Rules that count alike share one, so that an inventory is tallied once for all of them."""
    return Counting(json.loads(provision), as_of)


def _place_of_lone_surrogate(value: Any, path: str) -> str:
    """The JSON Pointer of the first text that UTF-8 cannot carry; "" where there is none."""
    if isinstance(value, str):
        return path if _SURROGATE.search(value) else ""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in items if (found := _place_of_lone_surrogate(item, f"{path}/{key}"))), "")
