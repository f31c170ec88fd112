"""Inventories as files, in the spellings that operators use: what stands on a page of theirs, byte for byte.

Everything written here is read back by the product's own reader as just the lines that were meant.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from chips.intake.check import VALUES
from chips.intake.matching import Catalogue
from demonstration.inventory import Line
from demonstration.market import Key

_FULL_WIDTH = str.maketrans("0123456789,", "０１２３４５６７８９，")
_ENGLISH = {
    "chip_model": "chip_model",
    "vendor": "vendor",
    "quantity": "quantity",
    "workload": "workload",
    "status": "status",
    "acquired_on": "acquired_on",
    "acquisition": "acquisition",
    "unit_price_cny": "unit_price_cny",
    "serial_numbers": "serial_numbers",
    "note": "note",
}
_SHORT_ENGLISH = _ENGLISH | {
    "chip_model": "Model",
    "vendor": "Manufacturer",
    "quantity": "Qty (units)",
    "workload": "Use",
    "status": "State",
    "acquired_on": "Date",
    "unit_price_cny": "Price [CNY]",
    "serial_numbers": "Serials",
    "note": "Remarks",
}
_CHINESE = {
    "chip_model": "芯片型号",
    "vendor": "厂商",
    "quantity": "数量（张）",
    "workload": "用途",
    "status": "状态",
    "acquired_on": "采购日期",
    "acquisition": "采购方式",
    "unit_price_cny": "单价（元）",
    "serial_numbers": "序列号",
    "note": "备注",
}
_OTHER_CHINESE = _CHINESE | {
    "chip_model": "加速卡型号*",
    "vendor": "品牌",
    "quantity": "张数",
    "workload": "负载类型",
    "status": "使用状态",
    "acquired_on": "上架日期",
    "acquisition": "取得方式",
}
_AS_GIVEN = tuple(_ENGLISH)
_MODEL_LAST = ("status", "quantity", "vendor", "chip_model", "workload", "acquired_on", *_AS_GIVEN[6:])
_DATE_FIRST = ("acquired_on", "vendor", "chip_model", "workload", "quantity", "unit_price_cny", "acquisition", "status",
               "serial_numbers", "note")  # fmt: skip
_COUNT_FIRST = ("chip_model", "quantity", "acquired_on", "status", "workload", "acquisition", "note", "vendor",
                "unit_price_cny", "serial_numbers")  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """How somebody writes an inventory."""

    name: str
    headers: dict[str, str]
    order: tuple[str, ...] = _AS_GIVEN
    encoding: str = "utf-8"
    delimiter: str = ","
    newline: str = "\r\n"
    # Of models and vendors: "catalogue", "chinese", "shouted", "with_vendor" or "any".
    models: str = "catalogue"
    names_vendor: bool = True
    is_chinese: bool = False
    numbers: str = "plain"
    dates: str = "{y}-{m:02}-{d:02}"
    title: str = ""
    total: str = ""
    extra: str = ""
    has_blank_rows: bool = False


DIALECTS = (
    Dialect("plain", _ENGLISH),
    Dialect("chinese", _CHINESE, encoding="utf-8-sig", models="chinese", is_chinese=True),
    Dialect(
        "chinese excel", _CHINESE, _MODEL_LAST, encoding="gb18030", models="chinese", is_chinese=True,
        dates="{y}年{m}月{d}日", title="智算中心芯片台账（合成数据）", total="合计",
    ),
    Dialect("short english", _SHORT_ENGLISH, _COUNT_FIRST, delimiter=";", models="shouted", dates="{y}/{m:02}/{d:02}"),
    Dialect(
        "tabs", _SHORT_ENGLISH, _DATE_FIRST, delimiter="\t", newline="\n", models="any", dates="{y}{m:02}{d:02}",
        numbers="grouped", total="Total",
    ),
    Dialect(
        "full width", _OTHER_CHINESE, encoding="gb18030", models="any", is_chinese=True, numbers="full width",
        dates="{y}.{m}.{d}", extra="资产编号",
    ),
    Dialect(
        "no vendor", _OTHER_CHINESE, _COUNT_FIRST, encoding="utf-8-sig", models="with_vendor", names_vendor=False,
        is_chinese=True, dates="{y}/{m}/{d}", has_blank_rows=True,
    ),
    Dialect(
        "reviewed", _CHINESE, _DATE_FIRST, encoding="utf-8-sig", delimiter=";", models="any", is_chinese=True,
        numbers="grouped", dates="{y}年{m:02}月{d:02}日",
        title="芯片清单 · 合成数据 synthetic", total="总计", extra="责任部门",
    ),
    Dialect(
        "exported", _ENGLISH | {"chip_model": "CHIP MODEL", "acquired_on": "Acquired-On"}, _MODEL_LAST,
        newline="\n", models="any", numbers="point", extra="rack",
    ),
)  # fmt: skip


class Spellings:
    """The ways in which the catalogue's models and vendors can be written so that they are understood."""

    def __init__(self, catalogue: dict[str, Any]) -> None:
        """From what `chips.catalogue.for_intake` gives."""
        understood = Catalogue.from_dict(catalogue)
        names = {vendor["id"]: (vendor["name"], *vendor["names"]) for vendor in catalogue["vendors"]}
        self.ids: dict[Key, int] = {}
        self._models: dict[Key, list[str]] = {}
        self._alone: dict[Key, list[str]] = {}
        self._vendors: dict[str, list[str]] = {}
        for vendor, texts in names.items():
            every = (*texts, texts[0].split(" (")[0], texts[1].split("(")[0])
            self._vendors[texts[0]] = [p for p in dict.fromkeys(every) if understood.vendor(p) == vendor]
        for model in catalogue["models"]:
            vendor = names[model["vendor"]][0]
            key = vendor, model["name"]
            self.ids[key] = model["id"]
            plain = [model["name"], *sorted(model["aliases"])]
            written = [*plain, *(f"{maker} {model['name']}" for maker in self._vendors[vendor])]
            found = {text: understood.find(text) for text in written}
            self._models[key] = [text for text in written if model["id"] in found[text]]
            self._alone[key] = [text for text in written if found[text] == {model["id"]}]

    def model(self, random: Random, key: Key, dialect: Dialect) -> str:
        """The model as somebody writes it who does or does not name its vendor beside it."""
        texts = self._models[key] if dialect.names_vendor else self._alone[key]
        match dialect.models:
            case "catalogue":
                return texts[0]
            case "shouted":
                return texts[0].upper() if random.random() < 0.5 else texts[0].lower()
            case "chinese":
                texts = [text for text in texts if not text.isascii()] or texts
            case "with_vendor":
                texts = [text for text in texts if " " in text] or texts
        return random.choice(texts)

    def vendor(self, random: Random, key: Key, dialect: Dialect) -> str:
        texts = self._vendors[key[0]]
        if dialect.is_chinese:
            texts = [text for text in texts if not text.isascii()]
        return texts[0] if dialect.models == "catalogue" else random.choice(texts)


