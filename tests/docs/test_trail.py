"""What docs/trail.md says of tables and columns is what the code does."""

import re
from pathlib import Path

from accounts.trail import tables

TEXT = (Path(__file__).parents[2] / "docs" / "trail.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    """The cells of all rows of its tables."""
    lines = [line for line in TEXT.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_tables_that_are_counted_and_left_out_are_those_of_the_code() -> None:
    counted = {names.strip("`"): key.strip("`") for names, key in rows() if key.startswith("`")}
    silent = {name: why for names, why in rows() if not why.startswith("`") for name in re.findall(r"`(\w+)`", names)}
    assert counted == tables.COUNTED
    assert silent == tables.SILENT


def test_every_column_that_is_withheld_or_passed_over_is_named() -> None:
    for table, columns in (tables.WITHHELD | tables.UNHEEDED).items():
        assert f"`{table}`" in TEXT
        for column in columns:
            assert f"`{column}`" in TEXT, (table, column)
