"""What a rule would come to before it is issued: judged over a period beside what stands, and no part of the register.

A simulation is a row of PostgreSQL before any worker hears of it; it is done in the transaction that takes it, and the
sweep hands on what nobody took.
"""

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import asking
from accounts.models import User
from centres.models import ReportingPeriod
from compliance.models import Mandate, Provision, SimulatedChange, Simulation, SimulationStatus
from compliance.provision_faults import WrongProvision, faults_of_rule
from compliance.trial import tried

logger = logging.getLogger(__name__)

SWEPT_AFTER = timedelta(minutes=1)
GREATEST_ATTEMPTS = 5


class NotFailed(Exception):
    """Only a simulation that has failed is begun again."""


@transaction.atomic
def request_simulation(
    *, by: User, mandate: Mandate, rule: dict[str, Any], period: ReportingPeriod, provision: Provision | None = None
) -> Simulation:
    """Ask for `rule` to be judged over `period` wherever `by` is a regulator; ring after the commit.

    `provision`, of `mandate`, is the one that the rule is of, as it stands or changed: what was decided by hand under
    it holds as long as the scope is its own. None for a rule of its own. Raises `WrongProvision`.
    """
    simulation = _written(by, mandate, rule, period, provision)
    _ring(simulation)
    return simulation


@transaction.atomic
def simulate(
    *, by: User, mandate: Mandate, rule: dict[str, Any], period: ReportingPeriod, provision: Provision | None = None
) -> Simulation:
    """Judge `rule` over `period` at once, and keep what came of it; takes and raises like `request_simulation`."""
    simulation = _written(by, mandate, rule, period, provision)
    _finish(simulation)
    return simulation


@transaction.atomic
def begin_again(simulation: Simulation) -> None:
    """Have a simulation that failed done anew; raises `NotFailed`."""
    locked = Simulation.objects.select_for_update().get(pk=simulation.pk)
    if locked.status != SimulationStatus.FAILED:
        raise NotFailed
    locked.status, locked.attempts, locked.last_error = SimulationStatus.WAITING, 0, ""
    locked.save(update_fields=["status", "attempts", "last_error"])
    _ring(locked)


def with_threshold(rule: dict[str, Any], *, day: date, comparator: str, threshold: str) -> dict[str, Any]:
    """`rule` with its step in force on `day` asking for `threshold` (a decimal string); from `day` where none is."""
    steps = rule["steps"]
    begun = [step["from"] for step in steps if step["from"] <= day.isoformat()]
    changed = {"from": max(begun, default=day.isoformat()), "comparator": comparator, "threshold": threshold}
    return rule | {"steps": [*(step for step in steps if step["from"] != changed["from"]), changed]}


def fulfil(simulation_id: int) -> bool:
    """Do a simulation that waits; False where it is done already, in other hands, or unknown.

    A failure is recorded on the simulation and raised; after `GREATEST_ATTEMPTS` it has failed.
    """
    try:
        with transaction.atomic():
            waiting = Simulation.objects.filter(pk=simulation_id, status=SimulationStatus.WAITING)
            taken = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("mandate", "period")
            simulation = taken.first()
            if simulation is None or not _may_still_ask(simulation):
                return False
            _finish(simulation)
    except Exception as error:
        _record_failure(simulation_id, error)
        raise
    return True


def _may_still_ask(simulation: Simulation) -> bool:
    """Whether who asked may see what would come of it still; else it is done for nobody."""
    if Simulation.objects.visible_to(simulation.asked_by).filter(pk=simulation.pk).exists():
        return True
    simulation.status, simulation.last_error = SimulationStatus.FAILED, "Who asked for it may not see it any more."
    simulation.save(update_fields=["status", "last_error"])
    return False


def left_waiting(now: datetime) -> list[int]:
    """The simulations that nobody did within `SWEPT_AFTER`, oldest first."""
    waiting = Simulation.objects.filter(status=SimulationStatus.WAITING, asked_at__lte=now - SWEPT_AFTER)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _written(
    by: User, mandate: Mandate, rule: dict[str, Any], period: ReportingPeriod, provision: Provision | None
) -> Simulation:
    if faults := list(faults_of_rule(rule)):
        raise WrongProvision(faults)
    has_its_scope = provision is not None and rule["scope"] == provision.rule["scope"]
    return Simulation.objects.create(
        mandate=mandate,
        provision=provision,
        is_changed=provision is not None and rule != provision.rule,
        rule=rule,
        case_by_case=provision.case_by_case if provision and has_its_scope else None,
        period=period,
        region_codes=None if by.all_regions else sorted(by.region_codes),
        asked_by=by,
        asked_at=timezone.now(),
    )


def _ring(simulation: Simulation) -> None:
    from compliance.tasks import fulfil_simulation

    # Robust: a broker that is away must not fail what was just committed; the sweep rings again.
    transaction.on_commit(lambda: fulfil_simulation.delay(simulation.pk), robust=True)


def _record_failure(simulation_id: int, error: Exception) -> None:
    logger.exception("Simulation %s failed", simulation_id)
    with transaction.atomic():
        simulation = Simulation.objects.select_for_update().get(pk=simulation_id)
        simulation.attempts += 1
        simulation.last_error = f"{type(error).__name__}: {error}"[:1000]
        if simulation.attempts >= GREATEST_ATTEMPTS:
            simulation.status = SimulationStatus.FAILED
        simulation.save(update_fields=["attempts", "last_error", "status"])


@asking.asked_by_register()
def _finish(simulation: Simulation) -> None:
    """Judge the rule by what is known now, and keep what came of it with the simulation."""
    simulation.known_at = timezone.now()
    by = simulation.asked_by
    # What they may not see, PostgreSQL does not show here either.
    with asking.asked_for(by.pk, by.role):
        simulation.result, changes = tried(simulation, known_at=simulation.known_at)
    simulation.status, simulation.done_at, simulation.last_error = SimulationStatus.READY, timezone.now(), ""
    simulation.save(update_fields=["known_at", "result", "status", "done_at", "last_error"])
    SimulatedChange.objects.bulk_create(changes, batch_size=1000)
