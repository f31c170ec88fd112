"""The markup of a workbook's large parts is judged as that of its small ones is."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from chips.intake.markup import GREATEST_AT_ONCE, mentions_error
from tests.chips.intake.reading import read, told
from tests.chips.intake.test_uploads import UPLOADS

LARGE = b" " * (GREATEST_AT_ONCE + 1)


def with_part(path: Path, name: str, body: bytes) -> Path:
    path.write_bytes((UPLOADS / name).read_bytes())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/large.xml", body)
    return path


@pytest.mark.parametrize(
    ("name", "body", "faults"),
    [
        ("book.xlsx", b"<a>" + LARGE + b"</a>", []),
        ("book.xlsx", b"<a>" + LARGE + b"</b>", [("unsupported_format", None, None)]),
        ("book.xlsx", b'<!DOCTYPE a [<!ENTITY b "b">]><a>' + LARGE + b"</a>", [("unsupported_format", None, None)]),
        # What was read of bad markup, here that it has an error value, says nothing.
        ("error_cell.xlsx", b"<a>" + LARGE, [("unsupported_format", None, None)]),
        (
            "error_cell.xlsx",
            b"<a>" + LARGE + b"</a>",
            [("cell_error", 3, "quantity"), ("cell_error", 4, "chip_model")],
        ),
    ],
)
def test_a_large_part_is_judged(
    name: str, body: bytes, faults: list[Any], catalogue: dict[str, Any], tmp_path: Path
) -> None:
    assert told(read(with_part(tmp_path / "a.xlsx", name, body), catalogue)[1]) == faults


@pytest.mark.parametrize("before", range((1 << 20) - 7, (1 << 20) + 2))
def test_an_error_is_seen_wherever_the_part_is_cut(before: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", b" " * before + b't="e"')
        archive.writestr("other.xml", b" " * before + b't="s"')
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert mentions_error(archive, "sheet.xml")
        assert not mentions_error(archive, "other.xml")
