"""What the register confirms of a filing: its number, who sent it and when, and digests that anybody can check.

The canonical form of an inventory is JSON Lines in UTF-8, a line of the file a line, in the order of rows: an object
without spaces whose keys stand in the order of `KEYS`. A price is a text with two places; a day and a price that are
not given are null, serial numbers an empty list, a note an empty text. Chips are named as they were when it was sent.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.trail import heads
from centres.models import Centre
from centres.terms import term_of
from chips.declaration import CURRENT
from chips.models import ChipModel, Receipt, ReceiptKind, Submission
from chips.originals import damaged, original

REGISTER = "Originmark"
KEYS = (
    "row", "vendor", "chip_model", "quantity", "workload", "status", "acquired_on", "acquisition", "unit_price_cny",
    "serial_numbers", "note",
)  # fmt: skip
_DIGEST = "receipt_sha256"
_LINES = """
    SELECT row_to_json(line)::text FROM (
        SELECT line."row", named.value->>0 AS vendor, named.value->>1 AS chip_model, line.quantity, line.workload,
               line.status, line.acquired_on, line.acquisition, line.unit_price_cny::text, line.serial_numbers,
               line.note
        FROM chips_inventoryline line
        LEFT JOIN jsonb_each(%s::jsonb) named ON named.key = line.chip_model_id::text
        WHERE line.submission_id = %s
        ORDER BY line."row"
    ) line
"""
_FETCHED = 5_000


def canonical_lines(submission: Submission) -> Iterator[bytes]:
    """The lines of `submission` in their canonical form, each with its line feed."""
    names = json.dumps(submission.chip_names or chip_names(submission))
    # A cursor on the server's side lives in a transaction.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_LINES, [names, submission.pk])
        while rows := cursor.fetchmany(_FETCHED):
            for (line,) in rows:
                yield f"{line}\n".encode()


def chip_names(submission: Submission) -> dict[str, list[str]]:
    """Vendor and model of the chips of `submission`, by their keys, as they are called now."""
    chips = submission.lines.order_by().values("chip_model").distinct()
    named = ChipModel.objects.filter(pk__in=chips).values_list("pk", "vendor__name", "name")
    return {str(key): [vendor, name] for key, vendor, name in named}


def lines_sha256(submission: Submission) -> str:
    """The SHA-256 of the canonical lines; of nothing for a nil return."""
    digest = hashlib.sha256()
    for line in canonical_lines(submission):
        digest.update(line)
    return digest.hexdigest()


def next_accession_number(centre: Centre, at: datetime) -> str:
    """The next number of `centre` in the year of `at`, such as ``SH-01-26-000007``; the centre must be held.

    Without gaps, and of one centre, so that nobody learns from a number how much others file.
    """
    start = f"{centre.code}-{timezone.localtime(at):%y}-"
    given = Submission.objects.filter(centre=centre, accession_number__startswith=start).count()
    return f"{start}{given + 1:06}"


class DamagedOriginal(Exception):
    """The file that is kept is not the one that was sent: nothing can be signed over it."""


def issue_received(submission: Submission, *, by: User, full_name: str, at: datetime) -> Receipt:
    """Write, in the transaction that attests `submission` at `at`, that it was received and who signed it.

    Raises `DamagedOriginal`.
    """
    content = _received(submission, by, full_name, at)
    return _issue(submission, ReceiptKind.RECEIVED, content)


def issue_accepted(submission: Submission, *, at: datetime) -> Receipt:
    """Write, in the transaction that accepts `submission` at `at`, that it was; what was received stands there too."""
    received = Receipt.objects.get(submission=submission, kind=ReceiptKind.RECEIVED)
    content = json.loads(received.body) | {"kind": ReceiptKind.ACCEPTED, "accepted": {"at": written(at)}}
    return _issue(submission, ReceiptKind.ACCEPTED, content)


def _issue(submission: Submission, kind: ReceiptKind, content: dict[str, Any]) -> Receipt:
    # Whoever keeps the receipt can show that nothing up to there was changed or cut off since.
    body = sealed(content | {"trail": heads.newest()})
    text = json.dumps(body, ensure_ascii=False, indent=2)
    issued_at = timezone.now()
    return Receipt.objects.create(
        submission=submission, kind=kind, issued_at=issued_at, body=text, sha256=body[_DIGEST]
    )


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the digest of all that stands in it."""
    return content | {_DIGEST: digest_of(content)}


def digest_of(content: dict[str, Any]) -> str:
    """The SHA-256 of `content` without its own digest: JSON with sorted keys, without spaces, in UTF-8."""
    plain = {key: value for key, value in content.items() if key != _DIGEST}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def is_sealed(content: dict[str, Any]) -> bool:
    """Whether a receipt is as it was issued, as far as it can tell itself."""
    return content.get(_DIGEST) == digest_of(content)


def _received(submission: Submission, by: User, full_name: str, at: datetime) -> dict[str, Any]:
    centre, term = submission.centre, term_of(submission.centre, submission.period)
    return {
        "kind": ReceiptKind.RECEIVED,
        "register": REGISTER,
        "accession_number": submission.accession_number,
        "provenance": submission.provenance,
        "centre": {"code": centre.code, "name_en": centre.name_en, "name_zh": centre.name_zh},
        "operator": centre.operator
        and {
            "name_en": centre.operator.name_en,
            "name_zh": centre.operator.name_zh,
            "uscc": centre.operator.uscc,
        },
        "period": submission.period_id,
        "version": submission.version,
        "nil": submission.nil,
        "amendment_reason": submission.amendment_reason,
        "received_at": written(at),
        "due_on": term.due_on.isoformat(),
        "on_time": at < term.filing_ended_at,
        "repudiate_until": written(repudiable_until(at)),
        "attested": {
            "username": by.username,
            "full_name": full_name,
            "at": written(at),
            "declaration": CURRENT._asdict() | {"sha256": CURRENT.sha256},
        },
        "file": None if submission.nil else _file(submission),
        "corrections": submission.corrections,
        "confirmations": submission.confirmed,
        "lines": {"count": submission.line_count, "units": submission.units, "sha256": submission.lines_sha256},
        "accepted": None,
    }


def _file(submission: Submission) -> dict[str, Any]:
    if any(damaged([submission.file_sha256])):
        raise DamagedOriginal
    path = original(submission.file_sha256)
    return {
        "name": submission.file_name,
        "bytes": path.stat().st_size,
        "sha256": submission.file_sha256,
        "received_at": submission.received_at and written(submission.received_at),
    }


def repudiable_until(at: datetime) -> datetime:
    """Until when the sender of what was attested at `at` can say that it is not theirs."""
    return at + timedelta(days=settings.REPUDIATION_DAYS)


def repudiation_ends_at(submission: Submission) -> datetime | None:
    """Until when `submission` can be repudiated, as its receipt says; None for what has none."""
    received = submission.receipts.filter(kind=ReceiptKind.RECEIVED).first()
    return datetime.fromisoformat(json.loads(received.body)["repudiate_until"]) if received else None


def written(at: datetime) -> str:
    """An instant as receipts write it: Asia/Shanghai, to the microsecond."""
    return timezone.localtime(at).isoformat(timespec="microseconds")
