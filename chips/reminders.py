"""Mails to those who file: before a due date and after it, one for each occasion and never two.

A reminder is a row, unique for its occasion, and is marked as sent before it is handed to the mail server: whoever
is killed in between costs a mail, and no number of workers doubles one. Where the server refuses it, or cannot be
reached, the mark is taken back and it is tried again. Where the server falls silent after it was handed over, nobody
knows whether it went: the mark stays.
"""

import logging
import smtplib
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Membership, Role
from centres.models import Centre, FilingTerm, Provenance, ReportingPeriod
from centres.periods import SHANGHAI
from centres.templatetags.names import named
from chips.models import Reminder
from chips.timeliness import FilingState, Ledger, Row, row_of

logger = logging.getLogger(__name__)

# The hour in Asia/Shanghai at which an occasion comes.
HOUR = time(9)
# What came so long ago is not caught up on.
STALE_AFTER = timedelta(days=2)
REMINDED = (FilingState.DUE, FilingState.LATE, FilingState.RETURNED)
SENT_AT_ONCE = 500
GREATEST_ATTEMPTS = 5
# Before the second attempt, and five times as long before each that follows: 13 hours in all.
FIRST_WAIT = timedelta(minutes=5)


def write_reminders(now: datetime) -> None:
    """Write down who is to be reminded of what, for every occasion that came within `STALE_AFTER`.

    Of several of one due date that came, only the last: nobody is told twice what was missed while nothing ran.
    """
    for period in _periods_with_occasions(now):
        ledger = Ledger(Centre.objects.filter(provenance=Provenance.FILED), period, now)
        owed = [(row, occasion) for row in ledger.rows() if _is_owed(row) for occasion in _occasion(row.due_on, now)]
        people = _people(now) if owed else {}
        Reminder.objects.bulk_create(
            (
                Reminder(
                    centre_id=row.centre_id, period=period, user_id=user_id, due_on=row.due_on, occasion=occasion,
                    created_at=now, next_at=now,
                )
                for row, occasion in owed
                for user_id in people.get(_operator(row), ())
            ),
            ignore_conflicts=True,
            batch_size=1000,
        )  # fmt: skip


def unsent(now: datetime) -> list[int]:
    """The reminders that are to be sent, as many as are sent at once."""
    waiting = Reminder.objects.filter(
        sent_at__isnull=True, next_at__lte=now, attempts__lt=GREATEST_ATTEMPTS, created_at__gte=now - STALE_AFTER
    )
    return list(waiting.order_by("next_at", "pk").values_list("pk", flat=True)[:SENT_AT_ONCE])


def send_unsent(now: datetime) -> int:
    """Send what waits, over one connection; how many mails the server took."""
    connection, sent = get_connection(), 0
    try:
        for key in unsent(now):
            claimed = _claim(key, now)
            if claimed is None:
                continue
            if _hand_over(*claimed, now, connection):
                sent += 1
            elif not _is_reachable(connection):
                break
    finally:
        _close(connection)
    return sent


@transaction.atomic
def _claim(key: int, now: datetime) -> tuple[Reminder, Row] | None:
    """The reminder, marked as sent, and what it is about; None where it is in other hands, sent, or needed no more."""
    reminder = (
        Reminder.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("centre", "period", "user")
        .filter(pk=key, sent_at__isnull=True, next_at__lte=now, attempts__lt=GREATEST_ATTEMPTS)
        .first()
    )
    if reminder is None:
        return None
    row = row_of(reminder.centre, reminder.period, now)
    is_needed = row is not None and _is_owed(row) and row.due_on == reminder.due_on
    if row is None or not is_needed or reminder.user_id not in _people(now, reminder.user_id).get(_operator(row), ()):
        # Nothing was sent, and should it be needed again, it is written again.
        reminder.delete()
        return None
    reminder.sent_at, reminder.attempts = now, reminder.attempts + 1
    reminder.save(update_fields=["sent_at", "attempts"])
    return reminder, row


def _hand_over(reminder: Reminder, row: Row, now: datetime, connection: Any) -> bool:
    """Hand the mail to the server; where it was surely not taken, take the mark back."""
    handed = False
    try:
        message = message_of(reminder, row)
        message.connection = connection
        connection.open()
        handed = True
        message.send()
    except Exception as error:
        # Another mail must not suffer from what this one left behind.
        _close(connection)
        logger.warning("Reminder %s was not sent: %s", reminder.pk, error)
        taken_back: dict[str, Any] = {"last_error": f"{type(error).__name__}: {error}"[:1000]}
        if not handed or _is_refusal(error):
            taken_back |= {"sent_at": None, "next_at": now + FIRST_WAIT * 5 ** (reminder.attempts - 1)}
        Reminder.objects.filter(pk=reminder.pk).update(**taken_back)
        return False
    return True


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


