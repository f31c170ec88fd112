"""Celery tasks: ids in, one call, nothing out. Each can run twice, at once or late."""

from celery import shared_task
from django.utils import timezone

from compliance import requests


@shared_task
def fulfil_request(request_id: int) -> None:
    requests.fulfil(request_id)


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
