"""A rule is tried in a browser: its page waits, then shows the curve, which a table tells as well."""

from playwright.sync_api import expect

from compliance import simulate
from compliance.determine import determine
from compliance.models import Simulation
from tests import cast
from tests.browser.conftest import Visitor


def test_a_threshold_is_tried_and_its_curve_is_drawn(visit: Visitor) -> None:
    for number in range(1, 10):
        cast.file(cast.centre(f"SH-0{number}"), cast.period(), ascend=number * 10, h800=100 - number * 10)
    determine(period=cast.period(), cause="test")
    page = visit(cast.regulator())
    page.goto("/simulations/")
    page.get_by_label("Rule", exact=True).select_option(label="SH-2023, issued from 1 March 2023")
    page.get_by_label("Percent").fill("70")
    page.get_by_label("Percent").press("Enter")
    expect(page.get_by_text("The rule is being tried.")).to_be_visible()
    simulate.fulfil(Simulation.objects.get().pk)
    # It looks again by itself.
    expect(page.locator("#curve canvas")).to_be_visible()
    expect(page.get_by_role("row", name="Compliant").first).to_contain_text("-2")
    page.get_by_text("As a table").click()
    expect(page.get_by_role("row", name="70%", exact=False).first).to_contain_text("3")
