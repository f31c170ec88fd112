"""A rule that is tried is remembered by PostgreSQL and done once, by a real worker on a real broker."""

import pytest
from django.utils import timezone

from compliance import simulate
from compliance.models import Mandate, SimulatedChange, Simulation, SimulationStatus
from compliance.tasks import fulfil_simulation, sweep_simulations
from config.celery import app
from tests import cast
from tests.workers import wait_for


@pytest.fixture
def mandate(transactional_db: None) -> Mandate:
    cast.centre()
    app.control.purge()
    return Mandate.objects.get(code="SH-2023")


def asked(mandate: Mandate) -> Simulation:
    rule = mandate.provisions.issued().get().rule
    return simulate.request_simulation(by=cast.regulator(), mandate=mandate, rule=rule, period=cast.period())


def is_done(simulation: Simulation) -> bool:
    return Simulation.objects.filter(pk=simulation.pk, status=SimulationStatus.READY).exists()


@pytest.mark.usefixtures("worker")
def test_a_worker_does_what_is_rung_for_and_does_it_once(mandate: Mandate) -> None:
    simulation = asked(mandate)
    for _ in range(5):
        fulfil_simulation.delay(simulation.pk)
    wait_for(lambda: is_done(simulation))
    # What was determined of nobody yet changes for everybody, told once each.
    assert SimulatedChange.objects.filter(simulation=simulation, centre__code="SH-01").count() == 1


@pytest.mark.usefixtures("worker")
def test_a_lost_ring_is_swept_up(mandate: Mandate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulfil_simulation, "delay", lambda *ids: None)
    simulation = asked(mandate)
    Simulation.objects.update(asked_at=timezone.now() - simulate.SWEPT_AFTER)
    sweep_simulations.delay()
    wait_for(lambda: is_done(simulation))


def test_a_broker_that_is_away_fails_nothing_that_was_written(
    mandate: Mandate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*ids: int) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(fulfil_simulation, "delay", away)
    assert Simulation.objects.get(pk=asked(mandate).pk).status == SimulationStatus.WAITING
