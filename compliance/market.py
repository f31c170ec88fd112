"""Published totals of the market beside what the register holds of the same time: never the same thing."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from chips.models import ChipClass, MarketTotal
from compliance.chip_facts import DOMESTIC, ChipFacts
from compliance.exposure import Acquired


class Counted(NamedTuple):
    """Units of somebody's cards, and of everybody's among which they are."""

    units: int
    total: int


class Beside(NamedTuple):
    """A published total, the cards in service that were acquired in its time, and all cards in service."""

    published: MarketTotal
    acquired: Counted
    in_service: Counted


class Source(NamedTuple):
    """Who says so, and how far it is to be trusted, in words."""

    text: str
    confidence: str


class MarketPeriod(NamedTuple):
    """What is published of a year or half-year, beside the register."""

    period: str
    totals: list[Beside]
    # Cards in service whose month of acquisition is not known: they may have come in this time, too.
    units_undated: int

    @property
    def sources(self) -> list[Source]:
        """Each source once."""
        published = (one.published for one in self.totals)
        return list(dict.fromkeys(Source(total.source, str(total.get_confidence_display())) for total in published))


def beside_the_market(acquired: Iterable[Acquired], chips: Mapping[int, ChipFacts]) -> list[MarketPeriod]:
    """Each published total beside the register's accelerator cards `acquired`, latest first; one query."""
    cards = [
        (one, chips[one.chip_model_id])
        for one in acquired
        if chips[one.chip_model_id].chip_class == ChipClass.ACCELERATOR
    ]
    undated = sum(one.units for one, _facts in cards if one.month is None)
    by_period: dict[str, list[MarketTotal]] = {}
    for total in MarketTotal.objects.order_by("-period", "measure", "pk"):
        by_period.setdefault(total.period, []).append(total)
    return [
        MarketPeriod(period, [_beside(total, cards) for total in totals], undated)
        for period, totals in by_period.items()
    ]


def _beside(published: MarketTotal, cards: list[tuple[Acquired, ChipFacts]]) -> Beside:
    first, last = months_of(published.period)
    then = [(one, facts) for one, facts in cards if one.month is not None and first <= one.month <= last]
    return Beside(published, _counted(published.vendor, then), _counted(published.vendor, cards))


def _counted(vendor: str, cards: list[tuple[Acquired, ChipFacts]]) -> Counted:
    return Counted(
        sum(one.units for one, facts in cards if _is_of(vendor, facts)), sum(one.units for one, _facts in cards)
    )


def _is_of(vendor: str, facts: ChipFacts) -> bool:
    """Whether cards are those that a published total speaks of: everybody's, domestic ones, or a vendor's."""
    if vendor == "all":
        return True
    return facts.origin == DOMESTIC if vendor == "domestic" else facts.chip.vendor.name == vendor


def months_of(period: str) -> tuple[date, date]:
    """The first days of the first and the last month of ``2025``, ``2023H1`` or ``2023H2``."""
    match = re.fullmatch(r"(20\d{2})(?:H([12]))?", period, re.ASCII)
    if match is None:
        raise ValueError(f"{period} is no year or half-year.")
    year, half = int(match[1]), match[2]
    return date(year, 7 if half == "2" else 1, 1), date(year, 6 if half == "1" else 12, 1)
