"""What must hold before anything starts, and that it stops where it does not."""

import os
import subprocess
import sys
import typing
from collections.abc import Iterator
from threading import Event, Thread

import pytest
from celery import Celery
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django import Settings

from config.apps import require_plain_messages
from config.celery import app
from tests.workers import wait_for


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-m", "gunicorn", "config.wsgi", "--check-config"],
        ["-m", "celery", "-A", "config.celery", "report"],
    ],
)
def test_nothing_starts_without_the_guard_against_hostile_xml(command: list[str]) -> None:
    own = os.environ | {"OPENPYXL_DEFUSEDXML": "False"}
    run = subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=own, capture_output=True, text=True, timeout=60
    )
    assert run.returncode
    assert "openpyxl does not use defusedxml" in run.stdout + run.stderr
    assert subprocess.run([sys.executable, *command], cwd=settings.BASE_DIR, capture_output=True).returncode == 0


@pytest.mark.parametrize("setting", ["accept_content", "task_serializer", "result_serializer", "event_serializer"])
def test_messages_that_could_carry_objects_stop_the_start(setting: str) -> None:
    require_plain_messages(app)
    other = Celery(set_as_current=False)
    other.config_from_object(
        {"accept_content": ["json"], setting: ["json", "pickle"] if setting == "accept_content" else "pickle"}
    )
    with pytest.raises(ImproperlyConfigured, match="pickle"):
        require_plain_messages(other)


def test_tasks_take_ids_and_nothing_else() -> None:
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) > 15
    for task in ours:
        told = typing.get_type_hints(task.run)
        assert told.pop("return") is type(None), task.name
        assert set(told.values()) <= {int}, task.name


@pytest.fixture
def held(transactional_db: None) -> Iterator[Event]:
    """Somebody reads a table, and does not end until this is set."""
    holds, done = Event(), Event()

    def hold() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute("LOCK TABLE centres_region IN ACCESS SHARE MODE")
                holds.set()
                done.wait(30)
                cursor.execute("ROLLBACK")
        finally:
            connections.close_all()

    holder = Thread(target=hold)
    holder.start()
    assert holds.wait(10)
    yield done
    done.set()
    holder.join()


def is_held() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE relation = 'centres_region'::regclass AND pid <> pg_backend_pid()")
        return cursor.fetchone() is not None


def columns() -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, "centres_region")]


def test_a_migration_gives_up_a_lock_that_does_not_come_and_says_so(settings: Settings, held: Event) -> None:
    # The room without tables of its own lends its name.
    settings.MIGRATION_MODULES = {"demonstration": "tests.config.locking.migrations"}
    with pytest.raises(CommandError, match=r"is in use: its lock did not come within 5s\. Nothing of that migration"):
        call_command("migrate", "demonstration", verbosity=0)
    assert "tried" not in columns()
    held.set()
    wait_for(lambda: not is_held())
    call_command("migrate", "demonstration", verbosity=0)
    assert "tried" in columns()
    call_command("migrate", "demonstration", "zero", verbosity=0)
    assert "tried" not in columns()
