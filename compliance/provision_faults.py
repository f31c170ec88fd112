"""What is wrong with a provision that is being written: all of it, each fault with its place.

The engine says what is no rule; the register adds what the engine cannot know: which words and regions there are, and
that a list that nothing can match was not meant.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_noop as _

from centres.models import CentreKind, Ownership, Region
from chips.models import ChipClass, LineStatus, Workload
from compliance.engine import DocumentFault, check_date, check_provision, check_scope, check_text, not_one_of
from compliance.models import Mandate

LONGEST_TEXT = 20_000
LONGEST_LINK = 500
# Two a year for a generation: what is longer is no plan, and no page could show it.
GREATEST_STEPS = 60
# More than there are provinces, words or kinds of anything.
GREATEST_LIST = 100
# A rule without a fault, in the order of the contract: a part is checked in it as if it stood alone.
_SOUND: dict[str, Any] = {
    "metric": "units",
    "origin_rule": "designer",
    "domestic": ["CN"],
    "population": dict.fromkeys(("classes", "workloads", "statuses", "acquired_from")),
    "scope": dict.fromkeys(
        ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
    ),
    "steps": [],
}
_SOUND_STEP = {"from": "2025-01-01", "comparator": "at_least", "threshold": "1"}
# The words that a list may hold. An ownership that is not known matches no scope.
_WORDS: dict[str, Collection[str]] = {
    "classes": ChipClass.values,
    "workloads": Workload.values,
    "statuses": LineStatus.values,
    "kinds": CentreKind.values,
    "ownership": [value for value in Ownership.values if value != Ownership.UNKNOWN],
}
_EMPTY = _("An empty list matches nothing: give null where any will do.")
_is_web_address = URLValidator(schemes=["http", "https"])


class WrongProvision(ValueError):
    """What is no provision: every fault of it, in its order; the paths of a rule's begin with ``/rule``."""

    def __init__(self, faults: list[DocumentFault]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = faults


def faults_of(document: Mapping[str, Any]) -> list[DocumentFault]:
    """Every fault of a document that `compliance.provisions` is to write, in its order; none where it is sound."""
    checks: list[Iterator[DocumentFault]] = [
        _faults_of_day(document["from_on"]),
        faults_of_rule(document["rule"], "/rule"),
        _faults_of_case_by_case(document["case_by_case"]),
        _faults_of_text(document["legal_text"], "/legal_text", is_needed=True),
        _faults_of_text(document["legal_text_zh"], "/legal_text_zh"),
        _faults_of_text(document["citation"], "/citation"),
        _faults_of_link(document["link"]),
    ]
    return [fault for check in checks for fault in check]


def faults_of_rule(rule: Any, path: str = "/rule") -> Iterator[DocumentFault]:
    """The faults of a provision of the contract that stands at `path`; the first is the engine's where it finds any."""
    if type(rule) is not dict or rule.keys() != _SOUND.keys():
        yield from _raised(check_provision, rule, path)
        return
    faults = [fault for alone in _alone(rule) for fault in _raised(check_provision, alone, path)]
    faults += _faults_of_steps(rule["steps"], path)
    yield from faults
    if not faults:
        yield from _faults_of_lists(rule["population"], f"{path}/population")
        yield from _faults_of_scope(rule["scope"], f"{path}/scope")
        if not rule["domestic"]:
            yield DocumentFault("bad_value", f"{path}/domestic", _("Name at least one country."))


def same_day_fault(mandate: Mandate, document: Mapping[str, Any]) -> DocumentFault | None:
    """That a provision of `mandate` is issued from the day of a sound `document` already."""
    if not mandate.provisions.issued().filter(from_on=document["from_on"]).exists():
        return None
    message = _("A provision of this mandate is issued from %(day)s already: choose another day.")
    return DocumentFault("bad_value", "/from_on", message, day=document["from_on"])


def _alone(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each part of a rule but its steps within the sound one, so that a fault hides no other."""
    for key, sound in _SOUND.items():
        part = rule[key]
        if key == "steps":
            continue
        if isinstance(sound, dict) and type(part) is dict and part.keys() == sound.keys():
            for name in sound:
                yield _SOUND | {key: sound | {name: part[name]}}
        else:
            yield _SOUND | {key: part}


def _faults_of_steps(steps: Any, path: str) -> Iterator[DocumentFault]:
    """The faults of each step by itself, where it stands; where there are none, those of all together."""
    if type(steps) is list and len(steps) > GREATEST_STEPS:
        message = _("A rule has at most %(greatest)s steps.")
        yield DocumentFault("bad_value", f"{path}/steps/{GREATEST_STEPS}", message, greatest=GREATEST_STEPS)
        return
    found = [
        DocumentFault(
            fault.code, fault.path.replace("/steps/0", f"/steps/{index}", 1), fault.template, **fault.parameters
        )
        for index, step in enumerate(steps if type(steps) is list else ())
        for alone in _parts_of_step(step)
        for fault in _raised(check_provision, _SOUND | {"steps": [alone]}, path)
    ]
    yield from found or _raised(check_provision, _SOUND | {"steps": steps}, path)


def _parts_of_step(step: Any) -> list[Any]:
    """Each part of a step within the sound one."""
    if type(step) is not dict or step.keys() != _SOUND_STEP.keys():
        return [step]
    return [_SOUND_STEP | {name: step[name]} for name in _SOUND_STEP]


def _raised(check: Callable[[Any, str], None], value: Any, path: str) -> Iterator[DocumentFault]:
    try:
        check(value, path)
    except DocumentFault as fault:
        yield fault


def _faults_of_day(value: Any) -> Iterator[DocumentFault]:
    yield from _raised(check_date, value, "/from_on")


def _faults_of_case_by_case(scope: Any) -> Iterator[DocumentFault]:
    if scope is None:
        return
    faults = list(_raised(check_scope, scope, "/case_by_case"))
    if type(scope) is dict and scope.keys() == _SOUND["scope"].keys():
        alone = (_SOUND["scope"] | {name: scope[name]} for name in _SOUND["scope"])
        faults = [fault for one in alone for fault in _raised(check_scope, one, "/case_by_case")]
    yield from faults
    if not faults:
        yield from _faults_of_scope(scope, "/case_by_case")


def _faults_of_scope(scope: Mapping[str, Any], path: str) -> Iterator[DocumentFault]:
    yield from _faults_of_lists(scope, path)
    if scope["regions"] is not None and len(scope["regions"]) <= GREATEST_LIST:
        known = list(Region.objects.values_list("code", flat=True))
        for index, prefix in enumerate(scope["regions"]):
            if not any(code.startswith(prefix[:2]) for code in known):
                message = _("%(shown)s lies in no province of the register.")
                yield DocumentFault("bad_value", f"{path}/regions/{index}", message, shown=repr(prefix))
    first, last = scope["commissioned_from"], scope["commissioned_to"]
    if first and last and date.fromisoformat(last) < date.fromisoformat(first):
        message = _("It ends on %(day)s, before it begins.")
        yield DocumentFault("bad_value", f"{path}/commissioned_to", message, day=last)


def _faults_of_lists(lists: Mapping[str, Any], path: str) -> Iterator[DocumentFault]:
    """Lists that are empty, and words that the register does not know."""
    for name, values in lists.items():
        if values == []:
            yield DocumentFault("bad_value", f"{path}/{name}", _EMPTY)
        if type(values) is list and len(values) > GREATEST_LIST:
            message = _("A list has at most %(greatest)s entries here.")
            yield DocumentFault("bad_value", f"{path}/{name}", message, greatest=GREATEST_LIST)
            continue
        for index, value in enumerate(values or ()) if name in _WORDS else ():
            if value not in _WORDS[name]:
                yield not_one_of(value, f"{path}/{name}/{index}", _WORDS[name])


def _faults_of_text(
    value: Any, path: str, *, is_needed: bool = False, longest: int = LONGEST_TEXT
) -> Iterator[DocumentFault]:
    faults = list(_raised(check_text, value, path))
    yield from faults
    if faults:
        return
    if is_needed and not value.strip():
        yield DocumentFault("bad_value", path, _("A text is needed here."))
    elif len(value) > longest:
        yield DocumentFault("bad_value", path, _("A text has at most %(greatest)s characters here."), greatest=longest)
    elif any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        yield DocumentFault("bad_value", path, _("The text holds a character that cannot be kept."))


def _faults_of_link(value: Any) -> Iterator[DocumentFault]:
    faults = list(_faults_of_text(value, "/link", longest=LONGEST_LINK))
    yield from faults
    if value and not faults:
        try:
            _is_web_address(value)
        except ValidationError:
            message = _("%(shown)s is not a web address, which begins with http:// or https://.")
            yield DocumentFault("bad_value", "/link", message, shown=repr(value)[:60])
