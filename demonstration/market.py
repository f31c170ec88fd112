"""What could be bought when, and how much of it was domestic: the story of the years from 2019, by date.

Export controls shape the foreign side: A100 and H100 until 7 October 2022, A800 and H800 until 17 October 2023, then
H20, L20 and RTX 4090 D; H20 and MI308X until April 2025.
"""

import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from random import Random
from typing import NamedTuple

from centres.models import Ownership
from chips.models import ChipClass, Workload

CONTROLS_2022, CONTROLS_2023, CONTROLS_2025 = date(2022, 10, 6), date(2023, 10, 16), date(2025, 4, 8)
_ALWAYS, _NEVER = date(2015, 1, 1), date(2100, 1, 1)

Key = tuple[str, str]


class Chip(NamedTuple):
    """A model of the catalogue: what the market needs to know of it."""

    vendor: str
    name: str
    chip_class: str
    # The first day of the year, month or day that was published; None where nothing was.
    launched_on: date | None
    # TFLOPS dense FP16, as adopted; None where no figure is.
    compute: Decimal | None
    domestic: bool

    @property
    def key(self) -> Key:
        return self.vendor, self.name


class UnknownModel(LookupError):
    """A model that the demonstration buys and the catalogue does not have."""


class Offer(NamedTuple):
    """A model on sale from a day to a day, how often it is bought, and about what a unit costs in CNY."""

    vendor: str
    name: str
    from_on: date
    to_on: date
    weight: float
    price: int

    @property
    def key(self) -> Key:
        return self.vendor, self.name


_HUAWEI, _KUNLUNXIN, _ALIBABA = "Huawei (HiSilicon)", "Kunlunxin (Baidu)", "T-Head (Alibaba)"
_DDR5 = "DDR5 RDIMM 64GB"

