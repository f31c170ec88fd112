"""What a cell of each column comes to, and whether that was written otherwise than it is read."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from chips.intake import cells
from chips.intake.cells import Wrong
from chips.intake.columns import REQUIRED
from chips.intake.matching import Catalogue, match_key
from chips.intake.tables import text_of

VALUES: dict[str, dict[str, str]] = {
    "workload": {
        "training": "训练",
        "inference": "推理",
        "mixed": "训推一体",
        "unspecified": "",
    },
    "status": {
        "in_service": "在用",
        "installing": "安装中",
        "spare": "备用",
        "planned": "规划",
        "retired": "退役",
    },
    "acquisition": {"purchased": "采购", "leased": "租赁", "hosted": "托管"},
}
DEFAULTS: dict[str, Any] = {
    "workload": "unspecified",
    "status": "in_service",
    "acquired_on": None,
    "acquisition": "purchased",
    "unit_price_cny": None,
    "serial_numbers": (),
    "note": "",
    "vendor": None,
}
_KEYS = {
    column: {match_key(name): value for value, chinese in allowed.items() for name in (value, chinese) if name}
    for column, allowed in VALUES.items()
}


class Line(NamedTuple):
    """A checked line, in the order of the columns that it is stored in."""

    row: int
    chip_model: int
    quantity: int
    workload: str
    status: str
    acquired_on: date | None
    acquisition: str
    unit_price_cny: Decimal | None
    serial_numbers: tuple[str, ...]
    note: str


class Truth(NamedTuple):
    """A true/false cell where cells are looked up: there True would be the number 1."""

    is_true: bool


class Misfit(NamedTuple):
    """Why a model and a vendor that are each known come to no one chip model; no column where one is not known."""

    column: str | None
    code: str = ""
    hint: str | None = None


def shown(cell: Any) -> str:
    """A cell's text, blank where there is no cell."""
    if cell is None:
        return ""
    return text_of(_plain(cell))


def value_of(column: str, cell: Any, catalogue: Catalogue) -> Any:
    """The value of a cell, or `Wrong`. A model's is the set of all that its name can mean."""
    text = shown(cell)
    if not text:
        wrong = cells.unreadable(str(cell)) if isinstance(cell, str) else None
        if wrong:
            return wrong
        return Wrong("missing_value") if column in REQUIRED else DEFAULTS[column]
    if wrong := cells.unreadable(text, limit=None if column == "serial_numbers" else cells.GREATEST_TEXT):
        return wrong
    match column:
        case "chip_model":
            return frozenset(catalogue.find(text)) or Wrong("unknown_chip", catalogue.nearest(text))
        case "vendor":
            return catalogue.vendor(text) or Wrong("unknown_vendor")
        case "quantity":
            return cells.quantity(_plain(cell), text)
        case "unit_price_cny":
            return cells.price(_plain(cell), text)
        case "acquired_on":
            return cells.day(cell, text)
        case "serial_numbers":
            return cells.serials(cell, text)
        case "note":
            return text
    return _KEYS[column].get(match_key(text)) or Wrong("unknown_value", ", ".join(VALUES[column]))


def _plain(cell: Any) -> Any:
    return cell.is_true if isinstance(cell, Truth) else cell


def chip_of(models: Any, vendor: Any, catalogue: Catalogue) -> int | Misfit:
    """The one model that a line's model and vendor mean together."""
    if isinstance(models, Wrong) or isinstance(vendor, Wrong):
        return Misfit(None)
    narrowed = models if vendor is None else {model for model in models if catalogue.vendor_of[model] == vendor}
    if not narrowed:
        return Misfit("vendor", "vendor_mismatch", catalogue.vendors_of(models))
    if len(narrowed) > 1:
        return Misfit("chip_model", "ambiguous_chip", catalogue.vendors_of(narrowed))
    (chip,) = narrowed
    return int(chip)


def read_as(column: str, cell: Any, value: Any, catalogue: Catalogue) -> str | None:
    """How a cell was read, where that differs from what is written in it by more than upper and lower case."""
    text = shown(cell)
    if not text or column in ("serial_numbers", "note"):
        return None
    if column == "chip_model":
        name, vendor = catalogue.names[value], catalogue.vendor_names[catalogue.vendor_of[value]]
        full = f"{vendor} {name}"
        return None if text.casefold() in (name.casefold(), full.casefold()) else full
    if column == "unit_price_cny":
        plain = cells.plain_number(text)
    elif column == "vendor":
        plain = catalogue.vendor_names[value]
    else:
        plain = value.isoformat() if isinstance(value, date) else str(value)
    is_native = not isinstance(cell, str) and column in ("quantity", "unit_price_cny", "acquired_on")
    return None if is_native or text.casefold() == plain.casefold() else plain
