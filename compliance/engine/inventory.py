"""The lines of an inventory laid out in columns, so that a line costs look-ups, however many provisions are asked.

Columns are gone through by plain loops and indices, which a compiler makes the most of (`compiled.py`).
"""

from json.encoder import encode_basestring as quoted
from operator import itemgetter
from typing import Any

from compliance.engine.document import check_date, check_line, scaled

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

    __slots__ = ("after_price", "before_price", "before_quantity", "compute", "revision", "sort", "specimen")

    def __init__(self, specimen: Json, revision: int | None) -> None:
        """`revision`: what a register calls the record that it knows this by; None where there is none."""
        self.specimen, self.revision = dict(specimen), revision
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
        sorts: list[Sort],
        unit_computes: list[int],
        quantities: list[int],
        days: list[str],
        prices: list[str],
        last_day: str,
    ) -> None:
        """`unit_computes`: TFLOPS of a unit in parts of `SCALE`; `last_day` on which anything was acquired, or ""."""
        self.sorts, self.quantities, self.last_day = sorts, quantities, last_day
        self._days, self._prices, self._unit_computes = days, prices, unit_computes
        self._computes: list[int] | None = None

    @classmethod
    def of_lines(cls, lines: list[Json]) -> "Inventory":
        """The inventory of a document's checked `lines`."""
        days = [line["acquired_on"] or "" for line in lines]
        return cls(
            [_sorts[_parts(line)] for line in lines],
            [scaled(line["compute"]) for line in lines],
            [line["quantity"] for line in lines],
            days,
            [line["unit_price"] or "" for line in lines],
            max(days, default=""),
        )

    @property
    def days(self) -> list[str]:
        """The day on which each line was acquired; "" where it is not known."""
        return self._days

    @property
    def prices(self) -> list[str]:
        """What a unit of each line cost; "" where it is not known."""
        return self._prices

    @property
    def computes(self) -> list[int]:
        """TFLOPS of each line, in parts of `SCALE`; 0 where none are known."""
        if self._computes is None:
            unit_computes = self._unit_computes
            self._computes = [quantity * unit_computes[index] for index, quantity in enumerate(self.quantities)]
        return self._computes

    @property
    def values(self) -> list[int]:
        """The price of each line, in parts of `SCALE` of a yuan; 0 where it is not known."""
        return [quantity * scaled(price or None) for quantity, price in zip(self.quantities, self.prices, strict=True)]


class KeptInventory(Inventory):
    """An inventory of kinds that a register knows, so that it is quickly written as the contract has it."""

    def __init__(
        self,
        kinds: list[Kind],
        quantities: list[str],
        days: list[str],
        prices: list[str],
        first_day: str,
        last_day: str,
    ) -> None:
        """The columns in JSON. `prices` are decimals, as a register keeps them; the first and the last of `days` are
        ISO dates, or "" where none is known, and so are those between: raises `DocumentFault` where they are not.
        """
        if not len(kinds) == len(quantities) == len(days) == len(prices):
            raise ValueError("Columns of one inventory are of one length.")
        if last_day:
            check_date(first_day, "/lines")
            check_date(last_day, "/lines")
        super().__init__(
            [kind.sort for kind in kinds],
            [kind.compute for kind in kinds],
            [int(quantity) for quantity in quantities],
            days,
            prices,
            last_day,
        )
        self._kinds, self._quantities = kinds, quantities

    @property
    def days(self) -> list[str]:
        """The day on which each line was acquired; "" where it is not known."""
        return [_read(day) for day in self._days]

    @property
    def prices(self) -> list[str]:
        """What a unit of each line cost; "" where it is not known."""
        return [_read(price) for price in self._prices]

    @property
    def revisions(self) -> list[int]:
        """What a register calls the records that it knows the kinds by, in their order."""
        return sorted({kind.revision for kind in self._kinds if kind.revision is not None})

    def lines(self) -> list[Json]:
        """The lines as the contract writes them."""
        columns = zip(self._kinds, self.quantities, self.days, self.prices, strict=True)
        return [
            {**kind.specimen, "quantity": quantity, "acquired_on": day or None, "unit_price": price or None}
            for kind, quantity, day, price in columns
        ]

    def text(self) -> str:
        """The lines in canonical JSON, without the brackets around them."""
        days, quantities, prices = self._days, self._quantities, self._prices
        return ",".join([
            f'{{"acquired_on":{days[index]}{kind.before_quantity}{quantities[index]}'
            f'{kind.before_price}{prices[index]}{kind.after_price}'
            for index, kind in enumerate(self._kinds)
        ])  # fmt: skip


def checked_kind(specimen: Json, revision: int | None = None) -> Kind:
    """The kind of lines such as `specimen`, which a register knows by the record that it calls `revision`, if any.

    Raises `DocumentFault` where the contract allows no such line.
    """
    check_line(specimen)
    return Kind(specimen, revision)


def _or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


def _read(told: str) -> str:
    """A day or a price out of JSON; "" for null."""
    return "" if told == "null" else told[1:-1]


_FIXED = ("chip", "class", "compute", "designer_country", "fabricator_country", "status", "workload")
_parts = itemgetter("class", "workload", "status", "designer_country", "fabricator_country")
_sorts = _Sorts()
