"""Columns that nobody can want cost no more memory than the file has bytes."""

from pathlib import Path
from typing import Any

import pytest

from chips.intake.sandbox import check_file
from tests.chips.intake.reading import ENDS_ON


@pytest.mark.parametrize(
    ("header", "row", "rows", "codes"),
    [
        # Wide rows below a narrow header, blank and not.
        ("chip_model,quantity", "H800,1" + "," * 20_000, 200, []),
        ("chip_model,quantity", "H800,1" + "," * 20_000 + "x", 200, ["broken_row"]),
        # A wide header, its last cell named.
        ("chip_model,quantity" + "," * 1_000_000 + "x", "H800,1", 3, []),
        ("chip_model,quantity" + "," * 20_000 + "x", "H800,1" + "," * 20_000 + "x", 100, []),
    ],
    ids=["blank beyond", "broken", "widest header", "wide"],
)
def test_a_wide_file_is_read(
    header: str, row: str, rows: int, codes: list[str], catalogue: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(f"{header}\n" + f"{row}\n" * rows)
    report = check_file(path, name="wide.csv", catalogue=catalogue, ends_on=ENDS_ON)
    assert sorted({fault.code for fault in report.errors}) == codes
    assert report.lines == (0 if codes else rows)
    equal = [fault.params["earlier"] for fault in report.warnings if fault.code == "duplicate_row"]
    assert set(equal) == (set() if codes else {2})
