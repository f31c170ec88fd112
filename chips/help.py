"""What an inventory file holds and what can be wrong with it, in words: made of what the reader itself goes by.

The template's second sheet and the page of explanations say this; nothing here knows Django.
"""

from typing import Any, NamedTuple

from chips.intake.cells import GREATEST_QUANTITY, GREATEST_SERIAL, GREATEST_TEXT
from chips.intake.check import GREATEST_LINES
from chips.intake.columns import COLUMNS, HEADER_ROWS, REQUIRED
from chips.intake.faults import Kind, explained
from chips.intake.formats import GREATEST_FILE, GREATEST_UNPACKED, MIB
from chips.intake.values import DEFAULTS, VALUES

# Each: in English, and in Simplified Chinese. Both are names that the reader knows.
LABELS: dict[str, tuple[str, str]] = {
    "chip_model": ("Chip model", "芯片型号"),
    "vendor": ("Vendor", "厂商"),
    "quantity": ("Quantity", "数量"),
    "workload": ("Workload", "用途"),
    "status": ("Status", "状态"),
    "acquired_on": ("Acquired on", "购置日期"),
    "acquisition": ("Acquisition", "取得方式"),
    "unit_price_cny": ("Unit price CNY", "单价(元)"),
    "serial_numbers": ("Serial numbers", "序列号"),
    "note": ("Note", "备注"),
}
# Short enough for what a spreadsheet shows beside a cell: 255 characters.
_COLUMN_TEXTS: dict[str, tuple[str, str]] = {
    "chip_model": (
        "A model of the catalogue, or a name by which it is known there. Capitals, spaces and hyphens do not matter.",
        "目录中的型号或其别名。大小写、空格和连字符不影响识别。",
    ),
    "vendor": (
        "Who makes the chip, in English or Chinese. Required where several vendors have a model of this name.",
        "芯片厂商，中英文均可。多个厂商有同名型号时必填。",
    ),
    "quantity": ("A whole number from 1 to {greatest_quantity}.", "1 至 {greatest_quantity} 的整数。"),
    "workload": ("What the chips are used for. Blank means: unspecified.", "芯片的用途。留空表示未说明。"),
    "status": ("What state the chips are in. Blank means: in service.", "芯片的状态。留空表示在用。"),
    "acquired_on": (
        "A date, such as 2024-03-05. For chips in service it is not after the period's last day.",
        "日期，如 2024-03-05。在用芯片的日期不得晚于填报周期最后一日。",
    ),
    "acquisition": ("How the chips were acquired. Blank means: purchased.", "芯片的取得方式。留空表示采购。"),
    "unit_price_cny": (
        "The price of one chip in CNY: a number above 0 with two decimal places at most.",
        "单张芯片的价格（元）：大于 0，最多两位小数。",
    ),
    "serial_numbers": (
        "As many as the quantity, separated by semicolons or new lines, each of {greatest_serial} characters at most. "
        "No serial number stands in the file twice. Keep the cells formatted as text.",
        "个数与数量一致，以分号或换行分隔，每个不超过 {greatest_serial} 个字符；文件内不得重复。请保持文本格式。",
    ),
    "note": ("Text of {greatest_text} characters at most.", "文本，不超过 {greatest_text} 个字符。"),
}
_EXAMPLES: dict[str, tuple[str, str]] = {
    "chip_model": ("Ascend 910B", "昇腾910B"),
    "vendor": ("Huawei", "华为"),
    "quantity": ("120", "120"),
    "workload": ("training", "训练"),
    "status": ("in service", "在用"),
    "acquired_on": ("2024-03-05", "2024-03-05"),
    "acquisition": ("purchased", "采购"),
    "unit_price_cny": ("120000.50", "120000.50"),
    "serial_numbers": ("SN-0001;SN-0002", "SN-0001;SN-0002"),
    "note": ("hall 2", "二号机房"),
}
_LIMITS = {
    "greatest_quantity": f"{GREATEST_QUANTITY:,}",
    "greatest_serial": GREATEST_SERIAL,
    "greatest_text": GREATEST_TEXT,
    "greatest_lines": f"{GREATEST_LINES:,}",
    "greatest_file": GREATEST_FILE // MIB,
    "greatest_unpacked": GREATEST_UNPACKED // MIB,
    "header_rows": HEADER_ROWS,
}


