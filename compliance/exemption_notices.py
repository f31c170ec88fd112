"""Mails to the operator's people before an exemption ends, each written once and sent as `accounts.mails` says."""

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.mails import (
    first_waiting,
    hand_over,
    mark_sent,
    message_to,
    people_of_operators,
    send_each,
    waiting,
)
from centres.models import Provenance
from centres.periods import SHANGHAI
from centres.templatetags.names import named
from compliance.exemptions import covering_any_day, with_states
from compliance.models import Exemption, ExemptionNotice
from compliance.reading import percent_text

# So many days before the last that it covers.
DAYS_BEFORE = (60, 14)
# The hour in Asia/Shanghai at which an occasion comes.
HOUR = time(9)
# What came so long ago is not caught up on.
STALE_AFTER = timedelta(days=2)


def write_notices(now: datetime) -> None:
    """Write down who is to be told of what ends, for every occasion that came within `STALE_AFTER`."""
    today = timezone.localdate(now)
    days = {today - timedelta(days=ago) + timedelta(days=before) for before in DAYS_BEFORE
            for ago in range(STALE_AFTER.days + 1)}  # fmt: skip
    ending = with_states(Exemption.objects.granted().filter(centre__provenance=Provenance.FILED), today)
    ending = covering_any_day(ending).filter(ends__in=days).select_related("centre")
    told = [(one, before) for one in ending for before in DAYS_BEFORE if _has_come(one.ends, before, now)]
    people = people_of_operators(now) if told else {}
    ExemptionNotice.objects.bulk_create(
        (
            ExemptionNotice(exemption=one, user_id=user_id, days_before=before, created_at=now, next_at=now)
            for one, before in told
            for user_id in people.get(one.centre.operator_id or 0, ())
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )


def send_unsent(now: datetime) -> int:
    """Send what waits, over one connection; how many mails the server took."""
    fresh = ExemptionNotice.objects.filter(created_at__gte=now - STALE_AFTER)
    return send_each(first_waiting(fresh, now), partial(_send, now))


def _send(now: datetime, key: int, connection: Any) -> bool | None:
    notice = _claim(key, now)
    return None if notice is None else hand_over(notice, partial(message_of, notice, now), now, connection)


@transaction.atomic
def _claim(key: int, now: datetime) -> ExemptionNotice | None:
    """The notice, marked as sent; None where it is in other hands, sent, or needed no more."""
    locked = ExemptionNotice.objects.select_for_update(skip_locked=True, of=("self",))
    related = locked.select_related("exemption__centre", "exemption__mandate", "user")
    notice = waiting(related.filter(pk=key), now).first()
    if notice is None:
        return None
    operator = notice.exemption.centre.operator_id or 0
    is_needed = _has_come(notice.exemption.ends_on(now), notice.days_before, now)
    if not is_needed or notice.user_id not in people_of_operators(now, notice.user_id).get(operator, ()):
        # Nothing was sent, and should it be needed again, it is written again.
        notice.delete()
        return None
    mark_sent(notice, now)
    return notice


def message_of(notice: ExemptionNotice, now: datetime) -> EmailMessage:
    """The mail in the language of the one who gets it."""
    exemption = notice.exemption
    with translation.override(notice.user.language):
        ends_on = exemption.ends_on(now)
        left = (ends_on - timezone.localdate(now)).days
        threshold = exemption.threshold
        names = {
            "centre": named(exemption.centre),
            "code": exemption.centre.code,
            "mandate": exemption.mandate.code,
            "title": named(exemption.mandate),
            "day": date_format(ends_on, "DATE_FORMAT"),
            "count": left,
            "threshold": "" if threshold is None else percent_text(str(threshold)),
        }
        if threshold is None:
            said = _("%(centre)s (%(code)s) is exempt from %(mandate)s, “%(title)s”.")
        else:
            said = _("%(centre)s (%(code)s) is judged by a lower threshold under %(mandate)s, “%(title)s”: "
                     "%(threshold)s%%.")  # fmt: skip
        subject = _("The exemption of %(centre)s from %(mandate)s ends on %(day)s")
        paragraphs = [
            said % names,
            ngettext(
                "The last day that it covers is %(day)s, in %(count)d day. From the next day on the centre is asked "
                "what every other is, unless another exemption covers it, and is determined anew.",
                "The last day that it covers is %(day)s, in %(count)d days. From the next day on the centre is asked "
                "what every other is, unless another exemption covers it, and is determined anew.",
                left,
            )
            % names,
            _("Another can be asked for here: %(address)s") % {"address": _address(exemption)},
            _("You get this mail because you file for this centre's operator in Originmark."),
        ]
        return message_to(notice.user, subject=subject % names, paragraphs=paragraphs)


def _address(exemption: Exemption) -> str:
    page = reverse("exemption-ask", args=[exemption.centre.code])
    return f"{settings.SITE_URL}{page}?mandate={exemption.mandate.code}"


def _has_come(ends_on: date, days_before: int, now: datetime) -> bool:
    """Whether it is time to say that what ends on `ends_on` does so in `days_before` days, and not too late."""
    comes_at = datetime.combine(ends_on - timedelta(days=days_before), HOUR, tzinfo=SHANGHAI)
    return comes_at <= now <= comes_at + STALE_AFTER
