"""The lines of an inventory laid out in columns, so that a line costs look-ups, however many provisions are asked."""

from collections.abc import Sequence
from functools import cached_property
from json.encoder import encode_basestring as quoted
from operator import attrgetter, itemgetter, mul
from typing import Any

from compliance.engine.document import check_date, check_line, check_price, scaled

Json = dict[str, Any]

# So much is remembered of each sort. Cleared when full: memory stays bounded, answers stay the same.
KNOWN_LIMIT = 50_000


class Kind:
    """What a line says but for its quantity, its day and its price: many lines share one.

    It equals itself alone, so that what was found of it before is looked up by identity.
    """

    __slots__ = (
        "chip_class", "compute", "designer_country", "fabricator_country", "specimen", "status", "template", "workload",
    )  # fmt: skip

    def __init__(self, specimen: Json) -> None:
        self.specimen = specimen
        self.chip_class, self.workload, self.status = specimen["class"], specimen["workload"], specimen["status"]
        self.designer_country = specimen["designer_country"]
        self.fabricator_country = specimen["fabricator_country"]
        # TFLOPS of a unit in parts of `SCALE`; 0 where none are known.
        self.compute = scaled(specimen["compute"])
        self.template = _template(specimen)


class Inventory:
    """Checked lines in columns: kinds, quantities, days of acquisition and unit prices ("" for null)."""

    def __init__(
        self, kinds: list[Kind], quantities: Sequence[int], days: Sequence[str], prices: Sequence[str]
    ) -> None:
        self.kinds, self.quantities, self.days, self.prices = kinds, quantities, days, prices

    @classmethod
    def of_lines(cls, lines: list[Json]) -> "Inventory":
        """The inventory of a document's checked `lines`."""
        return cls(
            [kind_of(line) for line in lines],
            [line["quantity"] for line in lines],
            [line["acquired_on"] or "" for line in lines],
            [line["unit_price"] or "" for line in lines],
        )

    def lines(self) -> list[Json]:
        """The lines as the contract writes them."""
        columns = zip(self.kinds, self.quantities, self.days, self.prices, strict=True)
        return [
            {**kind.specimen, "quantity": quantity, "acquired_on": day or None, "unit_price": price or None}
            for kind, quantity, day, price in columns
        ]

    @cached_property
    def computes(self) -> list[int]:
        """TFLOPS of each line, in parts of `SCALE`."""
        return list(map(mul, self.quantities, map(_compute, self.kinds)))

    @cached_property
    def values(self) -> list[int]:
        """The price of each line, in parts of `SCALE` of a yuan; 0 where it is not known."""
        return [quantity * scaled(price or None) for quantity, price in zip(self.quantities, self.prices, strict=True)]

    @cached_property
    def last_day(self) -> str:
        """The latest day on which anything was acquired; "" where none is known."""
        return max(self.days, default="")

    def text(self) -> str:
        """The lines in canonical JSON, without the brackets around them."""
        blanks: list[Any] = [None] * (3 * len(self.kinds))
        blanks[0::3] = map(_days.__getitem__, self.days)
        blanks[1::3] = self.quantities
        blanks[2::3] = map(_prices.__getitem__, self.prices)
        return ",".join(map(_template_of, self.kinds)) % tuple(blanks)


def kind_of(line: Json) -> Kind:
    """The kind of a checked `line`."""
    found = _read(line)
    kind = _kinds.get(found)
    if kind is None:
        if len(_kinds) >= KNOWN_LIMIT:
            _kinds.clear()
        kind = _kinds[found] = Kind(line)
    return kind


def checked_kind(specimen: Json) -> Kind:
    """The kind of lines such as `specimen`; raises `DocumentFault` where the contract allows none like it."""
    check_line(specimen)
    return kind_of(specimen)


def _template(specimen: Json) -> str:
    """A line in canonical JSON, with blanks for its day, its quantity and its price."""
    fixed = {
        key: _or_null(specimen[key]).replace("%", "%%")
        for key in (
            "chip", "class", "compute", "designer_country", "fabricator_country", "status", "workload"
        )
    }  # fmt: skip
    cells = {**fixed, "acquired_on": "%s", "quantity": "%d", "unit_price": "%s"}
    return "{" + ",".join(f'"{key}":{cells[key]}' for key in sorted(cells)) + "}"


def _or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


class _Days(dict[str, str]):
    """Days of acquisition in canonical JSON."""

    def __missing__(self, day: str) -> str:
        if day:
            check_date(day, "/lines")
        if len(self) >= KNOWN_LIMIT:
            self.clear()
        found = self[day] = _or_null(day or None)
        return found


class _Prices(dict[str, str]):
    """Unit prices in canonical JSON."""

    def __missing__(self, price: str) -> str:
        if price:
            check_price(price)
        if len(self) >= KNOWN_LIMIT:
            self.clear()
        found = self[price] = _or_null(price or None)
        return found


_read = itemgetter("chip", "class", "workload", "status", "designer_country", "fabricator_country", "compute")
_kinds: dict[tuple[Any, ...], Kind] = {}
_days, _prices = _Days(), _Prices()
_compute, _template_of = attrgetter("compute"), attrgetter("template")
