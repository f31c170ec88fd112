"""An administrator makes an account and closes it, by keyboard too; both languages, a phone."""

import os

import pytest
from playwright.sync_api import Page

from accounts.models import Membership, Role, User
from tests import cast
from tests.browser.conftest import Visitor

PHONE = 390


def photographed(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def fits(page: Page, width: int) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


@pytest.mark.django_db(transaction=True)
def test_an_administrator_makes_an_account_and_closes_it(visit: Visitor) -> None:
    owner, administrator = cast.operator(), cast.administrator()
    cast.user("zhang.wei", Role.OPERATOR, acts_for=owner, first_name="Zhang Wei", email="wei@example.org")
    cast.regional_regulator("31", "44")
    page = visit(administrator)
    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("Search by name or mail address").fill("zhang")
    page.keyboard.press("Enter")
    page.get_by_role("row", name="zhang.wei").wait_for()
    page.goto("/administration/accounts/")
    photographed(page, "accounts-en")
    page.get_by_role("link", name="Make an account").click()
    photographed(page, "make-operator-en")
    page.get_by_label("Name to sign in with").fill("li.na")
    page.get_by_label("Full name").fill("Li Na")
    page.get_by_label("Mail address").fill("na@example.org")
    # What belongs to another role is not asked for.
    page.get_by_label("Role").select_option("regulator")
    assert not page.get_by_label("First day").is_visible()
    photographed(page, "make-regulator-en")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_text("either the whole country or some provinces").wait_for()
    page.get_by_label("Shanghai").focus()
    page.keyboard.press("Space")
    photographed(page, "make-fault-en")
    page.get_by_role("button", name="Make the account").click()
    page.locator("#first-link").wait_for()
    assert "/accounts/password/forgotten/" in page.locator("#first-link").input_value()
    photographed(page, "made-en")
    made = User.objects.get(username="li.na")
    assert (made.role, made.region_codes) == ("regulator", ["31"])
    page.goto(f"/administration/accounts/{made.pk}/")
    page.locator("#close summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Reason").and_(page.locator("#close-reason")).fill("She went elsewhere.")
    page.get_by_role("button", name="Close the account").click()
    page.get_by_text("nobody comes in by it").wait_for()
    made.refresh_from_db()
    assert not made.is_active
    photographed(page, "closed-en")
    page.get_by_role("button", name="中文").click()
    page.goto(f"/administration/accounts/{Membership.objects.get().user_id}/")
    page.locator("#rights summary").click()
    photographed(page, "account-zh")
    page.goto("/accounts/held/")
    photographed(page, "held-zh")
    page.set_viewport_size({"width": PHONE, "height": 800})
    for path in ("", "make/", f"{Membership.objects.get().user_id}/", f"{made.pk}/"):
        page.goto(f"/administration/accounts/{path}")
        photographed(page, f"phone-{path.strip('/') or 'list'}-zh")
        assert fits(page, PHONE), path
