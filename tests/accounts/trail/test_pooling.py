"""Behind a pooler that hands one connection from client to client, each by transactions, nobody speaks as another."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.utils import ConnectionHandler

from accounts import asking
from accounts.asking import Asking
from accounts.models import Role
from accounts.wall.tables import APP
from tests import cast, walls
from tests.accounts.trail.pooler import Pooler, pooling
from tests.together import at_once

TOLD = "SELECT current_setting('originmark.asking', true)"
ROUNDS, CLIENTS = 40, 4
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pooler() -> Iterator[tuple[Pooler, str]]:
    if not connection.settings_dict["HOST"].startswith("/"):
        pytest.skip("The pooler of the tests speaks to PostgreSQL by a socket of the file system.")
    # The path of a socket is short, and that of a test's own folder is not.
    with tempfile.TemporaryDirectory() as folder:
        server = Path(connection.settings_dict["HOST"]) / ".s.PGSQL.5432"
        with pooling(server, Path(folder) / ".s.PGSQL.5432") as made:
            yield made, folder


def another(folder: str, **more: str) -> Any:
    """A connection of Django's own through the pooler."""
    known = connection.settings_dict | {"HOST": folder, "CONN_MAX_AGE": 0} | more
    return ConnectionHandler({"default": known})["default"]


def test_each_is_told_of_in_its_own_name(pooler: tuple[Pooler, str]) -> None:
    made, folder = pooler

    def ask(user_id: int) -> set[str]:
        own, found = another(folder), set()
        with asking.asked_by(Asking("page", user_id=user_id)):
            for turn in range(ROUNDS):
                if turn % 2:
                    found.add(_told(own))
                    continue
                with in_transaction(own):
                    found |= {_told(own), _told(own)}
        own.close()
        return found

    found = at_once([partial(ask, user_id) for user_id in range(1, CLIENTS + 1)])
    assert found == [{f'{{"user": {user_id}, "channel": "page"}}'} for user_id in range(1, CLIENTS + 1)]
    assert made.server is not None
    assert made.server.transactions >= CLIENTS * ROUNDS


def test_who_says_nothing_is_nobody_after_somebody(pooler: tuple[Pooler, str]) -> None:
    _, folder = pooler
    one, other = another(folder), another(folder)
    with asking.asked_by(Asking("page", user_id=1)):
        assert '"user": 1' in _told(one)
        with in_transaction(one):
            _told(one)
    assert _told(other) == ""
    one.close()
    other.close()


def test_each_is_shown_its_own_rows(pooler: tuple[Pooler, str]) -> None:
    _, folder = pooler
    owned = {}
    for number in range(1, CLIENTS + 1):
        operator = cast.operator(f"Operator {number}")
        for place in range(number):
            cast.centre(f"SH-{number}{place}", owner=operator)
        owned[cast.user(f"clerk-{number}", Role.OPERATOR, acts_for=operator).pk] = number

    def look(user_id: int) -> set[int]:
        own, found = another(folder, USER=APP, PASSWORD=walls.PASSWORD), set()
        with asking.asked_by(Asking("page", user_id=user_id)):
            for turn in range(ROUNDS):
                if turn % 2:
                    found.add(_centres(own))
                    continue
                with in_transaction(own):
                    found |= {_centres(own), _centres(own)}
        found.add(1000 + _centres(own))
        own.close()
        return found

    # The last is asked by nobody.
    assert at_once([partial(look, user_id) for user_id in owned]) == [{count, 1000} for count in owned.values()]


@contextmanager
def in_transaction(own: Any) -> Iterator[None]:
    own.set_autocommit(False)
    yield
    own.commit()
    own.set_autocommit(True)


def _centres(own: Any) -> int:
    with own.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM centres_centre")
        return int(cursor.fetchone()[0])


def _told(own: Any) -> str:
    with own.cursor() as cursor:
        cursor.execute(TOLD)
        return str(cursor.fetchone()[0] or "")
