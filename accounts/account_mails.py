"""What is written to people about their own account, in their own language."""

import logging
from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from accounts.mails import kind_of, message_to
from accounts.models import User

logger = logging.getLogger(__name__)

# What allauth calls a change, and what it is.
CHANGES = {
    "password_changed": gettext_noop("The password of your account was changed."),
    "password_reset": gettext_noop("The password of your account was set anew by a link that was sent to you."),
    "email_confirmed": gettext_noop("The mail address of your account was changed."),
    "password_set": gettext_noop("A password was set for your account."),
    "totp_activated": gettext_noop("An authenticator app was set up for your account."),
    "totp_deactivated": gettext_noop("The authenticator app of your account was removed."),
    "webauthn_added": gettext_noop("A security key was added to your account."),
    "webauthn_removed": gettext_noop("A security key of your account was removed."),
    "recovery_codes_generated": gettext_noop("New recovery codes were made for your account; older ones are void."),
    "factors_taken_off": gettext_noop("An administrator took the second factors of your account off, as lost."),
    "sign_on_taken_off": gettext_noop(
        "An administrator took the sign-on by the other system off your account: whoever comes next from there by your "
        "mail address has it."
    ),
}


def send_reset(user: User, address: str) -> None:
    """Send the link by which `user` sets a new password."""
    with override(user.language):
        _send(
            user,
            _("Originmark: a new password"),
            (
                _("Somebody, you we hope, asked for a new password for your account “%(name)s”.")
                % {"name": user.username},
                _("This link leads to setting it, once: %(address)s") % {"address": address},
                _("If it was not you, do nothing: the old password stays."),
            ),
        )


def send_first_link(user: User, address: str) -> None:
    """Send the link by which the person of a new account sets its first password."""
    with override(user.language):
        _send(
            user,
            _("Originmark: your account"),
            (
                _("An account was made for you in the register of computing centres. Its name is “%(name)s”.")
                % {"name": user.username},
                _("This link leads to setting its password, once, within three days: %(address)s")
                % {"address": address},
                _("If you do not know of this, do nothing."),
            ),
        )


def send_confirmation(user: User, email: str, address: str) -> None:
    """Send to `email` the link by which it becomes the address of `user`."""
    with override(user.language):
        _send(
            user,
            _("Originmark: your mail address"),
            (
                _("This is to be the mail address of the account “%(name)s” in the register of computing centres.")
                % {"name": user.username},
                _("Whoever is signed in to it confirms that by this link, within three days: %(address)s")
                % {"address": address},
                _("If you do not know of this, do nothing."),
            ),
            to=email,
        )


def tell_of_change(user: User, change: str, to: str | None = None) -> None:
    """Tell `user` of a change of how they sign in, which somebody else might have made: at their address, or at the
    one that they had (`to`)."""
    with override(user.language):
        _send(
            user,
            _("Originmark: your account"),
            (
                _(CHANGES[change]),
                _("If it was not you, set a new password and tell an administrator: %(address)s")
                % {"address": settings.SITE_URL},
            ),
            to=to,
        )


def _send(user: User, subject: str, paragraphs: Iterable[str], to: str | None = None) -> None:
    """A mail server that is away costs the mail, not what it tells of."""
    address = user.email if to is None else to
    if not address:
        return
    message = message_to(user, subject=subject, paragraphs=paragraphs)
    message.to = [address]
    try:
        message.send()
    except OSError as error:
        logger.warning("A mail to user %s was not sent: %s", user.pk, kind_of(error))
