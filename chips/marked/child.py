"""The child process in which a file is marked, since anybody may have sent it."""

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

from chips.intake.faults import Fault
from chips.intake.formats import MIB
from chips.marked.fault_list import list_only
from chips.marked.marks import Marks

MEMORY = 512 * MIB
# A workbook of a million lines in ten columns takes some 300 s to read and to write again.
SECONDS = 600
_PROJECT = Path(__file__).resolve().parents[2]


def marked_workbook(
    path: Path,
    *,
    faults: Sequence[Fault],
    language: str,
    corrections: Mapping[tuple[int, str], str] | None = None,
    memory: int = MEMORY,
    seconds: int = SECONDS,
) -> BinaryIO:
    """The file at `path` as a workbook with its faults marked, open for reading at its beginning; close it.

    `faults` are the errors and warnings of the file's report; what only regulators are shown is left out.
    `corrections` are what was mended already, by row and canonical column. A file that cannot be opened, or takes
    more than `memory` bytes or `seconds` of CPU, gives a workbook with only the list of what is wrong; this never
    raises for a file.
    """
    task = {
        "path": str(path.resolve()),
        "faults": [fault.as_data() for fault in faults],
        "corrections": [[*place, text] for place, text in (corrections or {}).items()],
        "language": language,
        "memory": memory,
        "seconds": seconds,
    }
    # One that is too much to hold with its styles may still be written value by value.
    for is_streamed in (False, True):
        with ExitStack() as closing:
            made = closing.enter_context(tempfile.TemporaryFile())
            if _made_by_child(task | {"is_streamed": is_streamed}, made):
                made.seek(0)
                # From here on it is the caller's.
                closing.pop_all()
                return made
    return io.BytesIO(list_only(Marks(faults, language)))


def _made_by_child(task: dict[str, Any], into: BinaryIO) -> bool:
    child = subprocess.Popen(
        [sys.executable, "-m", "chips.marked"],
        stdin=subprocess.PIPE,
        stdout=into,
        stderr=subprocess.DEVNULL,
        cwd=_PROJECT,
    )
    try:
        # A child that is gone already says so by its code.
        with suppress(subprocess.TimeoutExpired):
            child.communicate(json.dumps(task).encode(), timeout=2 * task["seconds"])
        return child.returncode == 0
    finally:
        child.kill()
        child.wait()
