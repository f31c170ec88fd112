"""An operator's people: asked by their lead, by a link that works once until an end; dismissed at once.

What somebody may see follows from the memberships of today: who was dismissed sees nothing of it any more.
"""

from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import asking
from accounts.models import Invitation, Membership, Role, User

KEPT_FOR = timedelta(days=7)
_SALT = "accounts.invitations"


class NotALead(Exception):
    """Who invites or dismisses does not lead the operator today."""


class InvitationOver(Exception):
    """The invitation was accepted, revoked or is too old, or who invited leads no more."""


class NameTaken(Exception):
    """Somebody else has taken the name to sign in with."""


class ActsAlready(Exception):
    """Who accepts acts for the operator already."""


@transaction.atomic
def invite(*, operator_id: int, email: str, is_lead: bool, language: str, by: User | None, now: datetime) -> Invitation:
    """Ask who reads mail at `email` to act for the operator; an earlier invitation of theirs is void.

    `by` leads the operator, or is None where an administrator asks by the command. Raises `NotALead`.
    """
    if by is not None and operator_id not in by.led_operator_ids:
        raise NotALead
    Invitation.objects.open_at(now).filter(operator_id=operator_id, email__iexact=email).update(revoked_at=now)
    return Invitation.objects.create(
        operator_id=operator_id, email=email.lower(), is_lead=is_lead, language=language, invited_by=by, created_at=now,
        ends_at=now + KEPT_FOR, next_at=now,
    )  # fmt: skip


def key_of(invitation: Invitation) -> str:
    """What its link carries: nobody else can make it."""
    return signing.dumps(invitation.pk, salt=_SALT)


@asking.asked_by_register()
def find(key: str, now: datetime) -> Invitation:
    """The invitation of this link, which can still be accepted; raises `InvitationOver`."""
    try:
        number: int = signing.loads(key, salt=_SALT, max_age=KEPT_FOR)
    except signing.BadSignature as error:
        raise InvitationOver from error
    return _still_open(number, Invitation.objects.open_at(now))


@asking.asked_by_register()
@transaction.atomic
def accept(invitation: Invitation, *, user: User, now: datetime) -> Membership:
    """Let `user` act for the operator from today on; raises `InvitationOver` or `ActsAlready`."""
    locked = _still_open(invitation.pk, Invitation.objects.open_at(now).select_for_update(of=("self",)))
    today = timezone.localdate(now)
    if Membership.objects.visible_to(user).on(today).filter(user=user, operator_id=locked.operator_id).exists():
        raise ActsAlready
    locked.accepted_by, locked.accepted_at = user, now
    locked.save(update_fields=["accepted_by", "accepted_at"])
    return Membership.objects.create(user=user, operator_id=locked.operator_id, from_on=today, is_lead=locked.is_lead)


@asking.asked_by_register()
@transaction.atomic
def accept_as_new(invitation: Invitation, *, username: str, full_name: str, password: str, now: datetime) -> User:
    """Make the account of who was invited, and let it act for the operator; raises `InvitationOver`, `NameTaken`, or
    `ValidationError` for a poor password."""
    user = User(
        username=username, first_name=full_name, email=invitation.email.lower(), role=Role.OPERATOR,
        language=invitation.language,
    )  # fmt: skip
    validate_password(password, user)
    user.set_password(password)
    try:
        # Of two who take one name at once, one comes too late for every look before.
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise NameTaken from error
    accept(invitation, user=user, now=now)
    return user


def revoke(invitation: Invitation, *, by: User, now: datetime) -> None:
    """Let the link of an invitation open nothing any more; raises `NotALead`."""
    if invitation.operator_id not in by.led_operator_ids:
        raise NotALead
    Invitation.objects.open_at(now).filter(pk=invitation.pk).update(revoked_at=now)


@asking.asked_by_register()
def dismiss(membership: Membership, *, by: User, now: datetime) -> None:
    """End a membership at once: yesterday was its last day. Raises `NotALead`."""
    if membership.operator_id not in by.led_operator_ids:
        raise NotALead
    today = timezone.localdate(now)
    if membership.from_on >= today:
        # It began today: no day is left that it held for. Its invitation tells of it.
        membership.delete()
    else:
        Membership.objects.filter(pk=membership.pk).update(to_on=today - timedelta(days=1))


def _still_open(number: int, among: QuerySet[Invitation]) -> Invitation:
    invitation = among.filter(pk=number).first()
    if invitation is None:
        raise InvitationOver
    by = invitation.invited_by
    if by is not None and invitation.operator_id not in by.led_operator_ids:
        raise InvitationOver
    return invitation
