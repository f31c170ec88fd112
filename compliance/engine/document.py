"""What a document must be, and which fault stands first in one that is not.

The lines are nearly all of a document, so a line of which every value has been found good before passes by
look-ups alone; only a new or a faulty value is examined.
"""

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Any, Final

from compliance.engine.word import Word

Check = Callable[[Any, str], None]

# Decimal strings are held as integers of this many parts of one: nine places, so exactly.
SCALE: Final = 10**9
GREATEST_QUANTITY: Final = 10**12

_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_REGION = re.compile(r"[0-9]{2}(?:[0-9]{2}(?:[0-9]{2})?)?", re.ASCII)
_REGION_PREFIX = re.compile(r"[0-9]{1,6}", re.ASCII)

# Values found good, so that each is examined once. Cleared when full: memory stays bounded, answers stay the same.
_KNOWN_LIMIT = 50_000
_decimals: dict[str | None, int] = {None: 0}
_dates: set[str | None] = {None}
_countries: set[str | None] = {None}
# At most a million and some: what a code of six digits can say.
_regions: set[str] = set()


def _(text: str) -> str:
    """Mark a text for translation; the engine itself speaks English."""
    return text


class DocumentFault(ValueError):
    """Why a document cannot be judged: a `code` of the contract and the JSON Pointer (RFC 6901) of the place.

    The sentence is `template` with `parameters` in their places, so that it can be said in other languages too.
    """

    def __init__(self, code: str, path: str, template: str, **parameters: object) -> None:
        super().__init__(template % parameters)
        self.code, self.path, self.template, self.parameters = code, path, template, parameters

    @property
    def message(self) -> str:
        """The sentence in English."""
        return str(self)


def scaled(text: str | None) -> int:
    """The checked decimal string `text` in parts of `SCALE`; 0 for null."""
    value = _decimals.get(text)
    return _scale(text) if value is None and text is not None else value or 0


def check_document(document: Any) -> None:
    """Raise `DocumentFault` for the first fault in `document`."""
    _object(document, "", _DOCUMENT)
    lines = document["lines"]
    if type(lines) is not list:
        raise _wrong_type(lines, "/lines", _LIST_DUE)
    for index, line in enumerate(lines):
        if not _line_is_known(line):
            _object(line, f"/lines/{index}", _LINE)


def check_provision(provision: Any, path: str = "/provision") -> None:
    """Raise `DocumentFault` for the first fault in `provision`, which stands at `path`."""
    _object(provision, path, _PROVISION)


def check_scope(scope: Any, path: str = "/provision/scope") -> None:
    """Raise `DocumentFault` for the first fault in a provision's `scope`, which stands at `path`."""
    _object(scope, path, _SCOPE)


def check_centre(centre: Any, path: str = "/centre") -> None:
    """Raise `DocumentFault` for the first fault in `centre`, which stands at `path`."""
    if not _centre_is_known(centre):
        _object(centre, path, _CENTRE)
        _regions.add(centre["region"])


def check_exemptions(exemptions: Any, path: str = "/exemptions") -> None:
    """Raise `DocumentFault` for the first fault in `exemptions`, which stand at `path`."""
    _exemptions(exemptions, path)


def check_line(line: Any, path: str = "/lines") -> None:
    """Raise `DocumentFault` for the first fault in `line`, which stands at `path`."""
    _object(line, path, _LINE)


def _centre_is_known(centre: Any) -> bool:
    """Whether every value of `centre` has been found good before."""
    try:
        progress = centre["progress"]
        return (
            centre["region"] in _regions
            and centre["commissioned_on"] in _dates
            and (progress is None or (progress in _decimals and _decimals[progress] <= 100 * SCALE))
            and type(centre["state_funded"]) is bool
            and type(centre["kind"]) is type(centre["ownership"]) is str
            and len(centre) == len(_CENTRE)
        )
    except (KeyError, TypeError):
        return False


def _line_is_known(line: Any) -> bool:
    """Whether every value of `line` has been found good before."""
    try:
        quantity = line["quantity"]
        return (
            type(quantity) is int
            and 1 <= quantity <= GREATEST_QUANTITY
            and line["acquired_on"] in _dates
            and line["designer_country"] in _countries
            and line["fabricator_country"] in _countries
            and line["compute"] in _decimals
            and line["unit_price"] in _decimals
            and type(line["chip"]) is type(line["class"]) is type(line["workload"]) is type(line["status"]) is str
            and len(line) == len(_LINE)
        )
    except (KeyError, TypeError):
        return False


