"""A share looked at from every side: exact, with what has no figure counted, and where it tells two stories."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection

from centres.models import Centre
from chips.catalogue import adopt
from chips.models import ChipModel, Claim
from compliance import acquisitions
from compliance.chip_facts import chip_facts
from compliance.determine import determine
from compliance.exposure import acquired_by_centre, acquired_in_regions, exposure
from compliance.looks import Looks, looks_at, stocks_by_region, stocks_of_inventory
from compliance.market import beside_the_market, months_of
from compliance.models import TELLS_TWO_STORIES, Determination
from compliance.stories import telling_two_stories
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db
DAY = date(2025, 12, 31)


def looks_of(where: Centre, *lines: dict[str, object]) -> dict[str, Looks]:
    looks = looks_at(stocks_of_inventory(inventory(where, *lines)), chip_facts(DAY))
    return {row.population.code: row for row in looks}


def test_the_same_stock_by_units_by_compute_and_by_value() -> None:
    # The adopted figures of data/chip_claims.csv: Ascend 910B 320, H800 989 TFLOPS dense FP16.
    row = looks_of(
        cast.centre(),
        {"chip": "Ascend 910B", "quantity": 60, "unit_price_cny": Decimal("100000.10")},
        {"chip": "H800", "quantity": 40, "unit_price_cny": Decimal(250_000)},
    )["accelerators"]
    assert row.units.low == row.units.high == Fraction(60, 100)
    assert row.compute.low == Fraction(60 * 320, 60 * 320 + 40 * 989)
    assert row.value.low == Fraction(6_000_006, 6_000_006 + 10_000_000)
    assert (row.units.percent, row.compute.percent, row.value.percent) == ("60.0%", "32.6%", "37.5%")


def test_unknown_origin_leaves_an_interval_open_and_each_end_is_cut() -> None:
    ChipModel.objects.create(
        vendor=ChipModel.objects.get(name="H800").vendor, name="Mystery", chip_class="accelerator", workload="training",
        confidence="to_verify",
    )  # fmt: skip
    row = looks_of(
        cast.centre(),
        {"chip": "Ascend 910B", "quantity": 1},
        {"chip": "H800", "quantity": 1},
        {"chip": "Mystery", "quantity": 1},
    )["accelerators"]
    assert (row.units.low, row.units.high, row.units.percent) == (Fraction(1, 3), Fraction(2, 3), "33.3% – 66.6%")
    # Its compute is not known, either: it is in no sum, and is counted.
    assert row.compute.low == row.compute.high
    assert (row.compute.units_without, row.compute.units) == (1, 3)


def test_what_has_no_price_or_figure_is_counted_and_what_is_contested_says_so() -> None:
    rows = looks_of(
        cast.centre(),
        {"chip": "Ascend 910B", "quantity": 12},
        {"chip": "H800", "quantity": 3988, "unit_price_cny": Decimal(1)},
        {"chip": "EPYC 7763", "quantity": 5},
    )
    cards = rows["accelerators"]
    assert (cards.value.units_without, cards.value.units) == (12, 4000)
    assert cards.compute.units_contested == 12
    assert (rows["with_cpus"].compute.units_without, rows["with_cpus"].units.units) == (5, 4005)


def test_training_and_inference_are_told_apart_and_other_classes_join_one_by_one() -> None:
    ChipModel.objects.create(
        vendor=ChipModel.objects.get(name="H800").vendor, name="Store", chip_class="storage", workload="general",
        confidence="to_verify",
    )  # fmt: skip
    rows = looks_of(
        cast.centre(),
        {"chip": "H800", "quantity": 8},
        {"chip": "Ascend 910B", "quantity": 4, "workload": "inference"},
        {"chip": "Ascend 910B", "quantity": 2, "workload": "mixed"},
        {"chip": "Ascend 910B", "quantity": 100, "status": "planned"},
        {"chip": "EPYC 7763", "quantity": 3, "workload": "unspecified"},
        {"chip": "Store", "quantity": 5, "workload": "unspecified"},
    )
    assert {code: row.units.units for code, row in rows.items()} == {
        "accelerators": 14, "with_cpus": 17, "with_storage": 22, "training": 8, "inference": 4, "other": 2,
    }  # fmt: skip
    assert (rows["training"].units.low, rows["inference"].units.low) == (0, 1)


@pytest.mark.parametrize(
    ("ascend", "h800", "tells"),
    # Half by units: by compute 320/1309 = 24.4%. Under half by units tells one story, and so does 30% and more.
    [(500, 500, True), (499, 501, False), (569, 431, True), (570, 430, False)],
)
def test_two_stories_are_told_from_half_by_units_while_compute_is_under_30_percent(
    ascend: int, h800: int, tells: bool
) -> None:
    row = looks_of(cast.centre(), {"chip": "Ascend 910B", "quantity": ascend}, {"chip": "H800", "quantity": h800})[
        "accelerators"
    ]
    half = 2 * row.units.domestic >= row.units.total
    under_30_percent = 10 * row.compute.domestic < 3 * row.compute.total
    assert (half and under_30_percent) is tells
    assert row.tells_two_stories is tells


def test_regions_and_country_look_at_what_their_centres_filed() -> None:
    cast.file(cast.centre("SH-01"), cast.period(), ascend=1, h800=2)
    cast.file(cast.centre("BJ-91", region_code="1101"), cast.period(), ascend=4)
    cast.file(Centre.objects.get(code="SC-CD-01"), cast.period(), ascend=99)
    determine(period=cast.period(), cause="test")
    found = stocks_by_region(cast.analyst(), cast.period())
    assert {code: sum(stock.units for stock in stocks) for code, stocks in found.items()} == {"31": 3, "11": 4}
    assert set(stocks_by_region(cast.regional_regulator("31"), cast.period())) == {"31"}
    assert not stocks_by_region(cast.administrator(), cast.period())


def test_verdicts_that_the_other_measure_contradicts_are_listed_and_no_others() -> None:
    # TFLOPS: Ascend 910 256, 910B 320, 910C 752; B200 2250, H800 989, T4 65. So by compute 12.2%, 32.6% and 88.5%.
    weak, fine = cast.centre("SH-01"), cast.centre("SH-02")
    inventory(weak, {"chip": "Ascend 910", "quantity": 55}, {"chip": "B200", "quantity": 45})
    inventory(fine, {"chip": "Ascend 910B", "quantity": 60}, {"chip": "H800", "quantity": 40})
    strong = cast.centre("SH-03")
    inventory(strong, {"chip": "Ascend 910C", "quantity": 40}, {"chip": "T4", "quantity": 60})
    determine(period=cast.period(), cause="test")
    found = telling_two_stories(cast.regulator(), cast.period())
    assert {(one.centre.code, one.outcome) for one in found if one.provision.mandate.code == "SH-2023"} == {
        ("SH-01", "compliant"),
        ("SH-03", "non_compliant"),
    }
    assert not telling_two_stories(cast.regional_regulator("44"), cast.period())


def test_the_list_of_contradicted_verdicts_is_read_from_an_index_of_just_these() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Determination.objects.filter(TELLS_TWO_STORIES, period=cast.period()).explain()
    assert "determination_stories" in plan


def test_a_verdict_that_was_superseded_is_listed_no_more() -> None:
    where = cast.centre()
    inventory(where, {"chip": "Ascend 910", "quantity": 55}, {"chip": "B200", "quantity": 45})
    determine(period=cast.period(), cause="test")
    regulator = cast.regulator()
    assert telling_two_stories(regulator, cast.period()).exists()
    inventory(where, {"chip": "Ascend 910B", "quantity": 60})
    determine(period=cast.period(), cause="test", centres=[where])
    assert not telling_two_stories(regulator, cast.period()).exists()


def test_foreign_cards_are_told_by_the_day_of_their_control() -> None:
    submission = inventory(
        cast.centre(),
        {"chip": "H800", "quantity": 10, "acquired_on": date(2023, 10, 31)},
        {"chip": "H800", "quantity": 7, "acquired_on": date(2023, 11, 1)},
        {"chip": "H800", "quantity": 2},
        {"chip": "H20", "quantity": 5, "acquired_on": date(2025, 2, 1)},
        {"chip": "L20", "quantity": 4, "acquired_on": date(2025, 2, 1)},
        {"chip": "Ascend 910B", "quantity": 100},
        {"chip": "EPYC 7763", "quantity": 50},
    )
    found = exposure(acquired_by_centre(submission), chip_facts(DAY), day=DAY)
    assert [(part.controlled_on, part.units, part.units_after, part.units_undated) for part in found.parts] == [
        # Bought in the month of the control is not surely after it; in the next month it is.
        (date(2023, 10, 23), 19, 7, 2),
        (date(2025, 4, 9), 5, 0, 0),
        (None, 4, 0, 0),
    ]
    assert (found.units, found.units_controlled, found.units_after) == (28, 24, 7)
    # H800 989, H20 148 and L20 119.5 TFLOPS.
    assert found.compute_controlled == 19 * 989 + 5 * 148
    assert found.compute == found.compute_controlled + 4 * Fraction("119.5")


def test_a_control_counts_only_from_its_day_on() -> None:
    before = date(2025, 3, 31)
    submission = inventory(cast.centre(), {"chip": "H20", "quantity": 5}, quarter=cast.period("2025Q1"))
    (part,) = exposure(acquired_by_centre(submission), chip_facts(before), day=before).parts
    assert (part.controlled_on, part.units) == (None, 5)


def test_exposure_of_a_region_is_that_of_its_centres() -> None:
    for code, quantity in (("SH-01", 3), ("SH-02", 4)):
        inventory(cast.centre(code), {"quantity": quantity, "acquired_on": date(2024, 1, 5)})
    determine(period=cast.period(), cause="test")
    acquisitions.follow(period=cast.period())
    (part,) = exposure(acquired_in_regions(cast.analyst(), cast.period()), chip_facts(DAY), day=DAY).parts
    assert (part.units, part.units_after) == (7, 7)


def test_what_sources_say_of_a_control_is_one_claim_until_another_is_adopted() -> None:
    model = ChipModel.objects.get(name="A100 80GB")
    other = Claim.objects.create(
        chip_model=model, figure="export_controlled_on", value="2022-08-26", source="letter", confidence="reported"
    )
    assert chip_facts(DAY)[model.pk].controlled_on == date(2022, 10, 7)
    adopt(model=model, claims=[other], from_on=date(2022, 1, 1), decided_by="test", reason="the letter")
    assert chip_facts(DAY)[model.pk].controlled_on == date(2022, 8, 26)


def test_published_totals_stand_beside_what_the_register_holds_of_that_time() -> None:
    inventory(
        cast.centre(),
        {"chip": "Ascend 910B", "quantity": 30, "acquired_on": date(2025, 1, 1)},
        {"chip": "H20", "quantity": 10, "acquired_on": date(2025, 12, 31)},
        {"chip": "H800", "quantity": 60, "acquired_on": date(2023, 6, 30)},
        {"chip": "H800", "quantity": 5},
        {"chip": "EPYC 7763", "quantity": 1000, "acquired_on": date(2025, 5, 1)},
    )
    determine(period=cast.period(), cause="test")
    acquisitions.follow(period=cast.period())
    acquired = acquired_in_regions(cast.analyst(), cast.period())
    market = {one.period: one for one in beside_the_market(acquired, chip_facts(DAY))}
    assert list(market) == ["2025", "2023H1", "2022"]
    by_vendor = {one.published.vendor: one for one in market["2025"].totals}
    assert by_vendor["all"].published.units == 4_000_000
    assert by_vendor["domestic"].published.share_percent == 41
    assert tuple(by_vendor["domestic"].acquired) == (30, 40)
    assert tuple(by_vendor["domestic"].in_service) == (30, 105)
    assert tuple(by_vendor["Nvidia"].acquired) == (10, 40)
    assert tuple(by_vendor["Huawei (HiSilicon)"].acquired) == (30, 40)
    assert market["2025"].units_undated == 5
    assert tuple({one.published.vendor: one for one in market["2023H1"].totals}["domestic"].acquired) == (0, 60)


def test_the_months_of_a_published_time() -> None:
    assert months_of("2025") == (date(2025, 1, 1), date(2025, 12, 1))
    assert months_of("2023H1") == (date(2023, 1, 1), date(2023, 6, 1))
    assert months_of("2023H2") == (date(2023, 7, 1), date(2023, 12, 1))
    with pytest.raises(ValueError, match="2023Q1"):
        months_of("2023Q1")
