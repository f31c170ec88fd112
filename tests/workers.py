"""Real Celery workers for tests that need one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from config.celery import app


@contextmanager
def running() -> Iterator[None]:
    """A worker that takes what this test asks for, and nothing left over from another."""
    app.control.purge()
    database = connection.settings_dict
    host = settings.DATABASES["default"]["HOST"].replace("/", "%2F")
    own = {
        "DATABASE_URL": f"postgres://postgres@{host}/{database['NAME']}",
        "VAR_DIR": str(settings.VAR_DIR),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-c", "1", "--loglevel", "WARNING"],
        env=os.environ | own,
        cwd=Path(settings.BASE_DIR),
    )
    try:
        wait_for(lambda: bool(app.control.ping(timeout=1)))
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "It did not happen within 30 s."
        time.sleep(0.05)
