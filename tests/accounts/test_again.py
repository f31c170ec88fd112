"""Who attests, decides or grants shows once more who they are, and what they were sending is done then."""

import html
import re
import time
from typing import Any

import pytest
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.test import Client

from accounts.models import User
from centres.models import Operator
from chips.models import Submission
from tests import cast

pytestmark = pytest.mark.django_db
AGAIN = "/accounts/again/"


def signed_in(user: User, *, minutes_ago: int) -> Client:
    """A browser in which `user` showed so long ago who they are."""
    client = Client()
    client.force_login(user)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 60 * minutes_ago
    session.save()
    return client


@pytest.fixture
def submitted(owner: Operator) -> Submission:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    return cast.file(cast.centre(owner=owner), cast.period(), status="submitted", by=filer, ascend=8)


def go_on(client: Client, page: Any) -> Any:
    """Send on what waited, as the page that follows does."""
    text = page.content.decode()
    address = re.search(r'<form[^>]* action="(/submissions/[^"]+)"', text)
    assert address
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text)
    sent = {name: html.unescape(value) for name, value in fields if name != "csrfmiddlewaretoken"}
    return client.post(html.unescape(address[1]), sent)


def status_of(submission: Submission) -> str:
    return str(Submission.objects.get(pk=submission.pk).status)


def test_within_the_minutes_nobody_is_asked(submitted: Submission) -> None:
    client = signed_in(cast.regulator(), minutes_ago=9)
    client.post(f"/submissions/{submitted.pk}/accept/")
    assert status_of(submitted) == "accepted"


def test_later_the_form_waits_until_the_password_was_given(submitted: Submission) -> None:
    client = signed_in(cast.regulator(), minutes_ago=11)
    address = f"/submissions/{submitted.pk}/return/"
    asked = client.post(address, {"comment": "The third line is doubtful."})
    assert asked.headers["Location"] == f"{AGAIN}?next={address.replace('/', '%2F')}"
    assert status_of(submitted) == "submitted"
    wrong = client.post(AGAIN, {"password": "no", "next": address})
    assert (wrong.status_code, status_of(submitted)) == (422, "submitted")
    go_on(client, client.post(AGAIN, {"password": cast.PASSWORD, "next": address}))
    returned = Submission.objects.get(pk=submitted.pk)
    assert (returned.status, returned.decision_comment) == ("returned", "The third line is doubtful.")
    assert STATE not in client.session
    assert client.get("/review/").status_code == 200


def test_who_has_a_second_factor_shows_that(submitted: Submission) -> None:
    user = cast.regulator()
    secret = cast.with_second_factor(user)
    client = signed_in(user, minutes_ago=11)
    address = f"/submissions/{submitted.pk}/accept/"
    assert client.post(address).headers["Location"].startswith("/accounts/again/code/")
    by_password = client.post(AGAIN, {"password": cast.PASSWORD, "next": address})
    assert by_password.headers["Location"].startswith("/accounts/again/code/")
    assert status_of(submitted) == "submitted"
    go_on(client, client.post("/accounts/again/code/", {"code": cast.code_of(secret), "next": address}))
    assert status_of(submitted) == "accepted"


def test_what_waits_is_not_done_for_another(submitted: Submission) -> None:
    client = signed_in(cast.regulator(), minutes_ago=11)
    client.post(f"/submissions/{submitted.pk}/accept/")
    client.post("/accounts/sign-out/")
    other = cast.regulator("other")
    client.force_login(other)
    client.post(AGAIN, {"password": cast.PASSWORD, "next": f"/submissions/{submitted.pk}/accept/"})
    assert status_of(submitted) == "submitted"


def test_before_a_declaration_is_read_and_no_password_is_kept(owner: Operator) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    draft = cast.file(cast.centre(owner=owner), cast.period(), status="draft", by=filer, ascend=8)
    client = signed_in(filer, minutes_ago=11)
    address = f"/submissions/{draft.pk}/attest/"
    assert client.get(address).headers["Location"].startswith(AGAIN)
    client.post(address, {"full_name": "Li Na", "password": cast.PASSWORD})
    kept = str(client.session[STATE])
    assert "Li Na" in kept
    assert cast.PASSWORD not in kept


def test_a_key_that_fails_says_so_and_what_was_sent_waits_on(submitted: Submission) -> None:
    user = cast.regulator()
    WebAuthn.add(user, "a key", cast.security_key("a key"))
    client = signed_in(user, minutes_ago=11)
    address = f"/submissions/{submitted.pk}/accept/"
    by_key = client.post(address).headers["Location"]
    assert by_key.startswith("/accounts/again/key/")
    failed = client.post(by_key, {"credential": "{}", "next": address})
    assert failed.status_code == 422
    assert 'role="alert"' in failed.content.decode()
    assert (status_of(submitted), STATE in client.session) == ("submitted", True)


def test_what_was_given_up_is_not_done_later(submitted: Submission) -> None:
    client = signed_in(cast.regulator(), minutes_ago=11)
    client.post(f"/submissions/{submitted.pk}/accept/")
    there = client.post(AGAIN, {"password": cast.PASSWORD, "next": "/accounts/second-factor/app/"})
    assert there.headers["Location"] == "/accounts/second-factor/app/"
    assert (status_of(submitted), STATE in client.session) == ("submitted", False)


@pytest.mark.parametrize(
    "address",
    [
        "/mandates/provisions/1/approve/",
        "/mandates/provisions/1/issue/",
        "/exemptions/1/approve/",
        "/exemptions/1/revoke/",
        "/exemptions/requests/1/grant/",
        "/chips/1/decide/1/",
        "/case-by-case/1/SH-01/decide/",
        "/mandates/provisions/1/propose/",
        "/mandates/new/",
        "/chips/1/claims/",
        "/exemptions/propose/",
        "/movements/1/",
        "/timeliness/2025Q4/term/",
        "/timeliness/2025Q4/term/SH-01/",
        "/timeliness/openings/1/",
    ],
)
def test_every_decision_asks(address: str) -> None:
    client = signed_in(cast.regulator(), minutes_ago=11)
    assert client.post(address).headers["Location"].startswith(AGAIN)


STATE: Any = "account_reauthentication_state"
