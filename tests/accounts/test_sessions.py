"""One's own sessions: told apart, and ended."""

import re

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.models import User
from tests import cast

pytestmark = pytest.mark.django_db


def signed_in(user: User, *, address: str, browser: str) -> Client:
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": browser})
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})
    return client


def test_they_are_listed_and_one_is_ended() -> None:
    user = cast.analyst()
    here = signed_in(user, address="192.0.2.1", browser="Firefox")
    there = signed_in(user, address="192.0.2.2", browser="Safari")
    page = here.get("/accounts/sessions/").content.decode()
    assert re.findall(r"<td[^>]*>(192\.0\.2\.\d)</td>\s*<td[^>]*>(\w+)</td>", page) == [
        ("192.0.2.2", "Safari"), ("192.0.2.1", "Firefox"),
    ]  # fmt: skip
    (other,) = re.findall(r"/accounts/sessions/(\d+)/end/", page)
    assert there.get("/mandates/SH-2023/").status_code == 200
    here.post(f"/accounts/sessions/{other}/end/")
    assert there.get("/mandates/SH-2023/").status_code == 302
    assert here.get("/mandates/SH-2023/").status_code == 200


def test_all_others_are_ended_at_once() -> None:
    user = cast.analyst()
    here, *others = [signed_in(user, address=f"192.0.2.{number}", browser="Firefox") for number in range(1, 4)]
    here.post("/accounts/sessions/end-others/")
    assert [one.get("/mandates/SH-2023/").status_code for one in others] == [302, 302]
    assert here.get("/mandates/SH-2023/").status_code == 200


def test_another_s_is_not_there() -> None:
    hers = signed_in(cast.analyst(), address="192.0.2.1", browser="Firefox")
    his = signed_in(cast.user("other", cast.Role.ANALYST), address="192.0.2.2", browser="Firefox")
    session = UserSession.objects.get(user__username="analyst")
    assert his.post(f"/accounts/sessions/{session.pk}/end/").status_code == 404
    his.post("/accounts/sessions/end-others/")
    assert hers.get("/mandates/SH-2023/").status_code == 200
    assert "192.0.2.1" not in his.get("/accounts/sessions/").content.decode()


def test_a_closed_account_ends_with_the_next_request() -> None:
    user = cast.analyst()
    client = signed_in(user, address="192.0.2.1", browser="Firefox")
    User.objects.update(is_active=False)
    assert client.get("/mandates/SH-2023/").status_code == 302
