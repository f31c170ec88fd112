"""The Chromium that tests drive, where there is one."""

import os
import shutil

HOW_TO_GET_ONE = (
    "The browser tests were skipped: no Chromium was found. Install one (Debian: apt-get install chromium "
    "fonts-noto-cjk) or set CHROMIUM to its path."
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The path of a Chromium: what ``CHROMIUM`` names, else one that is installed."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
