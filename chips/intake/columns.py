"""Which column means what."""

import re
import unicodedata

from chips.intake.faults import FileFault

COLUMNS: dict[str, tuple[str, ...]] = {
    "chip_model": ("model", "chip", "芯片型号", "型号", "芯片", "加速卡型号"),
    "vendor": ("manufacturer", "厂商", "品牌", "生产厂商"),
    "quantity": ("qty", "count", "units", "数量", "数量(张)", "张数"),
    "workload": ("use", "用途", "负载类型"),
    "status": ("state", "状态", "使用状态"),
    "acquired_on": ("date", "购置日期", "采购日期", "上架日期"),
    "acquisition": ("取得方式", "采购方式"),
    "unit_price_cny": ("price", "单价", "单价(元)"),
    "serial_numbers": ("serials", "sn", "序列号"),
    "note": ("remark", "remarks", "备注"),
}
REQUIRED = ("chip_model", "quantity")
HEADER_ROWS = 10

# White space, and the marks of no width that copying from a web page or a chat leaves behind.
SPACES = "".join(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200E), 0x2028, 0x2029])) + (
    "\u202f\u205f\u2060\u3000\ufeff"
)
_IGNORED = str.maketrans("", "", SPACES + "_-*")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>|《[^《》]*》")


def header_key(text: str) -> str:
    """What is compared of a header cell."""
    plain = unicodedata.normalize("NFKC", text)
    return _BRACKETED.sub("", plain).translate(_IGNORED).casefold()


_MEANINGS = {header_key(name): column for column, also in COLUMNS.items() for name in (column, *also)}


def meanings(cells: list[str]) -> list[str | None]:
    """The canonical column of each header cell, None where it is unknown or blank."""
    return [_MEANINGS.get(header_key(cell)) for cell in cells]


def names_required(found: list[str | None]) -> bool:
    return all(column in found for column in REQUIRED)


def require_distinct(found: list[str | None]) -> None:
    """Raise `FileFault` where two columns mean the same."""
    known = [column for column in found if column]
    twice = sorted({column for column in known if known.count(column) > 1})
    if twice:
        raise FileFault("duplicate_column", columns=", ".join(twice))
