"""The form of an event in the chain, and the hash that binds it to the one before (`docs/trail.md`)."""

import hashlib

# SHA-256 of nothing before the first.
START = bytes(32)
# The event of a row of `accounts_auditevent` called `event`, but for its number: written here and not kept in the
# database, where who can change an event could change how it is read.
EVENT = """
    row_to_json((SELECT told FROM (
        SELECT event.id, event.at AT TIME ZONE 'UTC' AS at, event.xid, event.kind, event.subject, event.key,
               event.user_id AS "user", event.role, event.channel, event.address, event.place, event.request,
               event.before, event.after
    ) told))::text
"""


def line_of(seq: int, event: bytes) -> bytes:
    """The bytes of `event` (as `EVENT` writes it) at its place in the chain."""
    return b'{"seq":%d,%b' % (seq, event[1:])


def link(before: bytes, line: bytes) -> bytes:
    """The hash of `line` where the link before it has the hash `before`."""
    return hashlib.sha256(before + line).digest()
