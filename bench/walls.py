"""What the walls and the trail cost who looks at the dashboard.

The first wall cannot be taken out of the question: to who sees the whole country it adds nothing, and for others it is
what they ask. So what is held against is the same question as the superuser, to whom no policy applies and of whom
nothing is told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from unittest import mock

import psycopg2.extensions
from django.db import connection
from django.test import override_settings

from bench import country
from bench.figure import Figure
from bench.reader import signed_in

CENTRES = 10_000
OPERATORS = 500
PAGES = 80
GREATEST = 1.2
_OPERATORS = """
    INSERT INTO centres_operator (name_en, name_zh, ownership, provenance)
    SELECT 'Operator ' || n, '单位' || n, 'private', 'synthetic' FROM generate_series(1, %(operators)s) n;
    UPDATE centres_centre centre SET operator_id = operator.id
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM centres_operator) operator
    WHERE centre.code LIKE 'B-%%' AND centre.id %% %(operators)s + 1 = operator.place
"""


def run() -> list[Figure]:
    """Needs a database that `database.provide` has set up."""
    from compliance.determine import determine

    country.fill(CENTRES)
    with connection.cursor() as cursor:
        cursor.execute(_OPERATORS, {"operators": OPERATORS})
    determine(period=country.period(), cause="bench")
    country.settle()
    # As in production: no statement is kept for whoever looks into it.
    with override_settings(DEBUG=False):
        return [_figure(who, client) for who, client in _readers()]


def _readers() -> Iterator[tuple[str, Any]]:
    from accounts.models import Membership, Role, User
    from centres.models import Operator

    regulator, of_two, operator = (
        User.objects.create(username=f"walls-{name}", role=role, all_regions=name == "country", region_codes=codes)
        for name, role, codes in (
            ("country", Role.REGULATOR, []),
            ("two", Role.REGULATOR, ["31", "44"]),
            ("operator", Role.OPERATOR, []),
        )
    )
    acting_for = Operator.objects.order_by("-pk")[0]
    Membership.objects.create(user=operator, operator_id=acting_for.pk, from_on="2025-01-01")
    for who, user in (("the country", regulator), ("two provinces", of_two), ("an operator", operator)):
        yield who, signed_in(user)


def _figure(who: str, client: Any) -> Figure:
    on, off = _least(client)
    ratio = on / off
    return Figure(
        name=f"dashboard of {who}", value=on, unit="s", against="without second wall and trail", against_value=off,
        ratio=ratio, goal=f"<= {GREATEST}", met=ratio <= GREATEST, size=f"{CENTRES} centres",
    )  # fmt: skip


def _least(client: Any) -> tuple[float, float]:
    """The least seconds of a page within the walls and without them, by turns: noise spares neither."""
    on = off = float("inf")
    for _ in range(PAGES):
        with within():
            on = min(on, _page(client))
        with _without():
            off = min(off, _page(client))
    return on, off


def _page(client: Any) -> float:
    began = perf_counter()
    assert client.get("/").status_code == 200
    return perf_counter() - began


@contextmanager
def within() -> Iterator[None]:
    """As the application asks: in its own role, and saying in whose name."""
    from accounts.wall.tables import APP

    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


def _without() -> Any:
    """As the superuser who owns the tables, to whom nobody says who asks."""
    from accounts.postgres.base import TellingCursor

    return mock.patch.object(TellingCursor, "execute", psycopg2.extensions.cursor.execute)


if __name__ == "__main__":
    from bench import database

    database.provide()
    for figure in run():
        told = (figure["value"], figure["against_value"], figure["ratio"])
        print(f"{figure['name']:<28}", *(f"{one:8.4f}" for one in told), figure["goal"])
