"""Celery tasks: one call, nothing out. Each can run twice, at once or late."""

from celery import shared_task
from django.utils import timezone

from centres import people, records


@shared_task
def sweep_invitations() -> None:
    people.send_unsent(timezone.now())


@shared_task
def move_centres() -> None:
    records.move_centres()
