"""The published catalogue, straight from the reference data: no database is needed to read a file."""

import csv
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[3] / "data"


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def catalogue() -> dict[str, Any]:
    vendors = {row["vendor"]: number for number, row in enumerate(_rows("vendors.csv"), start=1)}
    return {
        "vendors": [
            {"id": number, "name": row["vendor"], "names": [row["name_zh"]]}
            for number, row in enumerate(_rows("vendors.csv"), start=1)
        ],
        "models": [
            {
                "id": number,
                "vendor": vendors[row["vendor"]],
                "name": row["model"],
                "aliases": [alias for alias in row["aliases"].split(";") if alias],
            }
            for number, row in enumerate(_rows("chips.csv"), start=1)
        ],
    }
