"""The tests' database holds the reference data: every test begins with what ships, whichever ran before it."""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client, override_settings
from django.test.client import ClientHandler
from pytest_django.plugin import DjangoDbBlocker

from accounts import adapters
from accounts.models import User
from centres.models import Operator
from tests import cast, reference, walls, workers
from tests.browser.chromium import HOW_TO_GET_ONE, chromium


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Nobody attacks the passwords of tests: what keeps those of people slow to guess took half of a run."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True, scope="session")
def nothing_beside() -> Iterator[None]:
    """What is done beside an answer is done before it: tests look at what was sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapters, "beside", lambda call, *args: call(*args))
        yield


@pytest.fixture(autouse=True, scope="session")
def signed_in_wholly() -> Iterator[None]:
    """`force_login` stands for who has just signed in with all that their role needs: the second factor, too."""
    force_login = Client.force_login

    def force(client: Client, user: User, backend: str | None = None) -> None:
        force_login(client, user, backend)
        session = client.session
        session["account_authentication_methods_user"] = str(user.pk)
        session["account_authentication_methods"] = [
            {"method": method, "at": time.time()} for method in ("password", "mfa")
        ]
        session.save()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", force)
        yield


@pytest.fixture(autouse=True, scope="session")
def asked_within_the_walls() -> Iterator[None]:
    """What a client asks for is answered as in production: by the role from which PostgreSQL hides what is not theirs.

    What a test itself looks up or makes it looks up as the superuser that owns its database.
    """
    answer = ClientHandler.__call__

    def answer_within(handler: ClientHandler, environ: dict[str, Any]) -> HttpResponseBase:
        with walls.within():
            response: Any = answer(handler, environ)
        if response.streaming:
            response.streaming_content = walls.read_within(response.streaming_content)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "__call__", answer_within)
        yield


@pytest.fixture(scope="session")
def nothing_collected() -> None:
    """What a hundred migrations make is looked through by nobody for what could go, which took a quarter of them."""
    gc.disable()


@pytest.fixture(scope="session")
def django_db_setup(
    nothing_collected: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    _keep_what_is_there()
    with django_db_blocker.unblock():
        walls.let_the_application_in()
        with reference.kept():
            yield


def _keep_what_is_there() -> None:
    """Modules, models and tests stay to the end: from here on only what came since is looked through, and seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.fixture
def owner(db: None) -> Operator:
    """The operator whose own centres a test is about."""
    return cast.operator()


@pytest.fixture
def rival(db: None) -> Operator:
    """An operator that must learn nothing of the owner's centres."""
    return cast.operator("Rival Computing")


@pytest.fixture(scope="session")
def shared_worker(django_db_setup: None) -> Iterator[None]:
    """The worker of all tests that ask for one: starting and ending it takes longer than most of them."""
    with ExitStack() as started:
        with workers.at_broker(workers.broker_of_shared_worker()):
            started.enter_context(workers.running())
        yield


@pytest.fixture
def worker(transactional_db: None, shared_worker: None) -> Iterator[None]:
    """A worker in a process of its own, on the tests' database, that hears what this test rings for."""
    with workers.at_broker(workers.broker_of_shared_worker()), workers.begun_afresh():
        yield


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI nothing may be passed over: what is skipped there would be skipped for good."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("In CI a skipped test fails the run.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    if chromium() is None and not config.option.collectonly:
        print(HOW_TO_GET_ONE)
