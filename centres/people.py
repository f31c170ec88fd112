"""The mails by which an operator's people are invited, each written once and sent as `accounts.mails` says."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import invitations
from accounts.mails import first_waiting, hand_over, mark_sent, send_each, waiting
from accounts.models import Invitation
from centres.models import Operator
from centres.templatetags.names import named


def send_unsent(now: datetime) -> int:
    """Send the invitations that wait, over one connection; how many mails the server took."""
    return send_each(first_waiting(Invitation.objects.open_at(now), now), partial(_send, now))


def message_of(invitation: Invitation) -> EmailMessage:
    """The mail in the language that who invited chose."""
    operator = Operator.objects.get(pk=invitation.operator_id)
    with override(invitation.language):
        address = settings.SITE_URL + reverse("invitation", args=[invitations.key_of(invitation)])
        until = date_format(invitation.ends_at, "SHORT_DATETIME_FORMAT")
        paragraphs = (
            _("You are asked to act for %(operator)s in the register of computing centres.")
            % {"operator": named(operator)},
            _("This link leads there, once, until %(until)s: %(address)s") % {"until": until, "address": address},
            _("If you do not know of this, do nothing."),
        )
        return EmailMessage(
            subject=" ".join(_("Originmark: act for %(operator)s").split()) % {"operator": named(operator)},
            body="\n\n".join(paragraphs) + "\n",
            to=[invitation.email],
            headers={"Auto-Submitted": "auto-generated"},
        )


def _send(now: datetime, key: int, connection: Any) -> bool | None:
    invitation = _claim(key, now)
    return None if invitation is None else hand_over(invitation, partial(message_of, invitation), now, connection)


@transaction.atomic
def _claim(key: int, now: datetime) -> Invitation | None:
    """The invitation, marked as sent; None where it is in other hands, sent, or over."""
    locked = Invitation.objects.open_at(now).select_for_update(skip_locked=True, of=("self",))
    invitation = waiting(locked.filter(pk=key), now).first()
    if invitation is not None:
        mark_sent(invitation, now)
    return invitation
