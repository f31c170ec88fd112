"""A second factor: due of regulators and administrators before anything else, asked of whoever has one."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.adapters import SecondFactorAdapter
from accounts.models import User
from accounts.second_factor import FACTORS
from tests import cast
from tests.together import at_once


def sign_in(user: User) -> Client:
    """A browser in which `user` has given name and password."""
    client = Client()
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})
    return client


# What is told once a transaction is through is part of setting a factor up.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("who", [cast.regulator, cast.administrator])
@pytest.mark.parametrize("address", ["/", "/review/", "/mandates/SH-2023/", "/reports/", "/chips/"])
def test_it_comes_before_everything(who: Callable[[], User], address: str) -> None:
    client = sign_in(who())
    assert client.get(address).headers["Location"] == "/accounts/second-factor/"
    assert client.post(address).headers["Location"] == "/accounts/second-factor/"
    assert "Your role needs one" in client.get("/accounts/second-factor/").content.decode()


def test_the_api_refuses_a_session_without_it() -> None:
    client = sign_in(cast.regulator())
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_due")


def test_others_may_go_without() -> None:
    assert sign_in(cast.analyst()).get("/mandates/SH-2023/").status_code == 200


def test_an_app_is_set_up_and_everything_opens() -> None:
    client = sign_in(cast.regulator())
    page = client.get("/accounts/second-factor/app/").content.decode()
    found = re.search(r'id="secret" value="(\w+)"', page)
    assert found
    wrong = client.post("/accounts/second-factor/app/", {"code": "000000"})
    assert wrong.status_code == 422
    assert "not right" in wrong.content.decode()
    done = client.post("/accounts/second-factor/app/", {"code": cast.code_of(found[1])}, follow=True)
    assert len(re.findall(r"<li><code>\d{8}</code></li>", done.content.decode())) == 10
    assert client.get("/").status_code == 200
    kept = Authenticator.objects.get(type="totp")
    assert found[1] not in str(kept.data)


def test_recovery_codes_are_shown_once_and_open_once() -> None:
    user = cast.regulator()
    client = sign_in(user)
    page = client.get("/accounts/second-factor/app/").content.decode()
    secret = re.search(r'id="secret" value="(\w+)"', page)
    assert secret
    done = client.post("/accounts/second-factor/app/", {"code": cast.code_of(secret[1])}, follow=True)
    (code, *_others) = re.findall(r"<li><code>(\d{8})</code></li>", done.content.decode())
    assert code not in client.get("/accounts/second-factor/recovery-codes/").content.decode()
    first = sign_in(user)
    assert first.post("/accounts/sign-in/second-factor/", {"code": code}).headers["Location"] == "/"
    assert first.get("/").status_code == 200
    assert sign_in(user).post("/accounts/sign-in/second-factor/", {"code": code}).status_code == 422


def test_a_password_alone_does_not_sign_in_who_has_one() -> None:
    user = cast.analyst()
    secret = cast.with_second_factor(user)
    client = sign_in(user)
    assert client.get("/").headers["Location"].startswith("/accounts/sign-in/")
    wrong = client.post("/accounts/sign-in/second-factor/", {"code": "000000"})
    assert wrong.status_code == 422
    assert client.post("/accounts/sign-in/second-factor/", {"code": cast.code_of(secret)}).headers["Location"] == "/"
    assert client.get("/mandates/SH-2023/").status_code == 200


def test_a_code_opens_once() -> None:
    user = cast.regulator()
    code = cast.code_of(cast.with_second_factor(user))
    assert sign_in(user).post("/accounts/sign-in/second-factor/", {"code": code}).status_code == 302
    assert sign_in(user).post("/accounts/sign-in/second-factor/", {"code": code}).status_code == 422


def test_the_last_one_of_who_must_have_one_is_not_removed() -> None:
    user = cast.regulator()
    secret = cast.with_second_factor(user)
    client = sign_in(user)
    client.post("/accounts/sign-in/second-factor/", {"code": cast.code_of(secret)})
    answer = client.post("/accounts/second-factor/app/remove/")
    assert "set another one up first" in answer.content.decode()
    assert Authenticator.objects.filter(user=user, type="totp").exists()


def test_of_two_removed_at_once_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    user = cast.regulator()
    cast.with_second_factor(user)
    key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "A key", "credential": {}})
    looked, plain = Barrier(2), SecondFactorAdapter.can_delete_authenticator

    def can_delete(self: SecondFactorAdapter, authenticator: Authenticator) -> bool:
        found = plain(self, authenticator)
        # Each waits a moment for the other to have looked too, which comes only after this one has removed its own.
        with suppress(BrokenBarrierError):
            looked.wait(1)
        return found

    monkeypatch.setattr(SecondFactorAdapter, "can_delete_authenticator", can_delete)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(user)
    app, keys = "/accounts/second-factor/app/remove/", f"/accounts/second-factor/keys/{key.pk}/remove/"
    answers = at_once([partial(clients[0].post, app), partial(clients[1].post, keys)])
    assert all(answer.status_code in (200, 302, 422) for answer in answers)
    assert Authenticator.objects.filter(user=user, type__in=FACTORS).count() == 1


def test_a_session_from_before_the_factor_shows_it() -> None:
    user = cast.regulator()
    before = sign_in(user)
    secret = cast.with_second_factor(user)
    assert before.get("/review/").headers["Location"] == "/accounts/again/code/?next=%2Freview%2F"
    there = before.post("/accounts/again/code/?next=/review/", {"code": cast.code_of(secret), "next": "/review/"})
    assert there.headers["Location"] == "/review/"
    assert before.get("/review/").status_code == 200
