"""A run that comes late judges by what was known when it began, and takes nothing back that was learned since."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from centres.models import Centre, CentreRecord
from compliance.determine import determine
from compliance.models import (
    CurrentDetermination,
    Determination,
    DeterminationRun,
    InventoryRollup,
    OutcomeChange,
    OutcomeRollup,
    StockRollup,
)  # fmt: skip
from compliance.requests import _begin_run, fulfil, request_run
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def where() -> Centre:
    """A centre that filed: 1 of 9 is domestic."""
    made = cast.centre()
    cast.file(made, cast.period(), ascend=1, h800=8)
    determine(period=cast.period(), cause="test")
    return made


def late(began_at: datetime) -> DeterminationRun:
    return DeterminationRun.objects.create(
        cause="centre record changed", subject={"centre": "SH-01"}, requested_at=began_at, began_at=began_at
    )


def current(where: Centre) -> CurrentDetermination:
    return CurrentDetermination.objects.get(centre=where, mandate__code="SH-2023", period="2025Q4")


def test_a_later_inventory_stays_in_what_is_current_and_in_every_sum(where: Centre) -> None:
    began_at = timezone.now()
    cast.file(where, cast.period(), ascend=500)
    determine(period=cast.period(), cause="test", centres=[where])
    determined = determine(period=cast.period(), cause="test", centres=[where], run=late(began_at))
    assert (determined.made, determined.changed) == (0, 0)
    assert current(where).outcome == "compliant"
    assert InventoryRollup.objects.get(period="2025Q4", region="31").units_domestic == 500
    assert sum(StockRollup.objects.filter(period="2025Q4", region="31").values_list("units", flat=True)) == 500
    assert OutcomeRollup.objects.get(period="2025Q4", region="31", mandate__code="SH-2023").outcome == "compliant"


def test_who_has_closed_since_stays_closed_and_who_came_since_stays(where: Centre) -> None:
    began_at = timezone.now()
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 6, 1), recorded_at=timezone.now(), region_code="3101", kind="intelligent",
        ownership="local_soe", status="closed",
    )  # fmt: skip
    came = cast.centre("SH-02")
    determine(period=cast.period(), cause="test")
    events = OutcomeChange.objects.count()
    determine(period=cast.period(), cause="test", run=late(began_at))
    assert not CurrentDetermination.objects.filter(centre=where).exists()
    assert current(came).outcome == "not_reported"
    assert OutcomeChange.objects.count() == events


def test_what_was_determined_by_a_later_provision_stays_current(where: Centre) -> None:
    before = current(where)
    began_at = timezone.now()
    issued = before.determination.provision
    later = type(issued).objects.create(
        mandate=issued.mandate, from_on=issued.from_on + timedelta(days=1), legal_text="", citation="",
        rule=issued.rule | {"steps": [{"from": "2025-01-01", "comparator": "at_least", "threshold": "0.1"}]},
        recorded_at=timezone.now(), issued_at=timezone.now(),
    )  # fmt: skip
    determine(period=cast.period(), cause="test")
    determine(period=cast.period(), cause="test", run=late(began_at))
    assert (current(where).determination.provision, current(where).outcome) == (later, "compliant")


def test_all_parts_of_a_run_judge_by_the_instant_at_which_its_first_began(where: Centre) -> None:
    run = request_run(
        cause="exemption granted", subject={}, by=None, wanted={cast.period("2025Q3"): None, cast.period(): [where.pk]}
    )
    assert run
    first, second = run.requests.order_by("pk")
    fulfil(first.pk)
    run.refresh_from_db()
    assert run.began_at
    cast.file(where, cast.period(), ascend=9)
    fulfil(second.pk)
    made = Determination.objects.filter(run=run)
    assert {one.known_at for one in made} == {run.began_at}
    assert not made.filter(centre=where, period="2025Q4", outcome="compliant").exists()


def test_who_is_determined_no_more_stands_among_the_changes_of_the_run(where: Centre, client: Client) -> None:
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 6, 1), recorded_at=timezone.now(), region_code="3101", kind="intelligent",
        ownership="local_soe", status="closed",
    )  # fmt: skip
    run = late(timezone.now())
    determined = determine(period=cast.period(), cause="test", centres=[where], run=run)
    assert determined.changed == 3
    client.force_login(cast.regulator())
    page = client.get(f"/determinations/runs/{run.pk}/").content.decode()
    assert page.count("determined no more") == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_parts_that_begin_a_run_at_once_the_second_finds_it_begun() -> None:
    run = request_run(
        cause="centre record changed", subject={"centre": "SH-01"}, by=None,
        wanted={cast.period("2025Q3"): None, cast.period(): None},
    )  # fmt: skip
    assert run
    first, second = run.requests.values_list("pk", flat=True)
    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            _begin_run(first)
            waiting = threads.submit(_alone, second)
            while not _waits_for_a_lock() and not waiting.done():
                pass
        waiting.result(timeout=30)
    run.refresh_from_db()
    assert run.began_at


def _alone(request_id: int) -> None:
    try:
        _begin_run(request_id)
    finally:
        connection.close()


def _waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
