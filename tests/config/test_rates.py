"""Who asks too often is told when to come back, by page and API, whatever they pretend to be."""

import socket
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from limits.storage import MemoryStorage
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEvent, User
from accounts.trail.seal import seal
from accounts.trail.verify import verify
from config import rates
from config.settings import rate
from tests import cast
from tests.cast import signed_in
from tests.config.test_headers import check_policy
from tests.together import at_once

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


def test_tokens_that_are_none_are_tried_so_often_and_fill_no_trail(settings: Settings) -> None:
    settings.RATE_OF_SIGN_INS = "3/hour"
    guessing = [Client(headers={"Authorization": f"Token {guess}"}) for guess in range(13)]
    codes = [client.get("/api/v1/me/").status_code for client in guessing]
    assert codes == [401] * 3 + [429] * 10
    # Of the ten that were too many the first and the tenth.
    assert AuditEvent.objects.filter(kind="refused").count() == 3 + 2
    # Whoever has one is none of them, wherever they ask from, nor is who signs in.
    assert by_token(cast.analyst()).get("/api/v1/me/").status_code == 200
    assert Client().post(SIGN_IN, {"username": "analyst", "password": cast.PASSWORD}).status_code != 429


def test_with_the_broker_away_each_process_counts_for_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        nobody = rates._Counter(f"redis://127.0.0.1:{unheard.getsockname()[1]}/0")
        monkeypatch.setattr(rates, "_counter", lambda url: nobody)
        settings.RATE_PER_ADDRESS = "2/minute"
        codes = [Client().get(SIGN_IN).status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]
    assert len(told()) == 1
    # It is tried once, and said once.
    assert [record.name for record in caplog.records].count("config.rates") == 1


def told() -> list[Any]:
    return list(AuditEvent.objects.filter(kind="refused").order_by("pk"))


