"""The engine compiled, and as it is written: the same answers to the byte, and of these sources only."""

import copy
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compliance.engine import compiled
from tests.compliance.engine.documents import vectors

ROOT = Path(compiled.__file__).parents[2]
FOUND = "import compliance.engine.judge as judge; print(judge.__file__)"
# What no part of a document may be, or only some may.
WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "1e9",
    "2025-02-30",
    "\ud800",
    [],
    {},
    ["x"],
    {"from": "2025-01-01"},
)

# Whether these can be compiled is asked of the machine: a product that failed to is a failure, not something to skip.
COMPILER = os.environ.get("CC") or str(sysconfig.get_config_var("CC"))
RUN = ".so\n" if shutil.which(COMPILER.split()[0]) else "judge.py\n"
# What a register asks, with its own kinds of lines: what it would store, for every published document.
REGISTER = """
import json, sys
from compliance.engine import KeptInventory, checked_kind, question, subject
for text in sys.stdin:
    document = json.loads(text)
    lines = document["lines"]
    kinds = [checked_kind(line, number % 3 or None) for number, line in enumerate(lines)]
    days = sorted(line["acquired_on"] for line in lines if line["acquired_on"]) or [""]
    columns = [[json.dumps(line[key]) for line in lines] for key in ("quantity", "acquired_on", "unit_price")]
    inventory = KeptInventory(kinds, *columns, days[0], days[-1])
    asked = question(document["provision"], document["as_of"])
    centre = subject(document["centre"], (lambda: inventory) if document["reported"] else None)
    answered = centre.answer(asked, document["exemptions"])
    tally = answered.tally
    print(answered.text(), inventory.revisions, inventory.lines())
    print(tally and (tally.units, tally.compute, tally.excluded))
"""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """As `make install` leaves it, also where somebody is at work on the engine."""
    _python(ROOT, "-m", "config.compiled")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The engine and what compiles it, as in a clone in which nothing was compiled."""
    not_these = shutil.ignore_patterns(".compiled", "__pycache__")
    shutil.copytree(ROOT / "compliance/engine", tmp_path / "compliance/engine", ignore=not_these)
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=not_these)
    shutil.copy(ROOT / "compliance/__init__.py", tmp_path / "compliance")
    return tmp_path


def _python(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory, env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip


def _with_compiled(project: Path) -> None:
    shutil.copytree(ROOT / "compliance/engine/.compiled", project / "compliance/engine/.compiled")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, item in items:
        yield value, key
        yield from _places(item)


def _documents() -> Iterator[str]:
    """All that were published, and some of them with every part of theirs wrong in every way, left out, or one more."""
    yield from ("[" * depth + "]" * depth for depth in range(960, 1_010))
    published = [vector["document"] for vector in vectors()]
    yield from (json.dumps(document, ensure_ascii=False) for document in published)
    for document in published[::80]:
        for place in range(len(list(_places(document)))):
            for wrong in WRONG:
                other = copy.deepcopy(document)
                holder, key = list(_places(other))[place]
                holder[key] = wrong
                yield json.dumps(other)
            other = copy.deepcopy(document)
            holder, key = list(_places(other))[place]
            del holder[key]
            yield json.dumps(other)
        yield json.dumps({**document, "more": 1})


def test_both_give_the_same_answers_and_the_same_faults(project: Path) -> None:
    asked = "\n".join(_documents()).encode()
    replies = [
        subprocess.run([sys.executable, "-m", "compliance.engine"], cwd=place, input=asked, capture_output=True)
        for place in (ROOT, project)
    ]
    assert _python(ROOT, "-c", FOUND).stdout.endswith(RUN)
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")
    assert len(replies[0].stdout.splitlines()) > 4_000
    assert replies[0].stdout == replies[1].stdout
    assert [(reply.returncode, reply.stderr) for reply in replies] == [(1, b"")] * 2


def test_a_register_would_store_the_same(project: Path) -> None:
    asked = "\n".join(json.dumps(vector["document"], ensure_ascii=False) for vector in vectors())
    stored = [
        subprocess.run([sys.executable, "-c", REGISTER], cwd=place, input=asked, capture_output=True, encoding="utf-8")
        for place in (ROOT, project)
    ]
    assert [one.stderr for one in stored] == ["", ""]
    assert stored[0].stdout.count('"outcome"') == len(vectors())
    assert stored[0].stdout == stored[1].stdout


def test_sources_that_were_changed_since_are_run_as_they_stand(project: Path) -> None:
    _with_compiled(project)
    assert _python(project, "-c", FOUND).stdout.endswith(RUN)
    with (project / "compliance/engine/document.py").open("a") as source:
        source.write("# one more line\n")
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")


def test_what_is_compiled_already_is_left_and_what_was_of_other_sources_is_taken_away(project: Path) -> None:
    _with_compiled(project)
    place = project / compiled.place().relative_to(ROOT)
    other = place.with_name("0" * 64)
    other.mkdir()
    # A build of anything would fail.
    _python(project, "-m", "config.compiled", CC="/nowhere/cc")
    assert _python(project, "-c", FOUND).stdout.endswith(RUN)
    assert not other.exists()


def test_what_another_compiler_made_is_not_kept(project: Path) -> None:
    _with_compiled(project)
    place = project / compiled.place().relative_to(ROOT)
    place.mkdir(exist_ok=True)
    (place / "made_by").write_text("mypyc 0")
    _python(project, "-m", "config.compiled", CC="/nowhere/cc")
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")


def test_sources_of_wrong_types_are_not_compiled_and_it_says_where(project: Path) -> None:
    with (project / "compliance/engine/judge.py").open("a") as source:
        source.write("WRONG: int = 'text'\n")
    made = _python(project, "-m", "config.compiled")
    assert "compliance/engine/judge.py:" in made.stderr
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")


def test_without_a_compiler_it_says_so_and_goes_on(project: Path) -> None:
    made = _python(project, "-m", "config.compiled", CC="/nowhere/cc")
    assert made.stderr.startswith("The engine is not compiled, and gives the same answers more slowly: ")
    assert "/nowhere/cc" in made.stderr
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")
