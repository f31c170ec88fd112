"""Who may sign in, in which role, for which operator or provinces."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.trail.models import AuditEvent, AuditHead, AuditLink

__all__ = ["AuditEvent", "AuditHead", "AuditLink", "IdempotencyKey", "Membership", "Role", "User"]


class Role(models.TextChoices):
    OPERATOR = "operator", _("centre operator")
    REGULATOR = "regulator", _("regulator")
    ANALYST = "analyst", _("analyst")
    ADMINISTRATOR = "administrator", _("administrator")


class User(AbstractUser):
    """A person or a service account. What it may see follows from `scope`, and from nothing else."""

    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    language = models.CharField(_("language"), max_length=10, default="en")
    all_regions = models.BooleanField(_("the whole country"), default=False)
    region_codes = ArrayField(models.CharField(max_length=2), default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
        ]

    @property
    def sees_whole_country(self) -> bool:
        """Whether sums over the whole country are this user's to read."""
        return self.role == Role.ANALYST or (self.role == Role.REGULATOR and self.all_regions)

    @property
    def operator_ids(self) -> list[int]:
        """The operators for which this user acts today."""
        today = timezone.localdate()
        return list(
            self.memberships.filter(from_on__lte=today).exclude(to_on__lt=today).values_list("operator_id", flat=True)
        )


class Membership(models.Model):
    """That a user acts for an operator, from a day to a day (both included).

    The operator is known by its key only: this room lies below the one where operators live.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    operator_id = models.BigIntegerField(_("operator"))
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "operator_id", "from_on"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(to_on__isnull=True) | models.Q(to_on__gte=models.F("from_on")),
                name="membership_ends_after_start",
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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]