class Column(NamedTuple):
    """A column as it is explained: `allowed` are the values in the reader's language, where only some are."""

    name: str
    label: str
    also: tuple[str, ...]
    is_required: bool
    text: str
    allowed: tuple[str, ...]
    default: str
    example: str


def in_language(texts: tuple[str, str], language: str, **named: Any) -> str:
    """The English text, or the Chinese one for ``zh…``, with the reader's limits and what is `named` in it."""
    return texts[language.startswith("zh")].format(**_LIMITS, **named)


def value_label(column: str, value: str, language: str) -> str:
    """What stands in a file for a `value` of `column`; Chinese has no word for what a blank says."""
    return VALUES[column][value] if language.startswith("zh") else value.replace("_", " ")


def columns(language: str) -> list[Column]:
    """Every column that the reader knows, in the order of the template."""
    return [_column(name, language) for name in COLUMNS]


def _column(name: str, language: str) -> Column:
    values = VALUES.get(name, {})
    default: Any = DEFAULTS.get(name)
    return Column(
        name=name,
        label=in_language(LABELS[name], language),
        also=COLUMNS[name],
        is_required=name in REQUIRED,
        text=in_language(_COLUMN_TEXTS[name], language),
        allowed=tuple(label for value in values if (label := value_label(name, value, language))),
        default=value_label(name, default, language) if name in VALUES else "",
        example=in_language(_EXAMPLES[name], language),
    )


class FindingCode(NamedTuple):
    """A code that the check can give, its class, and what is said of it."""

    code: str
    kind: str
    message: str


class KindOfCodes(NamedTuple):
    """The codes of one class, with what the class means."""

    kind: str
    title: str
    text: str
    codes: list[FindingCode]


