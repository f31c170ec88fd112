"""Real Celery workers and beats for tests that need them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from config.celery import app


@contextmanager
def running() -> Iterator[None]:
    """A worker that takes what this test asks for, and nothing left over from another."""
    app.control.purge()
    with _celery("worker", "-c", "1"):
        wait_for(lambda: bool(app.control.ping(timeout=1)))
        yield


@contextmanager
def beating(folder: Path, beats: int) -> Iterator[None]:
    """So many beats at once, each of which looks every second."""
    with ExitStack() as started:
        for number in range(beats):
            schedule = str(folder / f"schedule-{number}")
            started.enter_context(_celery("beat", "--pidfile=", "-s", schedule, SWEEP_SECONDS="1"))
        yield


@contextmanager
def _celery(*arguments: str, **environment: str) -> Iterator[None]:
    """`celery` in a process of its own, on the tests' database and broker."""
    host = settings.DATABASES["default"]["HOST"].replace("/", "%2F")
    own = {
        "DATABASE_URL": f"postgres://postgres@{host}/{connection.settings_dict['NAME']}",
        "VAR_DIR": str(settings.VAR_DIR),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config.celery", *arguments, "--loglevel", "WARNING"],
        env=os.environ | own | environment,
        cwd=Path(settings.BASE_DIR),
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            # On a busy machine Celery now and then misses the first signal; how it stops is not what is tried here.
            process.kill()
            process.wait(30)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "It did not happen within 30 s."
        time.sleep(0.05)
