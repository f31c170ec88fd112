"""Reports that were built: each run immutable, with what it was made of and the hash of its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from centres.models import ReportingPeriod

if TYPE_CHECKING:
    from accounts.models import User


class RunStatus(models.TextChoices):
    QUEUED = "queued", _("waiting for a worker")
    BUILDING = "building", _("being built")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class RunTrigger(models.TextChoices):
    SCHEDULE = "schedule", _("on schedule")
    REQUEST = "request", _("on request")


class ReportRunQuerySet(models.QuerySet["ReportRun"]):
    def visible_to(self, user: User) -> ReportRunQuerySet:
        """The runs that `user` may read: a national report is for those who see the whole country."""
        return self if user.sees_whole_country else self.none()


class ReportRun(models.Model):
    """One building of the quarterly report: a row per centre and mandate of a period.

    It is made of the current determinations up to `last_determination`, so that its parts agree with each other and
    the same rows can be found again later. `claim` names the worker that builds it; one that falls silent loses it.
    """

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="report_runs")
    trigger = models.CharField(max_length=20, choices=RunTrigger.choices)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=RunStatus.choices, default=RunStatus.QUEUED)
    claim = models.UUIDField(null=True, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    known_at = models.DateTimeField(null=True, blank=True)
    last_determination = models.BigIntegerField(null=True, blank=True)
    parts = models.PositiveIntegerField(default=0)
    parts_done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    row_count = models.PositiveIntegerField(null=True, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(null=True, blank=True)

    objects = ReportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["period"], condition=Q(trigger=RunTrigger.SCHEDULE), name="report_run_scheduled_once"
            ),
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(status__in=[RunStatus.QUEUED, RunStatus.BUILDING]),
                name="report_run_one_under_way",
            ),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="report_run_status_known"),
            models.CheckConstraint(condition=Q(parts_done__lte=F("parts")), name="report_run_parts_done"),
            models.CheckConstraint(
                condition=~Q(status=RunStatus.READY)
                | Q(file_sha256__regex=r"^[0-9a-f]{64}$", finished_at__isnull=False, manifest__isnull=False),
                name="report_run_ready_is_sealed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_id} #{self.pk}"

    @property
    def is_under_way(self) -> bool:
        return self.status in (RunStatus.QUEUED, RunStatus.BUILDING)

    @property
    def progress(self) -> int:
        """Percent of the parts that are done, cut."""
        return 100 * self.parts_done // self.parts if self.parts else 0

    @property
    def file_name(self) -> str:
        return f"originmark-{self.period_id}-run-{self.pk}.csv"
