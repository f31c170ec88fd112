"""Signed heads of the chain: each says that the chain up to an event had this hash, at that instant.

Whoever holds one can show that nothing up to its event was changed or cut off since: they stand on every receipt, in a
file beside the database, and can be mailed.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from accounts.trail import keys
from accounts.trail.models import AuditHead

FIELDS = ("seq", "sha256", "signed_at", "public_key", "signature")
_FILE = "audit-heads.jsonl"
_SETTLED = timedelta(minutes=2)


def message_of(seq: int, sha256: str, signed_at: str) -> bytes:
    """What is signed."""
    return f"originmark head 1\n{seq}\n{sha256}\n{signed_at}\n".encode()


def signed(seq: int, sha256: bytes, now: datetime) -> AuditHead:
    """A head, not yet stored, over the chain up to `seq`."""
    key, at = keys.signing_key(), _written(now)
    signature = key.sign(message_of(seq, sha256.hex(), at)).hex()
    return AuditHead(seq=seq, sha256=sha256.hex(), signed_at=at, public_key=keys.public_hex(key), signature=signature)


def newest() -> dict[str, Any] | None:
    """The newest head as it is handed out; None before anything was sealed."""
    return AuditHead.objects.order_by("-seq").values(*FIELDS).first()


def newest_before(at: datetime) -> dict[str, Any] | None:
    """The head that was the newest shortly before `at`: the same whenever it is asked for.

    A head that is being signed is seen a little later than the instant that it names.
    """
    until = _written(at - _SETTLED)
    return AuditHead.objects.filter(signed_at__lte=until).order_by("-signed_at", "-seq").values(*FIELDS).first()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def written(head: dict[str, Any]) -> str:
    """`head` as a line of JSON."""
    return json.dumps({name: head[name] for name in FIELDS})


def file_of_heads() -> Path:
    """Where heads are kept beside the database, so that who can change that one cannot change these with it."""
    return Path(settings.VAR_DIR) / _FILE


def publish() -> dict[str, Any] | None:
    """Keep the newest head in the file and mail it, where a setting says to whom; None where it is there already."""
    head = newest()
    path = file_of_heads()
    if head is None or any(one["seq"] == head["seq"] for one in read_heads(path)[-1:]):
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(written(head) + "\n")
        file.flush()
        os.fsync(file.fileno())
    if settings.AUDIT_HEAD_MAIL:
        EmailMessage(
            subject=f"Originmark: audit trail, head {head['seq']}",
            body=written(head) + "\n",
            to=[settings.AUDIT_HEAD_MAIL],
            headers={"Auto-Submitted": "auto-generated"},
        ).send()
    return head


def read_heads(path: Path) -> list[dict[str, Any]]:
    """The heads in the file at `path`: one a line, or a receipt that carries one."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    try:
        found = [json.loads(text)]
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [one for carrier in found if (one := carrier.get("trail", carrier))]
