"""The form of an event in the chain, and the hash that binds it to the one before (`docs/trail.md`)."""

import hashlib

# SHA-256 of nothing before the first.
START = bytes(32)
# The event of a row of `accounts_auditevent` called `event`, but for its number: written here and not kept in the
# database, where who can change an event could change how it is read.
EVENT = """
    json_build_object(
        'id', event.id, 'at', event.at AT TIME ZONE 'UTC', 'xid', event.xid, 'kind', event.kind,
        'subject', event.subject, 'key', event.key, 'user', event.user_id, 'role', event.role,
        'channel', event.channel, 'address', event.address, 'place', event.place, 'request', event.request,
        'before', event.before, 'after', event.after
    )::text
"""


def line_of(seq: int, event: str) -> bytes:
    """The bytes of `event` (as `EVENT` writes it) at its place in the chain."""
    return f'{{"seq" : {seq}, {event[1:]}'.encode()


def link(before: bytes, line: bytes) -> bytes:
    """The hash of `line` where the link before it has the hash `before`."""
    return hashlib.sha256(before + line).digest()
