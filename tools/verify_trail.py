"""Verify an export of Originmark's audit trail, wherever it is: plain Python and `cryptography`, nothing of Originmark.

    python verify_trail.py TRAIL --key HEX [--head FILE ...]

TRAIL is what `manage.py export_audit` wrote; HEX the public key of the register (64 hexadecimal digits) as it was
handed out by another way than the export; FILE a signed head, or a receipt that carries one, that was received before.
docs/trail.md says how an export is written. Exits 0 where all of it agrees; else it says which event is the first that
does not, and exits 1.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NUMBER = re.compile(rb'\{"seq":([1-9][0-9]{0,18}),"id":')


class Bad(Exception):
    """The number of the first event that is not as it was signed, and what is wrong."""


def verify(trail: Iterable[bytes], trusted: set[str], received: Iterable[dict[str, Any]] = ()) -> tuple[int, int]:
    """How many events and heads were found good; raises `Bad`."""
    heads: list[dict[str, Any]] = list(received)
    kept, sha256, number, agreed, events = 0, bytes(32), 0, 0, False
    signed: dict[int, list[dict[str, Any]]] = {}
    for place, raw in enumerate(trail):
        kind, _, rest = raw.rstrip(b"\n").partition(b" ")
        if place == 0:
            if raw != b"originmark trail 1\n":
                raise Bad(1, "this is no export of a trail")
        elif kind == b"head" and not events:
            heads.append(json.loads(rest))
            kept = max(kept, int(heads[-1]["seq"]))
        elif kind == b"event":
            if not events:
                events, signed = True, by_number(heads)
            told, _, body = rest.partition(b" ")
            named = NUMBER.match(body)
            if named is None or int(named[1]) != number + 1:
                raise Bad(number + 1, "it is missing, or another stands in its place")
            sha256, number = hashlib.sha256(sha256 + body).digest(), number + 1
            if told != sha256.hex().encode():
                raise Bad(number, "it is not what was sealed, or not where it was sealed")
            if number in signed:
                for head in signed.pop(number):
                    agree(head, sha256.hex(), trusted, agreed)
                agreed = number
        elif kind == b"gone":
            raise Bad(number + 1, "it was removed")
        elif kind == b"unsealed":
            raise Bad(number + 1, "it was never sealed: " + rest.decode())
        else:
            raise Bad(number + 1, f"line {place + 1} of the export is none that an export has")
    signed = signed if events else by_number(heads)
    if signed:
        raise Bad(number + 1, f"it was cut off: event {min(signed)} was signed, and is not there")
    if number > kept:
        raise Bad(agreed + 1, "no signature follows it")
    return number, len(heads)


def by_number(heads: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """The heads by the event that they sign."""
    found: dict[int, list[dict[str, Any]]] = {}
    for head in heads:
        found.setdefault(int(head["seq"]), []).append(head)
    return found


def agree(head: dict[str, Any], sha256: str, trusted: set[str], agreed: int) -> None:
    """Hold `head` against the hash that was found at its event."""
    if head["public_key"] not in trusted:
        raise Bad(head["seq"], "its head is signed by a key that is not the register's")
    message = f"originmark head 1\n{head['seq']}\n{head['sha256']}\n{head['signed_at']}\n"
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["public_key"]))
        key.verify(bytes.fromhex(head["signature"]), message.encode())
    except (InvalidSignature, ValueError):
        raise Bad(head["seq"], "its head is not what was signed") from None
    if head["sha256"] != sha256:
        raise Bad(agreed + 1, f"from here on, and by {head['seq']} at the latest, the trail was written anew")


def heads_in(path: Path) -> list[dict[str, Any]]:
    """The heads in a file: one a line, or a receipt that carries one."""
    text = path.read_text(encoding="utf-8")
    try:
        carriers = [json.loads(text)]
    except ValueError:
        carriers = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [head for carrier in carriers if (head := carrier.get("trail", carrier))]


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an export of Originmark's audit trail.")
    parser.add_argument("trail", type=Path)
    parser.add_argument("--key", action="append", required=True, help="a public key of the register, in hexadecimal")
    parser.add_argument("--head", action="append", default=[], type=Path, help="a signed head that was received")
    asked = parser.parse_args()
    received = [head for path in asked.head for head in heads_in(path)]
    with asked.trail.open("rb") as trail:
        try:
            events, heads = verify(trail, set(asked.key), received)
        except Bad as bad:
            print(f"Event {bad.args[0]}: {bad.args[1]}.")
            return 1
    print(f"{events} events and {heads} heads are as they were signed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