def render(lines: Sequence[Line], *, dialect: Dialect, spellings: Spellings, random: Random, title: str = "") -> bytes:
    """The file of an inventory; `title` stands above the header where one is given, or where the dialect has one."""
    used = [column for column in dialect.order if _is_used(column, lines, dialect)]
    header = [dialect.headers[column] for column in used] + ([dialect.extra] if dialect.extra else [])
    rows: list[list[str]] = []
    if title or dialect.title:
        rows.append([title or dialect.title] + [""] * (len(header) - 1))
    rows.append(header)
    for place, line in enumerate(lines):
        cells = [_cell(column, line, dialect, spellings, random) for column in used]
        rows.append(cells + ([f"{random.randrange(100, 999)}-{place + 1}"] if dialect.extra else []))
        if dialect.has_blank_rows and place % 7 == 6:
            rows.append([""] * len(header))
    if dialect.total:
        total = [""] * len(header)
        total[0] = dialect.total
        total[used.index("quantity")] = _number(sum(line.quantity for line in lines), dialect)
        rows.append(total)
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=dialect.delimiter, lineterminator=dialect.newline).writerows(rows)
    return buffer.getvalue().encode(dialect.encoding)


def _is_used(column: str, lines: Sequence[Line], dialect: Dialect) -> bool:
    """Columns of which there is nothing to say are left out, as people do; the vendor where a dialect has none."""
    if column == "vendor":
        return dialect.names_vendor
    if column in ("unit_price_cny", "serial_numbers", "note"):
        return any(getattr(line, column) for line in lines)
    return True


def _cell(column: str, line: Line, dialect: Dialect, spellings: Spellings, random: Random) -> str:
    match column:
        case "chip_model":
            return spellings.model(random, line.chip, dialect)
        case "vendor":
            return spellings.vendor(random, line.chip, dialect)
        case "quantity":
            return _number(line.quantity, dialect)
        case "acquired_on":
            return _day(line.acquired_on, dialect)
        case "unit_price_cny":
            return "" if line.unit_price_cny is None else f"{line.unit_price_cny:,.2f}"
        case "serial_numbers":
            return ("；" if dialect.is_chinese else ";").join(line.serial_numbers)
        case "note":
            return line.note
    value: str = getattr(line, column)
    return VALUES[column][value] if dialect.is_chinese else value


def _number(number: int, dialect: Dialect) -> str:
    match dialect.numbers:
        case "grouped":
            return f"{number:,}"
        case "full width":
            return str(number).translate(_FULL_WIDTH)
        case "point":
            return f"{number}.0"
    return str(number)


def _day(day: date | None, dialect: Dialect) -> str:
    return "" if day is None else dialect.dates.format(y=day.year, m=day.month, d=day.day)
