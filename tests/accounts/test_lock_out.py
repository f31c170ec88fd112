"""Who fails too often waits: for one account, from one address."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import WebAuthn
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from centres.models import Operator
from chips.declaration import CURRENT
from tests import cast

pytestmark = pytest.mark.django_db


def attempt(name: str, password: str, address: str = "192.0.2.1") -> Any:
    client = Client(REMOTE_ADDR=address)
    return client.post("/accounts/sign-in/", {"login": name, "password": password})


def fail(name: str, times: int, address: str = "192.0.2.1") -> list[int]:
    return [attempt(name, "no", address).status_code for _ in range(times)]


def test_the_fifth_failure_locks_and_says_until_when() -> None:
    cast.analyst()
    assert fail("analyst", 5) == [422, 422, 422, 422, 429]
    answer = attempt("analyst", cast.PASSWORD)
    assert answer.status_code == 429
    assert "the account is locked until" in answer.content.decode()
    assert 14 * 60 < int(answer.headers["Retry-After"]) <= 15 * 60


def told(**which: Any) -> list[tuple[str, str, Any]]:
    found = AuditEvent.objects.filter(kind__in=["sign-in-failed", "refused"], **which).order_by("pk")
    return list(found.values_list("kind", "key", "after"))


def test_the_trail_tells_of_each_try_and_which_met_a_lock() -> None:
    user = cast.analyst()
    fail("analyst", 5)
    attempt("analyst", cast.PASSWORD)
    failed, refused = ("sign-in-failed", str(user.pk), None), ("refused", "", {"status": 429})
    assert told() == [*[failed] * 5, refused, failed, refused]


def test_what_is_tried_meanwhile_does_not_put_the_end_off() -> None:
    cast.analyst()
    fail("analyst", 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14, seconds=50))
    assert fail("analyst", 3) == [429, 429, 429]
    assert int(attempt("analyst", "no").headers["Retry-After"]) <= 10
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert attempt("analyst", cast.PASSWORD).status_code == 302


def test_another_address_and_another_account_stay_open() -> None:
    """Nobody locks a rival out on the last day to file."""
    cast.analyst()
    cast.user("another", cast.Role.ANALYST)
    fail("analyst", 5)
    assert attempt("analyst", cast.PASSWORD, "192.0.2.2").status_code == 302
    assert attempt("another", cast.PASSWORD).status_code == 302


def test_capital_letters_are_no_further_tries() -> None:
    cast.analyst()
    codes = [attempt(name, "no").status_code for name in ("analyst", "Analyst", "ANALYST", "aNALYST", "anaLYST")]
    assert codes[-1] == 429


def test_who_signs_in_begins_anew() -> None:
    cast.analyst()
    fail("analyst", 4)
    assert attempt("analyst", cast.PASSWORD).status_code == 302
    assert fail("analyst", 4) == [422] * 4


def test_a_header_does_not_make_an_address() -> None:
    cast.analyst()
    codes = []
    for number in range(5):
        client = Client(REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        codes.append(client.post("/accounts/sign-in/", {"login": "analyst", "password": "no"}).status_code)
    assert codes[-1] == 429


def test_wrong_codes_of_a_second_factor_count() -> None:
    user = cast.regulator()
    secret = cast.with_second_factor(user)
    client = Client()
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})
    address = "/accounts/sign-in/second-factor/"
    assert [client.post(address, {"code": "000000"}).status_code for _ in range(5)] == [422] * 4 + [429]
    assert client.post(address, {"code": cast.code_of(secret)}).status_code == 429
    assert client.get("/").status_code == 302
    # The right code, too, is refused while it is locked.
    assert told(kind="refused") == [("refused", "", {"status": 429})] * 2


def test_wrong_passwords_where_it_is_changed_count() -> None:
    """Whoever found a session open would guess on where nobody counts."""
    client = cast.signed_in(cast.analyst())
    new = {"password1": "a staple of the correct horse", "password2": "a staple of the correct horse"}
    codes = [client.post("/accounts/password/", {"oldpassword": "no"} | new).status_code for _ in range(5)]
    assert codes == [422] * 4 + [429]
    assert client.post("/accounts/password/", {"oldpassword": cast.PASSWORD} | new).status_code == 429
    assert User.objects.get(username="analyst").check_password(cast.PASSWORD)


def with_key() -> User:
    user = cast.regulator()
    WebAuthn.add(user, "a key", cast.security_key("a key"))
    return user


@pytest.mark.parametrize("credential", ['{"id": "no"}', "[1]"])
def test_a_security_key_that_fails_counts(credential: str) -> None:
    user, client = with_key(), Client()
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})
    address = "/accounts/sign-in/second-factor/"
    assert [client.post(address, {"credential": credential}).status_code for _ in range(5)] == [422] * 4 + [429]
    assert client.get("/").status_code == 302


def test_a_security_key_that_fails_where_it_is_asked_for_again_counts() -> None:
    client = cast.signed_in(with_key())
    address = "/accounts/again/key/"
    assert [client.post(address, {"credential": '{"id": "no"}'}).status_code for _ in range(5)] == [422] * 4 + [429]


@pytest.mark.parametrize("address", ["/accounts/sign-in/second-factor/", "/accounts/again/key/"])
def test_while_it_is_locked_no_key_is_looked_at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    user = with_key()
    client = cast.signed_in(user) if "again" in address else Client()
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})
    fail(user.username, 5, "127.0.0.1")
    good = Authenticator.objects.get()
    monkeypatch.setattr(AuthenticateWebAuthnForm, "clean_credential", lambda form: good)
    assert client.post(address, {"credential": '{"id": "no"}'}).status_code == 429


def test_what_was_tried_too_often_from_everywhere_locks_nobody_s_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    user, client = with_key(), Client()
    client.post("/accounts/sign-in/", {"login": user.username, "password": cast.PASSWORD})

    def too_often(form: AuthenticateWebAuthnForm) -> None:
        raise get_adapter().validation_error("too_many_login_attempts")

    monkeypatch.setattr(AuthenticateWebAuthnForm, "clean_credential", too_often)
    assert client.post("/accounts/sign-in/second-factor/", {"credential": '{"id": "no"}'}).status_code == 422
    assert not AccessAttempt.objects.exists()


def test_nothing_that_was_typed_is_kept() -> None:
    cast.analyst()
    attempt("analyst", "nearly the right one")
    kept = AccessAttempt.objects.get()
    assert "nearly" not in kept.post_data


def test_one_account_is_not_tried_from_ever_more_addresses() -> None:
    cast.analyst()
    codes = [attempt("analyst", "no", f"192.0.2.{number}") for number in range(21)]
    assert "too often" in codes[-1].content.decode()
    assert User.objects.get(username="analyst").last_login is None


def test_passwords_that_are_asked_for_again_count_and_the_api_says_until_when(owner: Operator) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    draft = cast.file(cast.centre(owner=owner), cast.period(), status="draft", by=filer, ascend=8)
    client = Client()
    client.force_login(filer)
    signed = {"full_name": "Li Na", "declaration": CURRENT.version, "password": "no"}
    address = f"/api/v1/submissions/{draft.pk}/attest/"
    answers = [client.post(address, signed, content_type="application/json") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [400] * 4 + [429]
    told = answers[-1].json()
    assert (told["code"], answers[-1].headers["Content-Type"]) == ("locked_out", "application/problem+json")
    assert datetime.fromisoformat(told["ends_at"]) > timezone.now()
    page = client.post(f"/submissions/{draft.pk}/attest/", {"password": cast.PASSWORD, "full_name": "Li Na"})
    assert page.status_code == 429
