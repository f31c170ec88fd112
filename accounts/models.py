"""Who may sign in, in which role, for which operator or provinces."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.scopes import OwnQuerySet
from accounts.trail.models import AuditEvent, AuditHead, AuditLink

__all__ = ["AuditEvent", "AuditHead", "AuditLink", "IdempotencyKey", "Membership", "Role", "User"]

_OfAccount = TypeVar("_OfAccount", bound=models.Model)


class Role(models.TextChoices):
    OPERATOR = "operator", _("centre operator")
    REGULATOR = "regulator", _("regulator")
    ANALYST = "analyst", _("analyst")
    ADMINISTRATOR = "administrator", _("administrator")


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """Every account for administrators, and everybody's own."""
        if not user.is_active:
            return self.none()
        return self if user.role == Role.ADMINISTRATOR else self.filter(pk=user.pk)


class Accounts(UserManager["User"]):
    """Where accounts are made, and found within what somebody may see."""

    use_in_migrations = False

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: User) -> UserQuerySet:
        return self.get_queryset().visible_to(user)


class User(AbstractUser):
    """A person or a service account. What it may see follows from `scope`, and from nothing else."""

    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    language = models.CharField(_("language"), max_length=10, default="en")
    all_regions = models.BooleanField(_("the whole country"), default=False)
    region_codes = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    # When all that names the person was taken off (`accounts.pseudonyms`), for good.
    pseudonymised_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Accounts] = Accounts()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=models.Q(pseudonymised_at__isnull=True)
                | models.Q(is_active=False, first_name="", last_name="", email="", username__startswith="person-"),
                name="user_pseudonymised_whole",
            ),
        ]

    @property
    def sees_whole_country(self) -> bool:
        """Whether sums over the whole country are this user's to read."""
        if not self.is_active:
            return False
        return self.role == Role.ANALYST or (self.role == Role.REGULATOR and self.all_regions)

    @property
    def provinces_seen(self) -> list[str]:
        """The provinces that are a regulator's to read; whoever sees the whole country asks for none."""
        return self.region_codes if self.is_active and self.role == Role.REGULATOR else []

    @property
    def needs_second_factor(self) -> bool:
        """Whether a password alone opens nothing to this user."""
        return self.role in (Role.REGULATOR, Role.ADMINISTRATOR)

    @property
    def operator_ids(self) -> list[int]:
        """The operators for which this user acts today."""
        if not self.is_active or self.role != Role.OPERATOR:
            return []
        return list(self.memberships.on(timezone.localdate()).values_list("operator_id", flat=True))

    @property
    def led_operator_ids(self) -> list[int]:
        """The operators whose people this user invites and dismisses today."""
        if not self.is_active or self.role != Role.OPERATOR:
            return []
        led = self.memberships.on(timezone.localdate()).filter(is_lead=True)
        return sorted(set(led.values_list("operator_id", flat=True)))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user: User) -> MembershipQuerySet:
        """Those of the accounts that `user` may see, and of everybody at the operators that it leads."""
        of_accounts = models.Q(user__in=User.objects.visible_to(user))
        return self.filter(of_accounts | models.Q(operator_id__in=user.led_operator_ids))

    def on(self, day: date) -> Self:
        """Those that hold on `day`."""
        return self.filter(from_on__lte=day).exclude(to_on__lt=day)


class Membership(models.Model):
    """That a user acts for an operator, from a day to a day (both included).

    The operator is known by its key only: this room lies below the one where operators live.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    operator_id = models.BigIntegerField(_("operator"))
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"), null=True, blank=True)
    is_lead = models.BooleanField(_("invites and dismisses the operator's people"), default=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "operator_id", "from_on"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(to_on__isnull=True) | models.Q(to_on__gte=models.F("from_on")),
                name="membership_ends_after_start",
            ),
        ]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> InvitationQuerySet:
        """Those to the operators that `user` leads; all for administrators."""
        if user.is_active and user.role == Role.ADMINISTRATOR:
            return self
        return self.filter(operator_id__in=user.led_operator_ids)

    def open_at(self, now: datetime) -> Self:
        """Those that can be accepted at `now`, but for whether who invited still leads."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, ends_at__gt=now)


class Invitation(models.Model):
    """That somebody is asked by mail to act for an operator: by a link that works once, until an end.

    The row is the mail that is to be sent, too (`accounts.mails`).
    """

    operator_id = models.BigIntegerField(_("operator"))
    email = models.EmailField(_("mail address"))
    is_lead = models.BooleanField(_("invites and dismisses the operator's people"), default=False)
    language = models.CharField(max_length=10, default="en")
    # Null where an administrator invited by the command.
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=1000, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("created_at")), name="invitation_ends_later"
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(revoked_at__isnull=True),
                name="invitation_accepted_or_revoked",
            ),
        ]


class OfAccountQuerySet(models.QuerySet[_OfAccount]):
    """What was decided of an account."""

    def visible_to(self, user: User) -> Self:
        """What was decided of the accounts that `user` may see."""
        return self.filter(account__in=User.objects.visible_to(user))


class Assignment(models.Model):
    """That an account has a role, and a regulator its provinces, from a day on, until the next assignment.

    The account's own columns are what holds today: `accounts.administration` brings them up to it.
    """

    account = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    from_on = models.DateField(_("from"))
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    all_regions = models.BooleanField(_("the whole country"), default=False)
    region_codes = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    reason = models.TextField()
    assigned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField()
    # Null until its day comes.
    taken_up_at = models.DateTimeField(null=True)

    objects = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="assignment_role_known"),
            models.CheckConstraint(
                condition=models.Q(role=Role.REGULATOR) | models.Q(all_regions=False, region_codes__len=0),
                name="assignment_provinces_of_regulators",
            ),
        ]


class AccountStepKind(models.TextChoices):
    MADE = "made", pgettext_lazy("account", "made")
    LINK = "link", _("another link to a first password")
    CLOSED = "closed", pgettext_lazy("account", "closed")
    OPENED = "opened", _("opened again")
    FACTORS = "factors", _("second factors taken off")
    SIGN_ON = "sign-on", _("sign-on by the other system taken off")
    PSEUDONYMISED = "pseudonymised", _("pseudonymised")


class AccountStep(models.Model):
    """What an administrator did to an account, when and why."""

    account = models.ForeignKey(User, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=AccountStepKind.choices)
    reason = models.TextField(blank=True)
    taken_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()

    objects = OfAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=AccountStepKind.values), name="account_step_kind_known"),
        ]


class Scope(models.TextChoices):
    """What a token may be used for; more than its user's role allows it never may."""

    READ = "read", _("read")
    FILE = "file", _("file inventories")
    DECIDE = "decide", _("decide, grant and write rules")
    BUILD = "build", _("have reports built and rules tried")


class ApiToken(models.Model):
    """A secret that asks the REST API in a user's name, for some purposes and until an end. Only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    # Of 256 random bits: nobody guesses what they are of, so that a quick hash is enough.
    key_sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("created_at")), name="token_ends_later"),
            models.CheckConstraint(
                condition=models.Q(scopes__len__gt=0, scopes__contained_by=Scope.values), name="token_scopes_known"
            ),
        ]


class IdempotencyKey(models.Model):
    """The answer to a write of the REST API, kept for the same user who sends the same request again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    # Null only within the transaction that has the effect.
    status = models.PositiveSmallIntegerField(null=True)
    location = models.CharField(max_length=500, blank=True)
    body = models.TextField(blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]
