"""The pages that describe the API work under the Content-Security-Policy, and ask nobody else for anything."""

import pytest
from playwright.sync_api import expect

from tests import cast
from tests.browser.conftest import Visitor


@pytest.mark.parametrize(
    ("name", "shown"), [("docs", "#operations-submissions-submissions_create"), ("redoc", "[id='tag/submissions']")]
)
def test_it_shows_the_operations(visit: Visitor, name: str, shown: str) -> None:
    page = visit(cast.analyst())
    expect(page.get_by_label("Name")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/api/v1/{name}/")
    # `visit` fails the test where the browser complains of anything.
    expect(page.locator(shown).first).to_be_attached(timeout=20_000)
    page.wait_for_load_state("networkidle")
    here = page.url.removesuffix(f"/api/v1/{name}/")
    assert [url for url in asked if not url.startswith((here, "data:"))] == []
