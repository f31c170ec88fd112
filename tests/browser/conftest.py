"""A page of a real Chromium on a real server; what it complains of fails the test."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests import cast
from tests.browser.chromium import ARGUMENTS, HOW_TO_GET_ONE, chromium

# Playwright keeps an event loop in this thread, and Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

Visitor = Callable[[User], Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip(HOW_TO_GET_ONE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(transactional_db: None, browser: Browser, live_server: LiveServer) -> Iterator[Visitor]:
    """Sign a user in through the page, as they would, and give them the page that they are led to."""
    complaints: list[str] = []
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        # A form that is answered with its faults is no fault of the page.
        if message.type == "error" and "status of 422" not in message.text:
            complaints.append(message.text)

    def sign_in(user: User) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900}, locale="en")
        contexts.append(context)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        secret = cast.with_second_factor(user) if user.needs_second_factor else None
        page.goto("/")
        page.get_by_label("Name").fill(user.username)
        page.get_by_label("Password").fill(cast.PASSWORD)
        if secret:
            page.get_by_role("button", name="Sign in").click()
            page.get_by_label("One-time code").fill(cast.code_of(secret))
        # With its scripts: a key that is pressed before they are there is heard by nobody.
        with page.expect_navigation(wait_until="load"):
            page.get_by_role("button", name="Go on" if secret else "Sign in", exact=True).click()
        return page

    yield sign_in
    for context in contexts:
        context.close()
    # A refused script or style is among them: the policy forbids what stands in a page itself.
    assert complaints == []
