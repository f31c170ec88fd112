"""The trail as a regulator of the whole country reads it: in the menu, filtered, opened, both languages, a phone."""

import os

import pytest

from accounts import asking
from accounts.trail.seal import seal
from centres.models import Operator
from tests import cast
from tests.browser.conftest import Visitor

PHONE = 400


@pytest.mark.django_db(transaction=True)
def test_a_regulator_finds_who_renamed_an_operator(visit: Visitor) -> None:
    reader, clerk = cast.regulator("reader"), cast.regulator()
    with asking.asked_by(asking.Asking("page", clerk.pk, "regulator", "192.0.2.7", "POST /operators/1/", "r-1")):
        operator = cast.operator("Old Name")
        Operator.objects.filter(pk=operator.pk).update(name_en="New Name")
    seal()
    page = visit(reader)
    page.get_by_role("link", name="Audit trail").click()
    page.get_by_label("Kind of record").select_option("centres_operator")
    page.get_by_label("What was done").select_option("update")
    page.get_by_role("textbox", name="Account").fill("regulator")
    page.get_by_role("textbox", name="Account").press("Enter")
    (row,) = page.get_by_role("row").filter(has_text="Changed").all()
    assert "192.0.2.7" in row.inner_text()
    row.get_by_text("1 value").focus()
    page.keyboard.press("Enter")
    assert row.get_by_text("Old Name").is_visible()
    assert row.get_by_text("New Name").is_visible()
    if folder := os.environ.get("SCREENS"):
        page.screenshot(path=f"{folder}/trail-en.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.get_by_role("button", name="中文").click()
    page.get_by_role("heading", name="审计日志").wait_for()
    page.goto("/trail/")
    page.set_viewport_size({"width": PHONE, "height": 800})
    width = page.evaluate("document.documentElement.scrollWidth")
    if folder := os.environ.get("SCREENS"):
        page.screenshot(path=f"{folder}/trail-zh.png", full_page=True)
    assert width <= PHONE
