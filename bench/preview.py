"""How soon an operator sees what was read of a file of 1,000 lines, against how soon the page to send it is there.

In a real Chromium on the product as `make run` starts it, in folders and on a port of its own; without a Chromium there
is no figure. Both are timed by the browser itself, from the start of the navigation (for the preview: when the form is
sent, with the reading and the redirect in it) to the end of the page's load.
"""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from bench.figure import Figure
from tests.browser.chromium import ARGUMENTS, chromium

LINES, REPEATS, MOST = 1_000, 9, 3


def run() -> list[Figure]:
    path = chromium()
    if path is None:
        print("no Chromium was found: how soon a file is previewed was not measured")
        return []
    with _product() as (address, user, folder), sync_playwright() as playwright:
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


@contextmanager
def _product() -> Iterator[tuple[str, dict[str, str], Path]]:
    """The product with its demonstration: its address, its operator, and a folder for files."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="originmark-bench-") as folder:
        # The server may run as another user.
        Path(folder).chmod(0o755)
        own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        process = subprocess.Popen(
            [sys.executable, "-m", "config.supervise"],
            env=own | {"PORT": str(port), "VAR_DIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert any("ready:" in line for line in process.stdout), "The product did not start."
            users = json.loads((Path(folder) / "demo-users.json").read_text())
            operator = next(user for user in users if user["role"] == "operator")
            yield f"http://127.0.0.1:{port}", operator, Path(folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


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
