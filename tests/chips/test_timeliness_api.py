"""What is expected of each centre, as the API tells it."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from centres.models import Operator
from centres.terms import set_term
from tests import cast

pytestmark = pytest.mark.django_db
LIST = "/api/v1/timeliness/"


def asked(user: User, query: str = "?period=2025Q4", path: str = LIST) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(path + query)


def codes(user: User, query: str) -> list[str]:
    return [row["centre"] for row in asked(user, query).json()["results"]]


@pytest.fixture
def _country(owner: Operator, rival: Operator) -> None:
    cast.file(cast.centre("SH-01", owner=owner), cast.period(), ascend=8)
    cast.centre("SH-02", owner=rival)
    cast.centre("BJ-91", owner=rival, region_code="1101")


@pytest.mark.usefixtures("_country")
def test_a_row_says_what_is_expected_and_what_came() -> None:
    set_term(
        period=cast.period(), due_on=date(2026, 1, 22), locks_on=date(2026, 2, 28), reason="Why.", recorded_by=None
    )
    row = asked(cast.analyst(), path=f"{LIST}SH-01/").json()
    assert row.pop("filed_at")
    assert row.pop("submission")
    assert row == {
        "centre": "SH-01", "period": "2025Q4", "region": "31", "state": "accepted", "filed": "late", "is_late": True,
        "due_on": "2026-01-22", "locks_on": "2026-02-28", "is_locked": True, "opens_on": None, "closes_on": None,
    }  # fmt: skip


@pytest.mark.usefixtures("_country")
def test_the_list_is_filtered_and_restricted(owner: Operator) -> None:
    analyst = cast.analyst()
    assert codes(analyst, "?period=2025Q4") == ["BJ-91", "SH-01", "SH-02"]
    assert codes(analyst, "?period=2025Q4&region=31&state=late") == ["SH-02"]
    assert codes(analyst, "?period=2025Q4&centre=SH-01") == ["SH-01"]
    assert codes(analyst, "?period=2025Q4&centre=%00") == []
    mine = cast.user("mine", Role.OPERATOR, acts_for=owner)
    assert codes(mine, "?period=2025Q4") == ["SH-01"]
    assert asked(mine, path=f"{LIST}SH-02/").status_code == 404
    assert codes(cast.regional_regulator("11"), "?period=2025Q4") == ["BJ-91"]
    assert codes(cast.administrator(), "?period=2025Q4") == []


@pytest.mark.usefixtures("_country")
def test_pages_follow_each_other() -> None:
    analyst = cast.analyst()
    first = asked(analyst, "?period=2025Q4&page_size=2").json()
    client = Client()
    client.force_login(analyst)
    second = client.get(first["next"]).json()
    assert [row["centre"] for row in first["results"] + second["results"]] == ["BJ-91", "SH-01", "SH-02"]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["?period=2999Q1", "?period=%00", "?state=lost", "?nonsense=1"])
def test_a_parameter_that_is_none_is_refused(query: str) -> None:
    assert asked(cast.analyst(), query).status_code == 400


@pytest.mark.parametrize("centres", [2, 20])
def test_a_page_costs_the_same_for_every_number_of_centres(
    centres: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        cast.centre(f"SH-{number:02}")
    client = Client()
    client.force_login(cast.analyst())
    # 1: the session; 2: the user; 3: the period; 4: the centres of the page; 5: their rows.
    with django_assert_num_queries(5):
        client.get(f"{LIST}?period=2025Q4")
