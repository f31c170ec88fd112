"""An operator's people are asked by their own lead, come by a link that works once, and go at once."""

import re
from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.forms import UsernameField
from accounts.models import Invitation, Membership, User
from centres.models import Centre, Operator
from centres.people import send_unsent
from tests import cast
from tests.accounts.test_mail_address import long_address
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
JOIN = {"full_name": "Zhang Min", "username": "zhang.min", "password1": cast.PASSWORD, "password2": cast.PASSWORD}


@pytest.fixture
def lead(owner: Operator) -> User:
    user = cast.user("lead", cast.Role.OPERATOR, acts_for=owner)
    Membership.objects.update(is_lead=True)
    return user


def ask(lead: User, operator: Operator, email: str = "min@example.org") -> str:
    """The address that a mail leads to whom `lead` asks to act for `operator`."""
    fields = {"operator": operator.pk, "email": email, "language": "en"}
    assert signed_in(lead).post("/people/", fields).status_code == 302
    send_unsent(timezone.now())
    found = re.search(r"http://127\.0\.0\.1:8000(/people/join/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_who_is_asked_makes_an_account_and_sees_the_operator_s_centres(owner: Operator, lead: User) -> None:
    cast.centre(owner=owner)
    address = ask(lead, owner)
    assert mail.outbox[-1].to == ["min@example.org"]
    visitor = Client()
    assert "Act for Huangpu Computing" in visitor.get(address).content.decode()
    assert visitor.post(address, JOIN).headers["Location"] == "/accounts/sign-in/"
    visitor.post("/accounts/sign-in/", {"login": "zhang.min", "password": cast.PASSWORD})
    assert visitor.get("/centres/SH-01/").status_code == 200
    came = User.objects.get(username="zhang.min")
    assert (came.role, came.email, came.led_operator_ids) == ("operator", "min@example.org", [])


def test_an_address_is_kept_in_small_letters(owner: Operator, lead: User) -> None:
    address = ask(lead, owner, "Min@Example.org")
    Client().post(address, JOIN)
    assert Invitation.objects.get().email == User.objects.get(username="zhang.min").email == "min@example.org"


def test_an_address_is_kept_in_small_letters_by_whichever_way_it_came(owner: Operator) -> None:
    call_command("invite_lead", owner.pk, "Lead@Example.org", language="en", verbosity=0)
    assert Invitation.objects.get().email == "lead@example.org"
    # One that was asked for before.
    Invitation.objects.update(email="Lead@Example.org")
    send_unsent(timezone.now())
    found = re.search(r"/people/join/\S+", str(mail.outbox[-1].body))
    assert found
    Client().post(found[0], JOIN)
    assert User.objects.get(username="zhang.min").email == "lead@example.org"


def test_an_address_that_is_too_long_to_be_kept_is_told_so(owner: Operator, lead: User) -> None:
    fields = {"operator": owner.pk, "email": long_address(255), "language": "en"}
    answer = signed_in(lead).post("/people/", fields)
    assert (answer.status_code, "at most 254 characters" in answer.content.decode()) == (422, True)
    assert signed_in(lead).post("/people/", fields | {"email": long_address(254)}).status_code == 302


def test_of_two_who_take_one_name_at_once_the_later_is_told(
    owner: Operator, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = ask(lead, owner)
    # When it was looked for, nobody had it yet.
    monkeypatch.setattr(UsernameField, "clean", lambda field, value: value)
    cast.user(JOIN["username"], cast.Role.OPERATOR)
    answer = Client().post(address, JOIN)
    assert (answer.status_code, "Somebody has this name already." in answer.content.decode()) == (422, True)
    # The invitation stands.
    assert Client().post(address, JOIN | {"username": "zhang.min.2"}).status_code == 302


def test_a_link_works_once(owner: Operator, lead: User) -> None:
    address = ask(lead, owner)
    Client().post(address, JOIN)
    again = Client().post(address, JOIN | {"username": "another"})
    assert again.status_code == 410
    assert not User.objects.filter(username="another").exists()


@pytest.mark.parametrize("over", ["late", "revoked", "lead dismissed", "lead closed", "asked anew"])
def test_a_link_that_is_over_opens_nothing(owner: Operator, lead: User, over: str) -> None:
    address = ask(lead, owner)
    if over == "late":
        Invitation.objects.update(
            created_at=timezone.now() - timedelta(days=8), ends_at=timezone.now() - timedelta(days=1)
        )
    elif over == "revoked":
        signed_in(lead).post(f"/people/invitations/{Invitation.objects.get().pk}/revoke/")
    elif over == "lead dismissed":
        Membership.objects.update(to_on=timezone.localdate() - timedelta(days=1))
    elif over == "lead closed":
        User.objects.update(is_active=False)
    else:
        assert Client().get(ask(lead, owner)).status_code == 200
    assert Client().get(address).status_code == Client().post(address, JOIN).status_code == 410


def test_a_link_is_not_to_be_made_up(owner: Operator, lead: User) -> None:
    address = ask(lead, owner)
    assert Client().get(address[:-3] + "xx/").status_code == 410
    assert Client().get("/people/join/1/").status_code == 410


def test_who_has_an_account_comes_with_it(owner: Operator, rival: Operator, lead: User) -> None:
    cast.centre(owner=owner)
    other = cast.user("other", cast.Role.OPERATOR, acts_for=rival)
    client = signed_in(other)
    assert client.get("/centres/SH-01/").status_code == 404
    assert client.post(ask(lead, owner)).status_code == 302
    assert client.get("/centres/SH-01/").status_code == 200


def test_nobody_of_another_role_comes_by_a_link(owner: Operator, lead: User) -> None:
    address = ask(lead, owner)
    assert signed_in(cast.analyst()).post(address).status_code == 403
    assert Invitation.objects.get().accepted_at is None


def test_only_a_lead_asks_and_only_for_their_own(owner: Operator, rival: Operator, lead: User) -> None:
    fields = {"operator": owner.pk, "email": "min@example.org", "language": "en"}
    plain = cast.user("plain", cast.Role.OPERATOR, acts_for=owner)
    assert signed_in(plain).post("/people/", fields).status_code == 422
    assert signed_in(lead).post("/people/", fields | {"operator": rival.pk}).status_code == 422
    assert signed_in(cast.regulator()).get("/people/").status_code == 403
    assert not Invitation.objects.exists()


def test_who_is_dismissed_sees_nothing_more_and_it_is_told_when(owner: Operator, lead: User) -> None:
    cast.centre(owner=owner)
    gone = cast.user("gone", cast.Role.OPERATOR, acts_for=owner)
    client, token = signed_in(gone), Client(headers={"Authorization": f"Token {cast.token(gone)}"})
    assert client.get("/centres/SH-01/").status_code == token.get("/api/v1/centres/SH-01/").status_code == 200
    theirs = Membership.objects.get(user=gone)
    signed_in(lead).post(f"/people/{theirs.pk}/dismiss/")
    assert client.get("/centres/SH-01/").status_code == token.get("/api/v1/centres/SH-01/").status_code == 404
    theirs.refresh_from_db()
    assert (theirs.from_on, theirs.to_on) == (date(2024, 1, 1), timezone.localdate() - timedelta(days=1))


def test_a_rival_s_people_are_not_there(owner: Operator, rival: Operator, lead: User) -> None:
    cast.user("theirs", cast.Role.OPERATOR, acts_for=rival)
    theirs = Membership.objects.get(user__username="theirs")
    client = signed_in(lead)
    assert "theirs" not in client.get("/people/").content.decode()
    assert client.post(f"/people/{theirs.pk}/dismiss/").status_code == 404
    assert client.post(f"/people/{Membership.objects.get(user=lead).pk}/dismiss/").status_code == 404


def test_what_was_seen_last_year_is_not_seen_today(owner: Operator) -> None:
    cast.centre(owner=owner)
    former = cast.user("former", cast.Role.OPERATOR, acts_for=owner)
    Membership.objects.update(to_on=timezone.localdate() - timedelta(days=1))
    assert not Centre.objects.visible_to(former).exists()


def test_an_administrator_asks_the_first_by_a_command(owner: Operator) -> None:
    call_command("invite_lead", owner.pk, "first@example.org", language="en", verbosity=0)
    found = re.search(r"8000(/people/join/\S+)", str(mail.outbox[-1].body))
    assert found
    Client().post(found[1], JOIN)
    assert User.objects.get(username="zhang.min").led_operator_ids == [owner.pk]


def test_a_mail_that_was_sent_is_not_sent_again(owner: Operator, lead: User) -> None:
    ask(lead, owner)
    assert send_unsent(timezone.now()) == 0
    assert len(mail.outbox) == 1
