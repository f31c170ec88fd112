"""What a rule would come to before it is issued: computed once, kept under a link, and no part of the register."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from centres.models import Centre, OfCentreQuerySet, ReportingPeriod
from compliance.models.determinations import Outcome
from compliance.models.mandates import Mandate, Provision

if TYPE_CHECKING:
    from accounts.models import User


class SimulationStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def visible_to(self, user: User) -> SimulationQuerySet:
        """The simulations of regions that `user` sees whole; no operator sees any.

        Those of a provision that is not issued, as it stands or changed, are for the regulators who write it, as it is
        itself.
        """
        if user.role == Role.REGULATOR and user.sees_whole_country:
            return self
        found = self.filter(Q(provision__isnull=True) | Q(provision__issued_at__isnull=False))
        if user.sees_whole_country:
            return found
        if user.provinces_seen:
            return found.filter(region_codes__contained_by=user.provinces_seen)
        return self.none()


class Simulation(models.Model):
    """A rule judged over a period beside what stands today."""

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="simulations")
    # The provision, issued or not, that the rule is of, as it stands or changed; null for a rule of its own.
    provision = models.ForeignKey(
        Provision, null=True, blank=True, on_delete=models.PROTECT, related_name="simulations"
    )
    # Whether the rule says anything else than its provision did.
    is_changed = models.BooleanField(default=False)
    rule = models.JSONField()
    # The wider scope of what was decided by hand under the provision; null: there is none, or the scope is another.
    case_by_case = models.JSONField(null=True, blank=True)
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    # Null: the whole country.
    region_codes = ArrayField(models.CharField(max_length=2), null=True, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=SimulationStatus.choices, default=SimulationStatus.WAITING)
    # The instant whose knowledge it rests on.
    known_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    # Counts by outcome and region, today's and simulated, and how many comply at each whole percent.
    result = models.JSONField(null=True, blank=True)

    objects = SimulationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=SimulationStatus.values), name="simulation_status_known"),
            models.CheckConstraint(
                condition=~Q(status=SimulationStatus.READY) | Q(result__isnull=False, known_at__isnull=False),
                name="simulation_ready_whole",
            ),
            models.CheckConstraint(
                condition=Q(is_changed=False) | Q(provision__isnull=False), name="simulation_changed_of_a_provision"
            ),
        ]


class SimulatedChangeQuerySet(OfCentreQuerySet["SimulatedChange"]):
    def visible_to(self, user: User) -> SimulatedChangeQuerySet:
        """Those of the simulations that `user` may see, of the centres that `user` may know of."""
        return super().visible_to(user).filter(simulation__in=Simulation.objects.visible_to(user))


class SimulatedChange(models.Model):
    """A centre whose outcome the simulated rule changes, with both answers' shares and why."""

    simulation = models.ForeignKey(Simulation, on_delete=models.CASCADE, related_name="changes")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    outcome_before = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    outcome_after = models.CharField(max_length=20, choices=Outcome.choices)
    # The engine's answers, before (null: not determined) and after.
    answer_before = models.JSONField(null=True, blank=True)
    answer_after = models.JSONField()

    objects = SimulatedChangeQuerySet.as_manager()

    class Meta:
        ordering = ["simulation_id", "centre_id"]
        constraints = [
            models.UniqueConstraint(fields=["simulation", "centre"], name="simulated_change_once"),
        ]
