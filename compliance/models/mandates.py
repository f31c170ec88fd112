"""Mandates as dated data: provisions from draft to issue, and what is decided by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.scopes import ReferenceQuerySet
from centres.models import Centre, Confidence, OfCentreQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class Mandate(models.Model):
    code = models.CharField(max_length=30, unique=True)
    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    issuer = models.CharField(max_length=200)
    # A year, a month or a day, as precisely as it was published.
    issued_on = models.CharField(max_length=10)
    source = models.TextField(blank=True)
    link = models.URLField(max_length=500, blank=True)
    confidence = models.CharField(max_length=20, choices=Confidence.choices)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class ProvisionStage(models.TextChoices):
    """How far a provision is on its way into force."""

    DRAFT = "draft", _("draft")
    PROPOSED = "proposed", _("waiting for approval")
    APPROVED = "approved", _("approved")
    ISSUED = "issued", _("issued")
    DISCARDED = "discarded", _("discarded")


class ProvisionQuerySet(ReferenceQuerySet["Provision"]):
    def visible_to(self, user: User) -> ProvisionQuerySet:
        """What was issued; what is under way is for those who write: regulators of the whole country."""
        if user.role == Role.REGULATOR and user.sees_whole_country:
            return self
        return super().visible_to(user).issued()

    def issued(self) -> ProvisionQuerySet:
        return self.filter(issued_at__isnull=False)

    def under_way(self) -> ProvisionQuerySet:
        """What is being written, waits for approval, or is approved and not issued."""
        return self.filter(issued_at__isnull=True, discarded_at__isnull=True)


class Provision(models.Model):
    """One version of a mandate's rule, from a day on: never edited once issued, only superseded.

    A repeal is a provision without steps: from its day on the mandate asks for nothing. The database lets nobody
    approve what they wrote, change what is approved, or issue what is not.
    """

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="provisions")
    from_on = models.DateField()
    recorded_at = models.DateTimeField()
    # The provision of the engine's contract, as it stands in the document that is judged.
    rule = models.JSONField()
    # The scope (of the engine's contract) of those who are decided by hand where the rule's own leaves them out;
    # null: nobody is.
    case_by_case = models.JSONField(null=True, blank=True)
    legal_text = models.TextField()
    legal_text_zh = models.TextField(blank=True)
    citation = models.TextField(blank=True)
    link = models.URLField(max_length=500, blank=True)
    # Null: the register's reference data.
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField(null=True, blank=True)
    discarded_at = models.DateTimeField(null=True, blank=True)
    # What an approver asks to be changed before it is proposed again.
    comment = models.TextField(blank=True)

    objects = ProvisionQuerySet.as_manager()

    class Meta:
        ordering = ["mandate_id", "from_on", "recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["mandate", "from_on"],
                condition=Q(issued_at__isnull=False),
                name="provision_one_a_day",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(written_by__isnull=True) | ~Q(approved_by=F("written_by")),
                name="provision_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False, proposed_at__isnull=False),
                name="provision_approved_whole",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True) | Q(written_by__isnull=True) | Q(approved_by__isnull=False),
                name="provision_issued_approved",
            ),
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True) | Q(discarded_at__isnull=True), name="provision_issued_or_discarded"
            ),
        ]

    @property
    def stage(self) -> ProvisionStage:
        if self.issued_at:
            return ProvisionStage.ISSUED
        if self.discarded_at:
            return ProvisionStage.DISCARDED
        if self.approved_at:
            return ProvisionStage.APPROVED
        return ProvisionStage.PROPOSED if self.proposed_at else ProvisionStage.DRAFT

    @property
    def is_repeal(self) -> bool:
        return not self.rule["steps"]


class Ruling(models.TextChoices):
    """What was decided by hand of a centre to which a provision might apply."""

    APPLIES = "applies", _("the rule applies")
    RELEASED = "released", _("the rule does not apply")


class HandDecision(models.Model):
    """Whether a provision that is decided case by case applies to a centre, from a day on, until the next decision.

    Where it applies, the engine judges the centre by the provision under its wider scope (`case_by_case`).
    """

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="hand_decisions")
    provision = models.ForeignKey(Provision, on_delete=models.PROTECT, related_name="hand_decisions")
    ruling = models.CharField(max_length=20, choices=Ruling.choices)
    from_on = models.DateField(_("from"))
    reason = models.TextField(_("reason"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    objects = OfCentreQuerySet.as_manager()

    class Meta:
        ordering = ["centre_id", "from_on", "decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["centre", "provision", "from_on", "decided_at"], name="hand_decision_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(ruling__in=Ruling.values), name="hand_decision_ruling_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="hand_decision_has_reason"),
        ]
