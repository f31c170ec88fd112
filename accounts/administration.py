"""What administrators do with accounts: make, assign, close and open them again, take lost second factors off.

Each is one transaction with its reason on the account's record. Nobody does any of it to themselves, and an
administrator is always left: whoever acts is one, which is looked up anew under a lock of them all.
"""

import logging
from datetime import date, datetime
from typing import NamedTuple

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts import account_mails, asking
from accounts.models import AccountStep, AccountStepKind, ApiToken, Assignment, Membership, Role, User

logger = logging.getLogger(__name__)


class OwnAccount(Exception):
    """Nobody closes, demotes or otherwise administers their own account."""


class NoAdministrator(Exception):
    """Who acts is no administrator any more: another was quicker."""


class AlreadySo(Exception):
    """Somebody else took the step before: the account is in that state, or in one that does not lead there."""


class NameTaken(Exception):
    """Somebody has the name to sign in with already."""


class ActsAlready(Exception):
    """The account acts for the operator on some of these days already."""


class Rights(NamedTuple):
    """A role, and of a regulator the provinces, by code, or the whole country."""

    role: Role
    all_regions: bool = False
    region_codes: tuple[str, ...] = ()


class Acting(NamedTuple):
    """For which operator, by key, an account acts: from a day to a day, both included, or on; and whether it leads."""

    operator_id: int
    from_on: date
    to_on: date | None = None
    is_lead: bool = False


@transaction.atomic
def make(
    *, username: str, full_name: str, email: str, language: str, rights: Rights, by: User, now: datetime,
    acting: Acting | None = None,
) -> User:  # fmt: skip
    """A new account, which nobody can sign in to before its person has set a password (`link_to_password`).

    Raises `NameTaken` or `NoAdministrator`.
    """
    _require_administrator(by, _locked(by))
    account = _new(username=username, full_name=full_name, email=email, language=language, rights=rights)
    if acting is not None:
        _begin_acting(account, acting)
    note(account, AccountStepKind.MADE, "", by, now)
    return account


def make_administrator(*, username: str, email: str, language: str) -> User:
    """An administrator's account, by who runs the register: the first, or one where the others have locked themselves
    out. Raises `NameTaken`."""
    return _new(username=username, full_name="", email=email, language=language, rights=Rights(Role.ADMINISTRATOR))


def _new(*, username: str, full_name: str, email: str, language: str, rights: Rights) -> User:
    account = User(
        username=username, first_name=full_name, email=email.lower(), language=language, role=rights.role,
        all_regions=rights.all_regions, region_codes=list(rights.region_codes),
    )  # fmt: skip
    account.set_unusable_password()
    try:
        # Of two who give one name at once, one comes too late for every look before.
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise NameTaken from error
    return account


def link_to_password(account: User) -> str:
    """The address at which the person sets the password of `account`: it works once, for some days, and is kept
    nowhere."""
    key = default_token_generator.make_token(account)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(account), "key": key})
    return f"{settings.SITE_URL}{path}"


@transaction.atomic
def link_anew(account: User, *, by: User, now: datetime) -> str:
    """Another link to the first password, by mail as well; raises `AlreadySo` where somebody has signed in since.

    To an account that is in use there is none: whoever held it could act in the person's name.
    """
    locked = taken_in_hand(account, by)
    if not locked.is_active or locked.last_login is not None:
        raise AlreadySo
    note(locked, AccountStepKind.LINK, "", by, now)
    link = link_to_password(locked)
    transaction.on_commit(lambda: account_mails.send_first_link(locked, link))
    return link


@transaction.atomic
def assign(account: User, *, rights: Rights, from_on: date, reason: str, by: User, now: datetime) -> Assignment:
    """Give `account` a role, and a regulator provinces, from `from_on` on: today at once, else when that day comes."""
    locked = taken_in_hand(account, by)
    assignment = Assignment.objects.create(
        account=locked, from_on=from_on, role=rights.role, all_regions=rights.all_regions,
        region_codes=list(rights.region_codes), reason=reason, assigned_by=by, assigned_at=now,
    )  # fmt: skip
    if from_on <= timezone.localdate(now):
        _take_up(assignment, locked, now)
    return assignment


def take_up_due(now: datetime) -> int:
    """Let the assignments hold whose day has come; how many those were."""
    due = Assignment.objects.filter(taken_up_at__isnull=True, from_on__lte=timezone.localdate(now))
    keys = due.order_by("from_on", "pk").values_list("pk", flat=True)
    return sum(_take_up_one(key, now) for key in keys)


@transaction.atomic
def _take_up_one(key: int, now: datetime) -> bool:
    assignment = Assignment.objects.select_for_update().filter(pk=key, taken_up_at__isnull=True).first()
    if assignment is None:
        return False
    found = _locked(assignment.account)
    account = found[assignment.account_id]
    others = [one for one in found.values() if one.pk != account.pk and _is_administrator(one)]
    if _is_administrator(account) and assignment.role != Role.ADMINISTRATOR and not others:
        logger.error("Assignment %s waits: it would leave no administrator", assignment.pk)
        return False
    _take_up(assignment, account, now)
    return True


