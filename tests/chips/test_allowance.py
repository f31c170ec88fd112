"""One operator takes neither the disk nor the readers: what it may have kept and waiting, and whose turn it is."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from centres.models import Operator
from chips import filing_views, readers, uploads
from chips.intake.formats import MIB
from chips.models import Upload
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept_apart(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILES_DIR = tmp_path / "files"
    # No worker reads here but when the test says so.
    monkeypatch.setattr(filing_views, "_WAITED", 0)


class Filer:
    """Somebody who files for a centre, by the page or by the API."""

    def __init__(self, operator: Operator, code: str) -> None:
        self.centre = cast.centre(code, owner=operator)
        self.user = cast.user(code.lower(), cast.Role.OPERATOR, acts_for=operator)
        self.page = Client()
        self.page.force_login(self.user)
        self.api = Client(headers={"Authorization": f"Token {cast.token(self.user)}"})

    def send(self, units: int, size: int = 0) -> Any:
        """An inventory of so many cards, by the page."""
        asked = {"period": "2025Q4", "file": inventory(units, size), "declared_lines": 1, "declared_units": units}
        return self.page.post(f"/centres/{self.centre.code}/file/", asked)

    def post(self, units: int, size: int = 0) -> Any:
        """The same by the API."""
        asked = {"centre": self.centre.code, "period": "2025Q4", "file": inventory(units, size)}
        return self.api.post("/api/v1/submissions/", asked)

    def usage(self) -> Any:
        return self.api.get("/api/v1/uploads/usage/").json()

    def statuses(self) -> list[str]:
        return list(self.centre.uploads.order_by("pk").values_list("status", flat=True))


@pytest.fixture
def owners(owner: Operator) -> Filer:
    return Filer(owner, "SH-01")


@pytest.fixture
def rivals(rival: Operator) -> Filer:
    return Filer(rival, "SH-02")


def inventory(units: int, size: int = 0) -> SimpleUploadedFile:
    """An inventory of so many cards, in `size` bytes or as many as it needs."""
    content = f"chip_model,quantity\nAscend 910B,{units}\n".encode()
    return SimpleUploadedFile("inventory.csv", content.ljust(size))


def kept(settings: Settings) -> int:
    """How many bytes lie on the disk."""
    return sum(path.stat().st_size for path in Path(settings.FILES_DIR).rglob("*") if path.is_file())


def test_what_does_not_fit_in_is_not_kept_and_says_what_is_used(
    owners: Filer, rivals: Filer, settings: Settings
) -> None:
    settings.STORAGE_PER_OPERATOR_MIB = 1
    half = MIB // 2
    assert owners.send(1, half).status_code == 302
    refused = owners.send(2, half + 1)
    assert refused.status_code == 422
    assert "1 of 1 MiB are kept, and this one does not fit in" in refused.content.decode()
    by_api = owners.post(3, half + 1)
    assert (by_api.status_code, by_api.json()["code"]) == (413, "quota_reached")
    assert (by_api.json()["used_bytes"], by_api.json()["quota_bytes"]) == (half, MIB)
    assert kept(settings) == half
    assert Upload.objects.count() == 1
    # What fits in to the byte does, and a rival has room of its own.
    assert owners.send(4, half).status_code == 302
    assert owners.usage()[0]["used_bytes"] == kept(settings) == MIB
    assert owners.send(5).status_code == 422
    assert rivals.send(2, half).status_code == 302


def test_a_file_counts_once_however_often_it_is_sent_and_goes_on_counting_when_discarded(
    owners: Filer, settings: Settings
) -> None:
    settings.STORAGE_PER_OPERATOR_MIB = 1
    for _ in range(3):
        assert owners.post(1, MIB - 100).status_code == 201
        owners.page.post(f"/uploads/{owners.centre.uploads.latest('pk').pk}/discard/")
    assert owners.statuses() == ["discarded"] * 3
    assert owners.usage()[0]["used_bytes"] == kept(settings) == MIB - 100
    assert owners.post(2, 200).json()["code"] == "quota_reached"


def test_the_page_says_what_is_kept(owners: Filer, settings: Settings) -> None:
    settings.STORAGE_PER_OPERATOR_MIB = 2048
    owners.send(1, MIB + 1)
    page = owners.page.get("/centres/SH-01/file/").content.decode()
    assert "files: 2 of 2,048 MiB." in page
    assert "2,048 MiB are kept at most" in owners.page.get("/help/inventory/").content.decode()


def test_who_asks_is_told_of_its_own_operators_alone(owners: Filer, rivals: Filer, settings: Settings) -> None:
    owners.send(1, 1000)
    assert owners.usage() == [
        {
            "operator": owners.centre.operator_id, "used_bytes": 1000, "quota_bytes": 5120 * MIB,
            "waiting": 1, "most_waiting": 5,
        }
    ]  # fmt: skip
    assert [one["waiting"] for one in rivals.usage()] == [0]
    regulator = Client(headers={"Authorization": f"Token {cast.token(cast.regulator())}"})
    assert regulator.get("/api/v1/uploads/usage/").json() == []


def test_so_many_files_wait_and_no_more(owners: Filer, rivals: Filer, settings: Settings) -> None:
    settings.UPLOADS_WAITING_PER_OPERATOR = 2
    assert [owners.send(units).status_code for units in (1, 2)] == [302, 302]
    refused = owners.send(3)
    assert refused.status_code == 422
    assert "2 files of the operator wait to be read already" in refused.content.decode()
    by_api = owners.post(3)
    assert (by_api.status_code, by_api.json()["code"]) == (429, "too_many_waiting")
    assert (by_api.json()["waiting"], by_api.json()["most_waiting"]) == (2, 2)
    assert rivals.send(3).status_code == 302
    uploads.read(owners.centre.uploads.earliest("pk").pk)
    assert owners.send(3).status_code == 302


def test_operators_take_turns(owners: Filer, rivals: Filer) -> None:
    for units in (1, 2, 3):
        owners.send(units)
    rivals.send(1)
    # The owner's first three rings are heard before the rival's; its last file still waits then.
    first, *_, last = owners.centre.uploads.order_by("pk")
    seen = []
    for rung in (first, first, first):
        uploads.read_in_turn(rung.pk)
        seen.append((owners.statuses(), rivals.statuses()))
    assert seen == [
        (["read", "waiting", "waiting"], ["waiting"]),
        (["read", "waiting", "waiting"], ["read"]),
        (["read", "read", "waiting"], ["read"]),
    ]
    assert uploads.read_in_turn(last.pk) is False
    assert owners.statuses() == ["read"] * 3


def test_a_file_whose_ring_read_another_is_rung_for_again(owners: Filer, rivals: Filer) -> None:
    owners.send(1)
    uploads.read_in_turn(owners.centre.uploads.get().pk)
    owners.send(2)
    rivals.send(1)
    still_waiting = owners.centre.uploads.latest("pk")
    assert uploads.read_in_turn(still_waiting.pk) is True
    assert rivals.statuses() == ["read"]
    assert uploads.read_in_turn(still_waiting.pk) is False


def test_when_all_readers_of_web_are_busy_a_program_is_told_when_to_come_back(
    owners: Filer, settings: Settings
) -> None:
    settings.READERS_OF_WEB = 1
    with readers.a_reader():
        refused = owners.post(1)
    assert (refused.status_code, refused.json()["code"]) == (503, "readers_busy")
    assert refused.headers["Retry-After"] == "10"
    assert not owners.centre.uploads.exists()
    assert owners.post(1).status_code == 201
