"""What was sent is kept as it was sent; where it was not, that is found, and nothing is signed over it."""

import hashlib
import logging
from pathlib import Path

import pytest
from django.test import Client

from chips.models import ChipModel, Submission
from chips.originals import original
from chips.receipts import lines_sha256
from chips.submissions import accept
from chips.uploads import check_originals
from tests import cast
from tests.chips import filing
from tests.chips.filing import send

pytestmark = pytest.mark.django_db


def test_nothing_is_signed_over_a_damaged_file(filer: Client) -> None:
    send(filer, "gbk_excel.csv")
    draft = Submission.objects.get()
    path = original(draft.file_sha256)
    path.write_bytes(b"something else")
    answer = filing.attest(filer, draft)
    assert answer.status_code == 422
    assert "damaged" in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.status, draft.accession_number) == ("draft", None)
    # Sent again, it is the same draft, and whole again.
    send(filer, "gbk_excel.csv")
    filing.attest(filer, draft)
    draft.refresh_from_db()
    assert draft.status == "submitted"


def test_what_is_damaged_is_found_by_night(filer: Client, caplog: pytest.LogCaptureFixture) -> None:
    send(filer, "gbk_excel.csv")
    send(filer, b"chip_model,quantity\nnothing,1\n", lines=1, units=1)
    assert check_originals() == []
    submission = Submission.objects.get()
    original(submission.file_sha256).unlink()
    with caplog.at_level(logging.ERROR):
        assert check_originals() == [submission.file_sha256]
    assert submission.file_sha256 in caplog.text


def test_a_chip_that_is_renamed_changes_no_digest(filer: Client) -> None:
    send(filer, "gbk_excel.csv")
    draft = Submission.objects.get()
    filing.attest(filer, draft)
    draft.refresh_from_db()
    ChipModel.objects.filter(name="Ascend 910B").update(name="Ascend 910 B (2023)")
    assert lines_sha256(draft) == draft.lines_sha256
    accept(draft, by=cast.regulator())
    # Nor is the new name a difference that could be amended.
    send(filer, b"chip_model,quantity\nAscend 910 B (2023),120\nH800,40\n")
    amendment = Submission.objects.get(status="draft")
    answer = filing.attest(filer, amendment, amendment_reason="A new name.")
    assert "there is nothing to amend" in answer.content.decode()


@pytest.mark.parametrize(
    "name",
    [
        "../../outside.csv", "..\\..\\outside.csv", "/etc/outside.csv", "CON", "a\x00b.csv", "x" * 300 + ".csv",
        "\u202evsc.exe", ".", "..", "%2e%2e%2foutside.csv", "a/../../outside.csv",
    ],
)  # fmt: skip
def test_a_file_is_kept_under_its_digest_whatever_it_is_called(filer: Client, tmp_path: Path, name: str) -> None:
    content = f"chip_model,quantity\nH800,{len(name)}\n".encode()
    # Written out, since a client would tidy the name.
    parts = {"period": "2025Q4", "declared_lines": "1", "declared_units": str(len(name))}
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in parts.items()
    )
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    answer = filer.generic(
        "POST", "/centres/SH-01/file/", body + head + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"
    )
    assert answer.status_code < 500
    came = [path for path in tmp_path.rglob("*") if path.is_file()]
    # A name that is none is as good as no file.
    assert came in ([original(hashlib.sha256(content).hexdigest())], [])
    assert came or name in (".", "..")
    assert not Path("/etc/outside.csv").exists()
    assert not list(tmp_path.parent.glob("outside*"))
