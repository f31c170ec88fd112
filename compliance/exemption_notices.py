"""Mails before an exemption ends, to the operator's people and to the regulators who proposed and granted it.

Each is written once and sent as `accounts.mails` says.
"""

from collections.abc import Iterable, Sequence
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
from accounts.models import Role, User
from centres.models import Provenance
from centres.periods import SHANGHAI
from centres.templatetags.names import named
from compliance.exemption_states import covering_any_day, with_states
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
    _write(
        [
            ExemptionNotice(exemption=one, ends_on=one.ends, days_before=before, created_at=now, next_at=now)
            for one in ending
            for before in DAYS_BEFORE
            if _comes_at(one.ends, before) <= now <= _comes_at(one.ends, before) + STALE_AFTER
        ],
        now,
    )


def write_late_notices(exemption: Exemption, now: datetime) -> None:
    """Write down at once who is to be told that `exemption`, granted or revoked just now, ends so soon that an
    occasion to say so is over; of one that was revoked, that it has ended too."""
    ends_on = exemption.ends_on(now)
    left = (ends_on - timezone.localdate(now)).days
    passed = [before for before in DAYS_BEFORE if left <= before]
    if exemption.centre.provenance != Provenance.FILED or not passed or (left < 0 and exemption.revoked_at is None):
        return
    # What is still made up for, or comes today, is written under its own number, so that the beat writes it no more.
    comes_at = _comes_at(ends_on, min(passed))
    is_made_up_for = now <= comes_at + STALE_AFTER
    notice = ExemptionNotice(
        exemption=exemption,
        ends_on=ends_on,
        days_before=min(passed) if is_made_up_for else max(left, 0),
        created_at=now,
        next_at=max(now, comes_at),
    )
    _write([notice], now)


def _write(notices: Sequence[ExemptionNotice], now: datetime) -> None:
    """Write each of `notices`, of one exemption each, to everybody whom it concerns, and none twice."""
    if not notices:
        return
    people = _people([notice.exemption for notice in notices], now)
    ExemptionNotice.objects.bulk_create(
        (
            ExemptionNotice(
                exemption=one.exemption, user_id=user_id, ends_on=one.ends_on, days_before=one.days_before,
                created_at=one.created_at, next_at=one.next_at,
            )
            for one in notices
            for user_id in people[one.exemption_id]
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )  # fmt: skip


def _people(exemptions: Iterable[Exemption], now: datetime) -> dict[int, list[int]]:
    """By exemption: who files for the centre's operator, and the regulators who proposed or granted it and still have
    the centre within what is theirs; those who have an address."""
    concerned = list(exemptions)
    operators = people_of_operators(now)
    deciders = {key for one in concerned for key in (one.proposed_by_id, one.granted_by_id) if key}
    active = User.objects.filter(pk__in=deciders, role=Role.REGULATOR, is_active=True).exclude(email="")
    regulators = {user.pk: user for user in active}
    found = {}
    for one in concerned:
        deciding = (regulators.get(key or 0) for key in (one.proposed_by_id, one.granted_by_id))
        found[one.pk] = [
            *operators.get(one.centre.operator_id or 0, ()),
            *(user.pk for user in deciding if user and (user.all_regions or one.centre.region_id in user.region_codes)),
        ]
    return found


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
    exemption = notice.exemption
    is_needed = exemption.ends_on(now) == notice.ends_on
    if not is_needed or notice.user_id not in _people([exemption], now)[exemption.pk]:
        # Nothing was sent, and should it be needed again, it is written again.
        notice.delete()
        return None
    mark_sent(notice, now)
    return notice


def message_of(notice: ExemptionNotice, now: datetime) -> EmailMessage:
    """The mail in the language of the one who gets it."""
    exemption = notice.exemption
    with translation.override(notice.user.language):
        names = _names(exemption, now)
        paragraphs = [sentence % names for sentence in _told(exemption, names["count"])]
        if notice.user.role == Role.OPERATOR:
            address = f"{_page('exemption-ask', exemption.centre.code)}?mandate={exemption.mandate.code}"
            paragraphs += [
                _("Another can be asked for here: %(address)s") % {"address": address},
                _("You get this mail because you file for this centre's operator in Originmark."),
            ]
        else:
            paragraphs += [
                _("The exemption: %(address)s") % {"address": _page("exemption", exemption.pk)},
                _("You get this mail because you proposed or granted it in Originmark."),
            ]
        if names["count"] < 0:
            subject = _("The exemption of %(centre)s from %(mandate)s was revoked from %(revoked_from)s on")
        else:
            subject = _("The exemption of %(centre)s from %(mandate)s ends on %(day)s")
        return message_to(notice.user, subject=subject % names, paragraphs=paragraphs)


def _names(exemption: Exemption, now: datetime) -> dict[str, Any]:
    """What the sentences of a mail name."""
    ends_on, threshold, revoked_from = exemption.ends_on(now), exemption.threshold, exemption.revoked_from_on
    return {
        "centre": named(exemption.centre),
        "code": exemption.centre.code,
        "mandate": exemption.mandate.code,
        "title": named(exemption.mandate),
        "day": date_format(ends_on, "DATE_FORMAT"),
        "count": (ends_on - timezone.localdate(now)).days,
        "threshold": "" if threshold is None else percent_text(str(threshold)),
        "revoked_from": date_format(revoked_from, "DATE_FORMAT") if revoked_from else "",
        "reason": exemption.revocation_reason,
    }


def _told(exemption: Exemption, left: int) -> list[str]:
    """What is exempt and, `left` days before its last day, when that ends; why, where it was revoked."""
    revoked = [_("It was revoked from %(revoked_from)s on: %(reason)s")] if exemption.revoked_at else []
    if left < 0:
        return [
            _("%(centre)s (%(code)s) was exempt from %(mandate)s, “%(title)s”, fully or in part."),
            *revoked,
            _("From that day on the centre is asked what every other is, unless another exemption covers it, and is "
              "determined anew."),
        ]  # fmt: skip
    if exemption.threshold is None:
        said = _("%(centre)s (%(code)s) is exempt from %(mandate)s, “%(title)s”.")
    else:
        said = _("%(centre)s (%(code)s) is judged by a lower threshold under %(mandate)s, “%(title)s”: "
                 "%(threshold)s%%.")  # fmt: skip
    ends = ngettext(
        "The last day that it covers is %(day)s, in %(count)d day. From the next day on the centre is asked "
        "what every other is, unless another exemption covers it, and is determined anew.",
        "The last day that it covers is %(day)s, in %(count)d days. From the next day on the centre is asked "
        "what every other is, unless another exemption covers it, and is determined anew.",
        left,
    )
    return [said, *revoked, ends]


def _page(name: str, key: str | int) -> str:
    return f"{settings.SITE_URL}{reverse(name, args=[key])}"


def _comes_at(ends_on: date, days_before: int) -> datetime:
    """When it is time to say that what ends on `ends_on` does so in `days_before` days."""
    return datetime.combine(ends_on - timedelta(days=days_before), HOUR, tzinfo=SHANGHAI)
