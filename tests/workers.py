"""Real Celery workers and beats for tests that need them.

The worker that tests share has a database of the broker to itself: what other tests ring for it does not hear, nor does
it answer where they ask whether any worker is there.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from config.celery import app
from tests import walls


@contextmanager
def running(log: Path | None = None, **environment: str) -> Iterator[None]:
    """A worker that takes what this test asks for, and nothing left over from another; what it says goes to `log`."""
    app.control.purge()
    # To get to know other workers takes it a while, and there are none.
    with _celery("worker", "-c", "1", "--without-mingle", log=log, **environment):
        wait_for(lambda: bool(app.control.ping(timeout=0.5, limit=1)))
        yield


def broker_of_shared_worker() -> str:
    """The address of the broker's database that only the shared worker and its tests use."""
    return urlsplit(settings.REDIS_URL)._replace(path="/8").geturl()


@contextmanager
def at_broker(url: str) -> Iterator[None]:
    """This process rings at `url`, whatever its settings say; so do the workers and beats that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.conf, "broker_url", url)
        # What is connected already would be used further.
        patch.setattr(app, "_pool", None)
        patch.setattr(app.amqp, "_producer_pool", None)
        yield


@contextmanager
def broker_away() -> Iterator[None]:
    """Nobody is there where this process rings."""
    with at_broker("redis://127.0.0.1:1/0"):
        yield


@contextmanager
def begun_afresh() -> Iterator[None]:
    """The worker at this broker takes what is asked for from here on, and at the end has nothing left to do."""
    _leave_nothing_to_do()
    try:
        yield
    finally:
        _leave_nothing_to_do()


def _leave_nothing_to_do() -> None:
    app.control.purge()
    wait_for(_has_nothing_to_do)


def _has_nothing_to_do() -> bool:
    asked = app.control.inspect(timeout=10, limit=1)
    # A task goes from the reserved ones to the active ones. It is asked twice for those, since a message may have been
    # on its way to the worker when the queue was emptied: it has arrived before the second question does.
    answers = [asked.reserved(), asked.reserved(), asked.active()]
    return all(answer is not None and not any(answer.values()) for answer in answers)


@contextmanager
def beating(folder: Path, beats: int) -> Iterator[None]:
    """So many beats at once, each of which looks every second."""
    with ExitStack() as started:
        for number in range(beats):
            schedule = str(folder / f"schedule-{number}")
            started.enter_context(_celery("beat", "--pidfile=", "-s", schedule, SWEEP_SECONDS="1"))
        yield


@contextmanager
def _celery(*arguments: str, log: Path | None = None, **environment: str) -> Iterator[None]:
    """`celery` in a process of its own, on the tests' database and broker; without `log` it says all to who tests."""
    own = {
        "DATABASE_URL": walls.application_url(),
        "REDIS_URL": app.conf.broker_url,
        "VAR_DIR": str(settings.VAR_DIR),
    }
    with ExitStack() as opened:
        said_to = opened.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config.celery", *arguments, "--loglevel", "WARNING"],
            env=os.environ | own | environment,
            cwd=Path(settings.BASE_DIR),
            stdout=said_to,
            stderr=said_to,
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
