"""Celery tasks: ids in, one call, nothing out. Each can run twice, at once or late."""

from celery import shared_task
from django.utils import timezone

from compliance import afterwards, exemption_ends, exemption_notices, requests, simulate
from compliance.outlook import runs as outlook_runs


@shared_task
def fulfil_request(request_id: int) -> None:
    if requests.fulfil(request_id):
        afterwards.follow(request_id)


@shared_task
def sweep_requests() -> None:
    for request_id in requests.left_undone(timezone.now()):
        # A ring that nobody hears before the next sweep is worth nothing: that one rings again.
        fulfil_request.apply_async([request_id], expires=30)


@shared_task
def sweep_stale_periods() -> None:
    requests.request_stale_periods()


@shared_task
def sweep_ended_periods() -> None:
    requests.request_ended_periods(timezone.now())


@shared_task
def sweep_ended_exemptions() -> None:
    exemption_ends.request_ended_exemptions(timezone.now())


@shared_task
def send_exemption_notices() -> None:
    exemption_notices.write_notices(timezone.now())
    exemption_notices.send_unsent(timezone.now())


@shared_task
def sweep_exemption_notices() -> None:
    exemption_notices.send_unsent(timezone.now())


@shared_task
def make_outlooks_of(run_id: int) -> None:
    outlook_runs.fulfil(run_id)


@shared_task
def sweep_outlooks() -> None:
    for run_id in outlook_runs.left_undone(timezone.now()):
        make_outlooks_of.apply_async([run_id], expires=30)


@shared_task
def request_stale_outlooks() -> None:
    outlook_runs.request_stale_outlooks(timezone.now())


@shared_task
def fulfil_simulation(simulation_id: int) -> None:
    simulate.fulfil(simulation_id)


@shared_task
def sweep_simulations() -> None:
    for simulation_id in simulate.left_waiting(timezone.now()):
        fulfil_simulation.apply_async([simulation_id], expires=30)
