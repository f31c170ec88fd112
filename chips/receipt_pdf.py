"""A receipt as a document to keep: English and Simplified Chinese, A4, the same bytes for the same receipt."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import typst
from django.conf import settings

TEMPLATE = Path(__file__).with_name("receipt.typ")
FONTS = Path(settings.BASE_DIR) / "data" / "fonts"
# For archives: all fonts within, every character known by its code.
STANDARD = "a-2u"

Texts = tuple[str, str]
_TITLES: dict[str, Texts] = {
    "received": ("Receipt of a chip inventory", "芯片台账接收回执"),
    "accepted": ("Acceptance of a chip inventory", "芯片台账受理回执"),
    "determined": ("Determination of compliance", "合规认定回执"),
}
_OTHER_TITLE: Texts = ("Receipt", "回执")
_YES: Texts = ("yes", "是")
_NO: Texts = ("no", "否")
_ON_TIME: Texts = ("within the time", "按期")
_LATE: Texts = ("late", "逾期")
_OUTCOMES: dict[str, Texts] = {
    "out_of_scope": ("out of scope", "不适用"),
    "not_in_force": ("not in force", "尚未生效"),
    "exempt": ("exempt", "已豁免"),
    "not_reported": ("not reported", "未填报"),
    "undetermined": ("undetermined", "无法认定"),
    "empty": ("empty", "无计入项"),
    "compliant": ("compliant", "合规"),
    "non_compliant": ("non-compliant", "不合规"),
}
_HOW_TO_VERIFY: Texts = (
    "Export the receipt as JSON beside this document, and where the register runs call: manage.py verify_receipt "
    "receipt.json. It works out the digest of the receipt anew, finds the filing by its accession number, and "
    "compares the digests of the file and of the lines with what the register keeps. The digest of the receipt is "
    "the SHA-256 of its JSON without that digest: keys sorted, no spaces, UTF-8.",
    "请导出与本文件对应的 JSON 回执，并在登记系统所在环境执行：manage.py verify_receipt receipt.json。"
    "该命令重新计算回执摘要，按登记编号查找填报，并将文件摘要和台账明细摘要与登记系统留存的内容比对。"
    "回执摘要为去除该摘要字段后的 JSON 的 SHA-256：键名排序、无空格、UTF-8 编码。",
)
# Marks that would turn or hide the text around them are shown by their numbers.
_HIDDEN = {
    *range(0x20), *range(0x7F, 0xA0), 0xAD, 0x061C, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
    *range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xD800, 0xE000),
}  # fmt: skip
_FRACTION = re.compile(r"([0-9]{1,40})/([1-9][0-9]{0,39})", re.ASCII)
_LONGEST_RUN = 24
_LAST_WESTERN = 0x2E7F


def receipt_pdf(receipt: Mapping[str, Any]) -> bytes:
    """The document of a `receipt` (`chips.receipts`); what is not in it is left out."""
    made = compiled(receipt, format="pdf", pdf_standards=[STANDARD], timestamp=_issued_at(receipt))
    return cast(bytes, made)


def compiled(receipt: Mapping[str, Any], **options: Any) -> Any:
    """The document as typst sets it with `options`; pages to look at are made by ``format="png"``."""
    return typst.compile(
        TEMPLATE.read_bytes(),
        root=TEMPLATE.parent,
        font_paths=_fonts(),
        sys_inputs={"receipt": json.dumps(_document(receipt), ensure_ascii=False)},
        **options,
    )


@cache
def _fonts() -> typst.Fonts:
    # Those of the system would make another document on another machine.
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])


def _issued_at(receipt: Mapping[str, Any]) -> datetime:
    """The last instant that the receipt tells of."""
    told = [
        _at(receipt, "accepted", "at"),
        _at(receipt, "determination", "determined_at"),
        _at(receipt, "received_at"),
    ]
    for text in told:
        try:
            return datetime.fromisoformat(str(text)).astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            continue
    return datetime.fromtimestamp(0, UTC)


def _document(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """What the template sets: sections of facts, tables and texts, each label in both languages."""
    return {
        "register": _shown(receipt.get("register") or "Originmark"),
        "title": _TITLES.get(str(receipt.get("kind")), _OTHER_TITLE),
        "number": _shown(_at(receipt, "accession_number") or _at(receipt, *_SUBMISSION) or "–"),
        "sections": [section for section in _sections(receipt) if section.get("rows") or section.get("texts")],
    }


_SUBMISSION = ("determination", "submission_accession_number")


def _sections(receipt: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield _facts(("Who and when", "填报主体与时间"), _who(receipt))
    yield _facts(("Determination", "合规认定"), _determination(receipt))
    yield _facts(("What was filed", "填报内容"), _what(receipt))
    yield _facts(("Signature", "签署"), _signature(receipt))
    declaration = _at(receipt, "attested", "declaration")
    if _at(declaration, "en") or _at(declaration, "zh"):
        texts = [_shown(_at(declaration, "en") or ""), _shown(_at(declaration, "zh") or "")]
        yield {"kind": "texts", "title": ("Declaration", "承诺书"), "texts": texts}
    yield _corrections(receipt)
    yield _confirmations(receipt)
    yield _facts(("Head of the audit trail at that time", "当时的审计日志链头"), _trail(receipt))
    yield {"kind": "texts", "title": ("How to verify this receipt", "回执验证方法"), "texts": _HOW_TO_VERIFY}
    digest = receipt.get("receipt_sha256")
    yield _facts(("Digest of this receipt", "本回执摘要"), [_fact(("SHA-256", "SHA-256"), digest, "digest")])


def _who(receipt: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    on_time = receipt.get("on_time")
    return [
        _fact(("Centre", "算力中心"), _names(receipt.get("centre")), "pair"),
        _fact(("Code of the centre", "中心代码"), _at(receipt, "centre", "code"), "mono"),
        _fact(("Operator", "运营单位"), _names(receipt.get("operator")), "pair"),
        _fact(("Unified social credit code", "统一社会信用代码"), _at(receipt, "operator", "uscc"), "mono"),
        _fact(("Reporting period", "填报周期"), receipt.get("period")),
        _fact(("Version", "版本"), receipt.get("version")),
        _fact(("Received", "接收时间"), _instant(receipt.get("received_at"))),
        _fact(("Due on", "截止日期"), receipt.get("due_on")),
        _fact(("In time", "是否按期"), None if on_time is None else _ON_TIME if on_time else _LATE, "pair"),
        _fact(("Accepted", "受理时间"), _instant(_at(receipt, "accepted", "at"))),
        _fact(("Accepted by", "受理人"), _at(receipt, "accepted", "by")),
        _fact(("Can be repudiated until", "可否认截止时间"), _instant(receipt.get("repudiate_until"))),
    ]


def _determination(receipt: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    found = receipt.get("determination")
    outcome = _at(found, "outcome")
    name = _at(found, "mandate_name")
    low, high = _share(_at(found, "share_low")), _share(_at(found, "share_high"))
    share = f"{low} – {high}" if low != high else low
    return [
        _fact(("Mandate", "管理要求"), f"{_written(name)} ({_written(_at(found, 'mandate'))})" if name else None),
        _fact(("Outcome", "认定结果"), _OUTCOMES.get(str(outcome)) or (outcome and (outcome, "")), "pair"),
        _fact(("Domestic share", "国产化率"), share),
        _fact(("Threshold", "阈值"), _share(_at(found, "threshold"))),
        _fact(("Determined", "认定时间"), _instant(_at(found, "determined_at"))),
        _fact(("Filing that was determined", "所依据的填报"), _at(receipt, *_SUBMISSION), "mono"),
        _fact(("SHA-256 of its lines", "台账明细的 SHA-256"), _at(found, "lines_sha256"), "digest"),
        _fact(("Digest of the determination", "认定摘要"), _at(found, "digest"), "digest"),
    ]


def _what(receipt: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    nil = receipt.get("nil")
    size = _at(receipt, "file", "bytes")
    lines = receipt.get("lines")
    return [
        _fact(("Nil return: no chips", "零台账：无芯片"), None if nil is None else _YES if nil else _NO, "pair"),
        _fact(("Reason of the amendment", "更正原因"), receipt.get("amendment_reason") or None),
        _fact(("Lines", "台账明细行数"), _count(_at(lines, "count"))),
        _fact(("Units", "芯片数量"), _count(_at(lines, "units"))),
        _fact(("SHA-256 of the lines", "台账明细的 SHA-256"), _at(lines, "sha256"), "digest"),
        _fact(("File", "文件"), _at(receipt, "file", "name")),
        _fact(("Size, bytes", "大小（字节）"), _count(size)),
        _fact(("File received", "文件接收时间"), _instant(_at(receipt, "file", "received_at"))),
        _fact(("SHA-256 of the file", "文件的 SHA-256"), _at(receipt, "file", "sha256"), "digest"),
    ]


def _signature(receipt: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    attested = receipt.get("attested")
    declaration = _at(attested, "declaration")
    return [
        _fact(("Name", "姓名"), _at(attested, "full_name")),
        _fact(("Account", "账号"), _at(attested, "username")),
        _fact(("Attested", "签署时间"), _instant(_at(attested, "at"))),
        _fact(("Version of the declaration", "承诺书版本"), _at(declaration, "version")),
        _fact(("SHA-256 of the declaration", "承诺书的 SHA-256"), _at(declaration, "sha256"), "digest"),
    ]


def _trail(receipt: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    head = receipt.get("trail")
    return [
        _fact(("Event", "事件序号"), _count(_at(head, "seq"))),
        _fact(("Hash of the chain", "链哈希值"), _at(head, "sha256"), "digest"),
        _fact(("Signed", "签名时间"), _instant(_at(head, "signed_at"))),
        _fact(("Public key, Ed25519", "Ed25519 公钥"), _at(head, "public_key"), "digest"),
        _fact(("Signature", "签名"), _at(head, "signature"), "digest"),
    ]


def _corrections(receipt: Mapping[str, Any]) -> dict[str, Any]:
    title = ("Corrections made before it was sent", "提交前的更正")
    header = [("Row", "行"), ("Column", "列"), ("Written", "原值"), ("Corrected", "更正为"), ("By, at", "更正人、时间")]
    rows = [
        [_shown(_written(_at(entry, key))) for key in ("row", "column", "written", "corrected")]
        + [_shown(" ".join(filter(None, (_written(_at(entry, "by")), _instant(_at(entry, "at"))))))]
        for entry in _entries(receipt, "corrections")
    ]
    return {"kind": "table", "title": title, "header": header, "widths": [3, 8, 11, 11, 12], "rows": rows}


def _confirmations(receipt: Mapping[str, Any]) -> dict[str, Any]:
    title = ("What the sender stands by", "填报人员确认的事项")
    header = [("Question", "事项"), ("About", "涉及内容"), ("Reason given", "说明")]
    rows = [
        [_shown(_written(_at(entry, "code"))), _shown(_about(entry)), _shown(_written(_at(entry, "reason")))]
        for entry in _entries(receipt, "confirmations")
    ]
    return {"kind": "table", "title": title, "header": header, "widths": [10, 13, 22], "rows": rows}


def _about(entry: Any) -> str:
    if model := _at(entry, "chip_model"):
        return _written(model)
    params = _at(entry, "params")
    return (
        "; ".join(f"{key}: {_written(value)}" for key, value in params.items()) if isinstance(params, Mapping) else ""
    )


def _facts(title: Texts, rows: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    return {"kind": "facts", "title": title, "rows": [row for row in rows if row]}


def _fact(label: Texts, value: Any, style: str = "text") -> dict[str, Any] | None:
    """A line of facts; None where there is nothing to say."""
    if value in (None, "", ()):
        return None
    if style == "pair":
        return {"label": label, "style": style, "value": [_shown(part) for part in value]}
    text = _written(value)
    return {"label": label, "style": style, "value": text if style == "digest" else _shown(text)}


def _at(found: Any, *keys: str) -> Any:
    """What stands under `keys`, each within the last; None where any is missing."""
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _entries(receipt: Mapping[str, Any], key: str) -> list[Any]:
    found = receipt.get(key)
    return found if isinstance(found, list) else []


def _names(named: Any) -> Texts | None:
    names = (_written(_at(named, "name_en")), _written(_at(named, "name_zh")))
    return names if any(names) else None


def _written(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _count(value: Any) -> Any:
    return f"{value:,}" if isinstance(value, int) else value


def _share(value: Any) -> str:
    """A share such as ``13/25`` as a percentage too, cut and not rounded: one just below a threshold never reads so."""
    text = _written(value)
    if not (match := _FRACTION.fullmatch(text)):
        return text
    parts = int(match[1]) * 1_000_000 // int(match[2])
    return f"{parts // 10_000}.{parts % 10_000:04}% ({text})"


def _instant(value: Any) -> str:
    """An instant as a person reads it, with its offset."""
    text = _written(value)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    offset = f"{at:%z}"
    return f"{at:%Y-%m-%d %H:%M:%S.%f} {offset[:3]}:{offset[3:5]}" if offset else text


def _shown(value: Any) -> str:
    """Text with what cannot be seen shown by its number, and places to break within long words."""
    seen = "".join(
        f"⟨U+{ord(letter):04X}⟩" if ord(letter) in _HIDDEN and letter not in "\t\n" else letter
        for letter in _written(value)
    )
    return "\u200b".join(_breakable(seen))


def _breakable(text: str) -> Iterator[str]:
    """`text` in pieces between which a line may end, though nothing stands there."""
    run = start = 0
    for index, letter in enumerate(text):
        # Between Chinese characters a line may end anyway.
        run = 0 if letter.isspace() or ord(letter) > _LAST_WESTERN else run + 1
        if run > _LONGEST_RUN:
            yield text[start:index]
            start, run = index, 1
    yield text[start:]
