"""What the trail costs those who write and those who ask, and how quickly it is verified."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest import mock

import psycopg2.extensions
from django.db import connection, transaction

from bench import country
from bench.figure import Figure
from bench.reader import signed_in

CENTRES = 10_000
LINES = 200_000
NOTES = 100_000
PAGES = 40
REPEATS = 5
LEAST = 50_000.0
_COLUMNS = (
    'submission_id, "row", chip_model_id, quantity, workload, status, acquired_on, acquisition, unit_price_cny, '
    "serial_numbers, note"
)
# Of a submission that there is not: they are thrown away before anybody looks for it.
_LINES = f"""
    COPY (SELECT 0, n, chip_model_id, {_COLUMNS.partition("chip_model_id, ")[2]}
          FROM (SELECT * FROM chips_inventoryline LIMIT 1) one, generate_series(1, %s) n) TO STDOUT
"""  # noqa: S608 - of constants alone


def run() -> list[Figure]:
    """Needs a database that `database.provide` has set up."""
    country.fill(CENTRES)
    first, second, events = _verified()
    told, untold = _least(_page, _without_telling)
    kept, bare = _least(_determined, lambda: _without_events("compliance_determination", "compliance_outcomechange"))
    rows = _rows()
    stored, copied = _least(lambda: _copy(rows), lambda: _without_events("chips_inventoryline"))
    size = f"{events} events"
    return [
        _rate("events verified", events / first, size),
        _rate("by the second verifier", events / second, size),
        _cost("a page, told who asks", told, untold, "untold", "<= 1.05", f"the dashboard of {CENTRES} centres"),
        _cost("determined with events", kept, bare, "without", "<= 1.05", f"{CENTRES} centres, 3 rules"),
        _cost("lines stored with events", stored, copied, "without", "<= 1.05", f"{LINES} lines"),
    ]


def _rate(name: str, value: float, size: str) -> Figure:
    return Figure(
        name=name, value=value, unit="/s", against="fifty thousand", against_value=LEAST, ratio=value / LEAST,
        goal=">= 1", met=value >= LEAST, size=size,
    )  # fmt: skip


def _cost(name: str, value: float, bare: float, against: str, goal: str, size: str) -> Figure:
    ratio = value / bare
    return Figure(
        name=name, value=value, unit="s", against=against, against_value=bare, ratio=ratio, goal=goal,
        met=ratio <= float(goal.split()[1]), size=size,
    )  # fmt: skip


def _verified() -> tuple[float, float, int]:
    """The seconds that either verifier takes over all events that the country left."""
    from django.conf import settings

    from accounts.trail import export, heads, seal, verify

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(trail_note('download', 'bench', n::text, NULL)) FROM generate_series(1, %s) n", [NOTES]
        )
    seal.seal()
    found = verify.verify()
    assert found.fault is None, found.fault
    first = min(_seconds(verify.verify) for _ in range(REPEATS))
    path, head = Path(settings.VAR_DIR) / "trail.txt", heads.newest()
    assert head is not None
    with path.open("w", encoding="utf-8") as file:
        file.writelines(export.lines())
    command = [sys.executable, "tools/verify_trail.py", str(path), "--key", head["public_key"]]
    second = min(_seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(REPEATS))
    path.unlink()
    return first, second, found.events


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _least(work: Callable[[], float], without: Callable[[], Any]) -> tuple[float, float]:
    """The least seconds of `work` as it is and `without`, by turns: noise spares neither."""
    on = off = float("inf")
    for _ in range(REPEATS):
        on = min(on, work())
        with without():
            off = min(off, work())
    return on, off


def _page() -> float:
    from accounts.models import Role, User

    user, _ = User.objects.get_or_create(username="bench", role=Role.REGULATOR, all_regions=True)
    client = signed_in(user)
    client.get("/")
    began = perf_counter()
    for _ in range(PAGES):
        assert client.get("/").status_code == 200
    return (perf_counter() - began) / PAGES


def _without_telling() -> Any:
    from accounts.postgres.base import TellingCursor

    return mock.patch.object(TellingCursor, "execute", psycopg2.extensions.cursor.execute)


def _determined() -> float:
    from bench.determine import _stored

    return _stored()


@contextmanager
def _without_events(*tables: str) -> Iterator[None]:
    """Nothing is told of what is added to `tables`."""
    _turn("DISABLE", tables)
    try:
        yield
    finally:
        _turn("ENABLE", tables)


def _turn(how: str, tables: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER trail_counted")


def _rows() -> Path:
    from django.conf import settings

    path = Path(settings.VAR_DIR) / "lines.txt"
    with path.open("wb") as file, connection.cursor() as cursor:
        cursor.copy_expert(cursor.mogrify(_LINES, [LINES]), file)
    return path


def _copy(path: Path) -> float:
    """The seconds in which so many lines are added, in a transaction that leaves nothing behind."""
    with transaction.atomic(), connection.cursor() as cursor, path.open("rb") as rows:
        began = perf_counter()
        cursor.copy_expert(f"COPY chips_inventoryline ({_COLUMNS}) FROM STDIN", rows)
        seconds = perf_counter() - began
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM chips_inventoryline")
        cursor.execute("CHECKPOINT")
    return seconds


if __name__ == "__main__":
    from bench import database

    database.provide()
    for figure in run():
        print(
            f"{figure['name']:<26} {figure['value']:>12.4f} {figure['unit']:<3} {figure['ratio']:.3f} {figure['goal']}"
        )
