"""The time that counts is the server's when the last byte is in."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from centres.models import Operator
from chips import filing_views
from chips.models import Receipt, Submission, Upload
from tests import cast
from tests.chips.filing import SIGNATURE

pytestmark = pytest.mark.django_db
_PIECE = 1_024


class SlowBody:
    """A body that comes in pieces, each a moment after the other, and remembers when the last one came."""

    def __init__(self, content: bytes) -> None:
        self.pieces: Iterator[bytes] = iter([content[at : at + _PIECE] for at in range(0, len(content), _PIECE)])
        self.ended_at: datetime | None = None

    def read(self, size: int = -1) -> bytes:
        piece = next(self.pieces, b"")
        time.sleep(0.02)
        if piece:
            self.ended_at = timezone.now()
        return piece

    # The only way that a multipart body is read.
    readline = read


@pytest.fixture
def filer(client: Client, owner: Operator, settings: Settings, tmp_path: Any, monkeypatch: Any) -> Client:
    settings.FILES_DIR = tmp_path
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    cast.centre(owner=owner)
    client.force_login(cast.user("filer", cast.Role.OPERATOR, acts_for=owner))
    return client


def post_slowly(client: Client, address: str, fields: dict[str, Any], **headers: str) -> SlowBody:
    content = encode_multipart(BOUNDARY, fields)
    body = SlowBody(content)
    begun = timezone.now()
    environment: Any = {
        "wsgi.input": body, "CONTENT_LENGTH": str(len(content)), "CONTENT_TYPE": MULTIPART_CONTENT
    }  # fmt: skip
    client.generic("POST", address, b"", headers=headers, **environment)
    assert body.ended_at is not None
    assert (body.ended_at - begun).total_seconds() > 0.05
    return body


def test_a_file_is_received_when_its_last_byte_is_in(filer: Client) -> None:
    cells = "chip_model\tquantity\n" + "H800\t1\n" * 600
    fields = {"period": "2025Q4", "cells": cells, "declared_lines": 600, "declared_units": 600}
    body = post_slowly(filer, "/centres/SH-01/file/", fields)
    assert body.ended_at is not None
    assert Upload.objects.get().received_at >= body.ended_at


def test_a_signature_counts_from_its_last_byte(filer: Client) -> None:
    filer.post("/centres/SH-01/file/", {"period": "2025Q4", "nil": "on"})
    draft = Submission.objects.get()
    fields = SIGNATURE | {"padding": "x" * 4_000}
    body = post_slowly(filer, f"/submissions/{draft.pk}/attest/", fields)
    draft.refresh_from_db()
    assert body.ended_at is not None
    assert draft.submitted_at is not None
    assert draft.submitted_at >= body.ended_at
    assert Receipt.objects.count() == 1


def test_the_api_counts_alike(filer: Client) -> None:
    token = cast.token(User.objects.get(username="filer"))
    file = SimpleUploadedFile("inventory.csv", b"chip_model,quantity\n" + b"H800,1\n" * 600)
    fields = {"centre": "SH-01", "period": "2025Q4", "file": file}
    body = post_slowly(Client(), "/api/v1/submissions/", fields, Authorization=f"Token {token}")
    assert body.ended_at is not None
    assert Upload.objects.get().received_at >= body.ended_at