_TRAINING_HOME = (
    Offer(_HUAWEI, "Ascend 910", date(2019, 9, 1), date(2023, 2, 28), 8, 70_000),
    Offer(_HUAWEI, "Ascend 910B", date(2023, 1, 1), _NEVER, 9, 110_000),
    Offer(_HUAWEI, "Ascend 910C", date(2025, 1, 1), _NEVER, 1, 185_000),
    Offer("Cambricon", "MLU290", date(2021, 3, 1), date(2023, 6, 30), 2, 60_000),
    Offer("Cambricon", "MLU590", date(2023, 10, 1), _NEVER, 3, 90_000),
    Offer("Hygon", "DCU Z100", date(2021, 3, 1), date(2023, 6, 30), 3, 45_000),
    Offer("Hygon", "DCU K100", date(2023, 7, 1), _NEVER, 4, 65_000),
    Offer("MetaX", "MXC500", date(2023, 10, 1), _NEVER, 2, 70_000),
    Offer("Moore Threads", "MTT S4000", date(2024, 1, 1), _NEVER, 2.5, 48_000),
    Offer("Iluvatar CoreX", "BI-V100", date(2021, 6, 1), date(2023, 6, 30), 1.2, 50_000),
    Offer("Iluvatar CoreX", "BI-V150", date(2023, 9, 1), _NEVER, 1, 62_000),
    Offer("Enflame", "CloudBlazer T20", date(2021, 8, 1), date(2023, 6, 30), 1, 55_000),
    Offer(_KUNLUNXIN, "P800", date(2024, 6, 1), _NEVER, 1.5, 80_000),
    Offer(_ALIBABA, "PPU", date(2025, 3, 1), _NEVER, 1, 75_000),
    Offer("Biren", "BR100", date(2022, 9, 1), date(2023, 9, 30), 0.5, 90_000),
)
_INFERENCE_HOME = (
    Offer(_HUAWEI, "Ascend 310", date(2019, 1, 1), date(2022, 12, 31), 3, 6_500),
    Offer(_HUAWEI, "Ascend 910B", date(2023, 6, 1), _NEVER, 1.2, 110_000),
    Offer("Cambricon", "MLU270", date(2019, 7, 1), date(2021, 12, 31), 4, 12_000),
    Offer("Cambricon", "MLU370", date(2021, 12, 1), _NEVER, 11, 32_000),
    Offer("Cambricon", "MLU590", date(2024, 1, 1), _NEVER, 1.2, 90_000),
    Offer("Hygon", "DCU K100", date(2023, 7, 1), _NEVER, 2, 65_000),
    Offer(_KUNLUNXIN, "R200", date(2021, 9, 1), _NEVER, 5, 35_000),
    Offer(_KUNLUNXIN, "P800", date(2024, 9, 1), _NEVER, 1.2, 80_000),
    Offer("Iluvatar CoreX", "MR-V100", date(2023, 1, 1), _NEVER, 3, 24_000),
    Offer("Enflame", "S60", date(2024, 3, 1), _NEVER, 1.5, 28_000),
    Offer("MetaX", "MXN100", date(2022, 3, 1), _NEVER, 1.5, 22_000),
    Offer("Moore Threads", "MTT S3000", date(2022, 6, 1), date(2024, 6, 30), 1, 20_000),
    Offer("Sophgo", "BM1684X", date(2021, 9, 1), date(2024, 12, 31), 1, 4_200),
    Offer(_ALIBABA, "Hanguang 800", date(2019, 11, 1), date(2023, 12, 31), 1, 15_000),
)
_TRAINING_ABROAD = (
    Offer("Nvidia", "V100", _ALWAYS, date(2021, 3, 31), 8, 62_000),
    Offer("Nvidia", "A100 40GB", date(2020, 7, 1), date(2021, 9, 30), 7, 78_000),
    Offer("Nvidia", "A100 80GB", date(2021, 1, 1), CONTROLS_2022, 10, 105_000),
    Offer("Nvidia", "H100", date(2022, 6, 1), CONTROLS_2022, 6, 250_000),
    Offer("Nvidia", "A800 80GB", date(2022, 11, 15), CONTROLS_2023, 8, 112_000),
    Offer("Nvidia", "H800", date(2023, 4, 1), CONTROLS_2023, 24, 240_000),
    Offer("AMD", "Instinct MI250X", date(2021, 12, 1), CONTROLS_2022, 0.5, 90_000),
    Offer("Intel", "Gaudi 2 HL-225B", date(2022, 7, 1), date(2024, 6, 30), 0.6, 70_000),
    Offer("Nvidia", "H20", date(2024, 1, 8), CONTROLS_2025, 10, 108_000),
    Offer("AMD", "Instinct MI308X", date(2024, 6, 1), CONTROLS_2025, 0.8, 120_000),
    Offer("Nvidia", "L20", date(2023, 12, 1), _NEVER, 2, 36_000),
    Offer("Nvidia", "RTX 4090 D", date(2024, 1, 8), _NEVER, 1.5, 17_500),
)
_INFERENCE_ABROAD = (
    Offer("Nvidia", "T4", _ALWAYS, date(2022, 12, 31), 8, 14_500),
    Offer("Nvidia", "A10", date(2021, 5, 1), date(2023, 10, 16), 6, 21_000),
    Offer("Nvidia", "RTX 4090", date(2022, 11, 1), CONTROLS_2023, 5, 15_800),
    Offer("Nvidia", "A800 80GB", date(2022, 11, 15), CONTROLS_2023, 2, 112_000),
    Offer("Nvidia", "L40S", date(2023, 8, 20), CONTROLS_2023, 5, 62_000),
    Offer("Nvidia", "L20", date(2023, 12, 1), _NEVER, 6, 36_000),
    Offer("Nvidia", "L2", date(2023, 12, 15), _NEVER, 2, 14_000),
    Offer("Nvidia", "RTX 4090 D", date(2024, 1, 8), _NEVER, 5, 17_500),
    Offer("Nvidia", "H20", date(2024, 1, 8), CONTROLS_2025, 5, 108_000),
)
_CPU_HOME = (
    Offer(_HUAWEI, "Kunpeng 920", date(2019, 3, 1), _NEVER, 5, 16_000),
    Offer("Hygon", "C86-7390", date(2021, 6, 1), _NEVER, 5, 19_000),
    Offer("Phytium", "FT-2000+/64", date(2019, 1, 1), date(2023, 12, 31), 1, 9_500),
    Offer("Phytium", "S5000C", date(2024, 3, 1), _NEVER, 1, 12_000),
    Offer("Loongson", "3C5000", date(2022, 9, 1), _NEVER, 0.6, 8_000),
)
_CPU_ABROAD = (
    Offer("AMD", "EPYC 7763", date(2021, 4, 1), _NEVER, 4, 32_000),
    Offer("Intel", "Xeon Platinum 8480+", date(2023, 2, 1), _NEVER, 6, 48_000),
)
_STORAGE_HOME = (
    Offer("CXMT", _DDR5, date(2023, 12, 1), _NEVER, 4, 1_450),
    Offer("YMTC", "PE511 7.68TB", date(2022, 9, 1), _NEVER, 2, 5_600),
)
_STORAGE_ABROAD = (
    Offer("Samsung", _DDR5, date(2022, 3, 1), _NEVER, 5, 1_650),
    Offer("SK hynix", _DDR5, date(2022, 3, 1), _NEVER, 4, 1_620),
    Offer("Micron", _DDR5, date(2022, 3, 1), date(2023, 5, 20), 2, 1_600),
)
# What is bought of a class for a workload: the domestic offers, then the foreign ones.
_OFFERS: dict[tuple[str, str], tuple[tuple[Offer, ...], tuple[Offer, ...]]] = {
    (ChipClass.ACCELERATOR, Workload.TRAINING): (_TRAINING_HOME, _TRAINING_ABROAD),
    (ChipClass.ACCELERATOR, Workload.INFERENCE): (_INFERENCE_HOME, _INFERENCE_ABROAD),
    (ChipClass.ACCELERATOR, Workload.MIXED): (_INFERENCE_HOME, _TRAINING_ABROAD),
    (ChipClass.CPU, Workload.UNSPECIFIED): (_CPU_HOME, _CPU_ABROAD),
    (ChipClass.STORAGE, Workload.UNSPECIFIED): (_STORAGE_HOME, _STORAGE_ABROAD),
}
# The log-odds that a unit bought at the beginning of 2023 is domestic, and how much they grow in a year.
_LEANING: dict[tuple[str, str], tuple[float, float]] = {
    (ChipClass.ACCELERATOR, Workload.TRAINING): (-3.0, 1.15),
    (ChipClass.ACCELERATOR, Workload.INFERENCE): (-1.75, 1.95),
    (ChipClass.ACCELERATOR, Workload.MIXED): (-2.2, 1.6),
    (ChipClass.CPU, Workload.UNSPECIFIED): (-1.6, 1.4),
    (ChipClass.STORAGE, Workload.UNSPECIFIED): (-2.2, 1.8),
}
_LEANING_OF = {
    Ownership.CENTRAL_SOE: 0.85,
    Ownership.LOCAL_SOE: 0.7,
    Ownership.PRIVATE: -0.95,
    Ownership.FOREIGN: -1.6,
}


