"""Movements of an inventory that deserve a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from centres.models import Centre, OfCentreQuerySet, ReportingPeriod

if TYPE_CHECKING:
    from accounts.models import User


class MovementKind(models.TextChoices):
    PASSING_THROUGH = "passing_through", _("large additions just before a period's end that leave just after it")
    BEFORE_LAUNCH = "before_launch", _("chips in service before their launch")
    COMPUTE_APART = "compute_apart", _("a centre's computing power far from what its lines add up to")
    POWER_APART = "power_apart", _("a centre's power far from what its lines add up to")


class MovementQuerySet(OfCentreQuerySet["Movement"]):
    def visible_to(self, user: User) -> MovementQuerySet:
        """Those of the centres that a regulator or an analyst may know of: whoever is asked about is not told here."""
        return self.none() if user.role == Role.OPERATOR else super().visible_to(user)

    def open(self) -> MovementQuerySet:
        """What is still seen and was not dismissed."""
        return self.filter(dismissed_at__isnull=True, gone_at__isnull=True)


class Movement(models.Model):
    """Something about a centre's inventory that deserves a question, with its evidence, until it is dismissed."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="movements")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=MovementKind.choices)
    # The numbers and records that it was seen in, as codes and decimal texts: worded anew for each reader.
    evidence = models.JSONField()
    # Of the evidence in canonical JSON: the same evidence is the same movement, dismissed or not.
    digest = models.CharField(max_length=64)
    found_at = models.DateTimeField()
    # When it was no longer seen, since the inventory was amended.
    gone_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissal_reason = models.TextField(blank=True)

    objects = MovementQuerySet.as_manager()

    class Meta:
        ordering = ["-period_id", "centre_id", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["centre", "period", "kind", "digest"], name="movement_once"),
            models.CheckConstraint(condition=Q(kind__in=MovementKind.values), name="movement_kind_known"),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True, dismissed_by__isnull=True, dismissal_reason="")
                | (Q(dismissed_at__isnull=False, dismissed_by__isnull=False) & ~Q(dismissal_reason="")),
                name="movement_dismissed_whole",
            ),
        ]
