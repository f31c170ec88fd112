"""The child process that marks a file: a task of JSON comes in on standard input, the workbook goes out."""

import json
import resource
import sys
from pathlib import Path

from chips.intake.faults import Fault
from chips.marked.write import write_marked


def main() -> None:
    task = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (task["memory"], task["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    write_marked(
        Path(task["path"]),
        faults=[Fault.from_data(data) for data in task["faults"]],
        language=task["language"],
        corrections={(row, column): text for row, column, text in task["corrections"]},
        into=sys.stdout.buffer,
        is_streamed=task["is_streamed"],
    )


if __name__ == "__main__":
    main()
