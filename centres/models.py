"""Where computing stands, who runs it, and for which quarter it reports."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Substr
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

from accounts.models import Role
from accounts.scopes import ReferenceQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class Confidence(models.TextChoices):
    """How far a published fact is to be trusted."""

    ESTABLISHED = "established", _("established")
    REPORTED = "reported", _("reported")
    ESTIMATED = "estimated", _("estimated")
    CONTESTED = "contested", _("contested")
    TO_VERIFY = "to_verify", _("to verify")


class Ownership(models.TextChoices):
    CENTRAL_SOE = "central_soe", _("central state-owned enterprise")
    LOCAL_SOE = "local_soe", _("local state-owned enterprise")
    PRIVATE = "private", _("private")
    FOREIGN = "foreign", _("foreign-owned")
    # The engine matches no scope with it: what is not known decides nothing unseen.
    UNKNOWN = "unknown", _("not known")


class CentreKind(models.TextChoices):
    INTELLIGENT = "intelligent", _("intelligent computing centre")
    SUPERCOMPUTING = "supercomputing", _("supercomputing centre")
    GENERAL = "general", _("general data centre")


class CentreStatus(models.TextChoices):
    BUILDING = "building", _("under construction")
    OPERATING = "operating", _("in operation")
    CLOSED = "closed", _("closed")


class Provenance(models.TextChoices):
    """Where a record comes from; all but `filed` are marked wherever they show."""

    FILED = "filed", _("filed")
    ILLUSTRATIVE = "illustrative", _("illustrative, not a filing")
    SYNTHETIC = "synthetic", _("synthetic")


def valid_uscc(value: str) -> None:
    """Refuse a unified social credit code whose check digit is wrong (GB 32100-2015)."""
    if not uscc.is_valid(value):
        raise ValidationError(_("%(value)s is no unified social credit code."), params={"value": value})


class Region(models.Model):
    """A province by its GB/T 2260 code, with its place on the equal-tile map (column and row from 0)."""

    code = models.CharField(_("code"), max_length=2, primary_key=True)
    iso = models.CharField(max_length=6, unique=True)
    name_en = models.CharField(max_length=60, unique=True)
    name_zh = models.CharField(max_length=60, unique=True)
    short_zh = models.CharField(max_length=10)
    macro_region = models.CharField(max_length=20)
    tile_col = models.PositiveSmallIntegerField()
    tile_row = models.PositiveSmallIntegerField()
    hub = models.CharField(_("national hub"), max_length=30, blank=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[1-9][0-9]$"), name="region_code_two_digits"),
            models.UniqueConstraint(fields=["tile_col", "tile_row"], name="region_tile_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_en}"


class OperatorQuerySet(models.QuerySet["Operator"]):
    def visible_to(self, user: User) -> OperatorQuerySet:
        """The operators that `user` may know of."""
        if user.role == Role.OPERATOR:
            return self.filter(pk__in=user.operator_ids)
        # An administrator names for whom people act; what an operator files is none of theirs.
        if user.sees_whole_country or (user.is_active and user.role == Role.ADMINISTRATOR):
            return self
        # A subquery, and not a join: whoever filters on finds each operator once.
        return self.filter(pk__in=Centre.objects.visible_to(user).values("operator"))


class Operator(models.Model):
    """The reporting legal entity."""

    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    uscc = models.CharField(max_length=18, unique=True, null=True, blank=True, validators=[valid_uscc])
    ownership = models.CharField(max_length=20, choices=Ownership.choices)
    provenance = models.CharField(max_length=20, choices=Provenance.choices, default=Provenance.FILED)

    objects = OperatorQuerySet.as_manager()

    class Meta:
        ordering = ["name_en", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["name_zh"], name="operator_name_zh_once"),
            models.CheckConstraint(
                condition=Q(uscc__isnull=True) | Q(uscc__regex=r"^[0-9A-HJ-NP-RTUWXY]{18}$"),
                name="operator_uscc_shape",
            ),
            models.CheckConstraint(condition=Q(ownership__in=Ownership.values), name="operator_ownership_known"),
        ]

    def __str__(self) -> str:
        return self.name_en


class CentreQuerySet(models.QuerySet["Centre"]):
    def visible_to(self, user: User) -> CentreQuerySet:
        """The centres that `user` may know of."""
        if user.role == Role.OPERATOR:
            return self.filter(operator_id__in=user.operator_ids)
        if user.sees_whole_country:
            return self
        # Of nobody else's any: an administrator has none.
        return self.filter(region_id__in=user.provinces_seen)


class Centre(models.Model):
    """A computing centre: what names it. What rules read of it has a history, in `CentreRecord`."""

    code = models.CharField(max_length=20, unique=True)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    operator = models.ForeignKey(Operator, null=True, blank=True, on_delete=models.PROTECT, related_name="centres")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="centres")
    region_code = models.CharField(_("region code"), max_length=6)
    provenance = models.CharField(max_length=20, choices=Provenance.choices, default=Provenance.FILED)
    source = models.TextField(blank=True)
    confidence = models.CharField(max_length=20, choices=Confidence.choices, blank=True)

    objects = CentreQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        indexes = [models.Index(fields=["id"], condition=Q(provenance="illustrative"), name="centre_illustrative")]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9]+(-[A-Z0-9]+)*$"), name="centre_code_shape"),
            models.CheckConstraint(
                condition=Q(region_code__regex=r"^[0-9]{2}([0-9]{2}([0-9]{2})?)?$"),
                name="centre_region_code_shape",
            ),
            models.CheckConstraint(condition=Q(region_id=Substr("region_code", 1, 2)), name="centre_region_is_prefix"),
        ]

    def __str__(self) -> str:
        return self.code


_OfCentre = TypeVar("_OfCentre", bound=models.Model)


class OfCentreQuerySet(models.QuerySet[_OfCentre]):
    """What belongs to one centre."""

    def visible_to(self, user: User) -> Self:
        """What belongs to the centres that `user` may know of."""
        return self.filter(centre__in=Centre.objects.visible_to(user))


class CentreRecordQuerySet(OfCentreQuerySet["CentreRecord"]):
    def as_of(self, day: date, known_at: datetime) -> CentreRecordQuerySet:
        """The one record of each centre that holds on `day`, as it was known at `known_at`."""
        return (
            self.filter(from_on__lte=day, recorded_at__lte=known_at)
            .order_by("centre_id", "-from_on", "-recorded_at", "-pk")
            .distinct("centre_id")
        )


class CentreRecord(models.Model):
    """What rules read of a centre, from a day on and until the next record: never edited, only followed."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="records")
    from_on = models.DateField(_("from"))
    recorded_at = models.DateTimeField(_("recorded at"))
    # Where the centre lay: rules are for regions, and a centre that moves must not change what was determined.
    region_code = models.CharField(_("region code"), max_length=6)
    kind = models.CharField(max_length=20, choices=CentreKind.choices)
    ownership = models.CharField(max_length=20, choices=Ownership.choices)
    # Null: not known. The engine is told "no", and the page says that it is not known.
    state_funded = models.BooleanField(_("state-funded"), null=True, blank=True)
    commissioned_on = models.DateField(_("commissioned on"), null=True, blank=True)
    progress = models.DecimalField(_("percent built"), max_digits=5, decimal_places=2, null=True, blank=True)
    capacity = models.DecimalField(
        _("computing power (PFLOPS dense FP16)"), max_digits=14, decimal_places=3, null=True, blank=True
    )
    power = models.DecimalField(_("power (MW)"), max_digits=10, decimal_places=3, null=True, blank=True)
    status = models.CharField(max_length=20, choices=CentreStatus.choices)
    # Null: the register's reference data, or a centre that was there before anybody recorded it.
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"), blank=True)

    objects = CentreRecordQuerySet.as_manager()

    class Meta:
        ordering = ["centre_id", "from_on", "recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["centre", "from_on", "recorded_at"], name="centre_record_once"),
            models.CheckConstraint(
                condition=Q(region_code__regex=r"^[0-9]{2}([0-9]{2}([0-9]{2})?)?$"),
                name="centre_record_region_code_shape",
            ),
            models.CheckConstraint(condition=Q(kind__in=CentreKind.values), name="centre_record_kind_known"),
            models.CheckConstraint(condition=Q(ownership__in=Ownership.values), name="centre_record_ownership_known"),
            models.CheckConstraint(condition=Q(status__in=CentreStatus.values), name="centre_record_status_known"),
            models.CheckConstraint(
                condition=Q(progress__isnull=True) | Q(progress__gte=0, progress__lte=100),
                name="centre_record_progress_percent",
            ),
            models.CheckConstraint(
                condition=(Q(capacity__isnull=True) | Q(capacity__gte=0)) & (Q(power__isnull=True) | Q(power__gte=0)),
                name="centre_record_not_negative",
            ),
        ]


