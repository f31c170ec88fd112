"""One cell: from what stands in the file to a checked value, or to the code of what is wrong with it.

A pattern decides before anything converts, so that no text, however long, costs more than its length.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from chips.intake.columns import SPACES

GREATEST_TEXT = 500
GREATEST_SERIAL = 100
GREATEST_QUANTITY = 10_000_000
_PRICE_DIGITS = 18

# Full-width digits, comma, point and minus. NFKC would do these too, and would make ① and ² into digits.
_NARROW = str.maketrans("０１２３４５６７８９，．－", "0123456789,.-")
_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_INTEGER = re.compile(rf"(-?)({_WHOLE})(?:\.0+)?")
_NUMBER = re.compile(rf"(-?)({_WHOLE})(?:\.([0-9]+))?")
_DATES = (
    re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"),
    re.compile(r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})"),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"),
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]")
_ERRORS = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")
)
# LibreOffice numbers those that have no name elsewhere.
_NUMBERED_ERROR = re.compile(r"Err:[0-9]{3}", re.ASCII)
_SEPARATORS = re.compile(r"[;；\n\r]")


class Wrong(NamedTuple):
    """What is wrong with a cell: the code of a fault, a hint, and what its message names."""

    code: str
    hint: str | None = None
    params: dict[str, Any] = {}


def unreadable(text: str, *, limit: int | None = GREATEST_TEXT) -> Wrong | None:
    """What no column may hold."""
    if _CONTROL.search(text):
        return Wrong("control_character")
    if text in _ERRORS or _NUMBERED_ERROR.fullmatch(text):
        return Wrong("cell_error")
    if limit is not None and len(text) > limit:
        return Wrong("too_long", params={"limit": limit})
    return None


def without_control_characters(text: str) -> str:
    """The text that a person sees."""
    return _CONTROL.sub("", text)


def quantity(cell: Any, text: str) -> int | Wrong:
    """A whole number from 1 to 10,000,000."""
    match = None if isinstance(cell, bool) else _INTEGER.fullmatch(text.translate(_NARROW))
    if match is None:
        return Wrong("not_an_integer", hint="120")
    digits = match[2].replace(",", "").lstrip("0")
    if match[1] or not digits or len(digits) > 8 or int(digits) > GREATEST_QUANTITY:
        return Wrong("out_of_range", hint=f"1–{GREATEST_QUANTITY:,}")
    return int(digits)


def price(cell: Any, text: str) -> Decimal | Wrong:
    """A price in CNY above 0, of two places at most."""
    match = None if isinstance(cell, bool) else _NUMBER.fullmatch(text.translate(_NARROW))
    if match is None:
        return Wrong("not_a_number", hint="120000.50")
    digits, places = match[2].replace(",", "").lstrip("0"), match[3] or ""
    nothing = not digits and not places.strip("0")
    if match[1] or nothing or len(digits) > _PRICE_DIGITS or len(places) > 2:
        return Wrong("out_of_range", hint="> 0, 0.01")
    return Decimal(f"{digits or 0}.{places or 0}")


def plain_number(text: str) -> str:
    """The digits of a number that is one: ASCII, without thousands separators and leading zeros."""
    whole, point, places = text.translate(_NARROW).replace(",", "").partition(".")
    return (whole.lstrip("0") or "0") + point + places


def day(cell: Any, text: str) -> date | Wrong:
    """A date in one of the contract's forms, or a spreadsheet's own."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    plain = text.translate(_NARROW)
    match = None
    if len(plain) <= len("2024年03月05日"):
        match = next((found for pattern in _DATES if (found := pattern.fullmatch(plain))), None)
    try:
        return date(*map(int, match.groups())) if match else Wrong("bad_date", hint="2024-03-05")
    except ValueError:
        return Wrong("bad_date", hint="2024-03-05")


def serials(cell: Any, text: str) -> tuple[str, ...] | Wrong:
    """Serial numbers, in their order."""
    if isinstance(cell, float) and abs(cell) >= 10**15:
        return Wrong("precision_lost")
    found = tuple(filter(None, (part.strip(SPACES) for part in _SEPARATORS.split(text))))
    if any(len(serial) > GREATEST_SERIAL for serial in found):
        return Wrong("too_long", params={"limit": GREATEST_SERIAL})
    return found
