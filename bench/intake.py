"""How fast an inventory is read, checked and stored, against what does less: a bare COPY, a bare reading of a workbook.

Everything that is compared is measured in the same run, turn by turn, and the best of each counts.
"""

import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import python_calamine as calamine

from bench import database, inventory
from bench.figure import Figure

LINES, BULK_LINES, SHEET_LINES, FEW_LINES = 1_000_000, 20_000, 100_000, 10_000
REPEATS = 3
MEMORY = 512
ENDS_ON = date(2025, 12, 31)
_LEAST_OF_COPY, _LEAST_OF_BULK, _LEAST_OF_READING, _MOST_PER_LINE = 0.6, 10, 0.6, 1.2

# A process that reads one file, so that no other counts as its child.
_PEAK = """
import json, resource, sys
from datetime import date
from pathlib import Path
from chips.intake.sandbox import check_file
path = Path(sys.argv[1])
report = check_file(path, name=path.name, catalogue=json.load(sys.stdin), ends_on=date.fromisoformat(sys.argv[2]))
assert report.ok, report
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def run() -> list[Figure]:
    directory = database.provide()
    file = inventory.write_csv(directory / "inventory.csv", LINES)
    book = inventory.write_xlsx(directory / "inventory.xlsx", SHEET_LINES)
    few = inventory.write_csv(directory / "few.csv", FEW_LINES)
    bulk = inventory.write_csv(directory / "bulk.csv", BULK_LINES)
    bare, stored = _stored(directory, file)
    return [
        _rate("stored lines of a CSV", stored, "bare COPY", bare, _LEAST_OF_COPY, LINES),
        _rate("stored, to a bulk import", stored, "django-import-export", _bulk_rate(bulk), _LEAST_OF_BULK, LINES),
        _workbook(book),
        _peak(file, book),
        _per_line(few, file),
    ]


def _rate(name: str, value: float, against: str, against_value: float, least: float, lines: int) -> Figure:
    return Figure(
        name=name,
        value=value,
        unit="/s",
        against=against,
        against_value=against_value,
        ratio=value / against_value,
        goal=f">= {least}",
        met=value >= least * against_value,
        size=f"{lines} lines",
    )


def _catalogue() -> dict[str, Any]:
    from chips.catalogue import for_intake

    return for_intake()


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _stored(directory: Path, file: Path) -> tuple[float, float]:
    """Lines a second of a bare COPY, and of the file checked and stored."""
    ready = directory / "ready.csv"
    _rows_of(file, ready)
    bare = stored = float("inf")
    for _ in range(REPEATS):
        bare = min(bare, _undone(lambda: _copy_ready(ready)))
        stored = min(stored, _undone(lambda: _copy_checked(file)))
    ready.unlink()
    return LINES / bare, LINES / stored


def _rows_of(file: Path, to: Path) -> None:
    from chips.intake.check import Check
    from chips.intake.matching import Catalogue
    from chips.intake.rows import write_rows

    with to.open("w", encoding="utf-8", newline="") as rows:
        write_rows(Check(file, name=file.name, catalogue=Catalogue.from_dict(_catalogue()), ends_on=ENDS_ON), 1, rows)


def _undone(work: Callable[[], object]) -> float:
    """The seconds of work in a transaction that leaves nothing behind."""
    from django.db import connection, transaction

    try:
        with transaction.atomic():
            seconds = _seconds(work)
            transaction.set_rollback(True)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE chips_inventoryline CASCADE")
            cursor.execute("CHECKPOINT")
    return seconds


def _copy_ready(ready: Path) -> None:
    from django.db import connection

    from chips.submissions import _COPY

    with ready.open("rb") as rows, connection.cursor() as cursor:
        cursor.copy_expert(_COPY, rows)


def _copy_checked(file: Path) -> None:
    from centres.models import ReportingPeriod
    from chips.submissions import _copy_rows

    report = _copy_rows(file, file.name, ReportingPeriod(ends_on=ENDS_ON), 1)
    assert report.ok
    assert report.lines == LINES


def _bulk_rate(file: Path) -> float:
    """Lines a second of django-import-export's bulk mode: the same columns, looked up and validated by its widgets."""
    import tablib

    from bench.bulk import resource_of

    bulk = resource_of(1)
    text = file.read_text(encoding="utf-8")

    def imported() -> None:
        result = bulk.import_data(tablib.Dataset().load(text, format="csv"), raise_errors=True)
        assert result.totals["new"] == BULK_LINES

    return BULK_LINES / min(_undone(imported) for _ in range(REPEATS))


def _workbook(book: Path) -> Figure:
    catalogue = _catalogue()
    bare = checked = float("inf")
    for _ in range(2 * REPEATS):
        bare = min(bare, _seconds(lambda: _read_bare(book)))
        checked = min(checked, _seconds(lambda: _check(book, catalogue)))
    return _rate(
        "checked lines of an XLSX",
        SHEET_LINES / checked,
        "python-calamine",
        SHEET_LINES / bare,
        _LEAST_OF_READING,
        SHEET_LINES,
    )


def _read_bare(book: Path) -> None:
    with calamine.CalamineWorkbook.from_path(str(book)) as workbook:
        rows = workbook.get_sheet_by_index(0).to_python()
    assert len(rows) == SHEET_LINES + 1


def _check(file: Path, catalogue: dict[str, Any]) -> None:
    from chips.intake.sandbox import check_file

    report = check_file(file, name=file.name, catalogue=catalogue, ends_on=ENDS_ON)
    assert report.ok, report


def _peak(*files: Path) -> Figure:
    """The most memory that any process that reads took, in MiB."""
    import json

    peaks = [
        subprocess.run(
            [sys.executable, "-c", _PEAK, str(file), ENDS_ON.isoformat()],
            input=json.dumps(_catalogue()),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for file in files
    ]
    peak = max(map(int, peaks)) / 1024
    return Figure(
        name="memory of the reading",
        value=peak,
        unit="MiB",
        against="its limit",
        against_value=MEMORY,
        ratio=peak / MEMORY,
        goal="< 1",
        met=peak < MEMORY,
        size=f"{LINES} lines of CSV, {SHEET_LINES} of XLSX",
    )


def _per_line(few: Path, many: Path) -> Figure:
    """Microseconds of CPU that a line costs the process that reads, without what it costs to start that."""
    catalogue = _catalogue()
    begun = few_seconds = many_seconds = float("inf")
    for _ in range(REPEATS):
        begun = min(begun, _cpu_of_children(_begin_to_read))
        few_seconds = min(few_seconds, _cpu_of_children(lambda: _check(few, catalogue)))
        many_seconds = min(many_seconds, _cpu_of_children(lambda: _check(many, catalogue)))
    of_few, of_many = (few_seconds - begun) * 1e6 / FEW_LINES, (many_seconds - begun) * 1e6 / LINES
    return Figure(
        name="cost of a line",
        value=of_many,
        unit="µs",
        against=f"of {FEW_LINES} lines",
        against_value=of_few,
        ratio=of_many / of_few,
        goal=f"<= {_MOST_PER_LINE}",
        met=of_many <= _MOST_PER_LINE * of_few,
        size=f"{LINES} lines",
    )


def _begin_to_read() -> None:
    subprocess.run([sys.executable, "-c", "import chips.intake.__main__"], check=True)


def _cpu_of_children(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
