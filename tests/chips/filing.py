"""The steps of a filing as its page takes them, with the reading done at once and in this process."""

import io
from pathlib import Path
from typing import Any

from django.test import Client

from chips import uploads
from chips.declaration import CURRENT
from chips.models import Submission, Upload
from tests import cast
from tests.chips.intake.test_uploads import UPLOADS

SIGNATURE = {"full_name": "Wang Xiaoming", "password": cast.PASSWORD, "declaration": CURRENT.version}


def send(
    client: Client,
    content: bytes | Path | str,
    *,
    name: str = "inventory.csv",
    code: str = "SH-01",
    period: str = "2025Q4",
    lines: int | str = 2,
    units: int | str = 160,
) -> Any:
    """Send a file (bytes, a path, or the name of one of the tests' uploads), and see what its sender sees once read."""
    if isinstance(content, str):
        content = UPLOADS / content
    if isinstance(content, Path):
        name, content = content.name, content.read_bytes()
    file = io.BytesIO(content)
    file.name = name
    asked = {"period": period, "file": file, "declared_lines": lines, "declared_units": units}
    answer = client.post(f"/centres/{code}/file/", asked)
    return seen(client, answer)


def seen(client: Client, answer: Any) -> Any:
    """Read what waits, and go where its sender is led."""
    for upload in Upload.objects.filter(status="waiting"):
        uploads.read(upload.pk)
    if answer.status_code != 302:
        return answer
    return client.get(answer.headers["Location"], follow=True)


def attest(client: Client, submission: Submission, **fields: str) -> Any:
    return client.post(f"/submissions/{submission.pk}/attest/", SIGNATURE | fields, follow=True)
