"""Taking a person's name off what the register keeps: on request, of a closed account, for good.

What stays is a number. Receipts say what was signed and by whom, for as long as they are kept; the trail tells of
accounts by their number alone, so that its chain stays as it is. `docs/privacy.md` says what is kept, and why.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from accounts import administration, asking
from accounts.administration import AlreadySo
from accounts.models import AccountStepKind, ApiToken, IdempotencyKey, Invitation, User

# Rows that are the person's alone.
_REMOVED: tuple[type[models.Model], ...] = (EmailAddress, SocialAccount, Authenticator, ApiToken, IdempotencyKey)
_PSEUDONYM = re.compile(r"person-([0-9]{1,18})", re.ASCII)
# Where nobody reads mail (RFC 2606).
_NOWHERE = "pseudonym.invalid"


def pseudonym_of(account: User) -> str:
    """What stands for the person of `account` in records that are never changed."""
    return f"person-{account.pk}"


def names_of(pseudonyms: Iterable[str]) -> dict[str, str]:
    """How the accounts are called now that `pseudonyms` stand for; one query. What is no pseudonym is left out."""
    keys = {int(found[1]): found[0] for one in pseudonyms if (found := _PSEUDONYM.fullmatch(one))}
    accounts = User.objects.filter(pk__in=keys).values_list("pk", "username")
    return {keys[key]: username for key, username in accounts}


@asking.asked_by_register()
@transaction.atomic
def pseudonymise(account: User, *, reason: str, by: User, now: datetime) -> None:
    """Put a number in the place of all that names the person of `account`; nobody can take that back.

    Raises `AlreadySo` where the account is open, or was pseudonymised before.
    """
    locked = administration.taken_in_hand(account, by)
    if locked.is_active or locked.pseudonymised_at is not None:
        raise AlreadySo
    administration.end_sessions(locked)
    for model in _REMOVED:
        model._default_manager.filter(user=locked).delete()
    for failures in (AccessAttempt, AccessFailureLog, AccessLog):
        failures.objects.filter(username__iexact=locked.username).delete()
    _take_off_invitations(locked, now)
    _take_off_mails(locked)
    locked.username, locked.first_name, locked.last_name, locked.email = pseudonym_of(locked), "", "", ""
    locked.pseudonymised_at = now
    locked.set_unusable_password()
    locked.save()
    administration.note(locked, AccountStepKind.PSEUDONYMISED, reason, by, now)


def _take_off_invitations(account: User, now: datetime) -> None:
    """The address to which they were asked, by whichever invitation."""
    theirs = Q(accepted_by=account)
    if account.email:
        theirs |= Q(accepted_by__isnull=True, email__iexact=account.email)
    invitations = Invitation.objects.filter(theirs)
    invitations.filter(accepted_at__isnull=True, revoked_at__isnull=True).update(revoked_at=now)
    invitations.update(email=f"{pseudonym_of(account)}@{_NOWHERE}", last_error="")


def _take_off_mails(account: User) -> None:
    """What a mail server said of them, in every room's mails: it may repeat the address."""
    for model in apps.get_models():
        names = {field.name for field in model._meta.fields}
        if {"user", "last_error", "sent_at"} <= names:
            model._default_manager.filter(user=account).update(last_error="")
