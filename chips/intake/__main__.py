"""The child process that reads a file: its task comes as JSON on standard input, its report goes out pickled.

Not for people: `manage.py check_inventory` is.
"""

import gc
import json
import os
import pickle
import resource
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

from chips.intake.check import Check, OnProgress
from chips.intake.matching import Catalogue
from chips.intake.rows import write_rows

# Seconds between two tellings of how far the reading is.
_BETWEEN = 0.5
_NICE = 10


def main() -> None:
    task = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (task["memory"], task["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever waits for a page goes first.
    os.nice(_NICE)
    # The rows make no cycles, and looking for some among so many objects takes a quarter of the time.
    gc.disable()
    check = Check(
        Path(task["path"]),
        name=task["name"],
        catalogue=Catalogue.from_dict(task["catalogue"]),
        ends_on=date.fromisoformat(task["ends_on"]),
        corrections={int(row): cells for row, cells in task["corrections"].items()},
        declared_lines=task["declared_lines"],
        declared_units=task["declared_units"],
        on_progress=None if task["progress_to"] is None else _telling(task["progress_to"]),
    )
    if task["rows_to"] is None:
        check.run()
    else:
        with open(task["rows_to"], "w", encoding="utf-8", newline="") as rows:
            write_rows(check, task["submission"], rows)
    pickle.dump(check.report, sys.stdout.buffer)


def _telling(pipe: int) -> OnProgress:
    """What writes the progress to `pipe`, a line of JSON now and then."""
    due = 0.0
    os.set_blocking(pipe, False)

    def tell(lines: int, fraction: float | None) -> None:
        nonlocal due
        if (now := time.monotonic()) >= due:
            due = now + _BETWEEN
            # Whoever does not listen misses some; the reading waits for nobody.
            with suppress(OSError):
                os.write(pipe, json.dumps([lines, fraction]).encode() + b"\n")

    return tell


if __name__ == "__main__":
    main()
