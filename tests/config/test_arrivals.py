"""A body that is too large is refused before a byte of it is read, whatever way it comes in."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Role
from centres.models import Operator
from tests import cast

MIB = 1 << 20
FORM, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"
WAYS = [
    ("/accounts/sign-in/", FORM, settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    ("/accounts/sign-in/", MULTIPART, settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    ("/accounts/language/", JSON, settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    ("/centres/SH-01/file/", MULTIPART, 100 * MIB),
    ("/centres/SH-01/file/", FORM, 100 * MIB),
    ("/api/v1/submissions/", MULTIPART, 51 * MIB),
    ("/api/v1/submissions/", JSON, 51 * MIB),
    ("/api/v1/exemptions/", JSON, settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    ("/api/v1/exemptions/", MULTIPART, settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
    ("/api/v1/mandates/SH-2023/simulate/", JSON, settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
]


class Unread:
    """A body that tells whether it was read."""

    was_read = False

    def read(self, *size: int) -> bytes:
        self.was_read = True
        return b""

    readline = read


def sent(client: Client, address: str, content_type: str, length: str, **more: str) -> tuple[Any, Unread]:
    body = Unread()
    told: dict[str, Any] = {"CONTENT_LENGTH": length, "CONTENT_TYPE": content_type, "wsgi.input": body} | more
    return client.generic("POST", address, **told), body


@pytest.fixture
def filer(owner: Operator) -> Client:
    cast.centre(owner=owner)
    client = Client()
    client.force_login(cast.user("filer", Role.OPERATOR, acts_for=owner))
    return client


@pytest.mark.parametrize(("address", "content_type", "largest"), WAYS)
def test_a_body_over_the_limit_is_refused_unread(filer: Client, address: str, content_type: str, largest: int) -> None:
    answer, body = sent(filer, address, content_type, str(largest + 1))
    assert (answer.status_code, body.was_read) == (413, False)
    taken, _ = sent(filer, address, content_type, str(largest))
    assert taken.status_code != 413


@pytest.mark.parametrize("address", [address for address, *_ in WAYS])
def test_a_body_of_unknown_length_is_refused_unread(filer: Client, address: str) -> None:
    answer, body = sent(filer, address, FORM, "", HTTP_TRANSFER_ENCODING="chunked")
    assert (answer.status_code, body.was_read) == (411, False)
    answer, body = sent(filer, address, FORM, "1e9")
    assert (answer.status_code, body.was_read) == (400, False)


def test_the_web_server_takes_no_body_in_chunks_for_an_empty_one(tmp_path: Path) -> None:
    where = tmp_path / "web"
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"unix:{where}", "--log-level", "warning"],
        cwd=settings.BASE_DIR,
    )
    try:
        deadline = time.monotonic() + 30
        while not where.exists():
            assert time.monotonic() < deadline
            assert web.poll() is None
            time.sleep(0.05)
        with socket.socket(socket.AF_UNIX) as asker:
            asker.connect(str(where))
            asker.sendall(
                b"POST /accounts/sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
            )
            assert asker.recv(1000).startswith(b"HTTP/1.1 411 ")
    finally:
        web.terminate()
        web.wait(30)
