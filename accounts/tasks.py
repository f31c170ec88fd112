"""Celery tasks: ids in, one call, nothing out. Each can run twice, at once or late."""

from celery import shared_task
from django.utils import timezone

from accounts import administration, idempotency
from accounts.trail import heads
from accounts.trail.seal import seal


@shared_task
def forget_idempotency_keys() -> None:
    idempotency.forget(timezone.now())


@shared_task
def take_up_assignments() -> None:
    administration.take_up_due(timezone.now())


@shared_task
def seal_trail() -> None:
    seal()


@shared_task
def publish_head() -> None:
    seal()
    heads.publish()
