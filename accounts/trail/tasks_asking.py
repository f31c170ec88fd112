"""In a worker a task asks: by its name and its id, and in no person's name.

Who asked for the work stands in the record of the work. A message says nothing of it that would be believed: whoever
reaches the broker could write one.
"""

from typing import Any

from celery.signals import task_postrun, task_prerun

from accounts import asking


def connect() -> None:
    task_prerun.connect(_begin, dispatch_uid="trail")
    task_postrun.connect(_end, dispatch_uid="trail")


def _begin(task_id: str, task: Any, **signal: Any) -> None:
    asking.begin(asking.Asking("task", place=task.name, request=task_id, is_register=True))


def _end(**signal: Any) -> None:
    asking.begin(None)
