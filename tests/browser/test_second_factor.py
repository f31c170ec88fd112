"""Signing in with a second factor in a real Chromium: an authenticator app, and a security key."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from centres.models import Operator
from chips.models import Submission
from tests import cast


@pytest.fixture
def open_page(transactional_db: None, browser: Browser, live_server: LiveServer) -> Iterator[Callable[[], Page]]:
    """A page of a browser that nobody has signed in with, in a narrow window; it must not complain."""
    complaints: list[str] = []
    contexts = []

    def opened() -> Page:
        context = browser.new_context(base_url=live_server.url, viewport={"width": 400, "height": 800}, locale="en")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def with_key(page: Page) -> None:
    """Plug a security key in, which is touched at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def give_password(page: Page, user: User) -> None:
    page.goto("/")
    page.get_by_label("Name").fill(user.username)
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_regulator_sets_an_app_up_and_signs_in_with_it(open_page: Callable[[], Page]) -> None:
    user = cast.regulator()
    page = open_page()
    give_password(page, user)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_role("link", name="Set up an app").click()
    secret = page.get_by_label("Secret").input_value()
    # The picture is drawn: the policy lets it be.
    assert page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth > 0")
    page.get_by_label("One-time code").fill(cast.code_of(secret))
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    page.get_by_role("link", name="To the register").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Second factor")
    again = open_page()
    give_password(again, user)
    again.get_by_label("One-time code").fill(cast.code_of(secret, later=1))
    again.get_by_role("button", name="Go on").click()
    expect(again.get_by_role("button", name="Sign out")).to_be_visible()
    expect(again).to_have_url(again.url.split("/accounts/")[0])


def test_a_security_key_is_added_and_signs_in(open_page: Callable[[], Page]) -> None:
    user = cast.regulator()
    page = open_page()
    with_key(page)
    give_password(page, user)
    page.get_by_role("link", name="Add a key").click()
    page.get_by_label("Name of the key").fill("The blue one")
    page.get_by_role("button", name="Add the key").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    page.goto("/accounts/second-factor/")
    expect(page.get_by_role("rowheader", name="The blue one")).to_be_visible()
    # The same key a second time.
    page.get_by_role("link", name="Add a key").click()
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("alert")).to_have_text("No key gave an answer of use. Try another one, or another way.")
    page.get_by_role("button", name="Sign out").click()
    give_password(page, user)
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto("/review/")
    expect(page).to_have_url(page.url.split("/review/")[0] + "/review/")


def test_what_was_being_decided_goes_on_once_the_code_is_given(open_page: Callable[[], Page], owner: Operator) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    sent = cast.file(cast.centre(owner=owner), cast.period(), status="submitted", by=filer, ascend=8)
    user = cast.regulator()
    secret = cast.with_second_factor(user)
    page = open_page()
    give_password(page, user)
    page.get_by_label("One-time code").fill(cast.code_of(secret))
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(f"/submissions/{sent.pk}/")
    eleven_minutes_pass()
    page.locator("#returning [name=comment]").fill("The third line\nis “doubtful”.")
    page.locator("#returning button").click()
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    page.get_by_label("One-time code").fill(cast.code_of(secret, later=1))
    page.get_by_role("button", name="Go on", exact=True).click()
    page.wait_for_url(lambda address: "/accounts/" not in address)
    returned = Submission.objects.get(pk=sent.pk)
    assert returned.status == "returned"
    assert re.fullmatch("The third line\\s+is “doubtful”\\.", returned.decision_comment)


def eleven_minutes_pass() -> None:
    """Since everybody who is signed in showed who they are."""
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        for record in session.get("account_authentication_methods", []):
            record["at"] -= 11 * 60
        session.save()