def _take_up(assignment: Assignment, account: User, now: datetime) -> None:
    # What was to hold before it never does.
    waiting = Assignment.objects.filter(account=account, taken_up_at__isnull=True, from_on__lte=assignment.from_on)
    waiting.exclude(pk__gt=assignment.pk).update(taken_up_at=now)
    account.role, account.all_regions = assignment.role, assignment.all_regions
    account.region_codes = assignment.region_codes
    account.save(update_fields=["role", "all_regions", "region_codes"])


@transaction.atomic
def let_act(account: User, acting: Acting, *, by: User) -> Membership:
    """Let `account` act for an operator; raises `ActsAlready` where it does on one of the days."""
    locked = taken_in_hand(account, by)
    same = Membership.objects.filter(user=locked, operator_id=acting.operator_id)
    meets = Q(to_on__isnull=True) | Q(to_on__gte=acting.from_on)
    if acting.to_on is not None:
        meets &= Q(from_on__lte=acting.to_on)
    if same.filter(meets).exists():
        raise ActsAlready
    return _begin_acting(locked, acting)


def _begin_acting(account: User, acting: Acting) -> Membership:
    return Membership.objects.create(
        user=account, operator_id=acting.operator_id, from_on=acting.from_on, to_on=acting.to_on, is_lead=acting.is_lead
    )


@transaction.atomic
def end_acting(membership: Membership, *, last_on: date, by: User) -> None:
    """Let `last_on` be the last day of `membership`; where it began later, no day is left that it held for."""
    taken_in_hand(membership.user, by)
    if membership.from_on > last_on:
        membership.delete()
    else:
        Membership.objects.filter(pk=membership.pk).update(to_on=last_on)


@transaction.atomic
def close(account: User, *, reason: str, by: User, now: datetime) -> None:
    """Let nobody in by `account` from now on: its sessions end, its tokens are revoked, its record stays."""
    locked = taken_in_hand(account, by)
    if not locked.is_active:
        raise AlreadySo
    locked.is_active = False
    locked.save(update_fields=["is_active"])
    with asking.asked_by_register():
        # Nobody but their owner is shown them.
        ApiToken.objects.filter(user=locked, revoked_at__isnull=True).update(revoked_at=now)
    end_sessions(locked)
    note(locked, AccountStepKind.CLOSED, reason, by, now)


@transaction.atomic
def open_again(account: User, *, reason: str, by: User, now: datetime) -> None:
    """Let the person in again, by the password and the second factor of before; what was revoked stays so."""
    locked = taken_in_hand(account, by)
    if locked.is_active or locked.pseudonymised_at is not None:
        raise AlreadySo
    locked.is_active = True
    locked.save(update_fields=["is_active"])
    note(locked, AccountStepKind.OPENED, reason, by, now)


@transaction.atomic
def take_factors_off(account: User, *, reason: str, by: User, now: datetime) -> None:
    """Take all second factors off, which were lost: whose role needs one sets it up at the next sign-in."""
    locked = taken_in_hand(account, by)
    removed, _of_tables = Authenticator.objects.filter(user=locked).delete()
    if not removed:
        raise AlreadySo
    end_sessions(locked)
    note(locked, AccountStepKind.FACTORS, reason, by, now)
    transaction.on_commit(lambda: account_mails.tell_of_change(locked, "factors_taken_off"))


@transaction.atomic
def take_sign_on_off(account: User, *, reason: str, by: User, now: datetime) -> None:
    """Forget as whom the other system knows the person: whoever comes next by the account's mail address is the one."""
    locked = taken_in_hand(account, by)
    removed, _of_tables = SocialAccount.objects.filter(user=locked).delete()
    if not removed:
        raise AlreadySo
    end_sessions(locked)
    note(locked, AccountStepKind.SIGN_ON, reason, by, now)
    transaction.on_commit(lambda: account_mails.tell_of_change(locked, "sign_on_taken_off"))


def take_all_sign_ons_off() -> int:
    """The same of all accounts, by who runs the register, where another system takes the place of the other; how many
    those were. Sessions last on."""
    _removed, of_tables = SocialAccount.objects.all().delete()
    return of_tables.get(SocialAccount._meta.label, 0)


def end_sessions(account: User) -> None:
    """End every session of `account`: the next request in it is asked to sign in."""
    for session in UserSession.objects.filter(user=account):
        session.end()


def taken_in_hand(account: User, by: User) -> User:
    """`account` as it is now, locked, for `by`, who is an administrator and another."""
    if account.pk == by.pk:
        raise OwnAccount
    found = _locked(account)
    _require_administrator(by, found)
    return found[account.pk]


def _locked(account: User) -> dict[int, User]:
    """`account` and all administrators by key, locked in one order: of two who would act on each other at once the
    second finds what the first has done."""
    rows = User.objects.select_for_update(no_key=True).filter(
        Q(role=Role.ADMINISTRATOR, is_active=True) | Q(pk=account.pk)
    )
    return {one.pk: one for one in rows.order_by("pk")}


def _require_administrator(by: User, among: dict[int, User]) -> None:
    if by.pk not in among or not _is_administrator(among[by.pk]):
        raise NoAdministrator


def _is_administrator(account: User) -> bool:
    return account.is_active and account.role == Role.ADMINISTRATOR


def note(account: User, kind: AccountStepKind, reason: str, by: User, now: datetime) -> None:
    AccountStep.objects.create(account=account, kind=kind, reason=reason, taken_by=by, taken_at=now)
