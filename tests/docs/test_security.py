"""What `docs/security.md` and `docs/asvs.md` name is there, and every requirement of the level stands in its place."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
_TEST = re.compile(r"`([a-z_/]+\.py)::([a-z_0-9]+)`")
_PLACE = re.compile(r"`([a-z_/-]+\.(?:py|md|yml|txt))`")
# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has, by chapter.
SECTIONS = {
    1: {1: 2, 2: 9, 3: 11, 4: 3, 5: 2}, 2: {1: 3, 2: 3, 3: 4, 4: 1}, 3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4}, 5: {1: 1, 2: 3, 3: 2, 4: 3}, 6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2}, 8: {1: 2, 2: 3, 3: 1, 4: 1}, 9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3}, 11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1}, 12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5}, 14: {1: 2, 2: 4, 3: 3}, 15: {1: 3, 2: 3, 3: 7}, 16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}  # fmt: skip


def requirements() -> Iterator[str]:
    """Those that `docs/asvs.md` goes through, in its order, a row of several told apart."""
    rows = re.findall(r"^\| (\d+\.\d+\.)(\d+)(?: to \1(\d+))? \|", (ROOT / "docs/asvs.md").read_text(), re.MULTILINE)
    for section, first, last in rows:
        yield from (f"{section}{number}" for number in range(int(first), int(last or first) + 1))


@pytest.mark.parametrize("page", ["security.md", "asvs.md"])
def test_every_test_and_place_that_is_named_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    tests, places = _TEST.findall(text), _PLACE.findall(text)
    assert len(tests) > 40
    for file, name in tests:
        assert re.search(rf"\bdef {name}\(", (ROOT / "tests" / file).read_text()), f"{file}::{name}"
    for place in places:
        around = (ROOT, ROOT / "docs/contracts", ROOT / "chips/intake", ROOT / "tests")
        assert any((folder / place).is_file() for folder in around), place


def test_every_requirement_of_the_second_level_is_gone_through_once() -> None:
    due = [
        f"{chapter}.{section}.{number}"
        for chapter, sections in SECTIONS.items()
        for section, count in sections.items()
        for number in range(1, count + 1)
    ]
    assert len(due) == 253
    assert list(requirements()) == due


def test_every_threat_and_trap_has_its_row() -> None:
    text = (ROOT / "docs/security.md").read_text()
    for mark, numbers in (("T", range(1, 21)), ("L", (*range(1, 10), 11))):
        assert re.findall(rf"^\| {mark}(\d+) \|", text, re.MULTILINE) == [str(number) for number in numbers]
