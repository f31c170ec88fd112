"""Celery tasks: ids in, one call, nothing out. Each can run twice, at once or late."""

from celery import shared_task
from django.utils import timezone

from accounts import idempotency


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget(timezone.now())