class ReportingPeriodQuerySet(ReferenceQuerySet["ReportingPeriod"]):
    def begun(self, day: date) -> ReportingPeriodQuerySet:
        """The periods that have begun by `day`: those for which an inventory can be filed."""
        return self.filter(starts_on__lte=day)


class ReportingPeriod(models.Model):
    """A quarter, such as ``2025Q4``: its days in Asia/Shanghai, both ends included."""

    code = models.CharField(max_length=6, primary_key=True)
    starts_on = models.DateField()
    ends_on = models.DateField(unique=True)
    due_on = models.DateField()

    objects = ReportingPeriodQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^20[0-9]{2}Q[1-4]$"), name="period_code_shape"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")) & Q(due_on__gt=F("ends_on")), name="period_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class FilingTermQuerySet(models.QuerySet["FilingTerm"]):
    def visible_to(self, user: User) -> FilingTermQuerySet:
        """What was decided of the centres that `user` may know of, and of all."""
        own = Q(centre__in=Centre.objects.visible_to(user))
        return self.filter(own | Q(centre__isnull=True)) if user.is_active else self.none()


class FilingTerm(models.Model):
    """Until when is filed for a period, decided for a reason: never edited, only followed by what is decided later.

    For a centre the last that was recorded of it holds, else the last of the period; see `centres.terms`.
    """

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="terms")
    # Null: every centre of which nothing else was decided.
    centre = models.ForeignKey(Centre, null=True, blank=True, on_delete=models.PROTECT, related_name="terms")
    due_on = models.DateField(_("due on"))
    # The last day on which anything can be filed, which counts whole; null: it never locks.
    locks_on = models.DateField(_("locks after"), null=True, blank=True)
    is_exempt = models.BooleanField(_("nothing is expected"), default=False)
    reason = models.TextField(_("reason"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    objects = FilingTermQuerySet.as_manager()

    class Meta:
        ordering = ["period_id", "recorded_at", "pk"]
        indexes = [models.Index(fields=["period", "centre", "-recorded_at", "-id"], name="filing_term_latest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(locks_on__isnull=True) | Q(locks_on__gte=F("due_on")), name="filing_term_locks_after_due"
            ),
            models.CheckConstraint(
                condition=Q(is_exempt=False) | Q(centre__isnull=False), name="filing_term_exempts_one_centre"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="filing_term_has_reason"),
        ]
