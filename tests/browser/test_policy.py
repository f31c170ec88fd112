"""Chromium opens every page and refuses nothing in it: the Content-Security-Policy is kept, without any exception."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.config.crawl import pages_of, whole_register

# Told by the browser itself, wherever the page came from and whatever its status.
_LISTEN = """document.addEventListener("securitypolicyviolation", (event) => window.tellViolation(
    `${event.effectiveDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`));"""
Opener = Callable[[User], Page]


@pytest.fixture
def violations() -> list[str]:
    return []


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer, violations: list[str]) -> Iterator[Opener]:
    """A page of a browser in which the user is signed in already."""
    contexts = []

    def sign_in(user: User) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=live_server.url, locale="en")
        contexts.append(context)
        kept = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": kept.key, "value": kept.value, "url": live_server.url}])
        context.expose_function("tellViolation", lambda told: violations.append(f"{page.url}: {told}"))
        context.add_init_script(_LISTEN)
        page = context.new_page()
        return page

    yield sign_in
    for context in contexts:
        context.close()


@pytest.mark.usefixtures("transactional_db")
def test_no_page_breaks_the_policy(settings: Settings, tmp_path: object, opened: Opener, violations: list[str]) -> None:
    settings.FILES_DIR = tmp_path
    people, known = whole_register(), set[str]()
    for who in ("regulator", "owner", "administrator"):
        page = opened(people[who])
        for name, address, answer in pages_of(people[who]):
            is_page = answer.headers.get("Content-Type", "").startswith("text/html")
            if not is_page or answer.status_code == 405 or name in known:
                continue
            known.add(name)
            page.goto(address)
            # What comes after the page comes by htmx, but for the API's own pages.
            expect(page.locator(".htmx-request")).to_have_count(0)
            if address.startswith("/api/"):
                page.wait_for_load_state("networkidle")
    assert len(known) > 50
    assert violations == []


@pytest.mark.usefixtures("transactional_db")
def test_no_refusal_breaks_the_policy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, opened: Opener, violations: list[str]
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("compliance.mandate_views.sort_out", fail)
    page = opened(whole_register()["analyst"])
    for address, status in {"/no/such/page/": 404, "/review/": 403, "/mandates/SH-2023/": 500}.items():
        answer = page.goto(address)
        page.wait_for_load_state("networkidle")
        assert answer is not None
        assert answer.status == status
    settings.RATE_PER_ACCOUNT = "1/day"
    page.goto("/chips/")
    refused = page.goto("/chips/")
    assert refused is not None
    assert refused.status == 429
    expect(page.get_by_role("heading", level=1)).to_have_text("Too many requests")
    page.wait_for_load_state("networkidle")
    assert violations == []


def test_the_listener_hears_what_is_refused(opened: Opener, violations: list[str], transactional_db: None) -> None:
    """Else the tests above could not fail."""
    page = opened(whole_register()["analyst"])
    page.goto("/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    page.wait_for_function("true")
    (told,) = violations
    assert "style-src-attr refused inline" in told
