from pathlib import Path

import pytest
from pytest_django import Settings

from tests.api.register import Register, make_register


@pytest.fixture
def register(db: None, settings: Settings, tmp_path: Path) -> Register:
    settings.FILES_DIR = tmp_path / "files"
    return make_register()