def _object(value: Any, path: str, checks: dict[str, Check]) -> None:
    """An object of just the keys of `checks`, each value passing its check."""
    if type(value) is not dict:
        raise _wrong_type(value, path, _("An object is due here, not %(found)s."))
    for key in checks:
        if key not in value:
            raise DocumentFault("missing_key", f"{path}/{key}", _("The key %(key)s is missing."), key=repr(key))
    for key in value:
        if key not in checks:
            pointer = str(key).replace("~", "~0").replace("/", "~1")
            message = _("The key %(key)s is not part of the contract.")
            raise DocumentFault("unknown_key", f"{path}/{pointer}", message, key=repr(key))
    for key, check in checks.items():
        check(value[key], f"{path}/{key}")


_LIST_DUE = _("A list is due here, not %(found)s.")
# What JSON values are called in a sentence.
_FOUND = {
    bool: _("a boolean"),
    int: _("a number"),
    float: _("a number"),
    str: _("a text"),
    list: _("a list"),
    dict: _("an object"),
}


def _wrong_type(value: Any, path: str, template: str) -> DocumentFault:
    found = "null" if value is None else Word(_FOUND.get(type(value), type(value).__name__))
    return DocumentFault("wrong_type", path, template, found=found)


def _bad_value(value: Any, path: str, template: str, **parameters: object) -> DocumentFault:
    return DocumentFault("bad_value", path, template, shown=repr(value)[:60], **parameters)


def check_text(value: Any, path: str) -> None:
    """Raise `DocumentFault` where `value` at `path` is no text."""
    if type(value) is not str:
        raise _wrong_type(value, path, _("A text is due here, not %(found)s."))


def _boolean(value: Any, path: str) -> None:
    if type(value) is not bool:
        raise _wrong_type(value, path, _("True or false is due here, not %(found)s."))


def _matching(pattern: re.Pattern[str], template: str) -> Check:
    def check(value: Any, path: str) -> None:
        check_text(value, path)
        if pattern.fullmatch(value) is None:
            raise _bad_value(value, path, template)

    return check


def not_one_of(value: Any, path: str, allowed: Collection[str]) -> DocumentFault:
    """That `value` at `path` is none of those that it may be."""
    return _bad_value(value, path, _("%(shown)s is not one of %(allowed)s."), allowed=", ".join(sorted(allowed)))


def _one_of(allowed: Collection[str]) -> Check:
    def check(value: Any, path: str) -> None:
        check_text(value, path)
        if value not in allowed:
            raise not_one_of(value, path, allowed)

    return check


def _or_null(check: Check) -> Check:
    def check_if_given(value: Any, path: str) -> None:
        if value is not None:
            check(value, path)

    return check_if_given


def _list_of(check: Check) -> Check:
    def check_each(value: Any, path: str) -> None:
        if type(value) is not list:
            raise _wrong_type(value, path, _LIST_DUE)
        for index, item in enumerate(value):
            check(item, f"{path}/{index}")

    return check_each


def _nested(checks: dict[str, Check]) -> Check:
    return lambda value, path: _object(value, path, checks)


def check_date(value: Any, path: str) -> None:
    """Raise `DocumentFault` where `value` at `path` is no ISO date."""
    check_text(value, path)
    if value in _dates:
        return
    if _DATE.fullmatch(value) is None:
        raise _bad_value(value, path, _("%(shown)s is not a date written YYYY-MM-DD."))
    try:
        date.fromisoformat(value)
    except ValueError:
        raise _bad_value(value, path, _("%(shown)s is not a day of the calendar.")) from None
    if len(_dates) >= _KNOWN_LIMIT:
        _dates.clear()
        _dates.add(None)
    _dates.add(value)


def _country(value: Any, path: str) -> None:
    check_text(value, path)
    if _COUNTRY.fullmatch(value) is None:
        raise _bad_value(value, path, _("%(shown)s is not an ISO 3166 alpha-2 country."))
    _countries.add(value)


def _scale(text: str) -> int:
    whole, _, places = text.partition(".")
    return int(whole) * SCALE + (int(places.ljust(9, "0")) if places else 0)


