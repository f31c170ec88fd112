"""The menu in a browser: one line where there is room, opened and closed by keys, usable on a phone."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests import cast
from tests.browser.conftest import Visitor

_ONE_LINE = 64


def height(page: Page) -> int:
    return int(page.evaluate("document.querySelector('header').offsetHeight"))


@pytest.mark.parametrize("language", ["English", "中文"])
def test_it_stands_on_one_line_from_1024_on(visit: Visitor, language: str) -> None:
    regulator: User = cast.regulator()
    page = visit(regulator)
    if language == "中文":
        page.get_by_role("button", name=language).click()
        expect(page.get_by_role("button", name="English")).to_be_visible()
    for width in (1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert height(page) < _ONE_LINE
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_a_heading_opens_and_closes_by_keys_and_by_a_click_elsewhere(visit: Visitor) -> None:
    page = visit(cast.regulator())
    heading, entry = page.locator("summary", has_text="Rules"), page.get_by_role("link", name="Simulations")
    expect(entry).to_be_hidden()
    heading.focus()
    page.keyboard.press("Enter")
    expect(entry).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(heading).to_be_focused()
    heading.click()
    page.locator("summary", has_text="Analysis").click()
    expect(entry).to_be_hidden()
    expect(page.get_by_role("link", name="Outlook", exact=True)).to_be_visible()
    page.mouse.click(20, 850)
    expect(page.get_by_role("link", name="Outlook", exact=True)).to_be_hidden()
    heading.click()
    entry.click()
    expect(page.get_by_role("heading", level=1, name="Simulations")).to_be_visible()
