"""The catalogue that the demonstration buys from, and a place for its files."""

from pathlib import Path

import pytest
from pytest_django import Settings

from demonstration.inventory import END
from demonstration.market import Market
from demonstration.store import market_of_catalogue


@pytest.fixture(autouse=True)
def places(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    settings.FILES_DIR = tmp_path / "files"
    return tmp_path


@pytest.fixture
def market(db: None) -> Market:
    return market_of_catalogue(END)
