"""Signing in by another system: a server of its own in the test, which speaks OpenID Connect."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from accounts import single_sign_on
from accounts.models import Role, User
from tests import cast

pytestmark = pytest.mark.django_db
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OtherSystem(HTTPServer):
    """It signs everybody in as `person`, once for each code, to whom knows the verifier of the challenge."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.person: dict[str, Any] = {}
        self.asked: list[dict[str, list[str]]] = []

    def answer(self, path: str, form: dict[str, list[str]]) -> dict[str, Any]:
        if path == "/.well-known/openid-configuration":
            names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "person"}
            return {"issuer": self.address, "jwks_uri": f"{self.address}/keys"} | {
                name: f"{self.address}/{end}" for name, end in names.items()
            }
        if path == "/person":
            return self.person
        self.asked.append(form)
        now = int(time.time())
        claims = self.person | {"iss": self.address, "aud": "register", "iat": now, "exp": now + 60}
        return {"access_token": "a", "token_type": "Bearer", "id_token": jwt.encode(claims, KEY, algorithm="RS256")}


class _Answers(BaseHTTPRequestHandler):
    server: OtherSystem

    def do_GET(self) -> None:
        self._say({})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._say(parse_qs(self.rfile.read(length).decode()))

    def _say(self, form: dict[str, list[str]]) -> None:
        body = json.dumps(self.server.answer(urlsplit(self.path).path, form)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def other(settings: Any) -> Iterator[OtherSystem]:
    server = OtherSystem()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    app = {
        "provider_id": "sso", "name": "The ministry", "client_id": "register", "secret": "s",
        "settings": {"server_url": server.address},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    settings.OIDC_SERVER_URL, settings.OIDC_NAME = server.address, "The ministry"
    settings.ROOT_URLCONF = "tests.accounts.sso_urls"
    yield server
    server.shutdown()
    server.server_close()


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
