"""The main job, as each of its three people does it."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from centres.models import Operator
from compliance.determine import determine
from tests import cast
from tests.browser.conftest import Visitor


@pytest.fixture
def country(transactional_db: None, owner: Operator) -> None:
    cast.file(cast.centre("SH-01", owner=owner), cast.period(), ascend=500, h800=500)
    cast.file(cast.centre("SH-02", owner=owner), cast.period(), ascend=900, h800=100)
    cast.file(cast.centre("GD-01", region_code="4401"), cast.period(), ascend=10, h800=30)
    cast.centre("SH-03", owner=owner)
    determine(period=cast.period(), cause="test")


@pytest.mark.usefixtures("country")
def test_a_regulator_finds_who_fails_and_why_in_three_clicks(visit: Visitor) -> None:
    page = visit(cast.regulator())
    expect(page.locator("#trend canvas")).to_be_visible()
    page.locator("a.outcome-card", has_text="Non-compliant").click()
    page.locator("#centres").get_by_role("link", name="Centre SH-01").click()
    expect(page.locator("article", has_text="CN-2025").first).to_contain_text("units to replace by domestic ones: 1")
    page.locator("article", has_text="over 50%").get_by_role("link", name="Why: line by line").click()
    lines = page.locator("#lines")
    expect(lines.get_by_role("row", name="Ascend 910B")).to_contain_text("domestic")
    expect(lines.get_by_role("row", name="H800")).to_contain_text("foreign")
    expect(page.get_by_text("the same, to the byte")).to_be_visible()


@pytest.mark.usefixtures("country")
def test_a_search_is_a_key_away_and_the_list_follows_the_typing(visit: Visitor) -> None:
    page = visit(cast.regulator())
    expect(page.locator("#centres tbody tr")).to_have_count(4)
    page.keyboard.press("/")
    page.keyboard.type("GD-01")
    expect(page.locator("#centres tbody tr")).to_have_count(1)
    expect(page.locator("#centres")).to_contain_text("Centre GD-01")
    assert "search=GD-01" in page.url


@pytest.mark.usefixtures("country")
def test_a_choice_is_sent_as_soon_as_it_is_made(visit: Visitor) -> None:
    page = visit(cast.regulator())
    page.locator("select[name=mandate]").select_option("SH-2023")
    page.wait_for_url("**mandate=SH-2023**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Shanghai: domestic chips")


@pytest.mark.usefixtures("country", "worker")
def test_an_analysts_download_adds_up_to_what_the_dashboard_says(visit: Visitor) -> None:
    page = visit(cast.analyst())
    shown = page.locator("tr", has=page.get_by_role("rowheader", name="CN-2025 Nationwide")).locator("td")
    compliant, failing, units, domestic = (number(shown.nth(place)) for place in (0, 1, 7, 8))
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("button", name="Build now").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click(timeout=20_000)
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    mine = [row for row in rows if row["mandate"] == "CN-2025"]
    assert [row["outcome"] for row in mine].count("compliant") == compliant == 1
    assert [row["outcome"] for row in mine].count("non_compliant") == failing == 2
    assert sum(int(row["units_domestic"] or 0) for row in mine) == domestic == 1410
    counted = ("units_domestic", "units_foreign", "units_unknown")
    assert sum(int(row[column] or 0) for row in mine for column in counted) == units == 2040


def number(cell: Locator) -> int:
    return int(cell.inner_text().replace(",", ""))


@pytest.mark.usefixtures("country")
def test_every_page_stands_on_a_phone(visit: Visitor) -> None:
    page: Page = visit(cast.regulator())
    page.set_viewport_size({"width": 390, "height": 800})
    of_centre = (f"/centres/SH-01/{page_of}" for page_of in ("", "plan/", "outlook/", "shares/", "record/"))
    of_rules = ("/mandates/CN-2025/", "/simulations/", "/exemptions/", "/exemptions/propose/", "/case-by-case/")
    of_all = ("/", "/reports/", "/outlook/", "/shares/", "/movements/", "/determinations/runs/", "/centres/records/")
    for address in (*of_all, *of_rules, *of_centre):
        page.goto(address)
        # Only tables may be wider, each within a frame of its own.
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
