"""Administrators make accounts, change what they are for, close them and open them again."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import administration
from accounts.models import AccountStep, Assignment, AuditEvent, Membership, Role, User
from centres.models import Operator
from tests import cast
from tests.accounts.test_mail_address import long_address
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/administration/accounts/"
NEW = {"username": "li.na", "full_name": "Li Na", "email": "na@example.org", "language": "en"}


@pytest.fixture
def administrator() -> User:
    return cast.administrator()


@pytest.fixture
def client(administrator: User) -> Client:
    return signed_in(administrator)


def told(client: Client, account: User, what: str = "", **fields: Any) -> str:
    """What the page says when a form of the account was sent."""
    address = f"{PAGE}{account.pk}/"
    answer = client.post(f"{address}{what}/", fields) if what else client.get(address)
    return (client.get(address) if answer.status_code == 302 else answer).content.decode()


def today(*, later: int = 0) -> str:
    return (timezone.localdate() + timedelta(days=later)).isoformat()


class TestMaking:
    def test_its_person_sets_the_password_by_a_link_that_works_once(self, client: Client) -> None:
        asked = NEW | {"role": "regulator", "region_codes": ["31", "44"]}
        page = client.post(f"{PAGE}make/", asked).content.decode()
        (message,) = mail.outbox
        assert message.to == ["na@example.org"]
        found = re.search(r"http://127\.0\.0\.1:8000(/accounts/password/\S+)", str(message.body))
        assert found
        # Shown this once.
        made = User.objects.get(username="li.na")
        assert (found[1] in page, found[1] in told(client, made)) == (True, False)
        assert (made.role, made.region_codes, made.has_usable_password()) == ("regulator", ["31", "44"], False)
        visitor = Client()
        form = visitor.get(found[1]).headers["Location"]
        password = {"password1": cast.PASSWORD, "password2": cast.PASSWORD}
        assert visitor.post(form, password).status_code == 302
        visitor.post("/accounts/sign-in/", {"login": "li.na", "password": cast.PASSWORD})
        # A regulator sets a second factor up before anything else.
        assert visitor.get("/review/").headers["Location"] == "/accounts/second-factor/"
        assert "used before" in Client().get(found[1], follow=True).content.decode()

    def test_an_operator_s_person_acts_for_it_from_a_day_on(self, client: Client, owner: Operator) -> None:
        asked = NEW | {
            "role": "operator", "operator": "huangpu computing", "acting_from_on": today(later=1), "is_lead": "on",
        }  # fmt: skip
        assert client.post(f"{PAGE}make/", asked).status_code == 200
        acting = Membership.objects.get(user__username="li.na")
        assert (acting.operator_id, acting.from_on.isoformat(), acting.is_lead) == (owner.pk, today(later=1), True)

    @pytest.mark.parametrize(
        ("sent", "says"),
        [
            ({"role": "regulator"}, "either the whole country or some provinces"),
            ({"role": "regulator", "all_regions": "on", "region_codes": ["31"]}, "either the whole country"),
            ({"role": "operator", "acting_from_on": "2026-01-01"}, "It can begin today or later"),
            ({"role": "operator", "operator": "nobody"}, "No operator is called so"),
            ({"role": "operator", "operator": "computing"}, "Several are called so, such as: Huangpu Computing"),
            ({"role": "analyst", "username": "Administrator"}, "Somebody has this name already."),
            ({"role": "analyst", "username": "person-7"}, "stand for people who were pseudonymised"),
            ({"role": "analyst", "email": ""}, "This field is required."),
            ({"role": "analyst", "email": long_address(255)}, "at most 254 characters"),
        ],
    )
    def test_what_is_wrong_is_told_at_its_field(
        self, client: Client, owner: Operator, rival: Operator, sent: dict[str, Any], says: str
    ) -> None:
        answer = client.post(f"{PAGE}make/", NEW | sent)
        assert (answer.status_code, says in answer.content.decode()) == (422, True)
        assert User.objects.count() == 1

    def test_the_first_administrator_is_made_by_a_command(self) -> None:
        output = io.StringIO()
        call_command("make_administrator", "first", "first@example.org", stdout=output)
        link = output.getvalue().strip().removeprefix("http://127.0.0.1:8000")
        visitor = Client()
        form = visitor.get(link).headers["Location"]
        visitor.post(form, {"password1": cast.PASSWORD, "password2": cast.PASSWORD})
        made = User.objects.get(username="first")
        assert (made.role, made.check_password(cast.PASSWORD)) == ("administrator", True)
        with pytest.raises(CommandError, match="has this name already"):
            call_command("make_administrator", "First", "first@example.org", stdout=output)

    def test_an_address_is_kept_in_small_letters(self, client: Client) -> None:
        call_command("make_administrator", "first", "First@Example.org", stdout=io.StringIO())
        client.post(f"{PAGE}make/", NEW | {"role": "analyst", "email": "Na@Example.org"})
        assert set(User.objects.exclude(email="").values_list("email", flat=True)) == {
            "first@example.org", "na@example.org",
        }  # fmt: skip

    def test_another_link_is_for_who_never_signed_in(self, client: Client) -> None:
        unused, used = cast.analyst(), cast.user("used", Role.ANALYST, last_login=timezone.now())
        assert "/accounts/password/forgotten/" in told(client, unused, "link")
        assert len(mail.outbox) == 0
        assert "in another state" in told(client, used, "link")


class TestChanging:
    def test_a_role_holds_from_today_at_once(self, client: Client) -> None:
        account = cast.analyst()
        other = signed_in(account)
        assert other.get("/outlook/").status_code == 200
        told(client, account, "rights", role="administrator", from_on=today(), reason="She moved.")
        assert other.get("/outlook/").status_code == 403
        given = Assignment.objects.get()
        assert (given.role, given.reason, given.assigned_by_id) == ("administrator", "She moved.", client_id(client))

    def test_a_later_one_waits_for_its_day(self, client: Client) -> None:
        account = cast.regional_regulator("31")
        page = told(
            client, account, "rights", role="regulator", region_codes=["44"], from_on=today(later=2), reason="Moves."
        )
        assert "to come" in page
        for later, codes in ((1, ["31"]), (2, ["44"]), (3, ["44"])):
            administration.take_up_due(timezone.now() + timedelta(days=later))
            account.refresh_from_db()
            assert account.region_codes == codes

    def test_what_was_to_hold_before_does_not_come_back(self, client: Client, administrator: User) -> None:
        account, now = cast.analyst(), timezone.now()
        asked: dict[str, Any] = {"reason": "x", "by": administrator}
        tomorrow = timezone.localdate() + timedelta(days=1)
        rights = administration.Rights
        administration.assign(account, rights=rights(Role.ADMINISTRATOR), from_on=tomorrow, now=now, **asked)
        after = now + timedelta(days=2)
        administration.assign(
            account, rights=rights(Role.REGULATOR, True), from_on=timezone.localdate(after), now=after, **asked
        )
        assert administration.take_up_due(after) == 0
        account.refresh_from_db()
        assert account.role == Role.REGULATOR

    def test_nothing_is_changed_for_days_that_are_over(self, client: Client) -> None:
        account = cast.analyst()
        page = told(client, account, "rights", role="administrator", from_on=today(later=-1), reason="x")
        assert "what held before stays as it was" in page
        assert not Assignment.objects.exists()

    def test_for_whom_it_acts_begins_and_ends_on_days(self, client: Client, owner: Operator, rival: Operator) -> None:
        account = cast.user("filer", Role.OPERATOR, acts_for=owner)
        cast.centre(owner=owner)
        other = signed_in(account)
        asked = {"operator": "Rival Computing", "acting_from_on": today()}
        assert "acts for the operator from that day on" in told(client, account, "operators", **asked)
        assert "on some of these days already" in told(client, account, "operators", **asked)
        theirs = Membership.objects.get(operator_id=owner.pk)
        end = f"{PAGE}operators/{theirs.pk}/end/"
        assert client.post(end, {"last_on": today(later=-2)}).status_code == 422
        assert other.get("/centres/SH-01/").status_code == 200
        client.post(end, {"last_on": today(later=-1)})
        assert other.get("/centres/SH-01/").status_code == 404
        # What never held leaves nothing.
        begun = Membership.objects.get(operator_id=rival.pk)
        client.post(f"{PAGE}operators/{begun.pk}/end/", {"last_on": today(later=-1)})
        assert not Membership.objects.filter(pk=begun.pk).exists()


class TestClosing:
    def test_it_ends_sessions_and_tokens_at_once_and_what_it_was_stays(self, client: Client) -> None:
        account = cast.analyst()
        browser = Client()
        browser.post("/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD})
        token = Client(headers={"Authorization": f"Token {cast.token(account)}"})
        assert browser.get("/mandates/").status_code == token.get("/api/v1/me/").status_code == 200
        assert "closed" in told(client, account, "close", reason="She left.")
        assert (browser.get("/mandates/").status_code, token.get("/api/v1/me/").status_code) == (302, 401)
        came = Client().post("/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD})
        assert came.headers["Location"] == "/accounts/closed/"
        assert "open again" in told(client, account, "open", reason="She came back.")
        # Neither comes back by itself.
        assert (browser.get("/mandates/").status_code, token.get("/api/v1/me/").status_code) == (302, 401)
        browser.post("/accounts/sign-in/", {"login": "analyst", "password": cast.PASSWORD})
        assert browser.get("/mandates/").status_code == 200
        assert list(AccountStep.objects.order_by("pk").values_list("kind", "reason")) == [
            ("closed", "She left."), ("opened", "She came back."),
        ]  # fmt: skip

    def test_a_step_needs_its_reason_and_is_taken_once(self, client: Client) -> None:
        account = cast.analyst()
        assert client.post(f"{PAGE}{account.pk}/close/", {"reason": " "}).status_code == 422
        told(client, account, "close", reason="She left.")
        assert "in another state" in told(client, account, "close", reason="Again.")
        assert client.post(f"{PAGE}{account.pk}/remove/", {"reason": "x"}).status_code == 404

    def test_a_lost_second_factor_is_taken_off_and_another_is_due(self, client: Client) -> None:
        account = cast.regulator()
        cast.with_second_factor(account)
        told(client, account, "take-factors-off", reason="The phone fell into the sea.")
        assert not Authenticator.objects.filter(user=account).exists()
        assert AccountStep.objects.get().reason == "The phone fell into the sea."
        browser = Client()
        browser.post("/accounts/sign-in/", {"login": "regulator", "password": cast.PASSWORD})
        assert browser.get("/review/").headers["Location"] == "/accounts/second-factor/"

    def test_nobody_does_it_to_themselves(self, client: Client, administrator: User) -> None:
        asked: dict[str, dict[str, Any]] = {
            "close": {"reason": "x"}, "take-factors-off": {"reason": "x"}, "pseudonymise": {"reason": "x"},
            "rights": {"role": "analyst", "from_on": today(), "reason": "x"},
        }  # fmt: skip
        for what, fields in asked.items():
            assert "Nobody does this to their own account" in told(client, administrator, what, **fields), what
        administrator.refresh_from_db()
        assert (administrator.is_active, administrator.role) == (True, "administrator")


class TestWho:
    @pytest.mark.parametrize("role", [Role.OPERATOR, Role.REGULATOR, Role.ANALYST])
    def test_administrators_alone(self, role: Role, administrator: User) -> None:
        other = signed_in(cast.user("other", role, all_regions=role == Role.REGULATOR))
        assert other.get(PAGE).status_code == other.get(f"{PAGE}{administrator.pk}/").status_code == 403
        assert other.post(f"{PAGE}{administrator.pk}/close/", {"reason": "x"}).status_code == 403

    def test_each_change_is_in_the_trail_with_who_made_it(self, client: Client) -> None:
        account = cast.analyst()
        told(client, account, "close", reason="She left.")
        changed = AuditEvent.objects.get(subject="accounts_user", key=str(account.pk), kind="update")
        assert (changed.user_id, changed.before, changed.after) == (
            client_id(client), {"is_active": True}, {"is_active": False},
        )  # fmt: skip
        step = AuditEvent.objects.get(subject="accounts_accountstep")
        assert ((step.after or {})["reason"], step.user_id) == ("She left.", client_id(client))


class TestListing:
    def test_it_is_searched_by_name_and_filtered(self, client: Client, owner: Operator) -> None:
        cast.user("filer", Role.OPERATOR, acts_for=owner, first_name="Zhang Wei", email="wei@example.org")
        cast.user("gone", Role.ANALYST, is_active=False)
        cast.regional_regulator("31", "44")

        def names(query: str) -> list[str]:
            return re.findall(r'accounts/\d+/">([\w.-]+)<', client.get(PAGE + query).content.decode())

        assert names("") == ["administrator", "filer", "gone", "regional"]
        assert names("?search=zhang") == names("?search=example.org") == names("?role=operator") == ["filer"]
        assert names("?state=closed") == ["gone"]
        assert names("?search=nobody") == []
        page = client.get(PAGE).content.decode()
        assert "Shanghai, Guangdong" in page
        assert "Huangpu Computing" in page
        assert "No account answers to this choice." in client.get(f"{PAGE}?search=nobody").content.decode()

    def test_it_costs_the_same_for_two_accounts_and_for_twenty(
        self, client: Client, owner: Operator, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client.get(PAGE)
        for number in (1, 19):
            for one in range(number):
                cast.user(f"filer-{number}-{one}", Role.OPERATOR, acts_for=owner)
            # Session, user, synthetic or not; accounts counted and read, memberships, operators, regions, factors.
            with django_assert_num_queries(9):
                page = client.get(PAGE).content.decode()
        assert "filer-19-18" in page


def client_id(client: Client) -> int:
    return int(client.session["_auth_user_id"])
