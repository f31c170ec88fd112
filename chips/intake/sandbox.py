"""Reading a file in a child process, so that a hostile one takes nothing else down."""

import hashlib
import json
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from chips.intake.check import Report
from chips.intake.faults import Fault
from chips.intake.formats import MIB

MEMORY = 512 * MIB
SECONDS = 120
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
    task = {
        "path": str(path.resolve()),
        "name": name,
        "catalogue": catalogue,
        "ends_on": ends_on.isoformat(),
        "memory": memory,
        "seconds": seconds,
    }
    try:
        # The pickle is our own child's, of our own class: nothing that a user wrote is unpickled.
        child = subprocess.run(
            [sys.executable, "-m", "chips.intake"],
            input=json.dumps(task).encode(),
            capture_output=True,
            cwd=_PROJECT,
            timeout=2 * seconds,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return _too_large(path, name)
    report = pickle.loads(child.stdout)  # noqa: S301 - see above
    assert isinstance(report, Report)  # noqa: S101 - tells the type checker
    return report


def _too_large(path: Path, name: str) -> Report:
    with path.open("rb") as file:
        report = Report(name=name, sha256=hashlib.file_digest(file, "sha256").hexdigest())
    report.add(Fault("too_large"))
    return report
