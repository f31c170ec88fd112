"""The menu: whom it leads where, and that nobody is led where they may not go."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role, User
from centres.models import Operator
from tests import cast

pytestmark = pytest.mark.django_db

_OPERATOR = ["/", "/timeliness/", "/mandates/", "/exemptions/", "/chips/"]
_RULES = ["/mandates/", "/simulations/", "/exemptions/", "/case-by-case/", "/determinations/runs/"]
_ANALYSIS = ["/outlook/", "/shares/", "/movements/"]
_REPORTS = ["/reports/"]


def _filer() -> User:
    owner: Operator = cast.operator()
    cast.centre(owner=owner)
    return cast.user("filer", Role.OPERATOR, acts_for=owner)


@pytest.mark.parametrize(
    ("who", "addresses"),
    [
        (_filer, _OPERATOR),
        (cast.regulator, ["/", "/review/", "/timeliness/", *_RULES, *_ANALYSIS, "/chips/", *_REPORTS, "/trail/"]),
        # Sums over the whole country are not a province's to read.
        (lambda: cast.regional_regulator("31"), ["/", "/review/", "/timeliness/", *_RULES, *_ANALYSIS, "/chips/"]),
        (cast.analyst, ["/", "/timeliness/", *_RULES, *_ANALYSIS, "/chips/", *_REPORTS]),
        (cast.administrator, ["/", "/administration/accounts/"]),
    ],
    ids=["operator", "regulator", "of a province", "analyst", "administrator"],
)
def test_every_entry_leads_somewhere(client: Client, who: Callable[[], User], addresses: list[str]) -> None:
    client.force_login(who())
    menu = client.get("/").content.decode().split("<nav")[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)"', menu) == addresses
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_it_says_where_one_is_and_under_which_heading(client: Client) -> None:
    client.force_login(cast.regulator())
    menu = client.get("/exemptions/propose/").content.decode().split("<nav")[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="true"', menu) == ["/exemptions/"]
    assert '<summary class="nav-link active">Rules</summary>' in menu
    assert '<summary class="nav-link">Analysis</summary>' in menu


def test_who_is_not_signed_in_has_none(client: Client) -> None:
    assert "<nav" not in client.get("/accounts/sign-in/").content.decode()
