"""A password is changed by who knows it, and set anew by who reads the account's mail."""

import re
from threading import Event
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from accounts import adapters
from accounts.asking import asked_by_register
from accounts.models import Role, User
from tests import cast
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
BESIDE = adapters.beside
NEW = "a staple of the correct horse"


def may_sign_in(user: User, password: str) -> bool:
    return Client().post("/accounts/sign-in/", {"login": user.username, "password": password}).status_code == 302


def test_it_is_changed_and_told_of() -> None:
    user = cast.analyst()
    user.email = "analyst@example.org"
    user.save()
    fields = {"oldpassword": cast.PASSWORD, "password1": NEW, "password2": NEW}
    answer = signed_in(user).post("/accounts/password/", fields, follow=True)
    assert "The password of your account was changed." in answer.content.decode()
    assert (may_sign_in(user, NEW), may_sign_in(user, cast.PASSWORD)) == (True, False)
    (told,) = mail.outbox
    assert (told.to, "was changed" in told.body) == (["analyst@example.org"], True)


def test_a_change_ends_the_other_sessions() -> None:
    user = cast.analyst()
    here, there = signed_in(user), signed_in(user)
    here.post("/accounts/password/", {"oldpassword": cast.PASSWORD, "password1": NEW, "password2": NEW})
    assert here.get("/mandates/SH-2023/").status_code == 200
    assert there.get("/mandates/SH-2023/").status_code == 302


@pytest.mark.parametrize("poor", ["short", "12345678901234567", "analyst12345", "password1234"])
def test_a_poor_one_is_refused(poor: str) -> None:
    user = cast.analyst()
    fields = {"oldpassword": cast.PASSWORD, "password1": poor, "password2": poor}
    assert signed_in(user).post("/accounts/password/", fields).status_code == 422
    assert may_sign_in(user, cast.PASSWORD)


def test_a_link_by_mail_sets_it_anew_once(client: Client) -> None:
    user = cast.analyst()
    user.email = "analyst@example.org"
    user.save()
    client.post("/accounts/password/forgotten/", {"email": "analyst@example.org"}, headers={"host": "localhost"})
    (told,) = mail.outbox
    link = re.search(r"http://127\.0\.0\.1:8000(/accounts/password/forgotten/\S+)", str(told.body))
    assert link
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    assert client.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert may_sign_in(user, NEW)
    assert "used before" in Client().get(link[1]).content.decode()


@pytest.mark.parametrize("typed", ["analyst@example.org", "ANALYST@Example.org"])
@pytest.mark.parametrize("held", ["analyst@example.org", "Analyst@Example.org", "ANALYST@EXAMPLE.ORG"])
def test_capital_letters_in_an_address_hide_nobody(client: Client, held: str, typed: str) -> None:
    User.objects.filter(pk=cast.analyst().pk).update(email=held)
    client.post("/accounts/password/forgotten/", {"email": typed})
    assert [message.to for message in mail.outbox] == [[held]]


def test_who_proved_an_address_takes_the_link_from_nobody_else_who_has_it(client: Client) -> None:
    """An administrator gave it to both."""
    for name in ("given", "proven"):
        cast.user(name, Role.ANALYST, email="both@example.org")
    proven = User.objects.get(username="proven")
    EmailAddress.objects.create(user=proven, email="both@example.org", verified=True, primary=True)
    cast.user("closed", Role.ANALYST, email="both@example.org", is_active=False)
    client.post("/accounts/password/forgotten/", {"email": "both@example.org"})
    assert [message.to for message in mail.outbox] == [["both@example.org"]] * 2
    assert {name for name in ("given", "proven", "closed") if f"“{name}”" in str([m.body for m in mail.outbox])} == {
        "given", "proven",
    }  # fmt: skip


def test_asking_for_another_mail_address_leaves_the_link_as_it_is(client: Client) -> None:
    user = cast.analyst()
    user.email = "analyst@example.org"
    user.save()
    # To sign in voids a link: it was of no need.
    there = signed_in(user)
    client.post("/accounts/password/forgotten/", {"email": "analyst@example.org"})
    link = re.search(r"/accounts/password/forgotten/\S+", str(mail.outbox[0].body))
    assert link
    there.post("/accounts/mail/", {"email": "new@example.org"})
    assert "used before" not in client.get(link[0], follow=True).content.decode()


def test_the_answer_waits_for_no_mail_server(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it took would tell whose address is known."""
    User.objects.filter(pk=cast.analyst().pk).update(email="analyst@example.org")
    sending, answered, sent = EmailBackend.send_messages, Event(), Event()

    def slowly(backend: EmailBackend, messages: Any) -> int:
        assert answered.wait(10)
        number = sending(backend, messages)
        sent.set()
        return number

    monkeypatch.setattr(EmailBackend, "send_messages", slowly)
    monkeypatch.setattr(adapters, "beside", BESIDE)
    assert client.post("/accounts/password/forgotten/", {"email": "analyst@example.org"}).status_code == 302
    assert mail.outbox == []
    answered.set()
    assert sent.wait(10)
    assert [message.to for message in mail.outbox] == [["analyst@example.org"]]


def test_who_has_no_account_is_answered_alike_and_gets_no_mail(client: Client) -> None:
    cast.analyst()
    answer = client.post("/accounts/password/forgotten/", {"email": "nobody@example.org"})
    assert answer.headers["Location"] == "/accounts/password/forgotten/sent/"
    assert mail.outbox == []


@pytest.mark.parametrize("way", ["by_link", "by_who_knows_it", "first"])
def test_what_is_withdrawn_while_it_is_set_stays_withdrawn(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """To hash a password takes its time: what was read before it is not written back."""
    user = cast.regulator()
    user.email = "regulator@example.org"
    if way == "first":
        user.set_unusable_password()
    user.save()
    client = Client() if way == "by_link" else signed_in(user)
    address = {"by_who_knows_it": "/accounts/password/", "first": "/accounts/password/first/"}.get(way)
    if address is None:
        client.post("/accounts/password/forgotten/", {"email": "regulator@example.org"})
        link = re.search(r"/accounts/password/forgotten/\S+", str(mail.outbox[0].body))
        assert link
        address = client.get(link[0], follow=True).redirect_chain[-1][0]
    hashing = User.set_password
    left: dict[str, Any] = {"role": Role.ANALYST, "all_regions": False, "email": "other@example.org"}
    if way == "by_link":
        # Who is signed in to an account that was closed changes nothing of it any more.
        left["is_active"] = False

    def meanwhile(account: User, password: Any) -> None:
        with asked_by_register():
            User.objects.filter(pk=account.pk).update(**left)
        hashing(account, password)

    monkeypatch.setattr(User, "set_password", meanwhile)
    client.post(address, {"oldpassword": cast.PASSWORD, "password1": NEW, "password2": NEW})
    now = User.objects.get(pk=user.pk)
    assert (now.check_password(NEW), {name: getattr(now, name) for name in left}) == (True, left)
