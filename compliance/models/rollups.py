"""Sums by region that pages read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

from centres.models import Region, ReportingPeriod
from chips.models import Workload
from compliance.models.determinations import Outcome
from compliance.models.mandates import Mandate

if TYPE_CHECKING:
    from accounts.models import User


_Summed = TypeVar("_Summed", bound=models.Model)


class RollupQuerySet(models.QuerySet[_Summed]):
    def visible_to(self, user: User) -> Self:
        """The rollups of the regions that `user` sees whole; an operator's own centres are too few to sum."""
        if user.sees_whole_country:
            return self
        return self.filter(region__in=user.provinces_seen)


class Rollup(models.Model):
    """Sums over the centres of a region for a period: units, and TFLOPS dense FP16 of those with a known figure."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    units_domestic = models.BigIntegerField()
    units_foreign = models.BigIntegerField()
    units_unknown = models.BigIntegerField()
    compute_domestic = models.DecimalField(max_digits=40, decimal_places=9)
    compute_foreign = models.DecimalField(max_digits=40, decimal_places=9)
    compute_unknown = models.DecimalField(max_digits=40, decimal_places=9)

    class Meta:
        abstract = True


class OutcomeRollup(Rollup):
    """How many centres of a region came to an outcome under a mandate in a period, and what was counted of them."""

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    centres = models.PositiveIntegerField()

    objects = RollupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "mandate", "region", "outcome"], name="outcome_rollup_once"),
        ]


class InventoryRollup(Rollup):
    """The accelerator cards in service that a region's centres reported for a period, by workload and origin.

    It asks no mandate: domestic is what was designed in `HOME`.
    """

    HOME = "CN"

    workload = models.CharField(max_length=20, choices=Workload.choices)
    units_without_compute = models.BigIntegerField()

    objects = RollupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "region", "workload"], name="inventory_rollup_once"),
        ]
