"""Files of tests lie in folders of their own, and nobody waits for a worker that is not there."""

from pathlib import Path

import pytest
from pytest_django import Settings

from chips import filing_views


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILES_DIR = tmp_path / "files"
    monkeypatch.setattr(filing_views, "_WAITED", 0)
