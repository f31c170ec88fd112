"""Where a centre moved, all that stands of it is its new province's at once, by both walls; and so are the sums."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import asking
from accounts.asking import Asking
from accounts.models import User
from centres.models import Centre, Operator
from centres.tasks import move_centres
from compliance import acquisitions, rollups
from compliance.determine import determine
from compliance.facts import facts_of_period
from compliance.models import (
    AcquisitionRollup,
    CurrentDetermination,
    DeterminationRun,
    InventoryRollup,
    OutcomeRollup,
    StockRollup,
    SummedStock,
)
from tests import cast, walls
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db
QUARTERS = ("2025Q2", "2025Q3", "2025Q4")
BY_CENTRE: tuple[Any, ...] = (CurrentDetermination, SummedStock)
SUMS: tuple[Any, ...] = (OutcomeRollup, StockRollup, InventoryRollup, AcquisitionRollup)


@pytest.fixture
def where(owner: Operator) -> Centre:
    """A centre in Shanghai that filed for three quarters; each of both provinces has another one."""
    made = cast.centre(owner=owner)
    for other in (cast.centre("SH-02", owner=owner), cast.centre("JS-01", owner=owner, region_code="3201"), made):
        for number, quarter in enumerate(QUARTERS, start=1):
            inventory(
                other,
                {"quantity": 10 * number, "acquired_on": date(2025, 3, 9)},
                {"quantity": 7, "chip": "Ascend 910B", "workload": "inference"},
                quarter=cast.period(quarter),
            )
    for quarter in QUARTERS:
        determine(period=cast.period(quarter), cause="test")
        acquisitions.follow(period=cast.period(quarter))
    return made


def form(region_code: str = "3201", from_on: str = "2025-12-31") -> dict[str, str]:
    return {"from_on": from_on, "status": "operating", "kind": "intelligent", "ownership": "local_soe",
            "state_funded": "", "progress": "100", "region_code": region_code, "reason": "moved"}  # fmt: skip


def take(client: Client, address: str, told: dict[str, str]) -> Any:
    """What is answered to who takes what `told` says, after a look at what it would change."""
    shown = client.post(address, told | {"step": "show"})
    return client.post(address, told | {"step": "take", "seen": shown.context["form"].seal})


def seen_by(who: User, where: Centre, model: Any) -> tuple[set[str], set[str]]:
    """The periods of which `who` is shown something of `where`: by the first wall alone, and by the second alone."""
    of_centre = {"centre": where}
    first = set(model.objects.visible_to(who).filter(**of_centre).values_list("period", flat=True))
    with walls.within(), transaction.atomic(), asking.asked_by(Asking("page", who.pk)):
        second = set(model._base_manager.filter(**of_centre).values_list("period", flat=True))
    return first, second


def standing() -> dict[str, list[tuple[object, ...]]]:
    """Every row of what stands by centre and of the sums, but for its key."""

    def rows(model: type[Model]) -> list[tuple[object, ...]]:
        names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
        return sorted(model._base_manager.values_list(*names), key=str)

    return {model.__name__: rows(model) for model in (*BY_CENTRE, *SUMS)}


def filled_afresh() -> dict[str, list[tuple[object, ...]]]:
    """What stands once all of it is made anew out of the determinations and inventories there are."""
    for model in (*BY_CENTRE, *SUMS):
        model.objects.all().delete()
    for quarter in QUARTERS:
        rollups.follow(facts_of_period(cast.period(quarter), is_read=False))
        acquisitions.follow(period=cast.period(quarter))
    return standing()


@pytest.mark.parametrize("model", BY_CENTRE)
def test_it_is_its_new_provinces_of_every_period_straight_after_the_record(
    client: Client, where: Centre, regulator: User, model: Any
) -> None:
    old, new = (cast.user(code, cast.Role.REGULATOR, region_codes=[code]) for code in ("31", "32"))
    assert seen_by(old, where, model) == (set(QUARTERS), set(QUARTERS))
    assert seen_by(new, where, model) == (set(), set())
    client.force_login(regulator)
    assert take(client, reverse("record-centre", args=[where.code]), form()).status_code == 302
    assert seen_by(old, where, model) == (set(), set())
    assert seen_by(new, where, model) == (set(QUARTERS), set(QUARTERS))


def test_the_sums_of_both_provinces_are_what_a_fresh_filling_gives(
    client: Client, where: Centre, regulator: User
) -> None:
    before = standing()
    client.force_login(regulator)
    assert take(client, reverse("record-centre", args=[where.code]), form()).status_code == 302
    after = standing()
    assert all(after[model.__name__] != before[model.__name__] for model in (*BY_CENTRE, *SUMS))
    assert filled_afresh() == after


def test_a_regulator_moves_a_centre_out_of_their_own_province(client: Client, where: Centre) -> None:
    client.force_login(cast.regional_regulator("31"))
    answer = take(client, reverse("record-centre", args=[where.code]), form())
    shown = client.get(answer.url)
    assert shown.status_code == 200
    assert "Recorded." in shown.content.decode()
    # The centre's own page is not theirs any more.
    assert client.get(reverse("centre", args=[where.code])).status_code == 404
    where.refresh_from_db()
    assert where.region_id == "32"
    (run,) = DeterminationRun.objects.all()
    assert [(request.period_id, request.centres) for request in run.requests.all()] == [("2025Q4", [where.pk])]
    cast.fulfil_all(run)
    after = standing()
    assert filled_afresh() == after


def test_many_move_by_one_table_and_who_stays_in_the_province_moves_nothing(
    client: Client, where: Centre, regulator: User
) -> None:
    client.force_login(regulator)
    address = reverse("record-table")
    table = "code,from_on,reason,region_code\nSH-01,2025-12-31,moved,3201\nSH-02,2025-12-31,moved,4401\n"
    before = standing()
    within = "code,from_on,reason,region_code\nSH-01,2025-12-31,moved,3102\n"
    assert take(client, address, {"table": within}).status_code == 302
    assert standing() == before
    assert take(client, address, {"table": table}).status_code == 302
    after = standing()
    assert {row[0] for row in after["CurrentDetermination"]} == set(QUARTERS)
    assert filled_afresh() == after


def test_it_moves_when_the_day_comes_that_was_told_beforehand(
    client: Client, where: Centre, regulator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    before = standing()
    client.force_login(regulator)
    assert take(client, reverse("record-centre", args=[where.code]), form(from_on=f"{tomorrow}")).status_code == 302
    move_centres()
    assert standing() == before
    monkeypatch.setattr(timezone, "localdate", lambda: tomorrow)
    move_centres()
    where.refresh_from_db()
    assert (where.region_code, where.region_id) == ("3201", "32")
    after = standing()
    assert after != before
    assert filled_afresh() == after
    move_centres()
    assert standing() == after
