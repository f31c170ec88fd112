"""The workbook that an operator fills in: drop-down lists, limits, explanations, and what it filed last."""

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import openpyxl
from openpyxl.styles import Alignment, Border, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from centres.models import Centre, ReportingPeriod
from chips.help import Column, columns, in_language, value_label
from chips.history import last_accepted
from chips.intake.cells import GREATEST_QUANTITY
from chips.intake.faults import Fault
from chips.models import ChipModel, InventoryLine
from chips.safe_cells import GREATEST_CELL, font, put_text

HEADER_ROW = 3
# Beyond this a workbook is no place to work in: such inventories come out of a program.
MOST_FILLED = 20_000
_LAST_ROW = 1_048_576
# A spreadsheet's number has fifteen digits; a longer price stands as text.
_DIGITS = 15
_LONGEST_HINT = 255

_TITLE = ("Chip inventory of {centre}, {period}", "{centre} {period} 芯片台账")
_EMPTY = (
    "Columns with * are required. The sheet “{sheet}” explains them.",
    "带 * 的列为必填。各列说明见“{sheet}”工作表。",
)
_FILLED = (
    "Filled in with what was accepted for {earlier}: change what has changed, add lines, delete lines. Columns with * "
    "are required. The sheet “{sheet}” explains them.",
    "已预填 {earlier} 已受理的内容：请修改有变化的行，增加或删除行。带 * 的列为必填。各列说明见“{sheet}”工作表。",
)
_TOO_MANY = (
    "What was accepted for {earlier} has more than {most:,} lines and is not filled in here. Columns with * are "
    "required. The sheet “{sheet}” explains them.",
    "{earlier} 已受理的台账超过 {most:,} 行，未在此预填。带 * 的列为必填。各列说明见“{sheet}”工作表。",
)
_SHEET = ("Inventory", "芯片台账")
_GUIDE = ("Explanations", "填写说明")
_GUIDE_HEADER = (
    ("Name of the column", "Required", "What it holds", "Allowed", "Example"),
    ("列名", "必填", "内容", "可填值", "示例"),
)
_REQUIRED = ("required", "必填")
_OPTIONAL = ("optional", "选填")

_WIDTHS = {
    "chip_model": 26, "vendor": 22, "quantity": 12, "workload": 14, "status": 14, "acquired_on": 14, "acquisition": 14,
    "unit_price_cny": 16, "serial_numbers": 36, "note": 32,
}  # fmt: skip
_FORMATS = {"quantity": "#,##0", "acquired_on": "yyyy-mm-dd", "unit_price_cny": "#,##0.00", "serial_numbers": "@"}
# What a spreadsheet says of an entry that it refuses: the reader's own words.
_CODES = {
    "chip_model": "unknown_chip",
    "vendor": "unknown_vendor",
    "quantity": "not_an_integer",
    "workload": "unknown_value",
    "status": "unknown_value",
    "acquired_on": "bad_date",
    "acquisition": "unknown_value",
    "unit_price_cny": "not_a_number",
}
# The reader takes other names and forms of these too, so that a spreadsheet must not refuse them.
_ONLY_WARNED = ("chip_model", "vendor", "acquired_on")

_REQUIRED_FILL = PatternFill("solid", fgColor="FF1F5F99")
_OPTIONAL_FILL = PatternFill("solid", fgColor="FFDCE6F0")
_LINE = Side(style="thin", color="FF9AA5B1")

_ANY_CENTRE = ("any centre", "任一算力中心")
_ANY_PERIOD = ("any period", "任一填报周期")


class KnownModel(NamedTuple):
    """A model of the catalogue and its vendor, by the names that the reader of the template reads."""

    name: str
    vendor: str


class KnownLine(NamedTuple):
    """A line to fill in: codes as the register holds them, names as the reader of the template reads them."""

    chip_model: str
    vendor: str
    quantity: int
    workload: str = "unspecified"
    status: str = "in_service"
    acquired_on: date | None = None
    acquisition: str = "purchased"
    unit_price_cny: Decimal | None = None
    serial_numbers: Sequence[str] = ()
    note: str = ""


