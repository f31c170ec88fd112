from pathlib import Path

import pytest
from pytest_django import Settings

from tests.api.register import Register, make_register


@pytest.fixture
def register(db: None, settings: Settings, tmp_path: Path) -> Register:
    settings.FILES_DIR = tmp_path / "files"
    # Who asks has a token; a slow password would be made for nothing.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_register()
