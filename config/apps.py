"""What must hold before the product starts, in web, worker, beat and every command: it stops with what does not."""

import openpyxl
from celery import Celery
from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class WiringConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.celery import app

        require_safe_xml()
        require_plain_messages(app)


def require_safe_xml() -> None:
    """openpyxl reads workbooks that anybody sent, and guards against hostile entities only with defusedxml."""
    if not openpyxl.DEFUSEDXML:
        raise ImproperlyConfigured(
            "openpyxl does not use defusedxml: install it (it is locked in requirements.txt), and do not set "
            "OPENPYXL_DEFUSEDXML to False."
        )


def require_plain_messages(app: Celery) -> None:
    """A message that could carry an object would run its code in the worker, whoever wrote it into the broker."""
    accepted = {*app.conf.accept_content, *(app.conf.result_accept_content or ())}
    written = {app.conf.task_serializer, app.conf.result_serializer, app.conf.event_serializer}
    if accepted | written != {"json"}:
        found = ", ".join(sorted(accepted | written - {"json"}))
        raise ImproperlyConfigured(f"Celery takes or writes {found}; messages are JSON and nothing else.")
