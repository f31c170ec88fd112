"""Mandates as dated data, and the determinations made under them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from centres.models import Centre, CentreRecord, Confidence, Region, ReportingPeriod
from chips.models import Submission, Workload

if TYPE_CHECKING:
    from accounts.models import User


class Outcome(models.TextChoices):
    """What a determination can say, in the order of the engine's contract."""

    OUT_OF_SCOPE = "out_of_scope", _("out of scope")
    NOT_IN_FORCE = "not_in_force", _("not in force")
    EXEMPT = "exempt", _("exempt")
    NOT_REPORTED = "not_reported", _("not reported")
    UNDETERMINED = "undetermined", _("undetermined")
    EMPTY = "empty", _("empty")
    COMPLIANT = "compliant", _("compliant")
    NON_COMPLIANT = "non_compliant", _("non-compliant")


class Mandate(models.Model):
    code = models.CharField(max_length=30, unique=True)
    title_en = models.CharField(max_length=200)
    title_zh = models.CharField(max_length=200)
    issuer = models.CharField(max_length=200)
    # A year, a month or a day, as precisely as it was published.
    issued_on = models.CharField(max_length=10)
    source = models.TextField(blank=True)
    confidence = models.CharField(max_length=20, choices=Confidence.choices)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class Provision(models.Model):
    """One version of a mandate's rule, from a day on: never edited once issued, only superseded."""

    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="provisions")
    from_on = models.DateField()
    recorded_at = models.DateTimeField()
    # The provision of the engine's contract, as it stands in the document that is judged.
    rule = models.JSONField()
    legal_text = models.TextField()
    citation = models.TextField(blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    issued_at = models.DateTimeField(null=True, blank=True)

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
        ]


class Exemption(models.Model):
    """That a centre need not meet a mandate, or only a lower threshold, from a day to a day."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="exemptions")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="exemptions")
    from_on = models.DateField()
    to_on = models.DateField()
    threshold = models.DecimalField(max_digits=10, decimal_places=9, null=True, blank=True)
    reason = models.TextField()
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["centre_id", "from_on"]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="exemption_ends_after_start"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gte=0, threshold__lte=1),
                name="exemption_threshold_share",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exemption_has_reason"),
        ]


class DeterminationQuerySet(models.QuerySet["Determination"]):
    def visible_to(self, user: User) -> DeterminationQuerySet:
        """The determinations of the centres that `user` may know of."""
        return self.filter(centre__in=Centre.objects.visible_to(user))


class Determination(models.Model):
    """What the engine answered for a centre, a provision and a period: appended, never changed."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="determinations")
    provision = models.ForeignKey(Provision, on_delete=models.PROTECT, related_name="determinations")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="determinations")
    as_of = models.DateField()
    known_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    digest = models.CharField(max_length=64)
    answer = models.JSONField()
    centre_record = models.ForeignKey(CentreRecord, on_delete=models.PROTECT, related_name="+")
    submission = models.ForeignKey(Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    chip_revisions = ArrayField(models.BigIntegerField(), default=list)
    exemptions = ArrayField(models.BigIntegerField(), default=list)
    cause = models.CharField(max_length=60)
    # What was counted, by origin; null where nothing was: units, and TFLOPS dense FP16 of those with a known figure.
    units_domestic = models.BigIntegerField(null=True)
    units_foreign = models.BigIntegerField(null=True)
    units_unknown = models.BigIntegerField(null=True)
    compute_domestic = models.DecimalField(max_digits=40, decimal_places=9, null=True)
    compute_foreign = models.DecimalField(max_digits=40, decimal_places=9, null=True)
    compute_unknown = models.DecimalField(max_digits=40, decimal_places=9, null=True)

    objects = DeterminationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["period", "provision", "centre", "-id"], name="determination_latest")]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="determination_outcome_known"),
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="determination_digest_shape"),
        ]

    @property
    def measured_units(self) -> tuple[int, int, int] | None:
        """Units domestic, foreign and unknown; None where no line was counted."""
        if self.units_domestic is None or self.units_foreign is None or self.units_unknown is None:
            return None
        return self.units_domestic, self.units_foreign, self.units_unknown

    @property
    def units_total(self) -> int | None:
        return None if self.measured_units is None else sum(self.measured_units)

    @property
    def compute_total(self) -> Fraction:
        """TFLOPS dense FP16 of what was counted and has a known figure, exact."""
        parts = (self.compute_domestic, self.compute_foreign, self.compute_unknown)
        return sum((Fraction(part) for part in parts if part is not None), Fraction())


class CurrentDeterminationQuerySet(models.QuerySet["CurrentDetermination"]):
    def visible_to(self, user: User) -> CurrentDeterminationQuerySet:
        """The current determinations of the centres that `user` may know of."""
        return self.filter(centre__in=Centre.objects.visible_to(user))


class CurrentDetermination(models.Model):
    """Which determination is the latest of a centre under a mandate in a period, with what lists filter and sort by.

    Kept beside the determinations by `compliance/rollups.py`, in the transaction that appends them.
    """

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="+")
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="current_determinations")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    determination = models.OneToOneField(Determination, on_delete=models.PROTECT, related_name="current")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    # How far the least share lies from the threshold, cut to nine places: it sorts and decides nothing.
    distance = models.DecimalField(max_digits=10, decimal_places=9, null=True)
    # The answer's `replace`, so that nobody reads every answer to count those close to passing.
    replace = models.BigIntegerField(null=True)

    objects = CurrentDeterminationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["period", "mandate", "distance", "centre"], name="current_by_distance"),
            models.Index(fields=["period", "mandate", "outcome", "distance"], name="current_by_outcome"),
            models.Index(fields=["period", "mandate", "region", "distance"], name="current_by_region"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["period", "mandate", "centre"], name="current_determination_once"),
        ]


_Summed = TypeVar("_Summed", bound=models.Model)


class RollupQuerySet(models.QuerySet[_Summed]):
    def visible_to(self, user: User) -> Self:
        """The rollups of the regions that `user` sees whole; an operator's own centres are too few to sum."""
        if user.sees_whole_country:
            return self
        if user.role == Role.REGULATOR:
            return self.filter(region__in=user.region_codes)
        return self.none()


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


# The cause of a request that is made once for a period: its time to file has ended.
FILING_ENDED = "filing ended"


class DeterminationRequest(models.Model):
    """Work to be done, written in the transaction that caused it: PostgreSQL remembers, the broker only rings."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    # Null: every centre.
    centre = models.ForeignKey(Centre, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=60)
    requested_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["requested_at"], condition=Q(done_at__isnull=True), name="determination_request_open")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(cause=FILING_ENDED, centre__isnull=True),
                name="determination_request_filing_ended_once",
            )
        ]
