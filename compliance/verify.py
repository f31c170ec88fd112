"""Whether a receipt says the truth: held against itself, the register, and the bytes that were kept."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from chips.models import Receipt, Submission
from chips.originals import original
from chips.receipts import is_sealed, lines_sha256, written
from compliance.models import Determination
from compliance.receipts import KIND, determination_receipt


class Check(NamedTuple):
    """One thing that was looked at, and whether it is as the receipt says."""

    what: str
    holds: bool


def verify(receipt: dict[str, Any], *, file: Path | None = None, lines: Path | None = None) -> list[Check]:
    """All that can be checked of `receipt`, with the sender's own copies of its `file` and `lines` where given."""
    checks = [Check("the receipt has its own digest", is_sealed(receipt))]
    if receipt.get("kind") == KIND:
        return [*checks, Check("the register determines the same", _is_determined(receipt))]
    number, kind = _text(receipt.get("accession_number")), _text(receipt.get("kind"))
    issued = Receipt.objects.filter(submission__accession_number=number, kind=kind).select_related("submission")
    found = issued.first()
    is_issued = found is not None and json.loads(found.body) == receipt
    checks.append(Check("the register issued it, word for word", is_issued))
    told_file, told_lines = (_object(receipt.get(name)) for name in ("file", "lines"))
    if found is not None:
        checks += _kept(found.submission, told_file.get("sha256"), told_lines.get("sha256"))
    if file is not None:
        checks.append(Check(f"{file} is the file that was sent", _sha256(file) == told_file.get("sha256")))
    if lines is not None:
        checks.append(Check(f"{lines} are the lines that were read", _sha256(lines) == told_lines.get("sha256")))
    return checks


def _kept(submission: Submission, file_sha256: str | None, told_lines: str | None) -> list[Check]:
    checks = []
    if not submission.nil:
        path = original(submission.file_sha256)
        holds = path.is_file() and _sha256(path) == file_sha256
        checks.append(Check("the file that is kept is the one that was sent", holds))
    return [*checks, Check("the lines that are kept are those that were read", lines_sha256(submission) == told_lines)]


def taken_back(receipt: dict[str, Any]) -> str | None:
    """That what a true receipt is of stands no longer, in words; None where it does, or the register knows it not."""
    found = Submission.objects.filter(accession_number=_text(receipt.get("accession_number")) or "-").first()
    if found is not None and found.repudiated_at:
        return f"its sender repudiated it at {written(found.repudiated_at)}"
    if found is not None and found.withdrawn_at:
        return f"its sender withdrew it at {written(found.withdrawn_at)}"
    return None


def _text(found: Any) -> str:
    """A text of a receipt as the database takes one; whatever else stands there is none."""
    return found.encode(errors="replace").decode().replace("\x00", "") if isinstance(found, str) else ""


def _object(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _is_determined(receipt: dict[str, Any]) -> bool:
    told = receipt.get("determination")
    key = _object(told).get("id")
    found = Determination.objects.filter(pk=key).first() if type(key) is int and 0 < key < 2**63 else None
    return found is not None and determination_receipt(found) == receipt


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
