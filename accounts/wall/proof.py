"""How the application proves to PostgreSQL who is asking: HMAC-SHA256 under a key that only the two of them know."""

import hmac
import time
from functools import cache

from django.conf import settings

_BLOCK = 64


@cache
def _key() -> bytes:
    # Not the secret key itself, which the database need not know.
    return hmac.digest(settings.SECRET_KEY.encode(), b"originmark: who is asking", "sha256").ljust(_BLOCK, b"\0")


def pads() -> bytes:
    """The inner and the outer pad, 64 bytes each: PostgreSQL has SHA-256, and no HMAC without an extension."""
    return bytes(byte ^ 0x36 for byte in _key()) + bytes(byte ^ 0x5C for byte in _key())


def of(told: str) -> str:
    """The proof that `told` is told by the application, now."""
    at = int(time.time())
    return f"{at} {hmac.digest(_key(), f'{at} {told}'.encode(), 'sha256').hex()}"
