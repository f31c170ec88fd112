"""Cells that hold what somebody wrote: text, which no spreadsheet evaluates; of a workbook our reader reads it back."""

import re
from typing import Any

from openpyxl.styles import Font

# What a spreadsheet takes for a formula, or would once the cell is edited or saved as CSV; full-width ones too, which
# Excel in Chinese turns into the others.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
GREATEST_CELL = 32_767

# XML has no such characters, a reader of lines makes others of CR, and "_x0041_" in a cell means the letter A.
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """`text` as a workbook's cell holds it, so that its reader has `text` again; cut where a cell is full."""
    whole = _ESCAPED.sub(lambda match: f"_x{ord(match[0]):04X}_", text[:GREATEST_CELL])
    # A cut must not leave half of an escape, which would be read as what stands there.
    return whole if len(whole) <= GREATEST_CELL else re.sub(r"_x?[0-9A-F]{0,4}\Z", "", whole[:GREATEST_CELL])


def safe_cell(value: Any) -> Any:
    """`value` as a cell of a CSV file: an apostrophe goes before a text that a spreadsheet would run as a formula."""
    return "'" + value if isinstance(value, str) and value.startswith((*FORMULA_STARTS, "\n")) else value


def is_plain(text: str) -> bool:
    """Whether `text` can go into a cell as it is."""
    if len(text) > GREATEST_CELL or text.startswith((*FORMULA_STARTS, "#")):
        return False
    return not _ESCAPED.search(text)


def put_text(cell: Any, text: str) -> Any:
    """Write `text` into `cell` as text, whatever it looks like; nothing is added to it. Gives the cell back."""
    cell.value = escaped(text)
    cell.data_type = "s"
    if text.startswith(FORMULA_STARTS):
        cell.quotePrefix = True
    return cell


def font(**facts: Any) -> Font:
    """The font of what we write: one without a name looks different in every program."""
    return Font(**({"name": "Calibri", "size": 11} | facts))
