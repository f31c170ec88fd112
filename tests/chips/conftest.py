"""A centre and who files for it; files lie in folders of their own, and nobody waits for a worker that is not there."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from centres.models import Centre, Operator
from chips import filing_views
from tests import cast


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILES_DIR = tmp_path / "files"
    monkeypatch.setattr(filing_views, "_WAITED", 0)


@pytest.fixture
def where(owner: Operator) -> Centre:
    """A centre of `owner`."""
    return cast.centre(owner=owner)


@pytest.fixture
def filer(client: Client, owner: Operator, where: Centre) -> Client:
    """Somebody signed in who files for `where`."""
    client.force_login(cast.user("filer", cast.Role.OPERATOR, acts_for=owner))
    return client
