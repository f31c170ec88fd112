"""Mails that are written down before they are sent: each a row, sent once.

A row is marked as sent before its mail is handed to the mail server: whoever is killed in between costs a mail, and no
number of workers doubles one. Where the server refuses it, or cannot be reached, the mark is taken back and it is tried
again. Where the server falls silent after it was handed over, nobody knows whether it went: the mark stays.
"""

import logging
import smtplib
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, Role, User

logger = logging.getLogger(__name__)

SENT_AT_ONCE = 500
GREATEST_ATTEMPTS = 5
# Before the second attempt, and five times as long before each that follows: 13 hours in all.
FIRST_WAIT = timedelta(minutes=5)


def waiting(rows: QuerySet[Any], now: datetime) -> QuerySet[Any]:
    """Of `rows` (with `sent_at`, `next_at` and `attempts`) those that are to be sent at `now`."""
    return rows.filter(sent_at__isnull=True, next_at__lte=now, attempts__lt=GREATEST_ATTEMPTS)


def first_waiting(rows: QuerySet[Any], now: datetime) -> list[int]:
    """The keys of those of `rows` that wait longest, as many as are sent at once."""
    return list(waiting(rows, now).order_by("next_at", "pk").values_list("pk", flat=True)[:SENT_AT_ONCE])


def mark_sent(row: Any, now: datetime) -> None:
    """Mark `row`, which is locked, as sent: in the transaction before its mail is handed over."""
    row.sent_at, row.attempts = now, row.attempts + 1
    row.save(update_fields=["sent_at", "attempts"])


def send_each(keys: Iterable[int], send: Callable[[int, Any], bool | None]) -> int:
    """`send` each of `keys` over one connection; how many mails the server took.

    `send` says whether the server took the mail, or None where there was nothing to be sent.
    """
    connection, sent = get_connection(), 0
    try:
        for key in keys:
            taken = send(key, connection)
            sent += bool(taken)
            if taken is False and not _is_reachable(connection):
                break
    finally:
        _close(connection)
    return sent


def hand_over(row: Any, message_of: Callable[[], EmailMessage], now: datetime, connection: Any) -> bool:
    """Hand the mail of `row`, which is marked as sent, to the server; where it surely was not taken, take the mark
    back. Whether it was taken."""
    handed = False
    try:
        message = message_of()
        message.connection = connection
        connection.open()
        handed = True
        message.send()
    except Exception as error:
        # Another mail must not suffer from what this one left behind.
        _close(connection)
        logger.warning("%s %s was not sent: %s", type(row).__name__, row.pk, kind_of(error))
        taken_back: dict[str, Any] = {"last_error": f"{type(error).__name__}: {error}"[:1000]}
        if not handed or _is_refusal(error):
            taken_back |= {"sent_at": None, "next_at": now + FIRST_WAIT * 5 ** (row.attempts - 1)}
        type(row).objects.filter(pk=row.pk).update(**taken_back)
        return False
    return True


def kind_of(error: Exception) -> str:
    """What a log may hold of an error in sending: its kind and its number, since its words name who was written to."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        numbers = sorted({code for code, _ in error.recipients.values()})
    else:
        numbers = [number for name in ("smtp_code", "errno") if (number := getattr(error, name, None)) is not None]
    return " ".join([type(error).__name__, *map(str, numbers)])


def message_to(user: User, *, subject: str, paragraphs: Iterable[str]) -> EmailMessage:
    """A mail of the register to `user`."""
    return EmailMessage(
        # A name must not end the header that it stands in.
        subject=" ".join(subject.split()),
        body="\n\n".join(paragraphs) + "\n",
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    )


def people_of_operators(now: datetime, user_id: int | None = None) -> dict[int, list[int]]:
    """Who can be written to, by the key of the operator that they act for on the day of `now`; of them, `user_id`
    where given."""
    today = timezone.localdate(now)
    acting = Membership.objects.filter(
        Q(to_on__isnull=True) | Q(to_on__gte=today), from_on__lte=today, user__is_active=True, user__role=Role.OPERATOR
    ).exclude(user__email="")
    if user_id is not None:
        acting = acting.filter(user=user_id)
    people: dict[int, list[int]] = {}
    for operator_id, member in acting.values_list("operator_id", "user_id").distinct().order_by("user_id"):
        people.setdefault(operator_id, []).append(member)
    return people


def _is_refusal(error: Exception) -> bool:
    """Whether the server said no, or was never asked; a connection that broke says neither."""
    refusals = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError)
    return isinstance(error, refusals) or not isinstance(error, OSError)


def _is_reachable(connection: Any) -> bool:
    try:
        connection.open()
    except OSError:
        return False
    return True


def _close(connection: Any) -> None:
    with suppress(OSError):
        connection.close()
