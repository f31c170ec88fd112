"""A person's data: given to them whole, and their name taken off on request, for good; the trail stays as it is."""

import io
import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from psycopg2.sql import SQL, Identifier

from accounts import administration, invitations, pseudonyms
from accounts.held import held_of
from accounts.models import AccountStep, ApiToken, AuditEvent, Invitation, Membership, Role, User
from centres.models import Operator
from chips import submissions
from chips.models import Receipt
from tests import cast
from tests.accounts.trail.trails import exported, verified_elsewhere
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
NAMED = ("li.na", "Li Na", "na@example.org", "na-invited@example.org", "sub-4711", "Na's laptop")


@pytest.fixture
def administrator() -> User:
    return cast.administrator()


@pytest.fixture
def person(owner: Operator) -> User:
    """Somebody of whom the register holds whatever it can hold of a person."""
    made = cast.user("li.na", Role.OPERATOR, acts_for=owner, first_name="Li Na", email="na@example.org")
    cast.token(made)
    cast.with_second_factor(made)
    EmailAddress.objects.create(user=made, email="na@example.org", verified=True, primary=True)
    SocialAccount.objects.create(user=made, provider="sso", uid="sub-4711", extra_data={"name": "Li Na"})
    UserSession.objects.create(user=made, ip="192.0.2.1", session_key="x", user_agent="Na's laptop")
    Client().post("/accounts/sign-in/", {"login": "li.na", "password": "wrong"})
    now = timezone.now()
    asked: dict[str, Any] = {"is_lead": False, "language": "en", "by": None, "now": now}
    accepted = invitations.invite(operator_id=owner.pk, email="na-invited@example.org", **asked)
    Invitation.objects.filter(pk=accepted.pk).update(accepted_by=made, accepted_at=now)
    invitations.invite(operator_id=cast.operator("Third").pk, email="NA@example.org", **asked)
    return made


def signed(person: User, owner: Operator) -> Receipt:
    """The receipt of what `person` attests."""
    draft = submissions.store_nil_draft(centre=cast.centre(owner=owner), period=cast.period(), created_by=person)
    return submissions.attest(draft, by=person, full_name="Li Na").receipts.get()


def closed(person: User) -> User:
    User.objects.filter(pk=person.pk).update(is_active=False)
    person.refresh_from_db()
    return person


def pseudonymised(person: User, administrator: User) -> User:
    pseudonyms.pseudonymise(closed(person), reason="Asked for it.", by=administrator, now=timezone.now())
    person.refresh_from_db()
    return person


def everything_kept() -> str:
    """Every row of every table of the register, as text."""
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True)]
    rows = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(SQL("SELECT row_to_json(one)::text FROM {} one").format(Identifier(table)))
            rows += [f"{table} {row}" for (row,) in cursor.fetchall()]
    return "\n".join(rows)


class TestHeld:
    def test_a_person_is_given_all_that_is_held_of_them(self, person: User, owner: Operator) -> None:
        receipt = signed(person, owner)
        client = signed_in(person)
        assert "What is held of you" in client.get("/accounts/held/").content.decode()
        answer = client.get("/accounts/held/file/")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="originmark-person-{person.pk}.json"'
        told = json.loads(answer.content)
        assert told["account"]["email"] == "na@example.org"
        assert told["by_reference"]["chips_submission.submitted_by_id"] == [receipt.submission_id]
        assert told["own"]["accounts_membership"][0]["operator_id"] == owner.pk
        assert {event["kind"] for event in told["events"]} >= {"insert", "sign-in-failed"}
        for name in NAMED:
            assert name in json.dumps(told), name

    def test_no_secret_is_in_it(self, person: User) -> None:
        text = json.dumps(held_of(person), default=str)
        assert person.password not in text
        assert ApiToken.objects.get().key_sha256 not in text
        assert str(Authenticator.objects.get(type="totp").data["secret"]) not in text

    def test_nothing_of_anybody_else(self, person: User, owner: Operator) -> None:
        lead = cast.user("lead", Role.OPERATOR, acts_for=owner)
        Membership.objects.filter(user=lead).update(is_lead=True)
        invitations.invite(
            operator_id=owner.pk, email="third@example.org", is_lead=False, language="en", by=lead, now=timezone.now()
        )
        text = json.dumps(held_of(lead), default=str)
        assert not [name for name in (*NAMED, "third@example.org") if name in text]

    def test_an_administrator_gives_it_to_who_asks_and_that_is_told(self, person: User, administrator: User) -> None:
        answer = signed_in(administrator).get(f"/administration/accounts/{person.pk}/held/")
        assert json.loads(answer.content)["account"]["username"] == "li.na"
        assert AuditEvent.objects.get(kind="download").place.endswith(f"/accounts/{person.pk}/held/")
        assert signed_in(cast.regulator()).get(f"/administration/accounts/{person.pk}/held/").status_code == 403