def template_for(centre: Centre, period: ReportingPeriod, language: str) -> bytes:
    """The template of `centre` for `period`, with the lines of what was last accepted for an earlier one."""
    is_chinese = language.startswith("zh")
    known = _known_models(language)
    earlier = last_accepted(centre, period)
    has_too_many = earlier is not None and earlier.line_count > MOST_FILLED
    lines = earlier.lines.order_by("row") if earlier and not has_too_many else InventoryLine.objects.none()
    return inventory_template(
        centre_label=f"{centre.name_zh if is_chinese else centre.name_en} ({centre.code})",
        period_label=period.code,
        language=language,
        catalogue_models=list(known.values()),
        lines=[_known_line(line, known[line.chip_model_id]) for line in lines],
        earlier_label=earlier.period_id if earlier else "",
        has_too_many=has_too_many,
    )


def general_template(language: str) -> bytes:
    """The template for any centre and period, with no line filled in."""
    return inventory_template(
        centre_label=in_language(_ANY_CENTRE, language),
        period_label=in_language(_ANY_PERIOD, language),
        language=language,
        catalogue_models=list(_known_models(language).values()),
    )


def _known_models(language: str) -> dict[int, KnownModel]:
    is_chinese = language.startswith("zh")
    models = ChipModel.objects.select_related("vendor").order_by("vendor__name", "name")
    return {
        model.pk: KnownModel(model.name, model.vendor.name_zh if is_chinese else model.vendor.name) for model in models
    }


def inventory_template(
    *,
    centre_label: str,
    period_label: str,
    language: str,
    catalogue_models: Sequence[KnownModel],
    lines: Sequence[KnownLine] = (),
    earlier_label: str = "",
    has_too_many: bool = False,
) -> bytes:
    """The workbook, XLSX, with `lines`, which were accepted for the period `earlier_label`.

    That these are too many to fill in here is said where `has_too_many`.
    """
    book = openpyxl.Workbook()
    guide = book.create_sheet(in_language(_GUIDE, language))
    sheet = book.worksheets[0]
    sheet.title = in_language(_SHEET, language)
    explained = columns(language)
    said = _TOO_MANY if has_too_many else _FILLED if lines else _EMPTY
    title = in_language(_TITLE, language, centre=centre_label, period=period_label)
    intro = in_language(said, language, earlier=earlier_label, most=MOST_FILLED, sheet=guide.title)
    _write_head(sheet, title, intro, explained)
    lists = _write_guide(guide, title, explained, catalogue_models, language)
    _validate(sheet, explained, lists, language)
    _write_lines(sheet, explained, lines, language)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _known_line(line: InventoryLine, model: KnownModel) -> KnownLine:
    return KnownLine(
        *model, line.quantity, line.workload, line.status, line.acquired_on, line.acquisition, line.unit_price_cny,
        line.serial_numbers, line.note,
    )  # fmt: skip


def _write_head(sheet: Any, title: str, intro: str, explained: list[Column]) -> None:
    put_text(sheet.cell(1, 1), title).font = font(bold=True, size=14)
    put_text(sheet.cell(2, 1), intro).font = font(color="FF555555")
    for place, column in enumerate(explained, start=1):
        cell = put_text(sheet.cell(HEADER_ROW, place), column.label + "*" * column.is_required)
        cell.fill = _REQUIRED_FILL if column.is_required else _OPTIONAL_FILL
        cell.font = font(bold=True, color="FFFFFFFF" if column.is_required else "FF1B2A38")
        cell.border = Border(bottom=_LINE, right=_LINE)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        dimension = sheet.column_dimensions[get_column_letter(place)]
        dimension.width = _WIDTHS[column.name]
        if column.name in _FORMATS:
            dimension.number_format = _FORMATS[column.name]
    sheet.row_dimensions[HEADER_ROW].height = 22
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 1)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)


