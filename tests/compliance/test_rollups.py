"""Rollups are what counting the determinations themselves would give, whoever asks."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Role, User
from centres.models import Centre, CentreRecord
from compliance.determine import determine
from compliance.models import CurrentDetermination, Determination, InventoryRollup, OutcomeRollup
from tests import cast

pytestmark = pytest.mark.django_db


def judge(*centres: Centre) -> None:
    determine(period=cast.period(), cause="test", centres=centres or None)


def test_the_current_determination_is_the_latest() -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=1, h800=9)
    judge(where)
    cast.file(where, cast.period(), ascend=9, h800=1)
    judge(where)
    current = CurrentDetermination.objects.get(centre=where, mandate__code="SH-2023")
    assert current.determination == Determination.objects.filter(provision__mandate__code="SH-2023").latest("pk")
    assert (current.outcome, current.distance) == ("compliant", Decimal("0.4"))


def test_outcomes_are_counted_by_region_with_their_units_and_compute() -> None:
    for number, (ascend, h800) in enumerate([(6, 4), (7, 3), (1, 9)]):
        cast.file(cast.centre(f"SH-0{number}"), cast.period(), ascend=ascend, h800=h800)
    cast.centre("SH-09")
    judge()
    shanghai = OutcomeRollup.objects.filter(mandate__code="SH-2023", region="31", period="2025Q4")
    assert {(r.outcome, r.centres, r.units_domestic, r.units_foreign) for r in shanghai} == {
        ("compliant", 2, 13, 7),
        ("non_compliant", 1, 1, 9),
        ("not_reported", 1, 0, 0),
    }
    # The adopted claims of data/chip_claims.csv: Ascend 910B 320, H800 989 TFLOPS dense FP16.
    assert shanghai.get(outcome="compliant").compute_domestic == 13 * 320
    assert shanghai.get(outcome="compliant").compute_foreign == 7 * 989


def test_inventories_are_summed_by_workload_once_a_centre() -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=100)
    cast.file(where, cast.period(), workload="inference", ascend=3, h800=2)
    judge()
    (rollup,) = InventoryRollup.objects.filter(period="2025Q4", region="31")
    assert (rollup.workload, rollup.units_domestic, rollup.units_foreign) == ("inference", 3, 2)
    assert (rollup.compute_domestic, rollup.compute_foreign) == (3 * 320, 2 * 989)


def test_one_centre_judged_leaves_the_others_of_its_region_counted() -> None:
    first, second = cast.centre("SH-01"), cast.centre("SH-02")
    judge()
    cast.file(first, cast.period(), ascend=1)
    judge(first)
    shanghai = OutcomeRollup.objects.filter(mandate__code="SH-2023", region="31", period="2025Q4")
    assert {r.outcome: r.centres for r in shanghai} == {"compliant": 1, "not_reported": 1}
    assert CurrentDetermination.objects.filter(centre=second).count() == 3


def test_who_sees_which_rollups() -> None:
    owner = cast.operator()
    cast.centre(owner=owner)
    judge()
    cast.centre("GD-01", region_code="4401")
    judge()
    whole = OutcomeRollup.objects.count()
    assert whole == 6
    assert OutcomeRollup.objects.visible_to(cast.regulator()).count() == whole
    assert OutcomeRollup.objects.visible_to(cast.analyst()).count() == whole
    regional = OutcomeRollup.objects.visible_to(cast.regional_regulator("31"))
    assert {r.region_id for r in regional} == {"31"}
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    assert not OutcomeRollup.objects.visible_to(filer).exists()
    assert not OutcomeRollup.objects.visible_to(cast.administrator()).exists()


@pytest.mark.parametrize("change", ["UPDATE {} SET outcome = 'compliant'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_a_determination(change: str) -> None:
    cast.centre()
    judge()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format("compliance_determination"))


def test_a_centre_that_moves_is_counted_where_it_is_and_nowhere_else() -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=9)
    judge()
    where.region_id, where.region_code = "11", "1101"
    where.save()
    cast.file(where, cast.period(), ascend=8)
    judge(where)
    assert {(r.region_id, r.units_domestic) for r in InventoryRollup.objects.filter(period="2025Q4")} == {("11", 8)}
    assert {r.region_id for r in OutcomeRollup.objects.filter(period="2025Q4")} == {"11"}


def test_all_that_is_current_of_a_centre_that_moved_is_shown_where_it_is() -> None:
    where = cast.centre()
    for quarter in ("2025Q3", "2025Q4"):
        cast.file(where, cast.period(quarter), ascend=1)
        determine(period=cast.period(quarter), cause="test")
    # What was determined before stands, and is not determined again.
    Centre.objects.filter(pk=where.pk).update(region_id="44", region_code="4403")
    before, after = (
        CurrentDetermination.objects.visible_to(User(role=Role.REGULATOR, region_codes=[code], is_active=True))
        for code in ("31", "44")
    )
    assert not before.exists()
    assert set(after.values_list("period", flat=True)) == {"2025Q3", "2025Q4"}


def test_a_centre_that_is_learned_to_have_closed_stands_no_more() -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=1, h800=9)
    judge()
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 6, 1), recorded_at=timezone.now(), region_code="3101", kind="intelligent",
        ownership="local_soe", status="closed",
    )  # fmt: skip
    judge(where)
    assert not CurrentDetermination.objects.filter(centre=where).exists()
    assert not OutcomeRollup.objects.filter(region="31", period="2025Q4").exists()
    assert not InventoryRollup.objects.filter(region="31", period="2025Q4").exists()


def test_a_centre_that_was_closed_by_mistake_stands_again_as_soon_as_it_is_judged() -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=6, h800=4)
    judge()
    for status in ("closed", "operating"):
        CentreRecord.objects.create(
            centre=where, from_on=date(2024, 1, 1), recorded_at=timezone.now(), region_code="3101",
            kind="intelligent", ownership="local_soe", progress=100, status=status,
        )  # fmt: skip
        judge(where)
    current = CurrentDetermination.objects.get(centre=where, mandate__code="SH-2023")
    assert current.outcome == "compliant"


def test_rollups_that_were_lost_are_made_again_by_the_next_whole_run() -> None:
    cast.file(cast.centre(), cast.period(), ascend=6, h800=4)
    judge()
    before = list(OutcomeRollup.objects.order_by("mandate", "region", "outcome").values_list("outcome", "centres"))
    for model in (OutcomeRollup, InventoryRollup, CurrentDetermination):
        model.objects.all().delete()
    judge()
    after = list(OutcomeRollup.objects.order_by("mandate", "region", "outcome").values_list("outcome", "centres"))
    assert after == before != []


def test_what_was_worked_out_for_a_centre_that_never_filed_is_in_no_sum() -> None:
    published = Centre.objects.get(code="SC-CD-01")
    cast.file(published, cast.period(), ascend=9)
    judge()
    assert CurrentDetermination.objects.filter(centre=published).exists()
    assert not OutcomeRollup.objects.filter(region=published.region_id).exists()
    assert not InventoryRollup.objects.filter(region=published.region_id).exists()
