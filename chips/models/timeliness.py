"""What people were reminded of, and what they ask of a period that is locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.scopes import OwnQuerySet
from centres.models import Centre, OfCentreQuerySet, ReportingPeriod

if TYPE_CHECKING:
    from accounts.models import User


class Reminder(models.Model):
    """A mail to one person about what one centre has to file, for one occasion: so many days from the due date.

    The occasion is of a due date: where that is moved, people are told of the new one.
    """

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    due_on = models.DateField()
    # Days from the due date: below nought before it.
    occasion = models.SmallIntegerField()
    created_at = models.DateTimeField()
    # Marked before it is handed to the mail server: a crash in between costs a mail and never doubles one.
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # When it is tried next.
    next_at = models.DateTimeField()
    last_error = models.TextField(blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["next_at"], condition=Q(sent_at__isnull=True), name="reminder_unsent")]
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "period", "user", "due_on", "occasion"], name="reminder_once_an_occasion"
            )
        ]


class OpeningRequestQuerySet(OfCentreQuerySet["OpeningRequest"]):
    def visible_to(self, user: User) -> OpeningRequestQuerySet:
        """The requests of the centres that `user` may know of; no analyst's: they are written to regulators."""
        return self.none() if user.role == Role.ANALYST else super().visible_to(user)

    def waiting(self) -> OpeningRequestQuerySet:
        return self.filter(answered_at__isnull=True)


class OpeningRequest(models.Model):
    """That an operator asks for a locked period to be opened for a centre, and what was answered."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="opening_requests")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    # Null until it is answered.
    granted = models.BooleanField(null=True, blank=True)

    objects = OpeningRequestQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "period"], condition=Q(answered_at__isnull=True), name="opening_request_one_waiting"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="opening_request_has_reason"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, granted__isnull=True, answered_by__isnull=True, answer="")
                | (Q(answered_at__isnull=False, granted__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
                name="opening_request_answered_whole",
            ),
        ]
