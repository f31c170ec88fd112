"""Sums over the centres of regions, by whatever they are asked to be told apart by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Aggregate, Count, F, QuerySet, Sum

from accounts.models import Role, User
from centres.models import Provenance, ReportingPeriod
from compliance.chip_facts import DOMESTIC, FOREIGN, UNKNOWN, Catalogue
from compliance.looks import Look, Looks, Stock, looks_at, stock_of
from compliance.models import CurrentDetermination, OutcomeRollup, StockRollup


class Key(NamedTuple):
    """The values that a row is of; None: summed over all of them."""

    period: str | None
    region: str | None
    mandate: str | None
    kind: str | None
    ownership: str | None
    workload: str | None

    @property
    def order(self) -> tuple[tuple[bool, str], ...]:
        """What rows are sorted by: a sum over all values before any of them."""
        return tuple((value is not None, value or "") for value in self)


KEYS = Key._fields
# The populations that a workload does not tell apart already.
LOOKED_AT = ("accelerators", "with_cpus", "with_storage")
_ORIGINS = (DOMESTIC, FOREIGN, UNKNOWN)
_SUMS: tuple[str, ...] = tuple(f"{measure}_{origin}" for measure in ("units", "compute") for origin in _ORIGINS)
_STOCK = {"period": "period_id", "region": "region_id"} | {key: key for key in ("kind", "ownership", "workload")}
_OUTCOME = {"period": "period_id", "region": "region_id", "mandate": "mandate__code"}
_RECORD = {key: f"determination__centre_record__{key}" for key in ("kind", "ownership")}


class Asked(NamedTuple):
    """What rows are told apart by (a period always is), and the values of keys that they are held to."""

    by: frozenset[str]
    chosen: Mapping[str, str]


class Row(NamedTuple):
    """One row: without a mandate the looks at what is in service, with one its outcomes and what it counted."""

    key: Key
    looks: list[Looks] | None = None
    outcomes: dict[str, int] | None = None
    units: Look | None = None
    compute: Look | None = None


def latest_period(user: User) -> str | None:
    """The latest period of which anything is in service in the regions that `user` sees whole."""
    seen = StockRollup.objects.visible_to(user).order_by("-period_id")
    return seen.values_list("period_id", flat=True).first()


def rows(user: User, asked: Asked) -> list[Row]:
    """The rows of the regions that `user` sees whole, in the order of their keys, by a fixed number of queries."""
    found = _of_mandates(user, asked) if "mandate" in asked.by else _of_stock(user, asked)
    return sorted(found, key=lambda row: row.key.order)


def _of_stock(user: User, asked: Asked) -> list[Row]:
    """What is in service, looked at by the catalogue of each period's last day."""
    rollups = _chosen(StockRollup.objects.visible_to(user), asked, _STOCK)
    summed = rollups.values("chip_model_id", "workload", **_keys(asked, _STOCK)).annotate(
        sum_units=Sum("units"), sum_value=Sum("value"), without=Sum("units_without_price")
    )
    stocks: dict[Key, list[Stock]] = defaultdict(list)
    for row in summed.order_by():
        stocks[_key(asked, row)].append(stock_of(row))
    catalogue = Catalogue()
    ends_on = dict(ReportingPeriod.objects.visible_to(user).values_list("code", "ends_on"))
    chips = {period: catalogue.on(ends_on[period]) for period in {key.period for key in stocks} if period}
    return [
        Row(key, [looks for looks in looks_at(stock, chips[key.period or ""]) if looks.population.code in LOOKED_AT])
        for key, stock in stocks.items()
    ]


def _of_mandates(user: User, asked: Asked) -> list[Row]:
    """How many centres came to which outcome, and what their mandates counted of them."""
    outcomes: dict[Key, dict[str, int]] = defaultdict(dict)
    sums: dict[Key, dict[str, Fraction]] = defaultdict(lambda: dict.fromkeys(_SUMS, Fraction()))
    for row in _outcomes(user, asked):
        key = _key(asked, row)
        outcomes[key][row["outcome"]] = row["centres_of"]
        for name in _SUMS:
            sums[key][name] += Fraction(row[f"sum_{name}"] or 0)
    return [
        Row(key, outcomes=outcomes[key], units=_counted(sums[key], "units"), compute=_counted(sums[key], "compute"))
        for key in outcomes
    ]


def _outcomes(user: User, asked: Asked) -> Iterable[Mapping[str, Any]]:
    """Outcomes with their sums: out of the rollups, but where kind or ownership, which these do not tell apart, is
    asked for."""
    if not asked.by & _RECORD.keys():
        return _summed(OutcomeRollup.objects.visible_to(user), asked, _OUTCOME, Sum("centres"), "")
    current = CurrentDetermination.objects.visible_to(user).exclude(centre__provenance=Provenance.ILLUSTRATIVE)
    if user.role == Role.OPERATOR:
        # Whoever sees some centres of a region sees no sum of it.
        current = current.none()
    return _summed(current, asked, _OUTCOME | _RECORD, Count("pk"), "determination__")


def _summed(
    found: QuerySet[Any], asked: Asked, fields: Mapping[str, str], centres: Aggregate, prefix: str
) -> Iterable[Mapping[str, Any]]:
    sums = {f"sum_{name}": Sum(f"{prefix}{name}") for name in _SUMS}
    chosen = _chosen(found, asked, fields)
    return chosen.values("outcome", **_keys(asked, fields)).annotate(centres_of=centres, **sums).order_by()


def _chosen(found: QuerySet[Any], asked: Asked, fields: Mapping[str, str]) -> QuerySet[Any]:
    return found.filter(**{fields[key]: value for key, value in asked.chosen.items()})


def _keys(asked: Asked, fields: Mapping[str, str]) -> dict[str, F]:
    return {f"key_{key}": F(fields[key]) for key in KEYS if key in asked.by}


def _key(asked: Asked, row: Mapping[str, Any]) -> Key:
    return Key(*(row[f"key_{key}"] if key in asked.by else None for key in KEYS))


def _counted(sums: Mapping[str, Fraction], measure: str) -> Look:
    domestic, foreign, unknown = (sums[f"{measure}_{origin}"] for origin in _ORIGINS)
    units = sum(sums[f"units_{origin}"] for origin in _ORIGINS)
    return Look(domestic, foreign, unknown, int(units), 0, 0)
