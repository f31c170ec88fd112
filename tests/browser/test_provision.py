"""A provision is written in a browser: how it reads changes as one types; another regulator approves and issues it."""

from playwright.sync_api import expect

from compliance.determine import determine
from compliance.models import DeterminationRun, Provision
from compliance.requests import fulfil
from tests import cast
from tests.browser.conftest import Visitor


def test_two_regulators_bring_a_provision_into_force(visit: Visitor) -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test")

    page = visit(cast.regulator("author"))
    page.goto("/mandates/SH-2023/")
    page.get_by_role("link", name="Supersede what is in force").click()
    reading = page.locator("#reading")
    expect(reading).to_contain_text("Holds from (still empty)")
    page.get_by_label("Holds from").fill("2025-10-01")
    expect(reading).to_contain_text("at least 50%")
    page.get_by_label("Share").fill("55%")
    expect(reading).to_contain_text("at least 55%")
    expect(reading).to_contain_text("不低于 55%")
    page.get_by_role("button", name="Add a step").click()
    second = page.get_by_role("group", name="Step 2")
    expect(second.get_by_label("From")).to_be_focused()
    second.get_by_label("From").fill("2027-01-01")
    second.get_by_label("Compared").select_option("over")
    second.get_by_label("Share").fill("７５％")
    expect(reading).to_contain_text("From 1 January 2027: over 75%.")
    expect(reading.locator("svg .over")).to_have_count(1)
    page.get_by_label("Countries that count as domestic").fill("China")
    expect(reading).to_contain_text("'China' is not an ISO 3166 alpha-2 country.")
    page.get_by_label("Countries that count as domestic").fill("CN")
    expect(reading).to_contain_text("From 1 January 2027: over 75%.")
    page.get_by_label("Legal text, in English").fill("At least 55%.")
    # By the keyboard alone: Enter in a field saves it.
    page.get_by_label("Link").press("Enter")
    page.get_by_role("button", name="Propose it for approval").click()
    expect(page.get_by_text("whoever wrote it cannot approve it")).to_be_visible()
    # Loaded by itself: whose outcome it would flip.
    expect(page.locator("#effects")).to_contain_text(where.name_en)

    other = visit(cast.regulator("other"))
    other.goto(page.url)
    other.get_by_role("button", name="Approve it as it reads").click()
    other.get_by_role("link", name="Issue …").click()
    expect(other.locator("#effects")).to_contain_text(where.name_en)
    other.get_by_role("button", name="Issue it from 1 October 2025").click()
    expect(other.get_by_role("heading", name="Outcomes that changed")).to_be_visible()
    for request in DeterminationRun.objects.get().requests.all():
        fulfil(request.pk)
    expect(other.get_by_role("row", name=where.name_en)).to_contain_text("Non-compliant")
    assert Provision.objects.get(written_by__username="author").rule["steps"] == [
        {"from": "2025-01-01", "comparator": "at_least", "threshold": "0.55"},
        {"from": "2027-01-01", "comparator": "over", "threshold": "0.75"},
    ]
