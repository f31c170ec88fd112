"""The lines of an inventory laid out in columns, so that a line costs look-ups, however many provisions are asked."""

from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring as quoted
from operator import attrgetter, itemgetter, mul
from typing import Any

from compliance.engine.document import check_date, check_line, check_price, scaled

Json = dict[str, Any]

# So much is remembered of each sort. Cleared when full: memory stays bounded, answers stay the same.
KNOWN_LIMIT = 50_000


class Sort:
    """What decides whether a line counts, but for its day, and as what.

    Known by its identity: to look a tuple up, each of a country's lines would be hashed part by part for every rule.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str, str, str, str | None, str | None]) -> None:
        """`parts`: class, workload, status, designer's and fabricator's country."""
        self.parts = parts


class _Sorts(dict[tuple[str, str, str, str | None, str | None], Sort]):
    """Sorts by their parts."""

    def __missing__(self, parts: tuple[str, str, str, str | None, str | None]) -> Sort:
        if len(self) >= KNOWN_LIMIT:
            self.clear()
        found = self[parts] = Sort(parts)
        return found


class Kind:
    """What a line says but for its quantity, its day and its price: many lines share one."""

    __slots__ = ("after_price", "before_price", "before_quantity", "compute", "sort", "specimen")

    def __init__(self, specimen: Json) -> None:
        self.specimen = dict(specimen)
        self.sort = _sorts[_parts(specimen)]
        # TFLOPS of a unit in parts of `SCALE`; 0 where none are known.
        self.compute = scaled(specimen["compute"])
        # A line in canonical JSON, but for its day, its quantity and its price.
        told = {key: _or_null(specimen[key]) for key in _FIXED}
        self.before_quantity = (
            f',"chip":{told["chip"]},"class":{told["class"]},"compute":{told["compute"]},'
            f'"designer_country":{told["designer_country"]},"fabricator_country":{told["fabricator_country"]},"quantity":'
        )
        self.before_price = f',"status":{told["status"]},"unit_price":'
        self.after_price = f',"workload":{told["workload"]}}}'


class Inventory:
    """Checked lines in columns: what counting reads of them."""

    def __init__(
        self,
        sorts: Sequence[Sort],
        unit_computes: Iterable[int],
        quantities: Sequence[int],
        days: Sequence[str],
        prices: Sequence[str],
    ) -> None:
        """`unit_computes`: TFLOPS of a unit in parts of `SCALE`; "" stands for a `day` or a `price` that is null."""
        self.sorts, self.quantities, self.days, self.prices = sorts, quantities, days, prices
        self._unit_computes = unit_computes
        # The latest day on which anything was acquired; "" where none is known.
        self.last_day = max(days, default="")
        self._computes: list[int] | None = None

    @classmethod
    def of_lines(cls, lines: list[Json]) -> "Inventory":
        """The inventory of a document's checked `lines`."""
        return cls(
            list(map(_sorts.__getitem__, map(_parts, lines))),
            [scaled(line["compute"]) for line in lines],
            [line["quantity"] for line in lines],
            [line["acquired_on"] or "" for line in lines],
            [line["unit_price"] or "" for line in lines],
        )

    @property
    def computes(self) -> list[int]:
        """TFLOPS of each line, in parts of `SCALE`; 0 where none are known."""
        if self._computes is None:
            self._computes = list(map(mul, self.quantities, self._unit_computes))
        return self._computes

    @property
    def values(self) -> list[int]:
        """The price of each line, in parts of `SCALE` of a yuan; 0 where it is not known."""
        return [quantity * scaled(price or None) for quantity, price in zip(self.quantities, self.prices, strict=True)]


class KeptInventory(Inventory):
    """An inventory of kinds that a register knows, so that it is quickly written as the contract has it."""

    def __init__(
        self, kinds: list[Kind], quantities: Sequence[str], days: Sequence[str], prices: Sequence[str]
    ) -> None:
        """`quantities`: as JSON writes them."""
        super().__init__(list(map(_sort_of, kinds)), map(_compute_of, kinds), list(map(int, quantities)), days, prices)
        self._kinds, self._quantities = kinds, quantities

    def lines(self) -> list[Json]:
        """The lines as the contract writes them."""
        columns = zip(self._kinds, self.quantities, self.days, self.prices, strict=True)
        return [
            {**kind.specimen, "quantity": quantity, "acquired_on": day or None, "unit_price": price or None}
            for kind, quantity, day, price in columns
        ]

    def text(self) -> str:
        """The lines in canonical JSON, without the brackets around them."""
        columns = zip(self.days, self._kinds, self._quantities, self.prices, strict=True)
        return ",".join([
            f"{_days[day]}{kind.before_quantity}{quantity}{kind.before_price}{_prices[price]}{kind.after_price}"
            for day, kind, quantity, price in columns
        ])  # fmt: skip


def checked_kind(specimen: Json) -> Kind:
    """The kind of lines such as `specimen`; raises `DocumentFault` where the contract allows none like it."""
    check_line(specimen)
    return Kind(specimen)


def _or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


class _Days(dict[str, str]):
    """How a line begins in canonical JSON, by its day of acquisition."""

    def __missing__(self, day: str) -> str:
        if day:
            check_date(day, "/lines")
        if len(self) >= KNOWN_LIMIT:
            self.clear()
        found = self[day] = f'{{"acquired_on":{_or_null(day or None)}'
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


_FIXED = ("chip", "class", "compute", "designer_country", "fabricator_country", "status", "workload")
_parts = itemgetter("class", "workload", "status", "designer_country", "fabricator_country")
_sorts, _days, _prices = _Sorts(), _Days(), _Prices()
_compute_of, _sort_of = attrgetter("compute"), attrgetter("sort")
