import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from tests import once
from tests.api.register import Register, make_register


@pytest.fixture(scope="package")
def whole(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Register, Path]]:
    """The register of all of these tests, and where its files are."""
    files = tmp_path_factory.mktemp("register")
    with once.made(django_db_blocker, files):
        yield make_register(), files


@pytest.fixture
def register(whole: tuple[Register, Path], db: None, settings: Settings, tmp_path: Path) -> Register:
    """The register for one test, which may change what it likes."""
    made, files = whole
    settings.FILES_DIR = shutil.copytree(files, tmp_path / "files")
    return deepcopy(made)
