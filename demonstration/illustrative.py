"""Illustrative inventories of the publicly reported centres, worked out from what was published and saying how.

None is a filing: nobody signed one, and each line says so. Where a publication names no chips there is no inventory:
nothing was published to work it out from (Suihong Huachuang, Xi'an, Henan Airport, Beijing Mobile, Cuihu).
"""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import NamedTuple

from django.utils import timezone

from centres.models import Centre, Provenance, ReportingPeriod
from chips.catalogue import for_intake
from chips.models import LineStatus, Submission, SubmissionStatus, Workload
from chips.submissions import Incoming, store_all
from demonstration.inventory import Line
from demonstration.market import Key, Market
from demonstration.spellings import DIALECTS, Spellings, render

MARK_EN, MARK_ZH = "illustrative, not a filing", "示例，非填报"

_ASCEND_910: Key = ("Huawei (HiSilicon)", "Ascend 910")
_ASCEND_910B: Key = ("Huawei (HiSilicon)", "Ascend 910B")
_R200: Key = ("Kunlunxin (Baidu)", "R200")


class Stock(NamedTuple):
    """What stands in a centre: a published number of cards, or a part of its published computing power in PFLOPS."""

    chip: Key
    because_en: str
    because_zh: str
    petaflops: int | None = None
    units: int | None = None
    status: LineStatus = LineStatus.IN_SERVICE


class Published(NamedTuple):
    """What was published of a centre, and for the quarters from `period` on, until the next for the same centre."""

    centre: str
    period: str
    stocks: tuple[Stock, ...]


def _poyang(period: str, petaflops: int, said_en: str, said_zh: str) -> Published:
    half = petaflops // 2
    because_en = f"{said_en}; Ascend 910B and Kunlunxin are named and no split: half of the computing power each"
    because_zh = f"{said_zh}；公开资料仅列昇腾910B与昆仑芯，未说明比例，各按一半算力计"
    return Published(
        "JX-JJ-01",
        period,
        (
            Stock(_ASCEND_910B, because_en, because_zh, petaflops=half),
            Stock(
                _R200,
                f"{because_en}; of Kunlunxin's models only the R200 has an adopted figure",
                f"{because_zh}；昆仑芯仅R200有采用的算力值",
                petaflops=half,
            ),
        ),
    )


_QINGYANG_EN = (
    "40,000 domestic cards planned, 10,000 of them in phase 1 (press, 2024-06-20); no model published: Ascend 910B "
    "stands in, since 2,500P for 10,000 cards is 250 TFLOPS a card, near the 256 claimed of it"
)
_QINGYANG_ZH = (
    "公开报道（2024-06-20）：规划国产卡4万张，其中一期1万张；未公布型号，以昇腾910B代表"
    "（2500P÷1万张＝每张250 TFLOPS，接近其256的一种说法）"
)

PUBLISHED = (
    Published(
        "SC-CD-01",
        "2023Q1",
        (
            Stock(
                _ASCEND_910,
                "1,000P planned, Ascend throughout (press, 2022); opened in May 2022, before the 910B: Ascend 910",
                "公开报道（2022年）：规划1000P，全部采用昇腾；2022年5月投用，早于910B，按昇腾910计",
                petaflops=1000,
            ),
        ),
    ),
    Published(
        "GS-QY-01",
        "2024Q2",
        (
            Stock(_ASCEND_910B, _QINGYANG_EN, _QINGYANG_ZH, units=10_000, status=LineStatus.INSTALLING),
            Stock(_ASCEND_910B, _QINGYANG_EN, _QINGYANG_ZH, units=30_000, status=LineStatus.PLANNED),
        ),
    ),
    _poyang("2024Q4", 80, "80P at the end of 2024", "2024年底80P"),
    _poyang("2025Q2", 300, "300P planned for June 2025", "计划2025年6月达300P"),
)


def store_illustrative(periods: list[ReportingPeriod], market: Market) -> int:
    """Write what was published by each of `periods` as illustrative inventories; returns their number."""
    centres = {
        centre.code: centre
        for centre in Centre.objects.filter(
            provenance=Provenance.ILLUSTRATIVE, code__in={published.centre for published in PUBLISHED}
        )
    }
    incoming = list(_incoming(periods, centres, market))
    store_all(incoming)
    return len(incoming)


def lines_of(published: Published, market: Market) -> list[Line]:
    """The lines that a publication comes to: cards are computing power over that of a card, cut to whole ones."""
    return [_line(stock, market) for stock in published.stocks]


def _line(stock: Stock, market: Market) -> Line:
    note_en, note_zh = stock.because_en, stock.because_zh
    units = stock.units
    if units is None:
        compute = market.chips[stock.chip].compute
        if not compute:
            raise LookupError(f"{stock.chip[1]} has no adopted compute claim to divide by.")
        units = int(Decimal(stock.petaflops or 0) * 1000 / compute)
        note_en += f"; {stock.petaflops}P ÷ {compute} TFLOPS (adopted) = {units}"
        note_zh += f"；{stock.petaflops}P÷{compute} TFLOPS（采用值）＝{units}张"
    return Line(
        stock.chip,
        units,
        Workload.UNSPECIFIED,
        stock.status,
        note=f"{MARK_EN}: {note_en}. {MARK_ZH}：{note_zh}。",
    )


def _incoming(periods: list[ReportingPeriod], centres: dict[str, Centre], market: Market) -> Iterator[Incoming]:
    spellings = Spellings(for_intake())
    now = timezone.now()
    for period in periods:
        # The last that was published by then stands.
        standing = {p.centre: p for p in PUBLISHED if p.period <= period.code and p.centre in centres}
        for code, published in standing.items():
            submission = Submission(
                centre=centres[code],
                period=period,
                version=1,
                status=SubmissionStatus.ACCEPTED,
                provenance=Provenance.ILLUSTRATIVE,
                file_name=f"illustrative {code} {period.code}.csv",
                # When it was worked out, not when anybody filed: nobody did.
                created_at=now,
                submitted_at=now,
                decided_at=now,
            )
            content = render(
                lines_of(published, market),
                dialect=DIALECTS[0],
                spellings=spellings,
                random=Random(code),
                title=f"{MARK_EN} · {MARK_ZH}",
            )
            yield Incoming(submission, content)
