"""Rows of the reference data that ships with the product, read from `data/` and checked cell by cell.

Each table is written in one place by the room that owns it; a faulty cell is named by file, line and column.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from centres.models import (
    Centre,
    CentreKind,
    CentreRecord,
    CentreStatus,
    Confidence,
    Operator,
    Ownership,
    Provenance,
    Region,
)
from centres.records import moved

DATA = Path(settings.BASE_DIR) / "data"
# What the reference data says holds from the first day that the register can be asked about.
ALWAYS = date(2000, 1, 1)


class FaultyRow(ValueError):
    """A cell of the reference data that cannot be loaded."""


class Row:
    """One row of a reference file; its readers raise `FaultyRow` with file, line and column."""

    def __init__(self, path: Path, line: int, cells: dict[str, str]) -> None:
        self.path, self.line, self.cells = path, line, cells

    def fault(self, column: str, problem: str) -> FaultyRow:
        return FaultyRow(f"{self.path.name}, line {self.line}, column {column}: {problem}")

    def text(self, column: str) -> str:
        """The cell, which must not be blank."""
        value = self.optional(column)
        if not value:
            raise self.fault(column, "a value is missing here.")
        return value

    def optional(self, column: str) -> str:
        return self.cells[column].strip()

    def matching(self, column: str, pattern: str, due: str) -> str:
        """The cell, blank or of the form `pattern`."""
        value = self.optional(column)
        if value and re.fullmatch(pattern, value, re.ASCII) is None:
            raise self.fault(column, f"{value!r} is not {due}.")
        return value

    def choice(self, column: str, allowed: list[str]) -> str:
        value = self.text(column)
        if value not in allowed:
            raise self.fault(column, f"{value!r} is not one of {', '.join(allowed)}.")
        return value

    def day(self, column: str) -> date | None:
        value = self.matching(column, r"\d{4}-\d{2}-\d{2}", "a date written YYYY-MM-DD")
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise self.fault(column, f"{value!r} is no day of the calendar.") from None

    def decimal(self, column: str) -> Decimal | None:
        value = self.matching(column, r"\d{1,18}(\.\d{1,9})?", "a decimal number")
        return Decimal(value) if value else None


def rows(name: str, columns: tuple[str, ...], *, data: Path = DATA) -> Iterator[Row]:
    """The rows of `data`/`name`, whose header must be just `columns`; raises `FaultyRow`."""
    path = data / name
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            if tuple(next(reader, [])) != columns:
                raise FaultyRow(f"{name}, line 1: the header must be {','.join(columns)}.")
            for cells in reader:
                if len(cells) != len(columns):
                    raise FaultyRow(f"{name}, line {reader.line_num}: {len(cells)} cells, not {len(columns)}.")
                yield Row(path, reader.line_num, dict(zip(columns, cells, strict=True)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FaultyRow(f"{name} cannot be read: {error}.") from error


REGION_COLUMNS = ("code", "iso", "name_en", "name_zh", "short_zh", "macro_region", "tile_col", "tile_row", "hub")
CENTRE_COLUMNS = (
    "code", "name_en", "name_zh", "operator_en", "operator_zh", "region", "kind", "ownership", "state_funded",
    "commissioned_on", "progress", "reported_pflops_fp16", "reported_chips", "source", "confidence",
)  # fmt: skip


def load_regions(data: Path = DATA) -> int:
    """Write `regions.csv`; returns the number of regions."""
    count = 0
    for row in rows("regions.csv", REGION_COLUMNS, data=data):
        Region.objects.update_or_create(
            code=row.matching("code", r"[1-9]\d", "a province's code of two digits"),
            defaults={
                "iso": row.matching("iso", r"CN-[A-Z]{2}", "an ISO 3166-2 code"),
                "tile_col": int(row.matching("tile_col", r"\d{1,2}", "a whole number") or 0),
                "tile_row": int(row.matching("tile_row", r"\d{1,2}", "a whole number") or 0),
                "hub": row.optional("hub"),
            }
            | {column: row.text(column) for column in ("name_en", "name_zh", "short_zh", "macro_region")},
        )
        count += 1
    return count


def load_centres(data: Path = DATA) -> int:
    """Write the publicly reported centres of `centres.csv`; returns their number.

    They are marked illustrative: nothing said of them in public is a filing.
    """
    lay_in = dict(Centre.objects.values_list("pk", "region_id"))
    loaded = [_load_centre(row) for row in rows("centres.csv", CENTRE_COLUMNS, data=data)]
    elsewhere = [centre.pk for centre in loaded if centre.region_id != lay_in.get(centre.pk, centre.region_id)]
    if elsewhere:
        moved.send(Centre, centres=elsewhere)
    return len(loaded)


def _load_centre(row: Row) -> Centre:
    region_code = row.matching("region", r"\d{2}(\d{2}(\d{2})?)?", "a region code of 2, 4 or 6 digits")
    if not Region.objects.filter(code=region_code[:2]).exists():
        raise row.fault("region", f"{region_code!r} lies in no province of regions.csv.")
    ownership = row.choice("ownership", Ownership.values) if row.optional("ownership") else Ownership.UNKNOWN
    centre, _ = Centre.objects.update_or_create(
        code=row.text("code"),
        defaults={
            "name_en": row.text("name_en"),
            "name_zh": row.text("name_zh"),
            "operator": _operator(row, ownership),
            "region_id": region_code[:2],
            "region_code": region_code,
            "provenance": Provenance.ILLUSTRATIVE,
            "source": row.text("source"),
            "confidence": row.choice("confidence", Confidence.values),
        },
    )
    funded = row.optional("state_funded")
    facts = {
        "region_code": region_code,
        "kind": row.choice("kind", CentreKind.values),
        "ownership": ownership,
        "state_funded": row.choice("state_funded", ["true", "false"]) == "true" if funded else None,
        "commissioned_on": row.day("commissioned_on"),
        "progress": row.decimal("progress"),
        "capacity": row.decimal("reported_pflops_fp16"),
        "status": CentreStatus.OPERATING if row.optional("progress") == "100" else CentreStatus.BUILDING,
    }
    latest = centre.records.filter(from_on=ALWAYS).order_by("-recorded_at").first()
    # A second load of the same facts writes nothing; changed facts follow the old ones, which stay.
    if latest is None or any(getattr(latest, name) != value for name, value in facts.items()):
        CentreRecord.objects.create(centre=centre, from_on=ALWAYS, recorded_at=timezone.now(), **facts)
    return centre


def _operator(row: Row, ownership: str) -> Operator | None:
    name_zh = row.optional("operator_zh")
    if not name_zh:
        return None
    operator, _ = Operator.objects.update_or_create(
        name_zh=name_zh,
        defaults={
            "name_en": row.text("operator_en"),
            "ownership": ownership,
            "provenance": Provenance.ILLUSTRATIVE,
        },
    )
    return operator
