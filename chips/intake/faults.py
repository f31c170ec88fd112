"""What can be found in a file: one registry of codes, each with its class and its wording in both languages."""

import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What a code asks of whom: its class."""

    # These two stop the file.
    STRUCTURE = "structure"
    VALIDITY = "validity"
    # To be confirmed with a reason, or corrected.
    PLAUSIBILITY = "plausibility"
    # Shown to regulators only.
    ACROSS_CENTRES = "across_centres"
    # How the file was read; nothing is asked.
    NOTE = "note"

    @property
    def stops(self) -> bool:
        return self in (Kind.STRUCTURE, Kind.VALIDITY)


class Code(NamedTuple):
    """A code's class, and what is said of it in English and in Simplified Chinese."""

    kind: Kind
    en: str
    zh: str

    def message(self, language: str) -> str:
        """The message in `language` (``zh…`` or else English), with ``{names}`` for what a fault's params give."""
        return self.zh if language.startswith("zh") else self.en


CODES: dict[str, Code] = {
    "unsupported_format": Code(
        Kind.STRUCTURE,
        "This is no CSV, XLSX, XLS or ODS file, or it is damaged, or it holds macros. Save it as XLSX or CSV.",
        "文件不是 CSV、XLSX、XLS 或 ODS 格式，或已损坏，或含有宏。请另存为 XLSX 或 CSV。",
    ),
    "encrypted": Code(
        Kind.STRUCTURE,
        "The workbook is protected by a password. Remove it and send the file again.",
        "工作簿设有密码。请取消密码后重新上传。",
    ),
    "bad_encoding": Code(
        Kind.STRUCTURE,
        "The text is neither UTF-8, UTF-16 nor GB18030. Save the file as CSV UTF-8.",
        "文本编码不是 UTF-8、UTF-16 或 GB18030。请另存为 CSV UTF-8。",
    ),
    "too_large": Code(
        Kind.STRUCTURE,
        "The file is over 50 MiB, or needs more memory or time than a file within the limits does.",
        "文件超过 50 MiB，或读取所需的内存、时间超出限额。",
    ),
    "too_many_rows": Code(
        Kind.STRUCTURE,
        "The file holds more than 1,000,000 lines, or was cut at its last row when it was saved.",
        "文件超过 1,000,000 行，或在保存时于末行被截断。",
    ),
    "no_header": Code(
        Kind.STRUCTURE,
        "None of the first ten rows names both the chip model and the quantity.",
        "前十行中没有同时包含芯片型号和数量的表头。",
    ),
    "duplicate_column": Code(Kind.STRUCTURE, "Two columns mean the same: {columns}.", "有两列含义相同：{columns}。"),
    "empty": Code(Kind.STRUCTURE, "There is a header and not one line below it.", "表头之下没有任何明细行。"),
    "unbalanced_quote": Code(Kind.STRUCTURE, "A quotation mark is opened and never closed.", "有一个引号没有闭合。"),
    "broken_row": Code(Kind.STRUCTURE, "A cell stands beyond the header's last column.", "有单元格超出表头最后一列。"),
    "declared_lines_differ": Code(
        Kind.STRUCTURE,
        "The file has {found} lines; {declared} were declared.",
        "文件有 {found} 行明细，申报为 {declared} 行。",
    ),
    "declared_units_differ": Code(
        Kind.STRUCTURE,
        "The file has {found} units; {declared} were declared.",
        "文件数量合计 {found} 张，申报为 {declared} 张。",
    ),
    "control_character": Code(
        Kind.VALIDITY,
        "The cell holds an invisible control character. Type its text anew.",
        "单元格含有不可见的控制字符。请重新输入。",
    ),
    "cell_error": Code(Kind.VALIDITY, "The cell holds a spreadsheet error.", "单元格为表格错误值。"),
    "precision_lost": Code(
        Kind.VALIDITY,
        "The workbook holds this serial number as a number and has lost digits. Format the column as text.",
        "工作簿以数值保存该序列号，已丢失位数。请将该列设为文本格式。",
    ),
    "missing_value": Code(Kind.VALIDITY, "A value is required here.", "此处必须填写。"),
    "not_an_integer": Code(Kind.VALIDITY, "A whole number is due here.", "此处应为整数。"),
    "not_a_number": Code(Kind.VALIDITY, "A number is due here.", "此处应为数字。"),
    "out_of_range": Code(Kind.VALIDITY, "The number is outside what is allowed.", "数值超出允许范围。"),
    "unknown_chip": Code(Kind.VALIDITY, "The catalogue has no such chip model.", "目录中没有该芯片型号。"),
    "ambiguous_chip": Code(
        Kind.VALIDITY,
        "Several vendors make a model of this name. Give the vendor.",
        "多个厂商有同名型号。请填写厂商。",
    ),
    "unknown_vendor": Code(Kind.VALIDITY, "The catalogue has no such vendor.", "目录中没有该厂商。"),
    "vendor_mismatch": Code(Kind.VALIDITY, "The model is not this vendor's.", "该型号不属于此厂商。"),
    "unknown_value": Code(Kind.VALIDITY, "The value is not one of those allowed.", "该值不在允许范围内。"),
    "bad_date": Code(Kind.VALIDITY, "A date is due here, such as 2024-03-05.", "此处应为日期，如 2024-03-05。"),
    "date_after_period": Code(
        Kind.VALIDITY,
        "A chip in service cannot have been acquired after the period's last day, {ends_on}.",
        "在用芯片的日期不能晚于填报周期最后一日 {ends_on}。",
    ),
    "serial_count_mismatch": Code(
        Kind.VALIDITY,
        "{found} serial numbers for a quantity of {quantity}.",
        "序列号 {found} 个，数量 {quantity}。",
    ),
    "duplicate_serial": Code(
        Kind.VALIDITY,
        "The serial number {serial} stands in the file twice.",
        "序列号 {serial} 在文件中重复出现。",
    ),
    "too_long": Code(Kind.VALIDITY, "The text is longer than {limit} characters.", "文本超过 {limit} 个字符。"),
    "does_not_add_up": Code(
        Kind.PLAUSIBILITY,
        "{opening} + {acquired} acquired − {retired} retired is not {closing}.",
        "上期 {opening} ＋ 新增 {acquired} − 退役 {retired} 不等于本期 {closing}。",
    ),
    "model_gone": Code(
        Kind.PLAUSIBILITY,
        "The last accepted quarter had {opening}; this file has none and says of none that it is retired.",
        "上一已受理季度有 {opening} 张；本文件中没有，也没有注明退役。",
    ),
    "tenfold": Code(
        Kind.PLAUSIBILITY,
        "{closing}, after {opening} in the last accepted quarter: ten times as many, or a tenth.",
        "本期 {closing} 张，上一已受理季度 {opening} 张：为其十倍或十分之一。",
    ),
    "serial_claimed_twice": Code(
        Kind.ACROSS_CENTRES,
        "The serial number {serial} also stands in the inventory of {centre}.",
        "序列号 {serial} 也出现在 {centre} 的芯片台账中。",
    ),
    "sheet_ignored": Code(Kind.NOTE, "The sheet was not read.", "该工作表未读取。"),
    "total_row_skipped": Code(Kind.NOTE, "The last row is a total and was passed over.", "末行为合计行，已跳过。"),
    "total_mismatch": Code(Kind.NOTE, "The total is not the sum of the lines, {sum}.", "合计与各行之和 {sum} 不符。"),
    "unknown_column": Code(Kind.NOTE, "The column was passed over.", "该列已跳过。"),
    "correction_without_row": Code(
        Kind.NOTE,
        "There is no line in this row; its correction was left out.",
        "该行不是台账明细，所作更正未采用。",
    ),
    "duplicate_row": Code(
        Kind.NOTE,
        "The line equals row {earlier}. It is kept.",
        "该行与第 {earlier} 行相同，已保留。",
    ),
}
_SHOWN = 120
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, or a warning: its code, its place in the user's spreadsheet, and what its message names."""

    code: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    hint: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return CODES[self.code].kind

    def worded(self, language: str) -> dict[str, Any]:
        """The contract's object, its message in `language` (``zh…`` or else English)."""
        return {
            "code": self.code,
            "row": self.row,
            "column": self.column,
            "value": None if self.value is None else self.value[:_SHOWN],
            "message": CODES[self.code].message(language).format(**self.params),
            "hint": self.hint,
        }

    def as_data(self) -> dict[str, Any]:
        """What `from_data` makes the same fault of: plain JSON, in no language yet."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Fault":
        return cls(**data)


class FileFault(Exception):
    """A fault of the whole file, which ends its reading."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.fault = Fault(code, params=params)


def explained(language: str) -> list[tuple[str, Kind, str]]:
    """Every code with its class and its message in `language`, an ellipsis where a fault names something."""
    return [(code, known.kind, _PLACEHOLDER.sub("…", known.message(language))) for code, known in CODES.items()]
