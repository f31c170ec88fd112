"""Who asks too often is told when to come back, by page and API, whatever they pretend to be."""

import socket
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from config import rates
from config.settings import rate
from tests import cast
from tests.cast import signed_in
from tests.config.test_headers import check_policy

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/sign-in/"


@pytest.fixture(autouse=True)
def own_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests and runs asked is not counted here."""
    fresh = rates._Counter(settings.REDIS_URL, f"test:{uuid.uuid4()}")
    monkeypatch.setattr(rates, "_counter", lambda url: fresh)
    settings.PROXIES = 1


def by(address: str, **more: Any) -> dict[str, Any]:
    return {"headers": {"X-Forwarded-For": address}} | more


def by_token(user: User) -> Client:
    return Client(headers={"Authorization": f"Token {cast.token(user)}"})


def test_an_address_that_asks_too_often_is_told_when_to_come_back(settings: Settings, tmp_path: Path) -> None:
    settings.RATE_PER_ADDRESS, settings.STATIC_ROOT = "2/minute", tmp_path
    (tmp_path / "mark.svg").touch()
    client = Client()
    assert [client.get(SIGN_IN, **by("192.0.2.1")).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get(SIGN_IN, **by("192.0.2.1"))
    wait = int(refused.headers["Retry-After"])
    assert 50 <= wait <= 60
    assert f"ask again in {wait} s." in refused.content.decode()
    assert refused.headers["Cache-Control"] == "private, no-store"
    check_policy(refused)
    assert client.get(SIGN_IN, **by("192.0.2.2")).status_code == 200
    # Whatever a page loads, and who asks whether it lives, is counted by nobody.
    assert client.get("/healthz", **by("192.0.2.1")).status_code == 200
    assert client.get("/static/mark.svg", **by("192.0.2.1")).status_code == 200


def test_the_page_speaks_the_readers_language(settings: Settings) -> None:
    settings.RATE_PER_ADDRESS = "1/hour"
    client = Client(headers={"Accept-Language": "zh-hans"})
    client.get(SIGN_IN)
    refused = client.get(SIGN_IN).content.decode()
    assert 'lang="zh-hans"' in refused
    assert "请求过于频繁" in refused


def test_an_address_that_was_made_up_is_not_believed(settings: Settings) -> None:
    settings.RATE_PER_ADDRESS = "2/minute"
    client = Client()
    for number in range(2):
        assert client.get(SIGN_IN, **by(f"198.51.100.{number}, 192.0.2.1")).status_code == 200
    assert client.get(SIGN_IN, **by("198.51.100.9, 192.0.2.1")).status_code == 429
    # Where no proxy of ours stands before, the header is anybody's.
    settings.PROXIES = 0
    codes = [client.get(SIGN_IN, **by(f"198.51.100.{number}")).status_code for number in range(3)]
    assert codes == [200, 200, 429]


def test_what_is_no_address_is_passed_over(settings: Settings) -> None:
    settings.RATE_PER_ADDRESS = "1/minute"
    assert Client().get(SIGN_IN, **by("unknown")).status_code == 200
    assert Client().get(SIGN_IN, **by("")).status_code == 429


def test_the_many_addresses_of_one_customer_are_one() -> None:
    assert rates.network_of("2001:db8:1:2:3::4") == rates.network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert rates.network_of("2001:db8:1:3::1") != rates.network_of("2001:db8:1:2::1")
    assert rates.network_of("192.0.2.1") == "192.0.2.1"


def test_an_account_is_counted_wherever_it_asks_from(settings: Settings) -> None:
    settings.RATE_PER_ACCOUNT = "2/minute"
    somebody, other = cast.analyst(), cast.regulator()
    page, program = signed_in(somebody), by_token(somebody)
    assert page.get("/chips/", **by("192.0.2.1")).status_code == 200
    assert program.get("/api/v1/me/", headers={"X-Forwarded-For": "192.0.2.2"}).status_code == 200
    refused = program.get("/api/v1/me/", headers={"X-Forwarded-For": "192.0.2.3"})
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused.headers["Content-Type"] == "application/problem+json"
    wait = int(refused.headers["Retry-After"])
    assert f"ask again in {wait} s." in refused.json()["detail"]
    assert page.get("/chips/", **by("192.0.2.4")).status_code == 429
    assert signed_in(other).get("/chips/", **by("192.0.2.1")).status_code == 200


def test_a_part_of_a_page_has_the_whole_page_say_it(settings: Settings) -> None:
    settings.RATE_PER_ACCOUNT = "1/minute"
    client = signed_in(cast.analyst())
    client.get("/chips/")
    assert client.get("/chips/", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_writes_are_counted_besides(settings: Settings) -> None:
    settings.RATE_OF_WRITES = "1/minute"
    client = signed_in(cast.analyst())
    codes = [client.post("/accounts/language/", {"language": "en"}).status_code for _ in range(2)]
    assert codes == [302, 429]
    assert client.get("/chips/").status_code == 200


def test_passwords_are_tried_so_often_and_no_more(settings: Settings) -> None:
    settings.RATE_OF_SIGN_INS = "2/minute"
    user = cast.analyst()
    guesses = [{"username": user.username, "password": guess} for guess in ("a", "b", cast.PASSWORD)]
    codes = [Client().post(SIGN_IN, guess, **by("192.0.2.1")).status_code for guess in guesses]
    assert codes[2] == 429
    assert 429 not in codes[:2]


def test_an_api_address_is_refused_in_the_apis_form_before_a_token_is_looked_up(settings: Settings) -> None:
    settings.RATE_PER_ADDRESS = "1/minute"
    client = Client(headers={"Authorization": "Token guessed"})
    assert client.get("/api/v1/me/").status_code == 401
    refused = client.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")


def test_with_the_broker_away_each_process_counts_for_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        nobody = rates._Counter(f"redis://127.0.0.1:{unheard.getsockname()[1]}/0")
        monkeypatch.setattr(rates, "_counter", lambda url: nobody)
        settings.RATE_PER_ADDRESS = "2/minute"
        codes = [Client().get(SIGN_IN).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    # It is tried once, and said once.
    assert [record.name for record in caplog.records].count("config.rates") == 1


@pytest.mark.parametrize("written", ["60", "60/week", "0/minute", "many/minute", "６０/minute"])
def test_a_rate_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("RATE_PER_ADDRESS", written)
    with pytest.raises(Exception, match=r"RATE_PER_ADDRESS is .*; it must be a number a time, such as 60/minute"):
        rate("RATE_PER_ADDRESS", "60/minute")
