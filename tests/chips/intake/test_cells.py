"""What a cell may hold, just within and just outside."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chips.intake import cells
from chips.intake.columns import header_key, meanings
from chips.intake.matching import Catalogue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("007", 7),
        ("10000000", 10_000_000),
        ("10,000,000", 10_000_000),
        ("１，２００", 1200),
        ("120.0", 120),
        ("120.00", 120),
        ("10000001", "out_of_range"),
        ("0", "out_of_range"),
        ("-5", "out_of_range"),
        ("9" * 400, "out_of_range"),
        *((bad, "not_an_integer") for bad in ("1e3", "1,00", "+5", "1_000", "0x10", "12张", "NaN", "3.5", "①", "²")),
        *((bad, "not_an_integer") for bad in ("٣", "", ".5", "5.", "1,0000", ",100", "1 000", "1e1000000")),
    ],
)
def test_a_quantity(text: str, value: int | str) -> None:
    found = cells.quantity(text, text)
    assert (found.code if isinstance(found, cells.Wrong) else found) == value


def test_a_true_cell_is_no_quantity() -> None:
    assert cells.quantity(True, "TRUE") == cells.Wrong("not_an_integer", hint="120")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120000.50", Decimal("120000.50")),
        ("1,200", Decimal(1200)),
        ("0.01", Decimal("0.01")),
        ("0", "out_of_range"),
        ("0.00", "out_of_range"),
        ("0.001", "out_of_range"),
        ("-3", "out_of_range"),
        ("cheap", "not_a_number"),
        ("1e5", "not_a_number"),
        ("¥5", "not_a_number"),
    ],
)
def test_a_price(text: str, value: Decimal | str) -> None:
    found = cells.price(text, text)
    assert (found.code if isinstance(found, cells.Wrong) else found) == value


@pytest.mark.parametrize("text", ["2024-03-05", "2024/3/5", "2024.3.5", "20240305", "2024年3月5日", "２０２４-3-5"])
def test_a_date_in_each_form(text: str) -> None:
    assert cells.day(text, text) == date(2024, 3, 5)


@pytest.mark.parametrize("text", ["2024-02-30", "05/03/24", "去年", "2024-3/5", "45356", "2024-13-01", "0000-01-01"])
def test_what_is_no_date(text: str) -> None:
    found = cells.day(text, text)
    assert isinstance(found, cells.Wrong)
    assert found.code == "bad_date"


@pytest.mark.parametrize(
    "text", ["Chip Model", "CHIP-MODEL*", "芯片型号（必填）", " chip_model [x] ", "ｃｈｉｐ＿ｍｏｄｅｌ"]
)
def test_a_header_is_known_however_it_is_dressed(text: str) -> None:
    assert meanings([text]) == ["chip_model"]


def test_a_header_that_only_resembles_one_is_not() -> None:
    assert meanings(["chip models", ""]) == [None, None]
    assert header_key("数量(张)") == "数量"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("昇腾910b", "Ascend 910B"),
        ("Huawei Ascend-910B", "Ascend 910B"),
        ("华为昇腾910B", "Ascend 910B"),
        ("NVIDIA A100", "A100 80GB"),
        ("英伟达 H800", "H800"),
        ("壁砺™100P", "BR100"),
        ("ａｓｃｅｎｄ ９１０Ｂ", "Ascend 910B"),
    ],
)
def test_a_model_is_found_in_the_spellings_operators_use(text: str, name: str, catalogue: dict[str, Any]) -> None:
    known = Catalogue.from_dict(catalogue)
    assert [known.names[model] for model in known.find(text)] == [name]


@pytest.mark.parametrize(
    "text", ["Аscend 910B", "Ascend 91ОB", "昇騰910B", "Ascend 910В", "Nvidia Ascend 910B", "Ascend"]
)
def test_a_look_alike_is_no_model(text: str, catalogue: dict[str, Any]) -> None:
    assert not Catalogue.from_dict(catalogue).find(text)


def test_the_nearest_models_are_named(catalogue: dict[str, Any]) -> None:
    near = Catalogue.from_dict(catalogue).nearest("昇腾910X").split("; ")
    assert len(near) == 3
    assert "Ascend 910B" in near