class TestPseudonyms:
    def test_nothing_names_the_person_any_more(self, person: User, administrator: User) -> None:
        assert [name for name in NAMED if name not in everything_kept()] == []
        pseudonymised(person, administrator)
        kept = everything_kept()
        assert [name for name in NAMED if name.lower() in kept.lower()] == []
        assert (person.username, person.first_name, person.email) == (f"person-{person.pk}", "", "")
        assert not person.has_usable_password()
        for model in (EmailAddress, SocialAccount, UserSession, ApiToken, AccessAttempt):
            assert not model._default_manager.exists(), model
        # For whom the person acted stands, by number.
        assert Membership.objects.get(user=person).to_on is None
        step = AccountStep.objects.get(account=person)
        assert (step.kind, step.reason) == ("pseudonymised", "Asked for it.")

    def test_what_was_signed_stays_as_it_was_signed(self, person: User, administrator: User, owner: Operator) -> None:
        receipt = signed(person, owner)
        before = receipt.body
        pseudonymised(person, administrator)
        receipt.refresh_from_db()
        assert receipt.body == before
        assert json.loads(receipt.body)["attested"]["full_name"] == "Li Na"
        page = signed_in(cast.regulator()).get(f"/submissions/{receipt.submission_id}/").content.decode()
        assert f"person-{person.pk}" in page
        assert "li.na" not in page

    def test_the_trail_stays_whole_and_names_nobody(self, person: User, administrator: User) -> None:
        output = io.StringIO()
        call_command("verify_audit", stdout=output)
        pseudonymised(person, administrator)
        call_command("verify_audit", stdout=output)
        lines = exported()
        assert verified_elsewhere(lines) is None
        text = b"\n".join(lines).decode()
        assert [name for name in NAMED if name in text] == []

    def test_it_is_for_closed_accounts_once_and_for_good(self, person: User, administrator: User) -> None:
        client, page = signed_in(administrator), f"/administration/accounts/{person.pk}/"
        client.post(f"{page}pseudonymise/", {"reason": "x"})
        person.refresh_from_db()
        assert person.username == "li.na"
        client.post(f"{page}close/", {"reason": "x"})
        client.post(f"{page}pseudonymise/", {"reason": "x"})
        for step in ("pseudonymise", "open"):
            client.post(f"{page}{step}/", {"reason": "x"})
        person.refresh_from_db()
        assert (person.is_active, person.username) == (False, f"person-{person.pk}")
        assert AccountStep.objects.filter(account=person).count() == 2
        with pytest.raises(IntegrityError, match="user_pseudonymised_whole"), transaction.atomic():
            User.objects.filter(pk=person.pk).update(is_active=True)

    def test_a_link_that_was_sent_before_opens_nothing(self, person: User, administrator: User) -> None:
        link = administration.link_to_password(person).removeprefix("http://127.0.0.1:8000")
        pseudonymised(person, administrator)
        assert "used before" in Client().get(link, follow=True).content.decode()
