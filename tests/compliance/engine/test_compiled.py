"""The engine compiled, and as it is written: the same answers to the byte, and of these sources only."""

import copy
import json
import os
import shutil
import subprocess
import sys
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

needs_compiled = pytest.mark.skipif(not compiled.place().is_dir(), reason="there was no C compiler")


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


@needs_compiled
def test_both_give_the_same_answers_and_the_same_faults(project: Path) -> None:
    asked = "\n".join(_documents()).encode()
    replies = [
        subprocess.run([sys.executable, "-m", "compliance.engine"], cwd=place, input=asked, capture_output=True)
        for place in (ROOT, project)
    ]
    assert _python(ROOT, "-c", FOUND).stdout.endswith(".so\n")
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")
    assert len(replies[0].stdout.splitlines()) > 4_000
    assert replies[0].stdout == replies[1].stdout
    assert [(reply.returncode, reply.stderr) for reply in replies] == [(1, b"")] * 2


@needs_compiled
def test_sources_that_were_changed_since_are_run_as_they_stand(project: Path) -> None:
    _with_compiled(project)
    assert _python(project, "-c", FOUND).stdout.endswith(".so\n")
    with (project / "compliance/engine/document.py").open("a") as source:
        source.write("# one more line\n")
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")


@needs_compiled
def test_what_is_compiled_already_is_left_and_what_was_of_other_sources_is_taken_away(project: Path) -> None:
    _with_compiled(project)
    (place,) = (project / "compliance/engine/.compiled").glob("*/*")
    other = place.with_name("0" * 64)
    other.mkdir()
    before = place.stat().st_mtime_ns
    _python(project, "-m", "config.compiled")
    assert place.stat().st_mtime_ns == before
    assert not other.exists()


def test_without_a_compiler_it_says_so_and_goes_on(project: Path) -> None:
    made = _python(project, "-m", "config.compiled", CC="/nowhere/cc")
    assert made.stderr.startswith("The engine is not compiled, and gives the same answers more slowly: ")
    assert "/nowhere/cc" in made.stderr
    assert _python(project, "-c", FOUND).stdout.endswith("judge.py\n")
