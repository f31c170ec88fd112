"""Celery tasks: ids in, one call, nothing out. Each can run twice, at once or late."""

from celery import shared_task
from django.utils import timezone

from reports import build


@shared_task
def build_report(run_id: int) -> None:
    build.build(run_id)


@shared_task
def start_due_reports() -> None:
    build.start_due_runs(timezone.now())


@shared_task
def sweep_report_runs() -> None:
    build.give_up(timezone.now())
    for run_id in build.left_undone(timezone.now()):
        build_report.apply_async([run_id], expires=30)