def _decimal(value: Any, path: str) -> None:
    if type(value) is float:
        raise DocumentFault("float", path, _("A decimal string is due here; a JSON number is not exact."))
    check_text(value, path)
    if value in _decimals:
        return
    # The pattern bounds the length before anything converts: int() of a long text costs seconds.
    if _DECIMAL.fullmatch(value) is None:
        message = _("%(shown)s is not a decimal string: 1 to 18 digits, then at most a point and 1 to 9 digits.")
        raise _bad_value(value, path, message)
    if len(_decimals) >= _KNOWN_LIMIT:
        _decimals.clear()
        _decimals[None] = 0
    _decimals[value] = _scale(value)


def _decimal_up_to(greatest: int) -> Check:
    def check(value: Any, path: str) -> None:
        _decimal(value, path)
        if scaled(value) > greatest * SCALE:
            raise _bad_value(value, path, _("%(shown)s is not from 0 to %(greatest)s."), greatest=greatest)

    return check


def _quantity(value: Any, path: str) -> None:
    if type(value) is float:
        raise DocumentFault("float", path, _("An integer is due here, not a number with a point or exponent."))
    if type(value) is not int:
        raise _wrong_type(value, path, _("An integer is due here, not %(found)s."))
    if not 1 <= value <= GREATEST_QUANTITY:
        raise DocumentFault("bad_value", path, _("A quantity is from 1 to %(greatest)s."), greatest=GREATEST_QUANTITY)


def _steps(value: Any, path: str) -> None:
    _list_of(_nested(_STEP))(value, path)
    seen: set[str] = set()
    for index, step in enumerate(value):
        if step["from"] in seen:
            message = _("A second step begins on %(day)s.")
            raise DocumentFault("bad_value", f"{path}/{index}/from", message, day=step["from"])
        seen.add(step["from"])


def _exemption(value: Any, path: str) -> None:
    _object(value, path, _EXEMPTION)
    if value["to"] is not None and value["to"] < value["from"]:
        message = _("It ends on %(day)s, before it begins.")
        raise DocumentFault("bad_value", f"{path}/to", message, day=value["to"])


_texts = _or_null(_list_of(check_text))
_STEP: dict[str, Check] = {
    "from": check_date,
    "comparator": _one_of(("at_least", "over")),
    "threshold": _decimal_up_to(1),
}
_POPULATION: dict[str, Check] = {
    "classes": _texts,
    "workloads": _texts,
    "statuses": _texts,
    "acquired_from": _or_null(check_date),
}
_SCOPE: dict[str, Check] = {
    "kinds": _texts,
    "regions": _or_null(_list_of(_matching(_REGION_PREFIX, _("%(shown)s is not a region code's first digits.")))),
    "ownership": _texts,
    "state_funded": _or_null(_boolean),
    "commissioned_from": _or_null(check_date),
    "commissioned_to": _or_null(check_date),
    "progress_under": _or_null(_decimal),
}
_PROVISION: dict[str, Check] = {
    "metric": _one_of(("units", "compute", "value")),
    "origin_rule": _one_of(("designer", "fabricator", "designer_and_fabricator")),
    "domestic": _list_of(_country),
    "population": _nested(_POPULATION),
    "scope": _nested(_SCOPE),
    "steps": _steps,
}
_CENTRE: dict[str, Check] = {
    "kind": check_text,
    "region": _matching(_REGION, _("%(shown)s is not a region code of 2, 4 or 6 digits.")),
    "ownership": check_text,
    "state_funded": _boolean,
    "commissioned_on": _or_null(check_date),
    "progress": _or_null(_decimal_up_to(100)),
}
_EXEMPTION: dict[str, Check] = {
    "from": check_date,
    "to": _or_null(check_date),
    "threshold": _or_null(_decimal_up_to(1)),
}
_exemptions = _list_of(_exemption)
_LINE: dict[str, Check] = {
    "chip": check_text,
    "class": check_text,
    "quantity": _quantity,
    "workload": check_text,
    "status": check_text,
    "acquired_on": _or_null(check_date),
    "designer_country": _or_null(_country),
    "fabricator_country": _or_null(_country),
    "compute": _or_null(_decimal),
    "unit_price": _or_null(_decimal),
}
_DOCUMENT: dict[str, Check] = {
    "as_of": check_date,
    "provision": check_provision,
    "centre": check_centre,
    "exemptions": _exemptions,
    "reported": _boolean,
    # The lines come last and have a faster way, in `check_document`.
    "lines": lambda value, path: None,
}
