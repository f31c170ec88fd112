"""Every spelling is read back by the product's own reader as the lines that were meant."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from chips.catalogue import for_intake
from chips.intake.check import Check, Report
from chips.intake.matching import Catalogue
from chips.models import Acquisition, LineStatus, Workload
from demonstration.inventory import Line, inventory
from demonstration.market import Market
from demonstration.spellings import DIALECTS, Dialect, Spellings, render
from tests.demonstration.stories import story

pytestmark = pytest.mark.django_db

ENDS_ON = date(2025, 12, 31)
# One of each thing that a column can say.
EVERYTHING = [
    Line(("Huawei (HiSilicon)", "Ascend 910B"), 1024, Workload.TRAINING, acquired_on=date(2024, 3, 5), note="一期"),
    Line(("Nvidia", "H800"), 12_345, Workload.MIXED, LineStatus.RETIRED, date(2023, 10, 16), Acquisition.LEASED),
    Line(("Samsung", "DDR5 RDIMM 64GB"), 8, unit_price_cny=Decimal("1234567.80"), acquired_on=date(2023, 1, 31)),
    Line(("CXMT", "DDR5 RDIMM 64GB"), 7, Workload.INFERENCE, LineStatus.INSTALLING, date(2025, 12, 30)),
    Line(("Cambricon", "MLU370"), 2, status=LineStatus.SPARE, serial_numbers=("A1", "A2"), note='B2, "hall"'),
    Line(("Nvidia", "A100 80GB"), 1, status=LineStatus.PLANNED, acquisition=Acquisition.HOSTED),
]


def read(content: bytes, directory: Path) -> tuple[list[Line], Report]:
    path = directory / "inventory.csv"
    path.write_bytes(content)
    catalogue = for_intake()
    keys = {model: key for key, model in Spellings(catalogue).ids.items()}
    check = Check(path, name=path.name, catalogue=Catalogue.from_dict(catalogue), ends_on=ENDS_ON)
    lines = [Line(keys[line.chip_model], *line[2:]) for line in check.lines()]
    return lines, check.report


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_comes_back_as_it_was_meant(dialect: Dialect, tmp_path: Path) -> None:
    spellings = Spellings(for_intake())
    # Spellings are drawn, so that one file alone would show few of them.
    for seed in range(12):
        content = render(EVERYTHING, dialect=dialect, spellings=spellings, random=Random(seed))
        lines, report = read(content, tmp_path)
        assert report.errors == []
        assert lines == EVERYTHING
        expected = {"total_row_skipped"} if dialect.total else set()
        expected |= {"unknown_column"} if dialect.extra else set()
        assert {fault.code for fault in report.warnings} == expected


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_model_of_the_catalogue_can_be_written_in_every_dialect(dialect: Dialect, tmp_path: Path) -> None:
    spellings = Spellings(for_intake())
    meant = [Line(key, 1) for key in sorted(spellings.ids)]
    lines, report = read(render(meant, dialect=dialect, spellings=spellings, random=Random(3)), tmp_path)
    assert report.errors == []
    assert lines == meant


def test_a_country_s_inventories_come_back_in_whichever_hand_they_are_written(market: Market, tmp_path: Path) -> None:
    spellings = Spellings(for_intake())
    for number, centre in enumerate(story(market, centres=3 * len(DIALECTS))):
        meant = inventory(centre.holdings, ENDS_ON)
        if meant:
            dialect = DIALECTS[number % len(DIALECTS)]
            lines, report = read(render(meant, dialect=dialect, spellings=spellings, random=Random(7)), tmp_path)
            assert report.errors == []
            assert lines == meant


def test_the_dialects_show_each_habit_of_operators() -> None:
    spellings = Spellings(for_intake())
    files = {
        d.name: render(EVERYTHING, dialect=d, spellings=spellings, random=Random(1)) for d in DIALECTS
    }  # fmt: skip
    assert files["chinese"].startswith(b"\xef\xbb\xbf")
    excel = files["chinese excel"].decode("gb18030")
    assert excel.startswith("智算中心芯片台账")
    assert "2024年3月5日" in excel
    assert excel.splitlines()[-1].startswith("合计")
    assert "１０２４" in files["full width"].decode("gb18030")
    assert b"12,345" in files["tabs"]
    assert b"\t" in files["tabs"]
    assert files["short english"].count(b";") > 20
