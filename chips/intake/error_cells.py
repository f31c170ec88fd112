"""The error values of a workbook's sheet, which the fast reader hands on as blank cells.

Measured with python-calamine 0.9.1: a cell ``#N/A`` reads as "", in XLSX, XLS and ODS alike, so that an error would
pass for a blank.
"""

import re
import struct
import zipfile
from pathlib import Path
from xml.parsers import expat

from chips.intake.faults import FileFault
from chips.intake.markup import mentions_error
from chips.intake.sheet_parts import CHUNK, part_of

Places = dict[tuple[int, int], str]

_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)
_ODS_ERROR = re.compile(r"#[A-Z0-9/_]{2,12}[!?]?|Err:[0-9]{3}", re.ASCII)
# Beyond this a repeated blank of an ODS file is the empty rest of the sheet.
_MOST_REPEATED = 1_048_576


def error_cells(path: Path, sheet: str, file_format: str) -> Places:
    """The error values of a workbook's sheet, by row and column from 0."""
    match file_format:
        case "xlsx":
            return _in_xlsx(path, sheet)
        case "xls":
            return _in_xls(path, sheet)
        case _:
            return _in_ods(path, sheet)


def _in_xlsx(path: Path, sheet: str) -> Places:
    # Nothing is parsed where there is none.
    with zipfile.ZipFile(path) as archive:
        part = part_of(archive, sheet)
        if part is None or not mentions_error(archive, part):
            return {}
        return _collect(archive, part)


def _in_xls(path: Path, sheet: str) -> Places:
    # Wanted for old workbooks alone.
    import xlrd

    try:
        cells = xlrd.open_workbook(path, on_demand=True).sheet_by_name(sheet)
    except (xlrd.XLRDError, struct.error, AssertionError, LookupError, ValueError) as error:
        # What one reader takes and another refuses might be read as another table than a reviewer sees.
        raise FileFault("unsupported_format") from error
    return {
        (row, column): xlrd.error_text_from_code.get(int(cells.cell_value(row, column)), "#N/A")
        for row in range(cells.nrows)
        for column, kind in enumerate(cells.row_types(row))
        if kind == xlrd.XL_CELL_ERROR
    }


class _OdsErrors:
    """Follows the rows and cells of one table of an ODS file; both can stand for many of themselves."""

    def __init__(self, sheet: str) -> None:
        self.sheet, self.found = sheet, Places()
        self.is_inside = self.is_formula = False
        self.row = self.column = 0
        self.rows = self.columns = 1
        self.text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self.is_inside = attributes.get("table:name") == self.sheet
            self.row = 0
        elif name == "table:table-row":
            self.rows, self.column = _repeated(attributes, "table:number-rows-repeated"), 0
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self.columns, self.text = _repeated(attributes, "table:number-columns-repeated"), []
            self.is_formula = "table:formula" in attributes or attributes.get("calcext:value-type") == "error"

    def characters(self, data: str) -> None:
        if self.is_inside and self.is_formula:
            self.text.append(data)

    def end(self, name: str) -> None:
        if name == "table:table":
            self.is_inside = False
        elif name == "table:table-row":
            self.row += self.rows
        elif name in ("table:table-cell", "table:covered-table-cell"):
            shown = "".join(self.text).strip()
            if self.is_inside and self.is_formula and _ODS_ERROR.fullmatch(shown):
                self.found[self.row, self.column] = shown
            self.column += self.columns
            self.is_formula = False


def _repeated(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return min(int(text), _MOST_REPEATED) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _in_ods(path: Path, sheet: str) -> Places:
    followed = _OdsErrors(sheet)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = followed.start, followed.end
    parser.CharacterDataHandler = followed.characters
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as file:
        while chunk := file.read(CHUNK):
            parser.Parse(chunk, False)
    parser.Parse(b"", True)
    return followed.found


def _collect(archive: zipfile.ZipFile, part: str) -> Places:
    found = Places()
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
