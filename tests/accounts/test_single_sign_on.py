"""Signing in by another system."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.management import call_command
from django.test import Client, override_settings

from accounts import single_sign_on
from accounts.asking import Asking, asked_by
from accounts.models import AccountStep, AuditEvent, Role, User
from tests import cast, walls
from tests.accounts.other_system import OtherSystem, Said, answering, named_by_settings
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> Iterator[OtherSystem]:
    with answering() as server, override_settings(**named_by_settings(server)):
        yield server


def come(client: Client, process: str = "login", **state: str) -> Any:
    """Press the button, be signed in there, and be sent back."""
    return come_back(client, press(client, process) | state)


def press(client: Client, process: str = "login") -> dict[str, str]:
    """Press the button, and be led to the other system; what is to be brought back from there."""
    sent = client.post("/accounts/sign-in/sso/", {"next": "/mandates/SH-2023/", "process": process})
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/accounts/sign-in/sso/callback/"]
    return {"code": "c", "state": asked["state"][0]}


def come_back(client: Client, brought: dict[str, str]) -> Any:
    return client.get("/accounts/sign-in/sso/callback/", brought)


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
    assert come(client, state="made-up").status_code == 400
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("error", ["access_denied", "server_error"])
def test_who_declines_there_or_is_declined_is_told_so(client: Client, other: OtherSystem, error: str) -> None:
    answer = come_back(client, {"error": error, "state": press(client)["state"]})
    assert answer.status_code == 502
    assert "The other system did not sign you in." in answer.content.decode()


def test_without_the_setting_there_is_none(client: Client) -> None:
    assert client.post("/accounts/sign-in/sso/").status_code == 404
    assert "sso" not in client.get("/accounts/sign-in/").content.decode()


def test_where_the_other_system_is_away_a_page_says_so(other: OtherSystem, client: Client) -> None:
    other.shutdown()
    other.server_close()
    answer = client.post("/accounts/sign-in/sso/")
    assert answer.status_code == 502
    assert "The other system did not sign you in." in answer.content.decode()


class TestSomebodyElseOfTheOtherSystem:
    """Who comes by an address of an account that another person of the other system signs in to."""

    @pytest.fixture
    def tied(self, other: OtherSystem) -> User:
        """The account of who signed in as 1; another person was given its address since."""
        account = known(cast.analyst(), "an@example.org")
        other.person = person("an@example.org", sub="1")
        come(Client())
        other.person = person("an@example.org", sub="2")
        return account

    @pytest.mark.parametrize(
        ("language", "says"),
        [
            ("en", "is another person's in the other system. / ask an administrator"),
            ("zh-hans", "使用您邮箱地址的账户在外部系统中属于他人。 / 请联系管理员"),
        ],
    )
    def test_is_refused_and_tied_to_nothing(self, client: Client, tied: User, language: str, says: str) -> None:
        client.post("/accounts/language/", {"language": language})
        answer = come(client)
        page = answer.content.decode()
        assert (answer.status_code, [one in page for one in says.split(" / ")]) == (403, [True, True])
        assert client.get("/").status_code == 302
        assert list(SocialAccount.objects.values_list("user", "uid")) == [(tied.pk, "1")]

    def test_is_told_of_in_the_trail_once_under_the_account(self, client: Client, tied: User) -> None:
        come(client)
        (event,) = AuditEvent.objects.filter(kind="refused")
        assert (event.subject, event.key, event.user_id) == ("accounts_user", str(tied.pk), None)
        assert event.after == {"status": 403, "known_as": "another"}
        assert event.place == "GET /accounts/sign-in/sso/callback/"

    def test_does_not_keep_the_first_out(self, client: Client, other: OtherSystem, tied: User) -> None:
        come(Client())
        other.person = person("an@example.org", sub="1")
        assert come(client).headers["Location"] == "/mandates/SH-2023/"

    def test_comes_in_once_an_administrator_has_taken_the_sign_on_off(self, other: OtherSystem, tied: User) -> None:
        tied.language = "zh-hans"
        tied.save()
        administrator, at = Client(), f"/administration/accounts/{tied.pk}/"
        administrator.force_login(cast.administrator())
        assert "Take the sign-on by the other system off" in administrator.get(at).content.decode()
        assert administrator.post(f"{at}take-sign-on-off/", {"reason": ""}).status_code == 422
        done = administrator.post(f"{at}take-sign-on-off/", {"reason": "A successor."}, follow=True).content.decode()
        assert "sign-on by the other system is off" in done
        assert "Take the sign-on by the other system off" not in done
        # Who signed in by it is signed out.
        assert not UserSession.objects.filter(user=tied).exists()
        step = AccountStep.objects.get()
        assert (step.kind, step.reason, step.account) == ("sign-on", "A successor.", tied)
        told = AuditEvent.objects.get(kind="delete", subject="socialaccount_socialaccount")
        assert told.user_id == step.taken_by_id
        successor = Client()
        assert come(successor).headers["Location"] == "/mandates/SH-2023/"
        assert SocialAccount.objects.get().uid == "2"
        other.person = person("an@example.org", sub="1")
        assert come(Client()).status_code == 403

    def test_is_told_so_by_mail_whose_account_it_is(
        self, tied: User, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        administrator = Client()
        administrator.force_login(cast.administrator())
        with django_capture_on_commit_callbacks(execute=True):
            administrator.post(f"/administration/accounts/{tied.pk}/take-sign-on-off/", {"reason": "A successor."})
        (message,) = mail.outbox
        assert message.to == ["an@example.org"]
        assert "took the sign-on by the other system off your account" in message.body

    def test_is_taken_off_once_and_by_nobody_of_themselves(self, other: OtherSystem) -> None:
        own = known(cast.administrator(), "ad@example.org")
        SocialAccount.objects.create(user=own, provider="sso", uid="1")
        administrator, account = Client(), cast.analyst()
        administrator.force_login(own)
        for whose, says in ((own, "Nobody does this to their own account"), (account, "in another state by now")):
            step = f"/administration/accounts/{whose.pk}/take-sign-on-off/"
            assert says in administrator.post(step, {"reason": "x"}, follow=True).content.decode()
        assert SocialAccount.objects.get().user == own

    def test_all_are_known_anew_where_another_takes_the_place_of_the_other(
        self, client: Client, tied: User, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with walls.within(), asked_by(Asking("command", is_register=True)):
            call_command("take_sign_ons_off")
        assert capsys.readouterr().out == "1 sign-ons were taken off.\n"
        assert come(client).headers["Location"] == "/mandates/SH-2023/"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_come_at_once_by_one_address_one_is_first(
    other: OtherSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(cast.analyst(), "an@example.org")
    both, vouched_for = Barrier(2), single_sign_on._vouched_for

    def together(login: Any) -> User | None:
        found = vouched_for(login)
        # Neither is known by now.
        both.wait(30)
        return found

    monkeypatch.setattr(single_sign_on, "_vouched_for", together)
    other.people = {code: person("an@example.org", sub=code) for code in ("1", "2")}
    coming = [partial(come_back, browser := Client(), press(browser) | {"code": code}) for code in other.people]
    assert sorted(answer.status_code for answer in at_once(coming)) == [302, 403]
    assert SocialAccount.objects.count() == 1


WELL_KNOWN = "/.well-known/openid-configuration"
# What is no answer of where tokens come from.
NO_TOKENS = {
    "an error": Said(b'{"error": "invalid_grant"}', status=400),
    "it fails": Said(b"", status=500),
    "nothing": Said(b""),
    "no JSON": Said(b"<html>"),
    "a page": Said(b"<html>", "text/html"),
    "of no kind": Said(b'{"access_token": "secret"}', kind=None),
    "half of it": Said(b'{"access_token": "secret"'),
    "a list": Said(b'["access_token"]'),
    "a list of tokens": Said(b'[{"access_token": "secret"}]'),
    "a text": Said(b'"access_token"'),
    "a number": Said(b"5"),
    "a number without end": Said(b"5" * 5000),
    "null": Said(b"null"),
    "true": Said(b"true"),
    "without bottom": Said(b"[" * 100_000),
    "no token": Said(b'{"token_type": "Bearer"}'),
    "no ID token that is one": Said(b'{"access_token": "secret", "id_token": "a.b.c"}'),
    "an ID token that is a list": Said(b'{"access_token": "secret", "id_token": ["a"]}'),
    **{
        f"a token that is {token}": Said(f'{{"access_token": {token}}}'.encode())
        for token in (
            "null", "5", "true", '["secret"]', '{"a": "secret"}', '""', '"secret\\n"', '"secret令牌"', '"\\ud800"',
        )
    },
}  # fmt: skip
# Claims that name nobody, or that PostgreSQL could not look up.
NO_CLAIMS: list[Any] = [
    {}, {"sub": ""}, {"sub": "1" * 300}, ["nobody"], {"sub": None}, {"sub": 1}, {"sub": ["1"]}, {"sub": "1\x00"},
    {"sub": "\ud800"}, {"sub": "1", "email": 5},    {"sub": "1", "email": "an@\ud800.org", "email_verified": True},
]  # fmt: skip
# What the ID token says besides, or otherwise.
NO_ID_TOKENS: list[dict[str, Any]] = [
    {"sub": "2"}, {"exp": "later"}, {"exp": 1e300, "jti": "once"}, {"exp": "9999999999", "jti": "once"}, {"exp": 1},
    {"aud": 5}, {"aud": "another"}, {"iss": "another"}, {"iss": ["another"]},
]  # fmt: skip
# How it does not say where its parts are.
NO_DESCRIPTIONS = {
    "nothing": Said(b""),
    "it fails": Said(b"", status=500),
    "a list": Said(b"[]"),
    "an empty one": Said(b"{}"),
    "without bottom": Said(b"[" * 100_000),
    **{
        f"{name} is {value!r}": Said(
            json.dumps(dict.fromkeys(single_sign_on._ADDRESSES, "http://127.0.0.1:9/") | {name: value}).encode()
        )
        for name, value in (
            ("authorization_endpoint", 5), ("authorization_endpoint", "javascript:alert(1)"),
            ("token_endpoint", None), ("token_endpoint", []), ("userinfo_endpoint", {"a": 1}),
            ("userinfo_endpoint", "file:///etc/passwd"), ("token_endpoint_auth_methods_supported", 5),
        )
    },
}  # fmt: skip


def said(answers: dict[str, Said]) -> Any:
    """A parameter for each of `answers`, called as it is."""
    return pytest.mark.parametrize("answer", answers.values(), ids=answers.keys())


class TestNonsense:
    """Whatever the other system answers than it should is told as its failure, and logged without its secrets."""

    @pytest.fixture(autouse=True)
    def somebody(self, other: OtherSystem) -> None:
        known(cast.analyst(), "an@example.org")
        other.person = person("an@example.org")

    @said(NO_TOKENS)
    def test_in_the_place_of_tokens(
        self, client: Client, other: OtherSystem, caplog: pytest.LogCaptureFixture, answer: Said
    ) -> None:
        other.instead["/token"] = answer
        self.is_told(client, come(client), caplog)

    @pytest.mark.parametrize("claims", NO_CLAIMS)
    def test_in_the_place_of_claims(
        self, client: Client, other: OtherSystem, caplog: pytest.LogCaptureFixture, claims: Any
    ) -> None:
        # Such a server signs no such thing; it says it when it is asked.
        other.instead["/token"] = Said(b'{"access_token": "secret", "token_type": "Bearer"}')
        other.person = claims
        self.is_told(client, come(client), caplog)

    @pytest.mark.parametrize("claims", NO_ID_TOKENS)
    def test_in_the_id_token(
        self, client: Client, other: OtherSystem, caplog: pytest.LogCaptureFixture, claims: dict[str, Any]
    ) -> None:
        other.claims = claims
        self.is_told(client, come(client), caplog)

    @said(NO_DESCRIPTIONS)
    def test_in_its_description(
        self, client: Client, other: OtherSystem, caplog: pytest.LogCaptureFixture, answer: Said
    ) -> None:
        asked = press(client)
        other.instead[WELL_KNOWN] = answer
        self.is_told(client, come_back(client, asked), caplog)
        caplog.clear()
        self.is_told(client, client.post("/accounts/sign-in/sso/"), caplog)

    def test_about_what_is_not_asked_for_keeps_nobody_out(self, client: Client, other: OtherSystem) -> None:
        other.instead["/token"] = Said(b'{"access_token": "a", "expires_in": "soon", "refresh_token": [], "scope": 5}')
        assert come(client).headers["Location"] == "/mandates/SH-2023/"

    def is_told(self, client: Client, answer: Any, caplog: pytest.LogCaptureFixture) -> None:
        assert answer.status_code == 502
        assert "The other system did not sign you in." in answer.content.decode()
        assert client.get("/").status_code == 302
        assert not SocialAccount.objects.exists()
        (logged,) = [one.getMessage() for one in caplog.records if one.name == "accounts.single_sign_on"]
        assert logged.startswith("The other system to sign in by failed: ")
        assert len(logged) < 400
        assert "secret" not in logged
