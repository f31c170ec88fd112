"""What stands in service by chip model is what counting the lines themselves would give, however it came about."""

from collections import Counter
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from django.db import connection
from django.utils import timezone

from centres.models import Centre, CentreRecord
from chips.models import Submission
from compliance import acquisitions
from compliance.determine import determine
from compliance.models import AcquisitionRollup, StockRollup
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db


def judge(*centres: Centre) -> None:
    determine(period=cast.period(), cause="test", centres=centres or None)
    acquisitions.follow(period=cast.period(), centres=[centre.pk for centre in centres] or None)


def stocks() -> list[tuple[object, ...]]:
    rows = StockRollup.objects.order_by("region_id", "chip_model__name", "workload")
    return list(rows.values_list("region_id", "chip_model__name", "workload", "units", "value", "units_without_price"))


def test_units_are_summed_by_model_and_workload_with_their_value() -> None:
    where = cast.centre()
    inventory(
        where,
        {"quantity": 8, "unit_price_cny": Decimal("200000.50")},
        {"quantity": 4},
        {"quantity": 2, "workload": "inference"},
        {"quantity": 9, "status": "planned"},
        {"quantity": 7, "acquired_on": date(2026, 1, 1)},
    )
    judge(where)
    assert stocks() == [
        ("31", "H800", "inference", 2, Decimal(0), 2),
        ("31", "H800", "training", 12, Decimal("1600004.00"), 4),
    ]


def test_an_inventory_that_takes_another_place_takes_its_units_out() -> None:
    first, second = cast.centre("SH-01"), cast.centre("SH-02")
    inventory(first, {"quantity": 8, "acquired_on": date(2025, 3, 9)})
    inventory(second, {"quantity": 5, "acquired_on": date(2025, 3, 30)})
    judge()
    inventory(first, {"quantity": 3, "chip": "H20", "acquired_on": date(2025, 5, 1)})
    judge(first)
    assert stocks() == [("31", "H20", "training", 3, 0, 3), ("31", "H800", "training", 5, 0, 5)]
    months = AcquisitionRollup.objects.values_list("chip_model__name", "months")
    assert dict(months) == {"H800": {"2025-03": 5}, "H20": {"2025-05": 3}}


def test_a_centre_that_moves_is_sold_or_closes_is_summed_where_it_is() -> None:
    where = cast.centre()
    inventory(where, {"quantity": 8})
    judge()
    where.region_id, where.region_code = "11", "1101"
    where.save()
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 6, 1), recorded_at=timezone.now(), region_code="1101", kind="general",
        ownership="private", status="operating",
    )  # fmt: skip
    judge(where)
    (row,) = StockRollup.objects.all()
    assert (row.region_id, row.kind, row.ownership, row.units) == ("11", "general", "private", 8)
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 7, 1), recorded_at=timezone.now(), region_code="1101", kind="general",
        ownership="private", status="closed",
    )  # fmt: skip
    judge(where)
    assert not StockRollup.objects.exists()


def test_acquisitions_of_a_region_that_a_centre_left_are_made_anew_in_the_night() -> None:
    where = cast.centre()
    inventory(where, {"quantity": 8})
    judge()
    where.region_id, where.region_code = "11", "1101"
    where.save()
    judge()
    (row,) = AcquisitionRollup.objects.all()
    assert (row.region_id, row.months) == ("11", {"": 8})


def test_what_was_worked_out_for_a_centre_that_never_filed_is_in_no_sum() -> None:
    cast.file(Centre.objects.get(code="SC-CD-01"), cast.period(), ascend=9)
    judge()
    assert not StockRollup.objects.exists()


def test_after_any_changes_the_sums_are_what_the_lines_come_to() -> None:
    random = Random(8)
    centres = [cast.centre(f"SH-{n:02}", region_code=random.choice(["3101", "1101"])) for n in range(6)]
    for _turn in range(25):
        where = random.choice(centres)
        lines = [
            {
                "quantity": random.randrange(1, 50),
                "chip": random.choice(["H800", "H20", "Ascend 910B"]),
                "workload": random.choice(["training", "inference"]),
                "status": random.choice(["in_service", "in_service", "retired"]),
                "acquired_on": random.choice([None, date(2025, random.randrange(1, 13), random.randrange(1, 29))]),
            }
            for _line in range(random.randrange(1, 6))
        ]
        inventory(where, *lines)
        judge(*random.choice([(), (where,), centres[:3]]))
    judge()
    units: Counter[object] = Counter()
    months: Counter[object] = Counter()
    for submission in Submission.objects.accepted_as_known(cast.period(), timezone.now()).select_related("centre"):
        for line in submission.lines.filter(status="in_service"):
            region = submission.centre.region_id
            units[region, line.chip_model_id, line.workload] += line.quantity
            month = f"{line.acquired_on:%Y-%m}" if line.acquired_on else ""
            months[region, line.chip_model_id, month] += line.quantity
    assert units == Counter({(r.region_id, r.chip_model_id, r.workload): r.units for r in StockRollup.objects.all()})
    assert months == {
        (r.region_id, r.chip_model_id, month): count
        for r in AcquisitionRollup.objects.all()
        for month, count in r.months.items()
    }


def test_a_second_run_writes_nothing() -> None:
    inventory(cast.centre(), {"quantity": 8})
    judge()
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text, ctid::text FROM compliance_stockrollup")
        before = cursor.fetchall()
        judge()
        cursor.execute("SELECT xmin::text, ctid::text FROM compliance_stockrollup")
        assert cursor.fetchall() == before
