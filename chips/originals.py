"""The bytes that operators filed and that reports were sealed with, kept under their SHA-256."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from accounts.rest import sealed_file


def original(sha256: str) -> Path:
    """Where the original with this SHA-256 is kept."""
    return Path(settings.FILES_DIR) / sha256[:2] / sha256[2:4] / sha256


def sent_file(request: HttpRequest | Request, sha256: str, name: str) -> HttpResponseBase:
    """The original with this SHA-256, byte for byte, as an attachment under the `name` that it was sent with."""
    return sealed_file(request, original(sha256), sha256=sha256, name=name, content_type="application/octet-stream")


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file at `path`, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_original(path: Path, sha256: str) -> None:
    """Copy the file at `path` to its place, whole and on the disk before this returns, or not at all.

    One that stands there already is looked at: where it was damaged, it is made good.
    """
    target = original(sha256)
    if target.exists() and sha256_of(target) == sha256:
        return
    _make_folder(target.parent)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy:
        try:
            with path.open("rb") as source:
                shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
            # The name appears only with all of its bytes behind it.
            os.replace(copy.name, target)
            _write_names(target.parent)
        except BaseException:
            Path(copy.name).unlink(missing_ok=True)
            raise


def damaged(digests: Iterable[str]) -> Iterator[str]:
    """Those of `digests` whose originals are missing, or no longer what they were."""
    for sha256 in digests:
        path = original(sha256)
        if not path.is_file() or sha256_of(path) != sha256:
            yield sha256


def _make_folder(folder: Path) -> None:
    """Make `folder` where it is not there yet, and its name last in the one above."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _write_names(folder.parent)


def _write_names(folder: Path) -> None:
    """Have the disk hold the names in `folder`: a file without its name is lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_originals(files: Sequence[tuple[Path, str]]) -> None:
    """Move files, which must lie below `FILES_DIR`, to the places of their SHA-256.

    As whole as `keep_original` leaves one, at the price of two waits for the disk and not of one a file.
    """
    os.sync()
    for path, sha256 in files:
        target = original(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)
    os.sync()
