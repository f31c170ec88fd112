"""Mails to those who file: before a due date and after it, one for each occasion and never two.

A reminder is a row, unique for its occasion, and is sent as `accounts.mails` says.
"""

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.mails import (
    first_waiting,
    hand_over,
    mark_sent,
    message_to,
    people_of_operators,
    send_each,
    waiting,
)
from centres.models import Centre, FilingTerm, Provenance, ReportingPeriod
from centres.periods import SHANGHAI
from centres.templatetags.names import named
from chips.models import Reminder
from chips.timeliness import FilingState, Ledger, Row, row_of

# The hour in Asia/Shanghai at which an occasion comes.
HOUR = time(9)
# What came so long ago is not caught up on.
STALE_AFTER = timedelta(days=2)
REMINDED = (FilingState.DUE, FilingState.LATE, FilingState.RETURNED)


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
    return first_waiting(Reminder.objects.filter(created_at__gte=now - STALE_AFTER), now)


def send_unsent(now: datetime) -> int:
    """Send what waits, over one connection; how many mails the server took."""
    return send_each(unsent(now), partial(_send, now))


def _send(now: datetime, key: int, connection: Any) -> bool | None:
    claimed = _claim(key, now)
    return None if claimed is None else _hand_over(*claimed, now, connection)


@transaction.atomic
def _claim(key: int, now: datetime) -> tuple[Reminder, Row] | None:
    """The reminder, marked as sent, and what it is about; None where it is in other hands, sent, or needed no more."""
    locked = Reminder.objects.select_for_update(skip_locked=True, of=("self",))
    reminder = waiting(locked.select_related("centre", "period", "user").filter(pk=key), now).first()
    if reminder is None:
        return None
    row = row_of(reminder.centre, reminder.period, now)
    is_needed = row is not None and _is_owed(row) and row.due_on == reminder.due_on
    if row is None or not is_needed or reminder.user_id not in _people(now, reminder.user_id).get(_operator(row), ()):
        # Nothing was sent, and should it be needed again, it is written again.
        reminder.delete()
        return None
    mark_sent(reminder, now)
    return reminder, row


def _hand_over(reminder: Reminder, row: Row, now: datetime, connection: Any) -> bool:
    return hand_over(reminder, partial(message_of, reminder, row), now, connection)


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
        return message_to(reminder.user, subject=subject % names, paragraphs=paragraphs)


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
    """Who can be written to, by the key of their operator as the ledger's rows name it."""
    return {str(operator): people for operator, people in people_of_operators(now, user_id).items()}