def message_of(reminder: Reminder, row: Row) -> EmailMessage:
    """The mail in the language of the one who gets it, as things stand in the ledger's `row`."""
    with translation.override(reminder.user.language):
        names = {
            "centre": named(reminder.centre),
            "code": reminder.centre.code,
            "period": reminder.period_id,
            "day": date_format(row.due_on, "DATE_FORMAT"),
        }
        if row.state == FilingState.RETURNED:
            subject = _("%(period)s: the inventory of %(centre)s was returned for correction")
            said = _("The inventory of %(centre)s (%(code)s) for %(period)s was returned: file a corrected one.")
        elif row.state == FilingState.LATE:
            subject = _("%(period)s: the inventory of %(centre)s is late")
            said = _("No inventory of %(centre)s (%(code)s) was filed for %(period)s.")
        else:
            subject = _("%(period)s: the inventory of %(centre)s is due on %(day)s")
            said = _("No inventory of %(centre)s (%(code)s) was filed for %(period)s yet.")
        paragraphs = [
            said % names,
            _("Due date: %(day)s. The day counts whole, in Asia/Shanghai.") % names,
            _lock_in_words(row.locks_on),
            _("File it here: %(address)s") % {"address": _address(reminder)},
            _("You get this mail because you file for this centre's operator in Originmark."),
        ]
        return EmailMessage(
            # A name must not end the header that it stands in.
            subject=" ".join((subject % names).split()),
            body="\n\n".join(paragraphs) + "\n",
            to=[reminder.user.email],
            headers={"Auto-Submitted": "auto-generated"},
        )


def _lock_in_words(locks_on: date | None) -> str:
    if locks_on is None:
        return _("It can be filed after that too, and is late then.")
    return _("Nothing can be filed after %(day)s.") % {"day": date_format(locks_on, "DATE_FORMAT")}


def _address(reminder: Reminder) -> str:
    page = reverse("file-inventory", args=[reminder.centre.code])
    return f"{settings.SITE_URL}{page}?period={reminder.period_id}"


def _is_owed(row: Row) -> bool:
    return row.state in REMINDED and not row.is_locked


def _operator(row: Row) -> str | None:
    return row.operator and row.operator.code


def _occasion(due_on: date, now: datetime) -> list[int]:
    """The last occasion of a due date that has come and is not stale, if any."""
    came = [
        days for days in settings.REMINDER_DAYS if _came_at(due_on, days) <= now <= _came_at(due_on, days) + STALE_AFTER
    ]
    return [max(came)] if came else []


def _came_at(due_on: date, days: int) -> datetime:
    return datetime.combine(due_on + timedelta(days=days), HOUR, tzinfo=SHANGHAI)


def _periods_with_occasions(now: datetime) -> list[ReportingPeriod]:
    """The periods of which some due date, of all or of one centre, has an occasion now."""
    today = now.astimezone(SHANGHAI).date()
    back = range(STALE_AFTER.days + 1)
    days = {today - timedelta(days=occasion + ago) for occasion in settings.REMINDER_DAYS for ago in back}
    of_terms = FilingTerm.objects.filter(due_on__in=days).values("period")
    return list(ReportingPeriod.objects.filter(Q(due_on__in=days) | Q(pk__in=of_terms)))


def _people(now: datetime, user_id: int | None = None) -> dict[str | None, list[int]]:
    """Who can be written to, by the key of the operator that they act for today; of them, `user_id` where given."""
    today = now.astimezone(SHANGHAI).date()
    acting = Membership.objects.filter(
        Q(to_on__isnull=True) | Q(to_on__gte=today), from_on__lte=today, user__is_active=True, user__role=Role.OPERATOR
    ).exclude(user__email="")
    if user_id is not None:
        acting = acting.filter(user=user_id)
    people: dict[str | None, list[int]] = {}
    for operator_id, member in acting.values_list("operator_id", "user_id").distinct().order_by("user_id"):
        people.setdefault(str(operator_id), []).append(member)
    return people
