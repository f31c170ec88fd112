"""One's own mail address: another takes its place by a link that is sent there, and the one of before is told."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from allauth.account.managers import EmailAddressManager
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connection
from django.test import Client

from accounts import asking
from accounts.asking import asked_by_register
from accounts.mail_views import ConfirmMail
from accounts.models import AuditEvent, User
from tests import cast
from tests.cast import signed_in
from tests.together import at_once

pytestmark = pytest.mark.django_db
PAGE = "/accounts/mail/"


def known(email: str = "old@example.org") -> User:
    who = cast.analyst()
    who.email = email
    who.save()
    return who


def address_of(who: User) -> str:
    return User.objects.get(pk=who.pk).email


def long_address(length: int) -> str:
    """A mail address of so many signs."""
    domain = ".".join(["d" * 60] * 3) + ".example"
    return f"{'u' * (length - len(domain) - 1)}@{domain}"


def link_in(message: Any) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/accounts/mail/confirm/\S+/)", str(message.body))
    assert found
    return found[1]


def told_of(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def ask_for(client: Client, email: str = "new@example.org") -> str:
    """Have the link sent to `email`, which is in the mail that came last."""
    assert client.post(PAGE, {"email": email}, headers={"host": "localhost"}).headers["Location"] == PAGE
    assert mail.outbox[-1].to == [email]
    return link_in(mail.outbox[-1])


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[Any], None]) -> None:
    """Have `act` done between the moment in which a followed link is found good and the one in which it is used."""
    found = ConfirmMail.get_object

    def get_object(view: ConfirmMail, queryset: Any = None) -> Any:
        confirmation = found(view, queryset)
        act(confirmation)
        return confirmation

    monkeypatch.setattr(ConfirmMail, "get_object", get_object)


class TestChange:
    @pytest.mark.parametrize("before", ["old@example.org", "Old@Example.org", ""])
    def test_it_is_another_once_the_link_is_followed_and_the_one_of_before_is_told(self, before: str) -> None:
        who = known(before)
        client = signed_in(who)
        link = ask_for(client, "new@example.org")
        assert address_of(who) == before
        assert "A link was sent to new@example.org" in client.get(PAGE).content.decode()
        assert "new@example.org" in client.get(link).content.decode()
        # A program that looks where links lead changes nothing.
        assert address_of(who) == before
        done = client.post(link, follow=True)
        assert "The mail address of your account was changed." in done.content.decode()
        assert address_of(who) == "new@example.org"
        told = [message for message in mail.outbox if "was changed" in str(message.body)]
        assert [message.to for message in told] == ([[before]] if before else [])
        assert not any("new@example.org" in str(message.body) for message in told)

    def test_it_can_be_changed_again_and_back(self) -> None:
        who = known()
        client = signed_in(who)
        for email in ("new@example.org", "old@example.org", "third@example.org"):
            client.get(PAGE)
            client.post(ask_for(client, email))
            assert address_of(who) == email
        assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [
            ("third@example.org", True, True)
        ]

    def test_asking_for_it_takes_nothing_from_the_account(self) -> None:
        """allauth writes an address that it meets down as unproven, and would put the new one in its place."""
        who = known()
        EmailAddress.objects.create(user=who, email="old@example.org")
        client = signed_in(who)
        ask_for(client)
        ask_for(client, "newer@example.org")
        assert address_of(who) == "old@example.org"
        assert "newer@example.org" in client.get(PAGE).content.decode()

    def test_the_trail_tells_that_it_changed_and_not_to_what(self) -> None:
        who = known()
        client = signed_in(who)
        client.post(ask_for(client))
        (event,) = AuditEvent.objects.filter(subject="accounts_user", key=str(who.pk), kind="update", user_id=who.pk)
        assert event.place == "POST /accounts/mail/confirm/…/"
        events = AuditEvent.objects.filter(subject="account_emailaddress", user_id=who.pk)
        assert {"insert", "update"} <= {event.kind for event in events}
        assert "example.org" not in str(list(AuditEvent.objects.values()))

    @pytest.mark.parametrize("email", ["", "no address", "OLD@example.org"])
    def test_what_is_no_other_address_is_refused(self, email: str) -> None:
        who = known()
        assert signed_in(who).post(PAGE, {"email": email}).status_code == 422
        assert mail.outbox == []

    @pytest.mark.parametrize(("length", "answered"), [(254, 302), (255, 422), (320, 422)])
    def test_one_that_is_too_long_to_be_kept_is_told_so(self, length: int, answered: int) -> None:
        answer = signed_in(known()).post(PAGE, {"email": long_address(length)})
        assert answer.status_code == answered
        assert ("at most 254 characters" in answer.content.decode()) == (answered == 422)

    @pytest.mark.parametrize("action", ["action_primary", "action_remove", "action_send"])
    def test_nothing_else_is_done_that_the_library_could(self, action: str) -> None:
        who = known()
        client = signed_in(who)
        ask_for(client)
        client.post(PAGE, {"email": "new@example.org", action: ""})
        assert address_of(who) == "old@example.org"
        assert EmailAddress.objects.filter(user=who, verified=False).exists()

    def test_it_speaks_the_language_of_the_account(self) -> None:
        who = known()
        who.language = "zh-hans"
        who.save()
        client = signed_in(who)
        client.post(ask_for(client))
        assert ["邮箱" in str(message.body) for message in mail.outbox] == [True, True]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_a_button_that_is_pressed_twice_sends_two_links_of_which_one_holds(self) -> None:
        who = known()
        clients = [signed_in(who) for _ in range(4)]
        answers = at_once([partial(client.post, PAGE, {"email": "new@example.org"}) for client in clients])
        assert [getattr(answer, "status_code", answer) for answer in answers] == [302] * 4
        links = [link_in(message) for message in mail.outbox]
        followed = [clients[0].post(link).status_code for link in links]
        assert (sorted(followed), address_of(who)) == ([302, 404, 404, 404], "new@example.org")

    def test_the_mail_leaves_when_all_is_written_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever waits for the mail server keeps nobody else waiting, nor is a link sent that is not there."""
        sending, within = EmailBackend.send_messages, []

        def noting(backend: EmailBackend, messages: Any) -> int:
            within.append(connection.in_atomic_block)
            return sending(backend, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", noting)
        client = signed_in(known())
        client.post(ask_for(client))
        assert within == [False, False]

    def test_of_two_accounts_that_prove_one_address_one_has_it(self) -> None:
        accounts = [known(), cast.user("other", cast.Role.ANALYST, email="other@example.org")]
        clients = [signed_in(who) for who in accounts]
        links = [ask_for(client) for client in clients]
        at_once([partial(client.post, link) for client, link in zip(clients, links, strict=True)])
        assert [address_of(who) for who in accounts].count("new@example.org") == 1

    def test_a_link_that_is_followed_twice_at_once_is_good_once(self) -> None:
        who = known()
        clients = [signed_in(who) for _ in range(3)]
        link = ask_for(clients[0])
        answers = at_once([partial(client.post, link) for client in clients])
        assert sorted(answer.status_code for answer in answers) == [302, 404, 404]
        told = [message for message in mail.outbox if "was changed" in str(message.body)]
        assert [message.to for message in told] == [["old@example.org"]]

    def test_a_link_whose_successor_was_asked_for_in_that_moment_is_void(self, monkeypatch: pytest.MonkeyPatch) -> None:
        who = known()
        client = signed_in(who)
        link = ask_for(client)

        def superseded(confirmation: Any) -> None:
            monkeypatch.undo()
            ask_for(client, "newer@example.org")

        meanwhile(monkeypatch, superseded)
        assert client.post(link).status_code == 404
        assert address_of(who) == "old@example.org"
        assert [row.email for row in EmailAddress.objects.filter(verified=False)] == ["newer@example.org"]

    def test_an_account_that_was_closed_in_that_moment_keeps_its_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        who = known()
        client = signed_in(who)
        link = ask_for(client)

        def closed(confirmation: Any) -> None:
            with asked_by_register():
                assert confirmation.email_address.user.is_active
                User.objects.filter(pk=who.pk).update(is_active=False)

        meanwhile(monkeypatch, closed)
        assert client.post(link).status_code == 404
        assert address_of(who) == "old@example.org"

    def test_the_register_asks_for_the_writing_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sending, asked = EmailBackend.send_messages, []

        def noting(backend: EmailBackend, messages: Any) -> int:
            asked.append((asking.who() or asking.Asking("page")).is_register)
            return sending(backend, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", noting)
        client = signed_in(known())
        client.post(ask_for(client))
        assert asked == [False, False]


class TestWhoMay:
    def test_nobody_asks_who_did_not_lately_show_who_they_are(self) -> None:
        who = known()
        client = signed_in(who)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": 0}]
        session.save()
        asked = client.post(PAGE, {"email": "new@example.org"}).headers["Location"]
        assert (asked, mail.outbox) == ("/accounts/again/?next=%2Faccounts%2Fmail%2F", [])
        shown = client.post(asked, {"password": cast.PASSWORD, "next": PAGE})
        # What was being sent waits there.
        assert 'value="new@example.org"' in shown.content.decode()
        ask_for(client)

    def test_the_link_opens_nothing_to_anybody_else(self, client: Client) -> None:
        """An address that was mistyped is some stranger's; an administrator sees everybody's addresses."""
        who = known()
        link = ask_for(signed_in(who))
        assert client.get(link).headers["Location"].startswith("/accounts/sign-in/")
        assert client.post(link).status_code == 302
        for other in (cast.administrator(), cast.regulator()):
            there = signed_in(other)
            assert "for another account" in there.get(link).content.decode()
            assert there.post(link).status_code == 404
            assert there.get(PAGE).status_code == 200
        assert address_of(who) == "old@example.org"

    def test_an_address_that_waits_sets_no_password(self, client: Client) -> None:
        ask_for(signed_in(known()))
        client.post("/accounts/password/forgotten/", {"email": "new@example.org"})
        assert len(mail.outbox) == 1
        client.post("/accounts/password/forgotten/", {"email": "old@example.org"})
        assert mail.outbox[-1].to == ["old@example.org"]

    def test_a_link_to_a_password_is_void_once_the_address_is_another(self, client: Client) -> None:
        who = known()
        client.post("/accounts/password/forgotten/", {"email": "old@example.org"})
        (told,) = mail.outbox
        to_password = re.search(r"/accounts/password/forgotten/\S+", str(told.body))
        assert to_password
        there = signed_in(who)
        there.post(ask_for(there))
        assert "used before" in client.get(to_password[0]).content.decode()

    def test_a_link_is_good_once_and_no_longer_than_the_next(self) -> None:
        who = known()
        client = signed_in(who)
        first = ask_for(client)
        second = ask_for(client)
        assert client.post(first).status_code == 404
        assert client.post(second).status_code == 302
        assert client.post(second).status_code == 404
        assert "used before" in client.get(second).content.decode()

    def test_it_is_asked_for_ten_times_an_hour(self) -> None:
        client = signed_in(known())
        for number in range(10):
            ask_for(client, f"new{number}@example.org")
        refused = client.post(PAGE, {"email": "new@example.org"})
        assert (refused.status_code, "asked too often" in refused.content.decode()) == (429, True)
        assert len(mail.outbox) == 10


class TestAnothersAddress:
    def test_asking_for_it_is_answered_like_for_any_other(self) -> None:
        other = cast.user("other", cast.Role.ANALYST, email="other@example.org")
        EmailAddress.objects.create(user=other, email="other@example.org", verified=True, primary=True)
        client = signed_in(known())
        answers = [client.post(PAGE, {"email": email}) for email in ("other@example.org", "nobody@example.org")]
        assert [answer.headers["Location"] for answer in answers] == [PAGE, PAGE]
        assert [message.to[0] for message in mail.outbox] == ["other@example.org", "nobody@example.org"]
        assert "other" not in str(mail.outbox[0].body).replace("other@example.org", "")

    @pytest.mark.parametrize("held", ["other@example.org", "Other@example.org"])
    @pytest.mark.parametrize("is_proven", [False, True])
    def test_it_is_told_to_who_reads_its_mail_and_stays_anothers(self, held: str, is_proven: bool) -> None:
        """Who gave the address, an administrator, an invitation or its person by a link, makes no difference."""
        other = cast.user("other", cast.Role.ANALYST, email=held)
        if is_proven:
            EmailAddress.objects.create(user=other, email="other@example.org", verified=True, primary=True)
        who = known()
        client = signed_in(who)
        done = client.post(ask_for(client, "other@example.org"), follow=True)
        assert told_of(done) == ["Another account has this mail address."]
        assert (address_of(who), address_of(other)) == ("old@example.org", held)
        assert len(mail.outbox) == 1

    def test_one_that_another_proved_in_the_same_moment_stays_theirs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        other = cast.user("other", cast.Role.ANALYST)
        EmailAddress.objects.create(user=other, email="new@example.org", verified=True, primary=True)
        who = known()
        client = signed_in(who)
        link = ask_for(client)
        # When it was looked for, nobody had it yet.
        monkeypatch.setattr(EmailAddress, "can_set_verified", lambda address: True)
        assert told_of(client.post(link, follow=True)) == ["Another account has this mail address."]
        assert (address_of(who), len(mail.outbox)) == ("old@example.org", 1)
        assert EmailAddress.objects.filter(user=who, verified=True).count() == 0

    def test_what_else_the_database_refuses_is_not_told_as_that(self, monkeypatch: pytest.MonkeyPatch) -> None:
        who = known()
        client = signed_in(who)
        link = ask_for(client)
        EmailAddress.objects.create(user=who, email="old@example.org", verified=True, primary=True)
        monkeypatch.setattr(EmailAddressManager, "get_primary", lambda manager, user: None)
        with pytest.raises(IntegrityError, match="unique_primary_email"):
            client.post(link)
        assert address_of(who) == "old@example.org"
