"""Events that are no change of a record: what somebody did, or was refused."""

import json
from typing import Any

from django.db import connection

from accounts.trail.models import EventKind


def note(kind: EventKind, *, subject: str = "", key: str = "", details: dict[str, Any] | None = None) -> None:
    """Write down that it happened, by whom is asking, in the transaction that runs."""
    text = None if details is None else json.dumps(details)
    with connection.cursor() as cursor:
        cursor.execute("SELECT trail_note(%s, %s, %s, %s)", [kind, subject, key, text])
