"""Celery tasks: ids in, one call, nothing out. Each can run twice, at once or late."""

from typing import Any

from celery import shared_task
from celery.signals import worker_process_init
from django.utils import timezone

from chips import reminders, uploads
from chips.intake.sandbox import keep_ready


@worker_process_init.connect
def prepare_to_read(**signal: Any) -> None:
    """A small file is read in the time that a reader takes to start: one waits in each process of the pool."""
    keep_ready()


@shared_task
def read_upload(upload_id: int) -> None:
    if uploads.read_in_turn(upload_id):
        read_upload.delay(upload_id)


@shared_task
def check_originals() -> None:
    uploads.check_originals()


@shared_task
def sweep_uploads() -> None:
    for upload_id in uploads.left_unread(timezone.now()):
        # A ring that nobody hears before the next sweep is worth nothing: that one rings again.
        read_upload.apply_async([upload_id], expires=30)


@shared_task
def send_reminders() -> None:
    reminders.write_reminders(timezone.now())
    reminders.send_unsent(timezone.now())


@shared_task
def sweep_reminders() -> None:
    reminders.send_unsent(timezone.now())