_KIND_TITLES: dict[Kind, tuple[str, str]] = {
    Kind.STRUCTURE: ("The structure of the file", "文件结构"),
    Kind.VALIDITY: ("A value is not valid", "填报值无效"),
    Kind.PLAUSIBILITY: ("To be confirmed", "需要确认"),
    Kind.ACROSS_CENTRES: ("Across centres", "跨中心核对"),
    Kind.NOTE: ("Noticed while reading", "读取提示"),
}
_KIND_TEXTS: dict[Kind, tuple[str, str]] = {
    Kind.STRUCTURE: (
        "Such a fault stops the file: mend the file and send it again.",
        "此类问题会使整个文件无法登记：请修改文件后重新上传。",
    ),
    Kind.VALIDITY: (
        "Such a fault stops the file until its cell is mended, on the page or in the file.",
        "此类问题会使文件无法登记，直至在页面上或文件中修改该单元格。",
    ),
    Kind.PLAUSIBILITY: (
        "It may be right: say why it is so, or correct it, before the filing is attested.",
        "内容可能属实：签署承诺书前，请说明原因或予以更正。",
    ),
    Kind.ACROSS_CENTRES: (
        "Shown to regulators only: what one operator files is never told to another.",
        "仅监管人员可见：不向任何运营单位透露其他单位的填报内容。",
    ),
    Kind.NOTE: ("It says how the file was read; nothing has to be done.", "说明文件的读取方式，无需处理。"),
}
_READING: tuple[tuple[str, str], ...] = (
    (
        "CSV (separated by commas, semicolons or tabs), XLSX, XLS and ODS are read. What a file is, is told from its "
        "content and never from its name. A workbook with macros or with a password is refused.",
        "可读取 CSV（以逗号、分号或制表符分隔）、XLSX、XLS 和 ODS 文件。格式按内容识别，与文件名无关。"
        "含宏或设有密码的工作簿不予接受。",
    ),
    (
        "A CSV file is in UTF-8, in UTF-16 with a byte order mark, or in GB18030 (and so GBK and GB2312): what Excel "
        "saves in Chinese opens without a question.",
        "CSV 文件的编码可为 UTF-8、带字节顺序标记的 UTF-16 或 GB18030（含 GBK、GB2312），"
        "中文版 Excel 保存的文件可直接读取。",
    ),
    (
        "The header is the first of the first {header_rows} rows that names both the chip model and the quantity. What "
        "stands above it is passed over. Columns stand in any order.",
        "表头为前 {header_rows} 行中第一个同时包含芯片型号和数量的行，其上内容会跳过。各列顺序不限。",
    ),
    (
        "Names of columns match in English and Chinese, whatever their capitals and spaces; marks such as * and "
        "anything in brackets do not matter.",
        "列名中英文均可，大小写、空格、* 号和括号内的内容不影响识别。",
    ),
    (
        "In a workbook the first visible sheet with such a header is read. A formula counts by the value that it had "
        "when the workbook was saved.",
        "工作簿中读取第一个含此表头的可见工作表。公式按保存时的结果读取。",
    ),
    (
        "Blank rows are passed over, and so is a last row that begins with total, sum, 合计, 总计 or 小计.",
        "空行会跳过；以合计、总计、小计、total 或 sum 开头的末行也会跳过。",
    ),
    (
        "Numbers may have thousands separators in their right places and full-width digits. Dates are read as "
        "2024-03-05, 2024/3/5, 2024.3.5, 20240305, 2024年3月5日, or as the dates of a spreadsheet.",
        "数字可含位置正确的千位分隔符和全角数字。日期可写为 2024-03-05、2024/3/5、2024.3.5、20240305、"
        "2024年3月5日，或为表格的日期格式。",
    ),
    (
        "Every fault of a file is reported at once, under the row number that the spreadsheet shows.",
        "文件中的全部问题会一次列出，行号与表格软件显示的一致。",
    ),
)
_LIMIT_TEXTS: tuple[tuple[str, str], ...] = (
    ("A file has {greatest_file} MiB at most.", "文件不超过 {greatest_file} MiB。"),
    ("A workbook unpacks to {greatest_unpacked} MiB at most.", "工作簿解压后不超过 {greatest_unpacked} MiB。"),
    ("An inventory has {greatest_lines} lines at most.", "台账不超过 {greatest_lines} 行。"),
    ("A cell has {greatest_text} characters at most.", "单元格不超过 {greatest_text} 个字符。"),
    ("A serial number has {greatest_serial} characters at most.", "每个序列号不超过 {greatest_serial} 个字符。"),
)


def reading(language: str) -> list[str]:
    """How files are read, in whole sentences."""
    return [in_language(texts, language) for texts in _READING]


def limits(language: str) -> list[str]:
    """How large a file and its parts may be."""
    return [in_language(texts, language) for texts in _LIMIT_TEXTS]


def finding_codes(language: str, *, to_regulator: bool) -> list[FindingCode]:
    """Every code of the registry; what is found across centres is for regulators only."""
    return [
        FindingCode(code, kind.value, message)
        for code, kind, message in explained(language)
        if to_regulator or kind != Kind.ACROSS_CENTRES
    ]


def kind_title(kind: Kind, language: str) -> str:
    """What a class of finding is called."""
    return in_language(_KIND_TITLES[kind], language)


def codes_by_kind(language: str, *, to_regulator: bool) -> list[KindOfCodes]:
    """The codes by their class, in the order of what they ask for."""
    found = finding_codes(language, to_regulator=to_regulator)
    groups = []
    for kind in Kind:
        title, text = kind_title(kind, language), in_language(_KIND_TEXTS[kind], language)
        if codes := [known for known in found if known.kind == kind]:
            groups.append(KindOfCodes(kind.value, title, text, codes))
    return groups
