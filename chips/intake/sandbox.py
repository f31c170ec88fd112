"""Reading a file in a child process, so that a hostile one takes nothing else down."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from chips.intake.chunks import Corrections, require_columns
from chips.intake.faults import Fault
from chips.intake.formats import MIB
from chips.intake.report import Report

MEMORY = 512 * MIB
# A workbook of a million lines in ten columns, the largest that is allowed, takes some 200 s of it.
SECONDS = 400
_PROJECT = Path(__file__).resolve().parents[2]

# Lines read so far, and the fraction of the file that they are; None while a workbook is still being opened.
OnProgress = Callable[[int, float | None], None]


def check_file(
    path: Path,
    *,
    name: str,
    catalogue: dict[str, Any],
    ends_on: date,
    memory: int = MEMORY,
    seconds: int = SECONDS,
    corrections: Corrections | None = None,
    declared_lines: int | None = None,
    declared_units: int | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """The report on the file at `path`, read within `memory` bytes and `seconds` of CPU.

    A child that dies of either limit, or of the file, leaves the report `too_large`; this never raises for a file,
    but `ValueError` for a correction of no column that there is. See `read_rows` for `on_progress`.
    """
    task = _task(path, name, catalogue, ends_on, corrections, declared_lines, declared_units)
    task |= {"memory": memory, "seconds": seconds}
    with _reading(task, on_progress) as child:
        return _report_of(child, path, name)


@contextmanager
def read_rows(
    path: Path,
    *,
    name: str,
    catalogue: dict[str, Any],
    ends_on: date,
    submission: int,
    corrections: Corrections | None = None,
    declared_lines: int | None = None,
    declared_units: int | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[tuple[BinaryIO, Callable[[], Report]]]:
    """The rows of the file at `path` as COPY takes them (see `rows`), coming while later ones are being checked.

    Gives the stream, and what gives the report once the stream has ended. The rows are worth nothing where the
    report is not `ok`. `corrections` are texts by row and column, checked in place of what stands there.
    `on_progress` is called from a thread of this process, twice a second at most, and no more once the report is there.
    """
    task = _task(path, name, catalogue, ends_on, corrections, declared_lines, declared_units)
    with _reading(task | {"submission": submission}, on_progress) as child:
        yield child.rows, lambda: _report_of(child, path, name)


def _task(
    path: Path,
    name: str,
    catalogue: dict[str, Any],
    ends_on: date,
    corrections: Corrections | None,
    declared_lines: int | None,
    declared_units: int | None,
) -> dict[str, Any]:
    require_columns(corrections or {})
    return {
        "path": str(path.resolve()),
        "name": name,
        "catalogue": catalogue,
        "ends_on": ends_on.isoformat(),
        "memory": MEMORY,
        "seconds": SECONDS,
        # None: nobody takes the lines, only the report.
        "submission": None,
        "corrections": {row: dict(cells) for row, cells in (corrections or {}).items()},
        "declared_lines": declared_lines,
        "declared_units": declared_units,
    }


class _Child(subprocess.Popen[bytes]):
    """The process that reads: it gets its task, and says what it read and how far it is, each by a pipe."""

    def __init__(self) -> None:
        task_from, task = os.pipe()
        rows, self.rows_to = os.pipe()
        told, self.progress_to = os.pipe()
        self.task, self.rows, self.told = os.fdopen(task, "wb"), os.fdopen(rows, "rb"), os.fdopen(told, "rb")
        self.listener: threading.Thread | None = None
        try:
            super().__init__(
                [sys.executable, "-m", "chips.intake"],
                stdin=task_from,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_PROJECT,
                pass_fds=(self.rows_to, self.progress_to),
            )
        finally:
            # Else the streams would never end: this process would hold their other ends open.
            for other_end in (task_from, self.rows_to, self.progress_to):
                os.close(other_end)

    def begin(self, task: dict[str, Any], on_progress: OnProgress | None) -> None:
        """Give the process its task, and listen to how far it is."""
        if on_progress:
            self.listener = threading.Thread(target=_listen, args=(self.told, on_progress), daemon=True)
            self.listener.start()
        task = task | {
            "rows_to": None if task["submission"] is None else self.rows_to,
            "progress_to": self.progress_to if on_progress else None,
        }
        # A child that died already has its say in the report.
        with suppress(BrokenPipeError), self.task:
            self.task.write(json.dumps(task).encode())

    def hear_out(self) -> None:
        if self.listener:
            self.listener.join()

    def end(self) -> None:
        """End the process, whatever it does, and what it said is lost."""
        self.kill()
        self.hear_out()
        self.rows.close()
        self.told.close()
        # Where it never got its task, what is still to be written goes nowhere.
        with suppress(BrokenPipeError):
            self.task.close()


class _Ready:
    """A child started beforehand, where files are read one after another: starting one takes as long as a small file.

    It ends with this process, which holds the only other end of its standard input.
    """

    is_wanted = False
    child: _Child | None = None

    def take(self) -> _Child:
        child, self.child = self.child, None
        return child if child is not None and child.poll() is None else _Child()

    def prepare(self) -> None:
        if self.is_wanted and self.child is None:
            self.child = _Child()


_ready = _Ready()


def keep_ready() -> None:
    """Keep a child started for the next file from now on: for a process that reads many, one at a time."""
    _ready.is_wanted = True
    _ready.prepare()


@contextmanager
def _reading(task: dict[str, Any], on_progress: OnProgress | None) -> Iterator[_Child]:
    with _ready.take() as child:
        try:
            child.begin(task, on_progress)
            yield child
        finally:
            child.end()
            _ready.prepare()


def _listen(told: BinaryIO, on_progress: OnProgress) -> None:
    for line in told:
        # Of a child that was killed while it told something there may be half a line.
        with suppress(ValueError):
            lines, fraction = json.loads(line)
            on_progress(lines, fraction)


def _report_of(child: _Child, path: Path, name: str) -> Report:
    try:
        reply, _ = child.communicate(timeout=2 * SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return _too_large(path, name)
    child.hear_out()
    if child.returncode:
        return _too_large(path, name)
    # The pickle is our own child's, of our own class: nothing that a user wrote is unpickled.
    report: Report = pickle.loads(reply)  # noqa: S301 - see above
    return report


def _too_large(path: Path, name: str) -> Report:
    with path.open("rb") as file:
        report = Report(name=name, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    report.add(Fault("too_large"))
    return report
