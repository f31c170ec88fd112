"""Every code has a class and says what it means in both languages."""

import re
from pathlib import Path

import pytest

from chips.intake.faults import CODES, Fault, Kind, explained

CONTRACT = (Path(__file__).parents[3] / "docs/contracts/intake.md").read_text(encoding="utf-8")
NAMED = {
    "columns": "quantity",
    "ends_on": "2025-12-31",
    "found": 3,
    "quantity": 2,
    "serial": "S1",
    "limit": 500,
    "sum": 160,
    "earlier": 7,
    "declared": 4,
    "opening": 10,
    "acquired": 5,
    "retired": 2,
    "closing": 99,
    "centre": "Pudong",
}


@pytest.mark.parametrize("code", CODES)
def test_a_message_names_the_same_in_both_languages(code: str) -> None:
    en, zh = (re.findall(r"\{(\w+)\}", CODES[code].message(language)) for language in ("en", "zh-hans"))
    assert sorted(en) == sorted(zh)
    for language in ("en", "zh-hans"):
        worded = Fault(code, params=NAMED).worded(language)
        assert list(worded) == ["code", "row", "column", "value", "message", "hint"]
        assert not re.search("[{}]", worded["message"])
        assert all(str(NAMED[name]) in worded["message"] for name in en)


def test_every_error_of_the_contract_is_known_and_stops_the_file() -> None:
    errors = CONTRACT[CONTRACT.index("## Errors") :]
    codes = {
        code
        for row in errors.splitlines()
        if row.startswith("| `")
        for code in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert codes
    assert codes <= {code for code, known in CODES.items() if known.kind.stops}


def test_what_stops_a_file_is_of_two_classes() -> None:
    assert [kind for kind in Kind if kind.stops] == [Kind.STRUCTURE, Kind.VALIDITY]
    assert Fault("tenfold").kind == "plausibility"
    assert Fault("serial_claimed_twice").kind == "across_centres"
    assert Fault("duplicate_row").kind == "note"


def test_what_is_explained_shows_no_placeholder() -> None:
    found = {code: (kind, message) for code, kind, message in explained("en")}
    assert found.keys() == CODES.keys()
    assert found["declared_lines_differ"] == (Kind.STRUCTURE, "The file has … lines; … were declared.")
    assert "{" not in "".join(message for _, _, message in explained("zh-hans"))
