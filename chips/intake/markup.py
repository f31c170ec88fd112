"""Whether a strict parser takes the markup of a workbook's parts.

A lenient one, as the fast reader has, might read another table than a reviewer sees.
"""

import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from chips.intake.faults import FileFault

# What is larger is parsed by a process of its own, while the fast reader reads it in this one.
GREATEST_AT_ONCE = 4 << 20
_CHUNK = 1 << 20
_REFUSED, _HAS_ERRORS = 3, 4
# How an XLSX file marks a cell that holds an error.
_ERROR_MARKS = (b't="e"', b"t='e'")
_PROJECT = Path(__file__).resolve().parents[2]
# What `zipfile` raises for an archive that somebody damaged or made up: no directory or one that lies; a way of packing
# that it does not know; bytes that do not unpack, or end too soon; a number that no file has.
BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, zlib.error, EOFError, OSError, ValueError,
)  # fmt: skip


def require_well_formed(archive: zipfile.ZipFile, name: str) -> None:
    """Raise `FileFault` where a strict parser refuses the part called `name`.

    Entities are refused too, so that no short text can stand for a long one.
    """
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise FileFault("unsupported_format")

    parser.EntityDeclHandler = refuse
    try:
        for chunk in _chunks(archive, name):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FileFault("unsupported_format") from error


def mentions_error(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether a cell of the sheet in the part called `name` may hold an error value."""
    kept = b""
    for chunk in _chunks(archive, name):
        if any(mark in chunk or mark in kept + chunk[:8] for mark in _ERROR_MARKS):
            return True
        kept = chunk[-8:]
    return False


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as part:
        while chunk := part.read(_CHUNK):
            yield chunk


# Whether no sheet of a workbook holds an error value: True only where that is known.
IsFreeOfErrors = Callable[[], bool]


@contextmanager
def judged_beside(path: Path) -> Iterator[IsFreeOfErrors]:
    """Judge the markup of the workbook's large parts beside the block, and raise `FileFault` at its end.

    That fault goes before any that the block raises: what was read of bad markup says nothing. Gives what tells
    whether the workbook is known to be free of error values, since who parses all of it sees that too.
    """
    with zipfile.ZipFile(path) as archive:
        is_small = not _large_parts(archive)
    if is_small:
        yield lambda: False
        return
    # Wanted for large workbooks alone.
    import subprocess

    with path.open("rb") as workbook:
        judge = subprocess.Popen(
            [sys.executable, "-m", "chips.intake.markup"],
            stdin=workbook,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT,
        )
    try:
        yield lambda: judge.wait() == 0
    finally:
        verdict = judge.wait()
        if verdict not in (0, _HAS_ERRORS):
            raise FileFault("unsupported_format" if verdict == _REFUSED else "too_large")


def _large_parts(archive: zipfile.ZipFile) -> list[str]:
    return [
        entry.filename
        for entry in archive.infolist()
        if entry.filename.endswith(".xml") and entry.file_size > GREATEST_AT_ONCE
    ]


def _judge(workbook: BinaryIO) -> int:
    try:
        with zipfile.ZipFile(workbook) as archive:
            for name in _large_parts(archive):
                require_well_formed(archive, name)
            names = [name for name in archive.namelist() if name.endswith(".xml")]
            return _HAS_ERRORS if any(mentions_error(archive, name) for name in names) else 0
    except (FileFault, *BROKEN_ARCHIVE):
        return _REFUSED


if __name__ == "__main__":
    sys.exit(_judge(sys.stdin.buffer))
