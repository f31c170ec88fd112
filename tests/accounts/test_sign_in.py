"""Signing in and out, in the language that was chosen last."""

import pytest
from django.test import Client

from tests import cast

pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str = cast.PASSWORD, **more: str) -> object:
    return client.post("/accounts/sign-in/", {"login": name, "password": password, **more})


def test_it_signs_in_and_leads_on(client: Client) -> None:
    cast.analyst()
    answer = client.post(
        "/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD, "next": "/mandates/SH-2023/"}
    )
    assert answer.headers["Location"] == "/mandates/SH-2023/"


def test_a_wrong_password_says_nothing_of_the_name(client: Client) -> None:
    cast.analyst()
    wrong = client.post("/accounts/sign-in/", {"login": "analyst", "password": "no"})
    unknown = client.post("/accounts/sign-in/", {"login": "nobody", "password": "no"})
    assert wrong.status_code == unknown.status_code == 422
    assert "do not go together" in wrong.content.decode()
    assert "do not go together" in unknown.content.decode()


def test_a_closed_account_opens_nothing(client: Client) -> None:
    closed = cast.analyst()
    closed.is_active = False
    closed.save()
    answer = client.post("/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD}, follow=True)
    assert "closed" in answer.content.decode()
    assert client.get("/").headers["Location"].startswith("/accounts/sign-in/")


def test_nobody_registers(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404
    assert client.get("/accounts/sign-up/").status_code == 404


def test_the_language_chosen_is_met_again_after_the_next_sign_in(client: Client) -> None:
    cast.analyst()
    credentials = {"login": "analyst", "password": cast.PASSWORD}
    client.post("/accounts/sign-in/", credentials)
    client.post("/accounts/language/", {"language": "zh-hans", "next": "/"})
    fresh = Client()
    fresh.post("/accounts/sign-in/", credentials)
    assert '<html lang="zh-hans">' in fresh.get("/mandates/SH-2023/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.invalid/", "//elsewhere.invalid", "javascript:alert(1)"])
def test_it_never_leads_away(client: Client, elsewhere: str) -> None:
    assert client.post("/accounts/language/", {"language": "en", "next": elsewhere}).headers["Location"] == "/"
    cast.analyst()
    answer = client.post("/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD, "next": elsewhere})
    assert answer.headers["Location"] == "/"


def test_every_page_but_the_public_ones_asks_who_is_there(client: Client) -> None:
    for address in ("/", "/centres/SH-01/", "/submissions/1/", "/determinations/1/", "/mandates/SH-2023/", "/reports/"):
        assert client.get(address).headers["Location"].startswith("/accounts/sign-in/")
