"""In which quarter centres, provinces and the country will comply, and how wrong earlier outlooks were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from centres.models import Centre, Region, ReportingPeriod
from compliance.models.mandates import Mandate

if TYPE_CHECKING:
    from accounts.models import User


class OutlookBasis(models.TextChoices):
    """What an outlook rests on."""

    MEETS = "meets", _("meets it already")
    PLANNED = "planned", _("planned and installing lines")
    TREND = "trend", _("the trend of the last quarters")
    BOTH = "both", _("planned and installing lines, and the trend of the last quarters")
    NONE = "none", _("too little is known")


class OutlookQuerySet(models.QuerySet["Outlook"]):
    def visible_to(self, user: User) -> OutlookQuerySet:
        """Those of the centres that `user` may know of, and of the regions that `user` sees whole."""
        seen = Q(centre__in=Centre.objects.visible_to(user))
        if user.sees_whole_country:
            seen |= Q(centre__isnull=True)
        elif user.role == Role.REGULATOR:
            seen |= Q(centre__isnull=True, region__in=user.region_codes)
        return self.filter(seen)


class Outlook(models.Model):
    """When a centre (or, summed, a region or the country) will meet a step, as foreseen from the end of a period."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="outlooks")
    # Both null: the country.
    region = models.ForeignKey(Region, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    centre = models.ForeignKey(Centre, null=True, blank=True, on_delete=models.PROTECT, related_name="outlooks")
    # The step: the day from which it is in force, and what it asks for.
    step_from = models.DateField()
    comparator = models.CharField(max_length=10)
    threshold = models.CharField(max_length=28)
    basis = models.CharField(max_length=20, choices=OutlookBasis.choices)
    # Periods such as 2026Q3; empty: not within the horizon.
    expected = models.CharField(max_length=6, blank=True)
    earliest = models.CharField(max_length=6, blank=True)
    latest = models.CharField(max_length=6, blank=True)
    # The share foreseen for each quarter of the horizon: period, low, expected, high (decimal texts, cut).
    points = models.JSONField(default=list)
    made_at = models.DateTimeField()

    objects = OutlookQuerySet.as_manager()

    class Meta:
        ordering = ["period_id", "mandate_id", "step_from"]
        indexes = [models.Index(fields=["period", "mandate", "region"], name="outlook_by_region")]
        constraints = [
            models.UniqueConstraint(
                fields=["period", "mandate", "region", "centre", "step_from"],
                name="outlook_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(centre__isnull=True) | Q(region__isnull=True), name="outlook_of_one_thing"
            ),
            models.CheckConstraint(condition=Q(basis__in=OutlookBasis.values), name="outlook_basis_known"),
        ]


class OutlookError(models.Model):
    """How far past outlooks were from what came, so many quarters ahead: no centre is named."""

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="+")
    # What was foreseen: "centre", "region" or "country".
    scale = models.CharField(max_length=10)
    quarters_ahead = models.PositiveSmallIntegerField()
    outlooks = models.PositiveIntegerField()
    # In percentage points, cut: the median and the greatest of how far the share was from what was foreseen.
    median_error = models.DecimalField(max_digits=9, decimal_places=4)
    greatest_error = models.DecimalField(max_digits=9, decimal_places=4)
    # How many came to lie within the interval.
    within = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["mandate_id", "scale", "quarters_ahead"]
        constraints = [
            models.UniqueConstraint(fields=["mandate", "scale", "quarters_ahead"], name="outlook_error_once"),
        ]
