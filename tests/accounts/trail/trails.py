"""What the tests of the trail share: both verifiers, and the trail as the second one reads it."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.trail import export, keys

_SPEC = importlib.util.spec_from_file_location("verify_trail", Path(settings.BASE_DIR) / "tools" / "verify_trail.py")
assert _SPEC is not None
assert _SPEC.loader is not None
second = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(second)


def exported() -> list[bytes]:
    """The lines of the export."""
    return [line.encode() for line in export.lines()]


def verified_elsewhere(lines: list[bytes], received: Iterable[dict[str, Any]] = ()) -> tuple[int, str] | None:
    """The first bad event of the export by the second verifier, and what is wrong with it; None where all is good."""
    try:
        second.verify(lines, {keys.public_hex(keys.signing_key())}, received)
    except second.Bad as bad:
        return bad.args
    return None
