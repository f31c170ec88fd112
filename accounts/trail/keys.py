"""The key that signs heads: a file of this register alone, or one that a setting names."""

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_FILE = "audit-signing-key.pem"


def signing_key() -> Ed25519PrivateKey:
    """The key that `AUDIT_SIGNING_KEY` gives, else that of `VAR_DIR`, which is made where there is none."""
    return _read(settings.AUDIT_SIGNING_KEY or _kept(Path(settings.VAR_DIR) / _FILE))


@lru_cache(maxsize=4)
def _read(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise ImproperlyConfigured("AUDIT_SIGNING_KEY cannot be read; it must be an Ed25519 key in PEM.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured("AUDIT_SIGNING_KEY is another kind of key; it must be an Ed25519 key in PEM.")
    return key


def _kept(path: Path) -> str:
    with suppress(FileExistsError):
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, made)
    return path.read_text()


def _write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`, where nothing is yet, for its owner alone; never half of it."""
    if path.exists():
        raise FileExistsError(path)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        # Of two at once the first one's stays.
        os.link(part, path)
    finally:
        part.unlink()


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public half of `key`, as heads name it."""
    return key.public_key().public_bytes_raw().hex()


def trusted() -> set[str]:
    """The public keys whose heads are this register's: its own, and those that it signed with before."""
    return {public_hex(signing_key()), *settings.AUDIT_FORMER_PUBLIC_KEYS}


def is_signed(public_key: str, signature: str, message: bytes) -> bool:
    """Whether `signature` over `message` was made with the other half of `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
