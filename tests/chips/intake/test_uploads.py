"""Every published upload is told what the manifest says."""

import json
from collections import deque
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chips.intake.check import Check, Report
from chips.intake.matching import Catalogue

UPLOADS = Path(__file__).parents[2] / "uploads"
MANIFEST = json.loads((UPLOADS / "manifest.json").read_text(encoding="utf-8"))


def check(path: Path, catalogue: dict[str, Any]) -> Report:
    whole = Check(path, name=path.name, catalogue=Catalogue.from_dict(catalogue), ends_on=date(2025, 12, 31))
    deque(whole.lines(), maxlen=0)
    return whole.report


def test_every_upload_is_listed() -> None:
    assert {case["file"] for case in MANIFEST} == {p.name for p in UPLOADS.iterdir()} - {"manifest.json"}


@pytest.mark.parametrize("case", MANIFEST, ids=lambda case: case["file"])
def test_an_upload_is_told_what_the_manifest_says(case: dict[str, Any], catalogue: dict[str, Any]) -> None:
    found = check(UPLOADS / case["file"], catalogue).worded("en")
    assert [{key: e[key] for key in ("code", "row", "column")} for e in found["errors"]] == case["errors"]
    assert sorted(warning["code"] for warning in found["warnings"]) == case["warnings"]
    assert {key: found[key] for key in ("ok", "lines", "units")} == {key: case[key] for key in ("ok", "lines", "units")}
