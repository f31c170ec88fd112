"""How soon an operator sees what was read of a file of 1,000 lines, against how soon the page to send it is there.

In a real Chromium on the product as `make run` starts it, in folders and on a port of its own; without a Chromium there
is no figure. Both are timed by the browser itself, from the start of the navigation (for the preview: when the form is
sent, with the reading and the redirect in it) to the end of the page's load.
"""

import re
import statistics
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from bench import product
from bench.figure import Figure
from tests.browser.chromium import ARGUMENTS, chromium

LINES, REPEATS, MOST = 1_000, 9, 3


def run() -> list[Figure]:
    path = chromium()
    if path is None:
        print("no Chromium was found: how soon a file is previewed was not measured")
        return []
    with product.started() as (address, user, folder), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page()
        form = _form_of_a_centre(page, address, user)
        # Turn by turn; a first turn fills the browser's cache and counts for nothing.
        turns = [(_opened(page, form), _previewed(page, folder, turn)) for turn in range(REPEATS + 1)][1:]
        browser.close()
    opened, previewed = (statistics.median(times) for times in zip(*turns, strict=True))
    return [
        Figure(
            name="preview of a file",
            value=previewed,
            unit="s",
            against="the page to send it",
            against_value=opened,
            ratio=previewed / opened,
            goal=f"< {MOST}",
            met=previewed < MOST * opened,
            size=f"{LINES} lines, median of {REPEATS}",
        )
    ]


def _form_of_a_centre(page: Page, address: str, user: dict[str, str]) -> str:
    """Sign in, and find the page on which an inventory of one of the user's centres is sent."""
    page.goto(address)
    page.fill("input[name=login]", user["name"])
    page.fill("input[name=password]", user["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")
    code = re.search(r'href="/centres/([A-Z0-9-]+)/', page.content())
    assert code is not None
    # A quarter for which nothing was filed by that centre needs no amendment.
    return f"{address}/centres/{code[1]}/file/?period=2023Q4"


def _loaded(page: Page) -> float:
    """Seconds that the last navigation took, as the browser timed it."""
    # The load event is over only when its handlers are: until then the browser says 0.
    while not (duration := page.evaluate("performance.getEntriesByType('navigation')[0].duration")):
        page.wait_for_timeout(5)
    return float(duration) / 1000


def _opened(page: Page, form: str) -> float:
    page.goto(form, wait_until="load")
    return _loaded(page)


def _previewed(page: Page, folder: Path, turn: int) -> float:
    file = folder / "inventory.csv"
    lines = (f"Ascend 910B,{line % 90 + 1},{turn}-{line}\n" for line in range(LINES))
    file.write_text("chip_model,quantity,note\n" + "".join(lines))
    page.set_input_files("#id_file", file)
    expect(page.locator("#id_declared_lines")).to_have_value(str(LINES))
    page.click("#filing button[type=submit]")
    page.wait_for_url("**/submissions/**", wait_until="load")
    return _loaded(page)
