"""The form of an event in the chain, and the hash that binds it to the one before (`docs/trail.md`)."""

import hashlib

from psycopg2.sql import SQL

# SHA-256 of nothing before the first.
START = bytes(32)
# The event of a row of `accounts_auditevent` called `event`, but for its number: written here and not kept in the
# database, where who can change an event could change how it is read.
EVENT = SQL("""
    row_to_json((SELECT told FROM (
        SELECT event.id, event.at AT TIME ZONE 'UTC' AS at, event.xid, event.kind, event.subject, event.key,
               event.user_id AS "user", event.role, event.channel, event.address, event.place, event.request,
               event.before, event.after
    ) told))::text
""")
# Every place of the chain in its order: its number, the key and the hash of its event, whether that is gone, the event.
LINKS = SQL("""
    SELECT link.seq, link.event_id, encode(link.sha256, 'hex'), event.id IS NULL, {event}
    FROM accounts_auditlink link LEFT JOIN accounts_auditevent event ON event.id = link.event_id
    ORDER BY link.seq, link.event_id
""").format(event=EVENT)
# What has no place though its transaction was over before the last batch: its key, and the event.
NEVER_SEALED = SQL("""
    SELECT event.id, {event} FROM accounts_auditevent event
    WHERE NOT EXISTS (SELECT FROM accounts_auditlink link WHERE link.event_id = event.id)
          AND event.xid < coalesce((SELECT oldest_xid FROM accounts_audithead ORDER BY seq DESC LIMIT 1), 0)
    ORDER BY event.id
""").format(event=EVENT)


def line_of(seq: int, event: bytes) -> bytes:
    """The bytes of `event` (as `EVENT` writes it) at its place in the chain."""
    return b'{"seq":%d,%b' % (seq, event[1:])


def link(before: bytes, line: bytes) -> bytes:
    """The hash of `line` where the link before it has the hash `before`."""
    return hashlib.sha256(before + line).digest()
