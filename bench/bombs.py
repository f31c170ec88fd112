"""How long others wait while thirty hostile files are sent at once, against how long they do else.

On the product as `make run` starts it. Six operators send five files each by the API: workbooks of a million rows that
say nothing, which take their reader minutes, and archives that unpack to a gigabyte. Meanwhile a regulator reads on.
"""

import io
import json
import re
import statistics
import subprocess
import sys
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import openpyxl
import psutil
import requests

from bench import product
from bench.figure import Figure
from tests.workers import wait_for

OPERATORS, EACH, MOST = 6, 5, 2
# How long others are watched, in seconds, before the files are sent and while they are read.
WATCHED = 20
ROWS = 1_000_000
# A few of those pages that everybody reads, and of the API.
READ = ("/api/v1/centres/", "/api/v1/rollups/?period=2025Q4&mandate=CN-2025", "/api/v1/mandates/")
# 429: so many are being read. 503: all readers are busy.
REFUSED = {413, 422, 429, 503}

_PEOPLE = """
import json
from tests import cast
told = {"regulator": cast.token(cast.regulator("watcher")), "operators": []}
for number in range(%d):
    owner = cast.operator(f"Bomber {number}")
    where = cast.centre(f"BOMB-{number}", owner=owner)
    told["operators"].append((where.code, cast.token(cast.user(f"bomber{number}", "operator", acts_for=owner))))
print("people:", json.dumps(told))
"""


class _People(NamedTuple):
    regulator: str
    # A centre and a token of each.
    operators: list[tuple[str, str]]


def run() -> list[Figure]:
    bombs = [_sprawling(), _unpacking()]
    # Nobody is to be refused for asking often: what is measured is whether they wait.
    unbounded = dict.fromkeys(("RATE_PER_ADDRESS", "RATE_PER_ACCOUNT", "RATE_OF_WRITES"), "1000000/minute")
    with product.started(DEMONSTRATION="true", **unbounded) as (address, _, folder):
        people = _people(folder)
        alone = _watched(address, people.regulator)
        readers = _workers(folder)
        with ThreadPoolExecutor(OPERATORS * EACH) as pool:
            sent = [
                pool.submit(_send, address, *people.operators[number % OPERATORS], bombs[number % len(bombs)], number)
                for number in range(OPERATORS * EACH)
            ]
            wait_for(lambda: bool(_children_that_read(folder)))
            meanwhile = _watched(address, people.regulator)
            assert readers == _workers(folder), "A worker died."
            # Else the last ones would be read for minutes.
            for child in _children_that_read(folder):
                child.kill()
            answers = Counter(one.result() for one in sent)
    print(f"answers to {OPERATORS * EACH} hostile files: {dict(answers)}")
    assert answers.keys() <= REFUSED, answers
    quiet, loud = (statistics.quantiles(times, n=20)[-1] for times in (alone, meanwhile))
    return [
        Figure(
            name="others, thirty bombs at once",
            value=loud,
            unit="s",
            against="the same without",
            against_value=quiet,
            ratio=loud / quiet,
            goal=f"< {MOST}",
            met=loud < MOST * quiet,
            size=f"95 of 100 answers of {len(meanwhile)}",
        )
    ]


def _people(folder: Path) -> _People:
    command = [sys.executable, "manage.py", "shell", "-c", _PEOPLE % OPERATORS]
    done = subprocess.run(command, env=product.environment(folder), capture_output=True, text=True, check=False)
    told = re.search(r"^people: (.*)$", done.stdout, re.MULTILINE)
    assert told is not None, done.stderr
    return _People(**json.loads(told[1]))


def _watched(address: str, token: str) -> list[float]:
    """How long each answer takes to somebody who reads one thing after the other."""
    taken: list[float] = []
    until = perf_counter() + WATCHED
    with requests.Session() as session:
        session.headers["Authorization"] = f"Token {token}"
        while (began := perf_counter()) < until:
            session.get(address + READ[len(taken) % len(READ)], timeout=60).raise_for_status()
            taken.append(perf_counter() - began)
    return taken


def _send(address: str, centre: str, token: str, bomb: bytes, number: int) -> int:
    # No two are the same file: the same one sent again is the first one.
    files = {"file": (f"{number}.xlsx", bomb + bytes([number]))}
    return requests.post(
        f"{address}/api/v1/submissions/",
        data={"centre": centre, "period": "2025Q4"},
        files=files,
        headers={"Authorization": f"Token {token}"},
        timeout=600,
    ).status_code


def _workers(folder: Path) -> list[int]:
    """The processes that serve and work for the product in `folder`, but for those that read a file."""
    return sorted(one.pid for one in _processes(folder) if "chips.intake" not in " ".join(one.cmdline()))


def _children_that_read(folder: Path) -> list[psutil.Process]:
    return [one for one in _processes(folder) if "chips.intake" in " ".join(one.cmdline())]


def _processes(folder: Path) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get("VAR_DIR") == str(folder) and {"gunicorn", "celery", "chips.intake"} & set(
                one.cmdline()
            ):
                found.append(one)
        except psutil.Error:
            continue
    return found


def _sprawling() -> bytes:
    """A workbook of a million rows of which each holds one blank text: small, and long to read."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["chip_model", "quantity"])
    for _ in range(ROWS):
        sheet.append([" ", " "])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _unpacking() -> bytes:
    """A workbook of which one part unpacks to a gigabyte."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(1024):
                part.write(bytes(1024 * 1024))
    return kept.getvalue()
