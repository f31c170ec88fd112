"""The error values of a workbook's sheet, which the fast reader hands on as blank cells.

Measured with python-calamine 0.9.1: a cell ``#N/A`` reads as "", so that an error would pass for a blank.
"""

import re
import zipfile
from pathlib import Path
from xml.parsers import expat

from chips.intake.sheet_parts import CHUNK, part_of

_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)


def error_cells(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """The error values of an XLSX file's sheet, by row and column from 0; nothing is parsed where there is none."""
    with zipfile.ZipFile(path) as archive:
        part = part_of(archive, sheet)
        if part is None or not _mentions_error(archive, part):
            return {}
        return _collect(archive, part)


def _mentions_error(archive: zipfile.ZipFile, part: str) -> bool:
    kept = b""
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            if b't="e"' in kept + chunk or b"t='e'" in kept + chunk:
                return True
            kept = chunk[-8:]
    return False


def _collect(archive: zipfile.ZipFile, part: str) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    place: tuple[int, int] | None = None
    in_value = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal place, in_value
        if name.endswith(" c"):
            match = _ADDRESS.fullmatch(attributes.get("r", "")) if attributes.get("t") == "e" else None
            place = (int(match[2]) - 1, _column(match[1])) if match else None
        in_value = name.endswith(" v")

    def text(data: str) -> None:
        if place is not None and in_value:
            found[place] = found.get(place, "") + data

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    with archive.open(part) as file:
        while chunk := file.read(CHUNK):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)
    return found


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1
