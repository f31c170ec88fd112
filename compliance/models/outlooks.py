"""In which quarter centres, provinces and the country will comply, and how wrong earlier outlooks were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.scopes import BookkeepingQuerySet, ReferenceQuerySet
from centres.models import Centre, OfCentreQuerySet, Region, ReportingPeriod
from compliance.models.mandates import Mandate, Provision

if TYPE_CHECKING:
    from accounts.models import User


class ShareReading(models.Model):
    """That the shares of a period were read off its inventories in one way of counting, scope and steps left aside.

    So a share is known before the first step of a rule is in force, and rules that count alike share it.
    """

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    # SHA-256 of what is counted, in canonical JSON.
    counting = models.CharField(max_length=64)
    # The last determination of the period then: a later one makes the reading stale.
    last_determination = models.BigIntegerField()
    read_at = models.DateTimeField()

    objects = BookkeepingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["period", "counting"], name="share_reading_once")]


class CentreShare(models.Model):
    """What was counted of a centre in a reading: the share's least and greatest, each as a part and its whole.

    Units, or compute or value in parts of the engine's scale: they add up, over centres and over lines to come.
    """

    reading = models.ForeignKey(ShareReading, on_delete=models.CASCADE, related_name="shares")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+")
    low_part = models.DecimalField(max_digits=40, decimal_places=0)
    low_whole = models.DecimalField(max_digits=40, decimal_places=0)
    high_part = models.DecimalField(max_digits=40, decimal_places=0)
    high_whole = models.DecimalField(max_digits=40, decimal_places=0)
    # What planned and installing lines will add: quarter (empty: no day to come is known), units, and the same four;
    # null where nothing is to come, which most are.
    added = models.JSONField(null=True, blank=True)

    objects = OfCentreQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reading", "centre"], name="centre_share_once")]


class OutlookRun(models.Model):
    """That outlooks from a period's end are to be made: work that PostgreSQL remembers until it is done."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    # The last determination of any period then: a later one makes the outlooks stale.
    last_determination = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    made = models.PositiveIntegerField(default=0)

    objects = BookkeepingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["period"], condition=Q(done_at__isnull=True), name="outlook_run_one_under_way"
            )
        ]


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
        else:
            seen |= Q(centre__isnull=True, region__in=user.provinces_seen)
        return self.filter(seen)


class Outlook(models.Model):
    """When a centre (or, summed, a region or the country) will meet a step, as foreseen from the end of a period."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="outlooks")
    # Both null: the country.
    region = models.ForeignKey(Region, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    centre = models.ForeignKey(Centre, null=True, blank=True, on_delete=models.PROTECT, related_name="outlooks")
    # Whose step it is, and whose way of counting.
    provision = models.ForeignKey(Provision, on_delete=models.PROTECT, related_name="+")
    # The step: the day from which it is in force, and what it asks for.
    step_from = models.DateField()
    comparator = models.CharField(max_length=10)
    threshold = models.CharField(max_length=28)
    basis = models.CharField(max_length=20, choices=OutlookBasis.choices)
    # Of a centre: whether an exemption releases it in the quarter in which the step is first held against shares. What
    # else is said is then what the step itself asks for.
    is_exempt = models.BooleanField(default=False)
    # Periods such as 2026Q3, from which on it is met; empty: not within the horizon.
    expected = models.CharField(max_length=6, blank=True)
    earliest = models.CharField(max_length=6, blank=True)
    latest = models.CharField(max_length=6, blank=True)
    # The first period in which it is foreseen to be met no more; empty where that is not foreseen.
    falls_in = models.CharField(max_length=6, blank=True)
    # The shares that were, and those foreseen for each quarter of the horizon: period, low, expected, high (percent
    # as decimal texts, cut; of what was there is no expected).
    past = models.JSONField(default=list)
    points = models.JSONField(default=list)
    # What either basis says by itself: expected, earliest, latest and its own points; null where it says nothing.
    planned = models.JSONField(null=True, blank=True)
    trend = models.JSONField(null=True, blank=True)
    # Units that planned and installing lines add, with and without a day to come.
    units_due = models.BigIntegerField(default=0)
    units_without_day = models.BigIntegerField(default=0)
    # Of a region or the country: how many centres are asked, of how many too little is known, and how many will meet
    # the step in each quarter from the period on (low, expected, high), and are exempt in it (those made before
    # exemptions were counted do not say).
    centres = models.JSONField(null=True, blank=True)
    made_at = models.DateTimeField()

    objects = OutlookQuerySet.as_manager()

    class Meta:
        ordering = ["period_id", "mandate_id", "step_from"]
        indexes = [
            models.Index(fields=["period", "mandate", "region"], name="outlook_by_region"),
            models.Index(fields=["period", "mandate", "step_from", "expected", "centre"], name="outlook_by_quarter"),
            models.Index(fields=["centre", "-period"], name="outlook_of_centre"),
        ]
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
    # In percentage points: the median and the greatest of how far the share was from what was foreseen.
    median_error = models.DecimalField(max_digits=9, decimal_places=4)
    greatest_error = models.DecimalField(max_digits=9, decimal_places=4)
    # How many came to lie within the interval.
    within = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["mandate_id", "scale", "quarters_ahead"]
        constraints = [
            models.UniqueConstraint(fields=["mandate", "scale", "quarters_ahead"], name="outlook_error_once"),
        ]
