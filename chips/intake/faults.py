"""What can be found in a file: one registry of codes, in both languages."""

from dataclasses import asdict, dataclass, field
from typing import Any

# Each: what is said in English, and in Simplified Chinese.
ERRORS: dict[str, tuple[str, str]] = {
    "unsupported_format": (
        "This is no CSV, XLSX, XLS or ODS file, or it is damaged, or it holds macros. Save it as XLSX or CSV.",
        "文件不是 CSV、XLSX、XLS 或 ODS 格式，或已损坏，或含有宏。请另存为 XLSX 或 CSV。",
    ),
    "encrypted": (
        "The workbook is protected by a password. Remove it and send the file again.",
        "工作簿设有密码。请取消密码后重新上传。",
    ),
    "bad_encoding": (
        "The text is neither UTF-8, UTF-16 nor GB18030. Save the file as CSV UTF-8.",
        "文本编码不是 UTF-8、UTF-16 或 GB18030。请另存为 CSV UTF-8。",
    ),
    "too_large": (
        "The file is over 50 MiB, or needs more memory or time than a file within the limits does.",
        "文件超过 50 MiB，或读取所需的内存、时间超出限额。",
    ),
    "too_many_rows": (
        "The file holds more than 1,000,000 lines, or was cut at its last row when it was saved.",
        "文件超过 1,000,000 行，或在保存时于末行被截断。",
    ),
    "no_header": (
        "None of the first ten rows names both the chip model and the quantity.",
        "前十行中没有同时包含芯片型号和数量的表头。",
    ),
    "duplicate_column": ("Two columns mean the same: {columns}.", "有两列含义相同：{columns}。"),
    "empty": ("There is a header and not one line below it.", "表头之下没有任何明细行。"),
    "unbalanced_quote": ("A quotation mark is opened and never closed.", "有一个引号没有闭合。"),
    "broken_row": ("A cell stands beyond the header's last column.", "有单元格超出表头最后一列。"),
    "control_character": (
        "The cell holds an invisible control character. Type its text anew.",
        "单元格含有不可见的控制字符。请重新输入。",
    ),
    "cell_error": ("The cell holds a spreadsheet error.", "单元格为表格错误值。"),
    "precision_lost": (
        "The workbook holds this serial number as a number and has lost digits. Format the column as text.",
        "工作簿以数值保存该序列号，已丢失位数。请将该列设为文本格式。",
    ),
    "missing_value": ("A value is required here.", "此处必须填写。"),
    "not_an_integer": ("A whole number is due here.", "此处应为整数。"),
    "not_a_number": ("A number is due here.", "此处应为数字。"),
    "out_of_range": ("The number is outside what is allowed.", "数值超出允许范围。"),
    "unknown_chip": ("The catalogue has no such chip model.", "目录中没有该芯片型号。"),
    "ambiguous_chip": (
        "Several vendors make a model of this name. Give the vendor.",
        "多个厂商有同名型号。请填写厂商。",
    ),
    "unknown_vendor": ("The catalogue has no such vendor.", "目录中没有该厂商。"),
    "vendor_mismatch": ("The model is not this vendor's.", "该型号不属于此厂商。"),
    "unknown_value": ("The value is not one of those allowed.", "该值不在允许范围内。"),
    "bad_date": ("A date is due here, such as 2024-03-05.", "此处应为日期，如 2024-03-05。"),
    "date_after_period": (
        "A chip in service cannot have been acquired after the period's last day, {ends_on}.",
        "在用芯片的日期不能晚于填报周期最后一日 {ends_on}。",
    ),
    "serial_count_mismatch": (
        "{found} serial numbers for a quantity of {quantity}.",
        "序列号 {found} 个，数量 {quantity}。",
    ),
    "duplicate_serial": ("The serial number {serial} stands in the file twice.", "序列号 {serial} 在文件中重复出现。"),
    "too_long": ("The text is longer than {limit} characters.", "文本超过 {limit} 个字符。"),
}
WARNINGS: dict[str, tuple[str, str]] = {
    "sheet_ignored": ("The sheet was not read.", "该工作表未读取。"),
    "total_row_skipped": ("The last row is a total and was passed over.", "末行为合计行，已跳过。"),
    "total_mismatch": ("The total is not the sum of the lines, {sum}.", "合计与各行之和 {sum} 不符。"),
    "unknown_column": ("The column was passed over.", "该列已跳过。"),
    "duplicate_row": ("The line equals row {earlier}. It is kept.", "该行与第 {earlier} 行相同，已保留。"),
}
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, or a warning: its code, its place in the user's spreadsheet, and what its message names."""

    code: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    hint: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def worded(self, language: str) -> dict[str, Any]:
        """The contract's object, its message in `language` (``zh…`` or else English)."""
        message = (ERRORS.get(self.code) or WARNINGS[self.code])[language.startswith("zh")]
        return {
            "code": self.code,
            "row": self.row,
            "column": self.column,
            "value": None if self.value is None else self.value[:_SHOWN],
            "message": message.format(**self.params),
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
