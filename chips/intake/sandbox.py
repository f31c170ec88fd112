"""Reading a file in a child process, so that a hostile one takes nothing else down."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from chips.intake.check import Report
from chips.intake.faults import Fault
from chips.intake.formats import MIB

MEMORY = 512 * MIB
# A workbook of a million lines in ten columns, the largest that is allowed, takes some 200 s of it.
SECONDS = 400
_PROJECT = Path(__file__).resolve().parents[2]


def check_file(
    path: Path,
    *,
    name: str,
    catalogue: dict[str, Any],
    ends_on: date,
    memory: int = MEMORY,
    seconds: int = SECONDS,
) -> Report:
    """The report on the file at `path`, read within `memory` bytes and `seconds` of CPU.

    A child that dies of either limit, or of the file, leaves the report `too_large`; this never raises for a file.
    """
    task = _task(path, name, catalogue, ends_on, memory=memory, seconds=seconds)
    with _child(task) as child:
        return _report_of(child, path, name)


@contextmanager
def read_rows(
    path: Path, *, name: str, catalogue: dict[str, Any], ends_on: date, submission: int
) -> Iterator[tuple[BinaryIO, Callable[[], Report]]]:
    """The rows of the file at `path` as COPY takes them (see `rows`), coming while later ones are being checked.

    Gives the stream, and what gives the report once the stream has ended. The rows are worth nothing where the
    report is not `ok`.
    """
    receiving, sending = os.pipe()
    task = _task(path, name, catalogue, ends_on, memory=MEMORY, seconds=SECONDS)
    task |= {"rows_to": sending, "submission": submission}
    with os.fdopen(receiving, "rb") as rows:
        try:
            child = _child(task, pass_fds=(sending,))
        finally:
            # Else the stream would never end: this process would hold its other end open.
            os.close(sending)
        with child:
            yield rows, lambda: _report_of(child, path, name)
            child.kill()


def _task(
    path: Path, name: str, catalogue: dict[str, Any], ends_on: date, *, memory: int, seconds: int
) -> dict[str, Any]:
    return {
        "path": str(path.resolve()),
        "name": name,
        "catalogue": catalogue,
        "ends_on": ends_on.isoformat(),
        "memory": memory,
        "seconds": seconds,
        "rows_to": None,
    }


def _child(task: dict[str, Any], pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "chips.intake"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_PROJECT,
        pass_fds=pass_fds,
    )
    assert child.stdin is not None  # noqa: S101 - tells the type checker
    # A child that died already has its say in the report.
    with suppress(BrokenPipeError):
        child.stdin.write(json.dumps(task).encode())
        child.stdin.close()
    child.stdin = None
    return child


def _report_of(child: subprocess.Popen[bytes], path: Path, name: str) -> Report:
    try:
        reply, _ = child.communicate(timeout=2 * SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return _too_large(path, name)
    if child.returncode:
        return _too_large(path, name)
    # The pickle is our own child's, of our own class: nothing that a user wrote is unpickled.
    report = pickle.loads(reply)  # noqa: S301 - see above
    assert isinstance(report, Report)  # noqa: S101 - tells the type checker
    return report


def _too_large(path: Path, name: str) -> Report:
    with path.open("rb") as file:
        report = Report(name=name, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    report.add(Fault("too_large"))
    return report