class Market:
    """What the catalogue's models can be bought for, on a day."""

    def __init__(self, chips: Mapping[Key, Chip]) -> None:
        """Raises `UnknownModel` where `chips` lacks a model that is bought."""
        self.chips = chips
        self.prices: dict[Key, int] = {}
        for home, abroad in _OFFERS.values():
            for offer in (*home, *abroad):
                if offer.key not in chips:
                    raise UnknownModel(f"{offer.vendor} {offer.name} is not in the catalogue.")
                self.prices[offer.key] = offer.price

    def on_sale(self, chip_class: str, workload: str, day: date, *, domestic: bool) -> list[Offer]:
        """The offers that stand on `day`, of models that were launched by then."""
        home, abroad = _OFFERS[chip_class, workload]
        return [
            offer
            for offer in (home if domestic else abroad)
            if offer.from_on <= day <= offer.to_on and _is_launched(self.chips[offer.key], day)
        ]

    def prices_on(self, day: date) -> dict[Key, int]:
        """CNY that a unit costs about, of every model on sale on `day`."""
        return {
            offer.key: offer.price
            for chip_class, workload in _OFFERS
            for domestic in (True, False)
            for offer in self.on_sale(chip_class, workload, day, domestic=domestic)
        }

    def choose(
        self, random: Random, chip_class: str, workload: str, day: date, *, domestic: bool, liked: Key | None = None
    ) -> Offer | None:
        """One of the offers of a day, most often the model `liked`; None where there is none."""
        offers = self.on_sale(chip_class, workload, day, domestic=domestic)
        if not offers:
            return None
        weights = [offer.weight * (4 if offer.key == liked else 1) for offer in offers]
        return random.choices(offers, weights)[0]


def _is_launched(chip: Chip, day: date) -> bool:
    return chip.launched_on is None or chip.launched_on <= day


def domestic_odds(chip_class: str, workload: str, ownership: str, day: date, own: float) -> float:
    """How likely a unit bought on `day` is domestic, for an owner of this kind that leans by `own` log-odds."""
    base, yearly = _LEANING[chip_class, workload]
    years = (day - date(2023, 1, 1)).days / 365.25
    # Before 2023 little changed: domestic chips were a tenth of what was bought.
    grown = yearly * years if years > 0 else 0.25 * yearly * years
    return 1 / (1 + math.exp(-(base + grown + _LEANING_OF[Ownership(ownership)] + own)))
