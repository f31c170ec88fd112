"""What releases a centre from a mandate for a time: asked for, granted, revoked, and told of before it ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.scopes import OwnQuerySet
from centres.models import Centre, OfCentreQuerySet
from compliance.models.mandates import Mandate

if TYPE_CHECKING:
    from accounts.models import User


class ExemptionStatus(models.TextChoices):
    """What became of an exemption that was proposed."""

    PROPOSED = "proposed", _("proposed")
    GRANTED = "granted", _("granted")
    SENT_BACK = "sent_back", _("sent back")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ExemptionQuerySet(OfCentreQuerySet["Exemption"]):
    def visible_to(self, user: User) -> ExemptionQuerySet:
        """The exemptions of the centres that `user` may know of; those that nobody granted, for regulators alone."""
        seen = super().visible_to(user)
        return seen if user.role == Role.REGULATOR else seen.granted()

    def granted(self) -> ExemptionQuerySet:
        return self.filter(granted_at__isnull=False)

    def proposed(self) -> ExemptionQuerySet:
        """Those that wait for another to grant them."""
        return self.filter(granted_at__isnull=True, closed_at__isnull=True)


class Exemption(models.Model):
    """That a centre need not meet a mandate, or only a lower threshold, from a day to a day (both included).

    One proposes it (a regulator, or the operator's user who asked for it) and another grants it: until then it releases
    from nothing. It stays as it was proposed. Revoked, it ends on the day before `revoked_from_on`: what it covered
    until then was covered.
    """

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="exemptions")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="exemptions")
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    # Null: released from the mandate; else the lower threshold, a share from 0 to 1.
    threshold = models.DecimalField(max_digits=10, decimal_places=9, null=True, blank=True)
    reason = models.TextField(_("reason"))
    # Null: granted by one alone, as was possible once.
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(null=True, blank=True)
    # Never granted: withdrawn by whoever proposed it, or sent back by another, who says why.
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True)
    revoked_from_on = models.DateField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation_reason = models.TextField(blank=True)

    objects = ExemptionQuerySet.as_manager()

    class Meta:
        ordering = ["centre_id", "from_on"]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="exemption_ends_after_start"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gte=0, threshold__lte=1),
                name="exemption_threshold_share",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exemption_has_reason"),
            models.CheckConstraint(
                condition=Q(
                    revoked_at__isnull=True,
                    revoked_by__isnull=True,
                    revoked_from_on__isnull=True,
                    revocation_reason="",
                )
                | (
                    Q(revoked_at__isnull=False, revoked_by__isnull=False, revoked_from_on__isnull=False)
                    & ~Q(revocation_reason="")
                ),
                name="exemption_revoked_whole",
            ),
            models.CheckConstraint(
                condition=Q(granted_by__isnull=True) | Q(proposed_by__isnull=True) | ~Q(granted_by=F("proposed_by")),
                name="exemption_granted_by_another",
            ),
            models.CheckConstraint(
                condition=Q(granted_at__isnull=True, granted_by__isnull=True, revoked_at__isnull=True)
                | Q(granted_at__isnull=False, granted_by__isnull=False, closed_at__isnull=True),
                name="exemption_granted_whole",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, comment="")
                | (
                    Q(closed_at__isnull=False, closed_by__isnull=False)
                    & (Q(closed_by=F("proposed_by")) | ~Q(comment=""))
                ),
                name="exemption_closed_whole",
            ),
        ]

    @property
    def status(self) -> ExemptionStatus:
        if self.granted_at:
            return ExemptionStatus.GRANTED
        if self.closed_at is None:
            return ExemptionStatus.PROPOSED
        return ExemptionStatus.WITHDRAWN if self.closed_by_id == self.proposed_by_id else ExemptionStatus.SENT_BACK

    def ends_on(self, known_at: datetime) -> date:
        """The last day that it covers, as known at `known_at`; before `from_on` where it never came into force."""
        if self.revoked_at is None or self.revoked_at > known_at or self.revoked_from_on is None:
            return self.to_on
        return min(self.to_on, self.revoked_from_on - timedelta(days=1))

    def revoked_since(self, known_at: datetime) -> date | None:
        """The day from which it covers nothing, where it was revoked after `known_at`."""
        return self.revoked_from_on if self.revoked_at is not None and self.revoked_at > known_at else None


class ExemptionRequestQuerySet(OfCentreQuerySet["ExemptionRequest"]):
    def waiting(self) -> ExemptionRequestQuerySet:
        return self.filter(answered_at__isnull=True, withdrawn_at__isnull=True)


class ExemptionRequest(models.Model):
    """That an operator asks for an exemption, and what was answered."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="exemption_requests")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="+")
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    threshold = models.DecimalField(max_digits=10, decimal_places=9, null=True, blank=True)
    reason = models.TextField(_("reason"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    # What was granted, perhaps otherwise than asked for; null where it was refused or waits.
    exemption = models.OneToOneField(
        Exemption, null=True, blank=True, on_delete=models.PROTECT, related_name="asked_for"
    )

    objects = ExemptionRequestQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "mandate"],
                condition=Q(answered_at__isnull=True, withdrawn_at__isnull=True),
                name="exemption_request_one_waiting",
            ),
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="exemption_request_in_order"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gte=0, threshold__lte=1),
                name="exemption_request_threshold_share",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exemption_request_has_reason"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="", exemption__isnull=True)
                | (Q(answered_at__isnull=False, answered_by__isnull=False, withdrawn_at__isnull=True) & ~Q(answer="")),
                name="exemption_request_answered_whole",
            ),
        ]


class ExemptionNotice(models.Model):
    """A mail to one person that an exemption ends so many days from then, on that day, written once."""

    exemption = models.ForeignKey(Exemption, on_delete=models.PROTECT, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # The last day that it covers as known when this was written: where it ends on another by now, nothing is sent.
    ends_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    # Marked before it is handed to the mail server: a crash in between costs a mail and never doubles one.
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    last_error = models.TextField(blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["next_at"], condition=Q(sent_at__isnull=True), name="exemption_notice_unsent")]
        constraints = [
            models.UniqueConstraint(
                fields=["exemption", "user", "ends_on", "days_before"], name="exemption_notice_once"
            )
        ]
