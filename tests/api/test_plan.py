"""The way to comply, by the API: what would do, on which prices, and what is refused."""

import pytest

from chips.models import ChipModel
from tests import cast
from tests.api.register import Register

PLAN = "centres/SH-01/plan/"


def key_of(name: str) -> int:
    return ChipModel.objects.get(name=name).pk


def test_it_tells_of_each_rule_what_would_do(register: Register) -> None:
    found = register.get("owner", PLAN).json()
    assert (found["centre"], found["provenance"], found["period"]) == ("SH-01", "filed", "2025Q4")
    assert found["submission"] == register.accepted.pk
    # 500 of 1,000: at least half, and not over half.
    nationwide, shanghai = found["plans"]
    assert (nationwide["mandate"], nationwide["outcome"], nationwide["replace"], nationwide["add"]) == (
        "CN-2025", "non_compliant", 1, 1,
    )  # fmt: skip
    assert nationwide["low"] == {"numerator": 1, "denominator": 2, "percent": "50.0000"}
    assert (nationwide["spare"], nationwide["cheapest"]) == (None, None)
    assert (shanghai["mandate"], shanghai["outcome"], shanghai["spare"]) == ("SH-2023", "compliant", 0)
    assert shanghai["least"] == []


def test_with_a_price_the_cheapest_mix_comes_with_its_proof(register: Register) -> None:
    chip = key_of("Ascend 910B")
    found = register.get("analyst", PLAN, mandate="CN-2025", prices=f"{chip}:110000.5").json()
    (plan,) = found["plans"]
    cheapest = plan["cheapest"]
    assert (cheapest["proof"], cheapest["bound"], cheapest["is_refused"]) == ("least", "110000.5", False)
    (bought,) = cheapest["mix"]["bought"]
    assert bought == {
        "chip": {"id": chip, "vendor": "Huawei (HiSilicon)", "name": "Ascend 910B"},
        "chip_class": "accelerator", "units": 1, "price": "110000.5", "is_typed": True, "price_source": "",
        "price_confidence": "", "contested": ["fp16_tflops", "tdp_w"], "cost": "110000.5", "power": "310",
    }  # fmt: skip
    assert cheapest["mix"]["taken"] == []
    assert cheapest["mix"]["low"]["numerator"] == 501
    assert cheapest["mix"]["answer"]["outcome"] == "compliant"


def test_what_stands_in_the_way_comes_with_what_would_do(register: Register) -> None:
    prices = f"{key_of('Ascend 910B')}:110000"
    found = register.get("owner", PLAN, mandate="CN-2025", prices=prices, budget="109999.99", way="add").json()
    cheapest = found["plans"][0]["cheapest"]
    assert (cheapest["proof"], cheapest["mix"], cheapest["obstacles_together"]) == ("none", None, False)
    assert cheapest["obstacles"] == [{"limit": "budget", "would_do": "110000", "is_least": True}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"mandate": "CN-1999"}, 200),
        ({"day": "2025-12-31"}, 200),
        ({"day": "31.12.2025"}, 400),
        ({"way": "both"}, 400),
        ({"computing_power": "halved"}, 400),
        ({"budget": "much"}, 400),
        ({"power": "-1"}, 400),
        ({"classes": "accelerator,abacus"}, 400),
        ({"classes": "accelerator,cpu"}, 200),
        ({"prices": "12"}, 400),
        ({"prices": "12:"}, 400),
        ({"prices": "١٢:5"}, 400),
        ({"prices": "999999:5"}, 400),
        ({"available": "{chip}:1.5"}, 400),
        ({"prices": "{chip}:1,{chip}:2"}, 400),
        ({"prices": "{chip}:0"}, 400),
        ({"prices": "{chip}:1e999999999"}, 400),
        ({"available": "{chip}:0"}, 200),
        ({"target": "CN-2025"}, 400),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused_by_name(
    register: Register, query: dict[str, str], code: int
) -> None:
    ((name, value),) = query.items()
    response = register.get("owner", PLAN, **{name: value.format(chip=key_of("Ascend 910B"))})
    assert response.status_code == code, response.json()
    if code == 400:
        problem = response.json()
        assert problem["parameter"] == name
        assert problem["code"] == ("unknown_parameter" if name == "target" else "invalid_parameter")


def test_a_centre_without_an_inventory_has_no_plan(register: Register) -> None:
    cast.centre("SH-09", owner=register.mine.operator)
    found = register.get("owner", "centres/SH-09/plan/").json()
    assert (found["submission"], found["period"], found["plans"]) == (None, None, [])
