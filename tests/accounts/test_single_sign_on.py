"""Signing in by another system."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.management import call_command
from django.test import Client, override_settings

from accounts import single_sign_on
from accounts.models import AccountStep, AuditEvent, Role, User
from tests import cast
from tests.accounts.other_system import OtherSystem, Said, answering, named_by_settings
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> Iterator[OtherSystem]:
    with answering() as server, override_settings(**named_by_settings(server)):
        yield server


def come(client: Client, process: str = "login", **state: str) -> Any:
    """Press the button, be signed in there, and be sent back."""
    sent = client.post("/accounts/sign-in/sso/", {"next": "/mandates/SH-2023/", "process": process})
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/accounts/sign-in/sso/callback/"]
    return client.get("/accounts/sign-in/sso/callback/", {"code": "c", "state": asked["state"][0]} | state)


def person(email: str, *, proven: bool = True, sub: str = "1") -> dict[str, Any]:
    return {"sub": sub, "email": email, "email_verified": proven}


def known(who: User, email: str) -> User:
    who.email = email
    who.save()
    return who


def test_who_is_known_by_a_proven_address_signs_in(client: Client, other: OtherSystem) -> None:
    known(cast.analyst(), "an@example.org")
    assert "The ministry" in client.get("/accounts/sign-in/").content.decode()
    other.person = person("An@example.org")
    assert come(client).headers["Location"] == "/mandates/SH-2023/"
    assert client.get("/api/v1/me/").json()["username"] == "analyst"
    assert other.asked[0]["code_verifier"]


@pytest.mark.parametrize("process", ["connect", "redirect", "any"])
def test_it_signs_in_and_does_nothing_else_that_is_asked_of_it(
    client: Client, other: OtherSystem, process: str
) -> None:
    known(cast.analyst(), "an@example.org")
    other.person = person("an@example.org")
    assert come(client, process).headers["Location"] == "/mandates/SH-2023/"
    assert client.get("/api/v1/me/").json()["username"] == "analyst"


def test_nothing_else_that_the_other_system_told_is_kept(client: Client, other: OtherSystem) -> None:
    known(cast.analyst(), "an@example.org")
    other.person = person("an@example.org") | {"phone_number": "+86 21 5555"}
    come(client)
    come(Client())
    (kept,) = SocialAccount.objects.all()
    assert (kept.user.username, kept.uid, kept.extra_data) == ("analyst", "1", {})


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "1" * 300}, ["nobody"]])
def test_claims_that_name_nobody_are_told_as_what_the_other_system_failed_at(
    client: Client, other: OtherSystem, claims: Any
) -> None:
    other.person = claims
    assert come(client).status_code == 502
    assert not SocialAccount.objects.exists()


def test_later_it_is_the_same_person_though_the_address_is_another(other: OtherSystem) -> None:
    known(cast.analyst(), "an@example.org")
    other.person = person("an@example.org")
    come(Client())
    other.person = person("new@example.org")
    client = Client()
    come(client)
    assert client.get("/api/v1/me/").json()["username"] == "analyst"


def test_what_is_withdrawn_while_they_come_stays_withdrawn(
    client: Client, other: OtherSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(cast.analyst(), "an@example.org")
    vouched_for = single_sign_on._vouched_for

    def meanwhile(login: Any) -> User | None:
        found = vouched_for(login)
        User.objects.filter(username="analyst").update(role=Role.OPERATOR)
        return found

    monkeypatch.setattr(single_sign_on, "_vouched_for", meanwhile)
    other.person = person("an@example.org")
    come(client)
    assert client.get("/api/v1/me/").json()["role"] == "operator"


@pytest.mark.parametrize(
    "email", ["nobody@example.org", "unproven@example.org", "two@example.org", "closed@example.org"]
)
def test_nobody_else_does_and_no_account_is_made(client: Client, other: OtherSystem, email: str) -> None:
    known(cast.analyst(), "unproven@example.org")
    for name in ("one", "two"):
        known(cast.user(name, cast.Role.ANALYST), "two@example.org")
    known(cast.user("closed", cast.Role.ANALYST, is_active=False), "closed@example.org")
    before = User.objects.count()
    other.person = person(email, proven=email != "unproven@example.org")
    answer = come(client)
    assert answer.status_code == 403
    assert "Nobody here has your mail address" in answer.content.decode()
    assert (client.get("/").status_code, User.objects.count()) == (302, before)


def test_a_regulator_shows_the_second_factor_all_the_same(client: Client, other: OtherSystem) -> None:
    user = known(cast.regulator(), "re@example.org")
    secret = cast.with_second_factor(user)
    other.person = person("re@example.org")
    assert come(client).headers["Location"] == "/accounts/sign-in/second-factor/"
    assert client.get("/").headers["Location"].startswith("/accounts/sign-in/")
    client.post("/accounts/sign-in/second-factor/", {"code": cast.code_of(secret)})
    assert client.get("/mandates/SH-2023/").status_code == 200


def test_an_answer_that_was_not_asked_for_signs_nobody_in(client: Client, other: OtherSystem) -> None:
    known(cast.analyst(), "an@example.org")
    other.person = person("an@example.org")
    assert come(client, state="made-up").status_code == 502
    assert client.get("/").status_code == 302


def test_without_the_setting_there_is_none(client: Client) -> None:
    assert client.post("/accounts/sign-in/sso/").status_code == 404
    assert "sso" not in client.get("/accounts/sign-in/").content.decode()


def test_where_the_other_system_is_away_a_page_says_so(other: OtherSystem, client: Client) -> None:
    other.shutdown()
    other.server_close()
    answer = client.post("/accounts/sign-in/sso/")
    assert answer.status_code == 502
    assert "The other system did not sign you in." in answer.content.decode()
