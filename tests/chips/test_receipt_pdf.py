"""The receipt as a document: the same bytes for the same receipt, whatever anybody wrote into it."""

import re
import zlib
from typing import Any

import pytest

from chips.declaration import CURRENT
from chips.receipt_pdf import _document, compiled, receipt_pdf

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
RECEIVED: dict[str, Any] = {
    "kind": "received",
    "accession_number": "SH-01-26-000001",
    "register": "Originmark",
    "centre": {"code": "SH-01", "name_en": "Huangpu Centre", "name_zh": "黄浦智算中心"},
    "operator": {"name_en": "Huangpu Computing", "name_zh": "黄浦算力有限公司", "uscc": "91310101MA1FPX1234"},
    "period": "2025Q4",
    "version": 1,
    "nil": False,
    "amendment_reason": "",
    "received_at": "2026-01-12T10:31:07.123456+08:00",
    "on_time": True,
    "due_on": "2026-01-20",
    "attested": {
        "username": "li.wei",
        "full_name": "李伟",
        "at": "2026-01-12T10:31:07.123456+08:00",
        "declaration": CURRENT._asdict() | {"sha256": CURRENT.sha256},
    },
    "file": {"name": "台账.xlsx", "bytes": 48213, "sha256": DIGEST, "received_at": "2026-01-12T10:12:44.000001+08:00"},
    "corrections": [],
    "confirmations": [{"code": "tenfold", "chip_model": "Ascend 910B", "reason": "二期投运"}],
    "lines": {"count": 412, "units": 18044, "sha256": DIGEST},
    "accepted": None,
    "repudiate_until": "2026-01-22T10:31:07.123456+08:00",
    "receipt_sha256": DIGEST,
}
DETERMINED: dict[str, Any] = {
    "kind": "determined",
    "register": "Originmark",
    "centre": RECEIVED["centre"],
    "period": "2025Q4",
    "determination": {
        "mandate": "national-50",
        "mandate_name": "Half of the compute",
        "outcome": "non_compliant",
        "share_low": "249999/500000",
        "share_high": "499999999/1000000000",
        "threshold": "1/2",
        "digest": DIGEST,
        "determined_at": "2026-01-16T03:00:00+08:00",
        "submission_accession_number": "SH-01-26-000001",
    },
    "receipt_sha256": DIGEST,
}


def pages(receipt: dict[str, Any]) -> int:
    made = compiled(receipt, format="png", ppi=20)
    return len(made) if isinstance(made, list) else 1


def values(receipt: dict[str, Any]) -> list[str]:
    """All that the document says of a receipt, in its order."""
    found = []
    for section in _document(receipt)["sections"]:
        for row in section.get("rows", []):
            told = row if isinstance(row, list) else [row["value"]]
            found += [" ".join(part) if isinstance(part, list) else part for part in told]
        found += section.get("texts", [])
    return found


def test_the_same_receipt_gives_the_same_bytes() -> None:
    first = receipt_pdf(RECEIVED)
    assert first.startswith(b"%PDF-1.7")
    assert receipt_pdf(dict(reversed(RECEIVED.items()))) == first
    assert receipt_pdf(RECEIVED | {"version": 2}) != first
    # The time that the document was made is that of the receipt.
    assert b"2026-01-12T02:31:07" in first


def test_all_fonts_are_within() -> None:
    content = receipt_pdf(RECEIVED)
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    whole = content + b"".join(_inflated(part) for part in parts)
    names = set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([A-Za-z-]+)", whole))
    assert names == {b"NotoSansSC-Regular", b"DejaVuSansMono"}


def _inflated(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def test_it_says_who_when_and_what_in_both_languages() -> None:
    said = values(RECEIVED)
    for text in (
        "Huangpu Centre 黄浦智算中心", "91310101MA1FPX1234", "2026-01-12 10:31:07.123456 +08:00",
        "within the time 按期", "李伟", CURRENT.en, CURRENT.zh, "台账.xlsx", "48,213", "18,044", DIGEST, "tenfold",
        "Ascend 910B", "二期投运",
    ):  # fmt: skip
        assert text in said
    assert any("verify_receipt" in text for text in said)


def test_an_acceptance_says_so() -> None:
    accepted = RECEIVED | {"kind": "accepted", "accepted": {"at": "2026-01-15T09:02:11+08:00", "by": "regulator"}}
    assert _document(accepted)["title"] == ("Acceptance of a chip inventory", "芯片台账受理回执")
    assert "2026-01-15 09:02:11.000000 +08:00" in values(accepted)
    assert receipt_pdf(accepted)


def test_a_determination_names_the_filing_that_it_is_of() -> None:
    assert _document(DETERMINED)["number"] == "SH-01-26-000001"
    said = values(DETERMINED)
    assert {
        "non-compliant 不合规",
        "49.9998% (249999/500000) – 49.9999% (499999999/1000000000)",
        "50.0000% (1/2)",
        "SH-01-26-000001",
    } <= set(said)
    assert pages(DETERMINED) == 1
    assert receipt_pdf(DETERMINED)


@pytest.mark.parametrize("missing", [*RECEIVED, *DETERMINED])
def test_what_is_missing_is_left_out(missing: str) -> None:
    for receipt in (RECEIVED, DETERMINED):
        for nothing in ({}, {missing: None}, {missing: "?"}, {missing: ["?"]}):
            less = {key: value for key, value in receipt.items() if key != missing} | nothing
            assert _document(less)["sections"]
    assert receipt_pdf({key: value for key, value in RECEIVED.items() if key != missing})


def test_nothing_at_all_is_still_a_document() -> None:
    assert receipt_pdf({})
    assert receipt_pdf({"kind": "other", "anything": {"else": 1}})


@pytest.mark.parametrize(
    "text",
    ['#panic("x")', '"; panic() //', '#import "@preview/x:1.0.0"', "$x$ *bold* _under_ `raw` <label> @ref", "\\", "]]"],
)
def test_no_text_is_read_as_markup(text: str) -> None:
    receipt = RECEIVED | {"amendment_reason": text, "register": text, "accession_number": text}
    receipt |= {"confirmations": [{"code": text, "chip_model": text, "reason": text}]}
    receipt |= {"file": RECEIVED["file"] | {"name": text}}
    assert values(receipt).count(text) == 5
    assert receipt_pdf(receipt)


def test_marks_that_turn_text_around_are_shown_by_their_numbers() -> None:
    receipt = RECEIVED | {"file": RECEIVED["file"] | {"name": "台账\u202excod.exe\x00\ud800"}}
    assert "台账⟨U+202E⟩xcod.exe⟨U+0000⟩⟨U+D800⟩" in [text.replace("\u200b", "") for text in values(receipt)]
    assert receipt_pdf(receipt)


def test_a_long_name_breaks_within_its_column() -> None:
    receipt = RECEIVED | {"file": RECEIVED["file"] | {"name": "x" * 255}}
    (name,) = [text for text in values(receipt) if text.startswith("xxx")]
    assert max(map(len, name.split("\u200b"))) <= 24
    assert receipt_pdf(receipt)


def test_three_hundred_corrections_take_pages() -> None:
    correction = {
        "row": 7, "column": "chip_model", "written": "昇腾910X", "corrected": "Ascend 910B", "by": "li.wei",
        "at": "2026-01-12T10:20:00.000000+08:00",
    }  # fmt: skip
    receipt = RECEIVED | {"corrections": [correction | {"row": row} for row in range(300)]}
    assert pages(receipt) > 5
    assert "299" in values(receipt)