def _write_guide(
    guide: Any, title: str, explained: list[Column], models: Sequence[KnownModel], language: str
) -> dict[str, str]:
    """Explain the columns, and write the lists beside that; gives where each column's list stands."""
    put_text(guide.cell(1, 1), title).font = font(bold=True, size=14)
    for place, name in enumerate(_GUIDE_HEADER[language.startswith("zh")], start=1):
        _bold(put_text(guide.cell(3, place), name))
    for row, column in enumerate(explained, start=4):
        due = in_language(_REQUIRED if column.is_required else _OPTIONAL, language)
        texts = (column.label, due, column.text, ", ".join(column.allowed), column.example)
        for place, text in enumerate(texts, start=1):
            cell = put_text(guide.cell(row, place), text)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
    for place, width in enumerate((20, 10, 60, 36, 20, 4), start=1):
        guide.column_dimensions[get_column_letter(place)].width = width
    guide.freeze_panes = guide.cell(4, 1)
    # The model and its vendor stand side by side; both lists begin with what they are called.
    listed = {
        "chip_model": [model.name for model in models],
        "": [model.vendor for model in models],
        "vendor": list(dict.fromkeys(model.vendor for model in models)),
        **{column.name: list(column.allowed) for column in explained if column.allowed},
    }
    labels = {column.name: column.label for column in explained}
    found = {}
    for place, (name, entries) in enumerate(listed.items(), start=7):
        _bold(put_text(guide.cell(3, place), labels[name or "vendor"]))
        for row, entry in enumerate(entries, start=4):
            put_text(guide.cell(row, place), entry)
        letter = get_column_letter(place)
        guide.column_dimensions[letter].width = 26 if place < 10 else 16
        if name and entries:
            found[name] = f"'{guide.title}'!${letter}$4:${letter}${len(entries) + 3}"
    return found


def _bold(cell: Any) -> None:
    cell.font, cell.fill = font(bold=True), _OPTIONAL_FILL


def _validate(sheet: Any, explained: list[Column], lists: dict[str, str], language: str) -> None:
    for place, column in enumerate(explained, start=1):
        checked = _validation(column.name, lists)
        letter = get_column_letter(place)
        checked.allow_blank = not column.is_required
        checked.showInputMessage, checked.promptTitle = True, column.label
        checked.prompt = column.text[:_LONGEST_HINT]
        if code := _CODES.get(column.name):
            checked.showErrorMessage, checked.errorTitle = True, column.label
            checked.error = Fault(code).worded(language)["message"][:_LONGEST_HINT]
            checked.errorStyle = "warning" if column.name in _ONLY_WARNED else "stop"
        checked.add(f"{letter}{HEADER_ROW + 1}:{letter}{_LAST_ROW}")
        sheet.add_data_validation(checked)


def _validation(name: str, lists: dict[str, str]) -> DataValidation:
    if name in lists:
        return DataValidation(type="list", formula1=lists[name])
    match name:
        case "quantity":
            return DataValidation(type="whole", operator="between", formula1="1", formula2=str(GREATEST_QUANTITY))
        case "unit_price_cny":
            return DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0.01")
        case "acquired_on":
            # Any date that a spreadsheet has.
            return DataValidation(type="date", operator="greaterThanOrEqual", formula1="1")
        case _:
            return DataValidation()


def _write_lines(sheet: Any, explained: list[Column], lines: Iterable[KnownLine], language: str) -> None:
    for row, line in enumerate(_fitting(lines), start=HEADER_ROW + 1):
        for place, column in enumerate(explained, start=1):
            value = _value(column.name, getattr(line, column.name), language)
            if value in (None, ""):
                continue
            cell = sheet.cell(row, place)
            if isinstance(value, str):
                put_text(cell, value)
            else:
                cell.value = value
            if column.name in _FORMATS:
                cell.number_format = _FORMATS[column.name]


def _value(column: str, value: Any, language: str) -> Any:
    match column:
        case "workload" | "status" | "acquisition":
            return value_label(column, value, language)
        case "serial_numbers":
            return ";".join(value)
        case "unit_price_cny":
            digits = "" if value is None else f"{value:f}".replace(".", "").lstrip("0")
            return f"{value:f}" if len(digits) > _DIGITS else value
        case _:
            return value


def _fitting(lines: Iterable[KnownLine]) -> Iterator[KnownLine]:
    """The lines; one with more serial numbers than a cell can hold as several, each with as many as its quantity."""
    for line in lines:
        if len(line.serial_numbers) * 2 + sum(map(len, line.serial_numbers)) < GREATEST_CELL // 2:
            yield line
            continue
        held: list[str] = []
        room = GREATEST_CELL // 2
        for serial in line.serial_numbers:
            if room < len(serial) + 1:
                yield line._replace(serial_numbers=held, quantity=len(held))
                held, room = [], GREATEST_CELL // 2
            held.append(serial)
            room -= len(serial) + 1
        yield line._replace(serial_numbers=held, quantity=len(held))