class TestWhatTheTrailTells:
    def test_the_first_refusal_of_a_window_says_who_what_and_until_when(self, settings: Settings) -> None:
        settings.RATE_PER_ADDRESS = "2/minute"
        refused = [Client().get(SIGN_IN, **by("2001:db8::1")) for _ in range(4)][2]
        (event,) = told()
        assert event.after == {
            "status": 429, "counted": "address", "rate": "2/minute", "refused": 1,
            "wait": int(refused.headers["Retry-After"]),
        }  # fmt: skip
        assert (event.user_id, event.channel, event.address) == (None, "page", "2001:db8::1")
        assert (event.place, len(event.request)) == (f"GET {SIGN_IN}", 32)

    def test_each_who_is_counted_has_their_own(self, settings: Settings) -> None:
        settings.RATE_PER_ADDRESS = "1/minute"
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"):
            for _ in range(3):
                Client().get(SIGN_IN, **by(address))
        # The last two are of one customer.
        assert [event.address for event in told()] == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]

    def test_a_further_one_asks_nothing_of_the_database(
        self, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        settings.RATE_PER_ADDRESS = "1/minute"
        for _ in range(2):
            Client().get(SIGN_IN)
        with django_assert_num_queries(0):
            assert Client().get(SIGN_IN).status_code == 429

    def test_how_many_came_is_told_by_the_tenth_and_the_hundredth(self, settings: Settings) -> None:
        settings.RATE_PER_ADDRESS = "1/hour"
        for _ in range(1 + 101):
            Client().get("/api/v1/me/")
        assert [event.after["refused"] for event in told()] == [1, 10, 100]

    def test_the_next_window_is_told_of_again_and_the_chain_holds(self, settings: Settings, tmp_path: Path) -> None:
        settings.RATE_PER_ADDRESS, settings.VAR_DIR = "1/minute", tmp_path
        counter = rates._counter(settings.REDIS_URL)
        for _ in range(2):
            assert [Client().get(SIGN_IN).status_code for _ in range(3)] == [200, 429, 429]
            # A window ends when the server forgets what it counted.
            counter.shared.reset()
        assert [event.after["refused"] for event in told()] == [1, 1]
        seal()
        assert verify().fault is None

    def test_an_account_is_named_whichever_way_it_asked(self, settings: Settings) -> None:
        settings.RATE_PER_ACCOUNT = "1/minute"
        first, other = cast.analyst(), cast.regulator()
        page, program = signed_in(first), by_token(first)
        codes = [program.get("/api/v1/me/", **by("192.0.2.1")).status_code for _ in range(3)]
        assert (codes, page.get("/chips/").status_code) == ([200, 429, 429], 429)
        another = signed_in(other)
        assert [another.get("/chips/").status_code for _ in range(3)] == [200, 429, 429]
        by_program, by_page = told()
        assert (by_program.user_id, by_program.role, by_program.channel) == (first.pk, "analyst", "api")
        assert (by_program.address, by_program.place) == ("192.0.2.1", "GET /api/v1/me/")
        assert (by_page.user_id, by_page.role, by_page.channel) == (other.pk, "regulator", "page")
        assert {event.after["counted"] for event in (by_program, by_page)} == {"account"}

    def test_who_is_signed_in_is_named_where_their_address_asked_too_often(self, settings: Settings) -> None:
        settings.RATE_PER_ADDRESS = "1/minute"
        analyst = cast.analyst()
        client = signed_in(analyst)
        assert [client.get("/chips/").status_code for _ in range(3)] == [200, 429, 429]
        assert [(event.user_id, event.after["counted"]) for event in told()] == [(analyst.pk, "address")]

    def test_writes_and_tries_to_sign_in_are_windows_of_their_own(self, settings: Settings) -> None:
        settings.RATE_OF_WRITES = settings.RATE_OF_SIGN_INS = "1/minute"
        analyst = cast.analyst()
        client = signed_in(analyst)
        for _ in range(3):
            client.post("/accounts/language/", {"language": "en"})
            Client().post(SIGN_IN, {"login": "analyst", "password": "no"})
        assert [(event.user_id, event.after["counted"], event.place) for event in told()] == [
            (analyst.pk, "writes", "POST /accounts/language/"),
            (None, "sign-ins", f"POST {SIGN_IN}"),
        ]

    def test_a_token_is_not_looked_up_to_say_whose_it_is(self, settings: Settings) -> None:
        settings.RATE_PER_ADDRESS = "1/minute"
        program = by_token(cast.analyst())
        assert [program.get("/api/v1/me/").status_code for _ in range(3)] == [200, 429, 429]
        assert [(event.user_id, event.channel) for event in told()] == [(None, "api")]

    def test_of_all_at_once_one_is_the_first(self, settings: Settings) -> None:
        """Two counters stand for two processes."""
        prefix = f"test:{uuid.uuid4()}"
        processes = [rates._Counter(settings.REDIS_URL, prefix) for _ in range(2)]
        assert refused_at_once(processes * 10) == list(range(1, 19))

    def test_nor_is_it_passed_over_where_a_process_counts_for_itself(self, settings: Settings) -> None:
        alone = rates._Counter(settings.REDIS_URL)
        alone.away_until, alone.own = float("inf"), _Hesitating()
        assert refused_at_once([alone] * 20) == list(range(1, 19))


class _Hesitating(MemoryStorage):
    """The gap between adding and reading is wide enough for everybody else."""

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        super().incr(key, expiry, amount)
        # Nothing is waited for: this is the gap. Without it threads seldom change between the two steps, and the test
        # would pass without the lock.
        time.sleep(0.01)
        return self.get(key)


def refused_at_once(counters: list[Any]) -> list[int]:
    """The numbers of those that are refused, where each of `counters` counts one of the same and two are allowed."""
    counted = at_once([partial(counter.excess, "2/minute", "address", "192.0.2.1") for counter in counters])
    return sorted(excess.refused for excess in counted if excess)


@pytest.mark.parametrize("written", ["60", "60/week", "0/minute", "many/minute", "６０/minute"])
def test_a_rate_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("RATE_PER_ADDRESS", written)
    with pytest.raises(Exception, match=r"RATE_PER_ADDRESS is .*; it must be a number a time, such as 60/minute"):
        rate("RATE_PER_ADDRESS", "60/minute")
