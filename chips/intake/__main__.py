"""The child process that reads a file: its task comes as JSON on standard input, its report goes out pickled.

Not for people: `manage.py check_inventory` is.
"""

import json
import pickle
import resource
import sys
from collections import deque
from datetime import date
from pathlib import Path

from chips.intake.check import Check
from chips.intake.matching import Catalogue
from chips.intake.rows import write_rows


def main() -> None:
    task = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (task["memory"], task["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    check = Check(
        Path(task["path"]),
        name=task["name"],
        catalogue=Catalogue.from_dict(task["catalogue"]),
        ends_on=date.fromisoformat(task["ends_on"]),
    )
    if task["rows_to"] is None:
        deque(check.lines(), maxlen=0)
    else:
        with open(task["rows_to"], "w", encoding="utf-8", newline="") as rows:
            write_rows(check, task["submission"], rows)
    pickle.dump(check.report, sys.stdout.buffer)


if __name__ == "__main__":
    main()
