"""The catalogue of chips, and what is said of them."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.scopes import ReferenceQuerySet
from centres.models import Confidence


class ChipClass(models.TextChoices):
    ACCELERATOR = "accelerator", _("accelerator card")
    CPU = "cpu", _("CPU")
    STORAGE = "storage", _("memory or storage")


class Figure(models.TextChoices):
    """What a claim can be about: decimals, but for the day of an export control, and texts of origin at the end."""

    FP16_TFLOPS = "fp16_tflops", _("compute, TFLOPS dense FP16")
    INT8_TOPS = "int8_tops", _("compute, TOPS dense INT8")
    MEMORY_GB = "memory_gb", _("memory, GB")
    MEMORY_BANDWIDTH_GBS = "memory_bandwidth_gbs", _("memory bandwidth, GB/s")
    INTERCONNECT_GBS = "interconnect_gbs", _("interconnect, GB/s")
    TDP_W = "tdp_w", _("power, W")
    PROCESS_NM = "process_nm", _("process, nm")
    PRICE_CNY = "price_cny", _("price, CNY")
    # The day from which it can no longer be bought in China.
    EXPORT_CONTROLLED_ON = "export_controlled_on", _("export-controlled since")
    DESIGNER_COUNTRY = "designer_country", _("designer's country")
    FABRICATOR = "fabricator", _("fabricator")
    FABRICATOR_COUNTRY = "fabricator_country", _("fabricator's country")


ORIGIN_FIGURES = (Figure.DESIGNER_COUNTRY, Figure.FABRICATOR, Figure.FABRICATOR_COUNTRY)


class Vendor(models.Model):
    name = models.CharField(max_length=80, unique=True)
    name_zh = models.CharField(max_length=80, unique=True)
    designer_country = models.CharField(max_length=2)
    parent_country = models.CharField(max_length=2)
    us_entity_list_on = models.DateField(null=True, blank=True)
    source = models.TextField(blank=True)
    confidence = models.CharField(max_length=20, choices=Confidence.choices)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ChipModelQuerySet(ReferenceQuerySet["ChipModel"]):
    def first_called(self) -> dict[int, tuple[str, str]]:
        """By key the name and the class under which each was first recorded, whatever it is called since."""
        first = ChipRevision.objects.filter(chip_model=OuterRef("pk")).order_by("recorded_at", "pk")
        named = self.annotate(
            first_name=Coalesce(Subquery(first.values("name")[:1]), "name"),
            first_class=Coalesce(Subquery(first.values("chip_class")[:1]), "chip_class"),
        )
        found = named.values_list("pk", "first_name", "first_class")
        return {key: (name, chip_class) for key, name, chip_class in found}


class ChipModel(models.Model):
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="chips")
    name = models.CharField(max_length=80)
    chip_class = models.CharField(_("class"), max_length=20, choices=ChipClass.choices)
    # A year, a month or a day, as precisely as it was published.
    launched_on = models.CharField(max_length=10, blank=True)
    dies = models.PositiveSmallIntegerField(null=True, blank=True)
    workload = models.CharField(max_length=20)
    source = models.TextField(blank=True)
    confidence = models.CharField(max_length=20, choices=Confidence.choices)

    objects = ChipModelQuerySet.as_manager()

    class Meta:
        ordering = ["vendor__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["vendor", "name"], name="chip_model_once"),
            models.CheckConstraint(condition=Q(chip_class__in=ChipClass.values), name="chip_model_class_known"),
            models.CheckConstraint(
                condition=Q(launched_on="") | Q(launched_on__regex=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"),
                name="chip_model_launch_shape",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Alias(models.Model):
    chip_model = models.ForeignKey(ChipModel, on_delete=models.CASCADE, related_name="aliases")
    text = models.CharField(max_length=80)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["text"]
        constraints = [models.UniqueConstraint(fields=["chip_model", "text"], name="alias_once")]


class Claim(models.Model):
    """One value of one figure of a model, with who says so. Claims are added, never changed."""

    chip_model = models.ForeignKey(ChipModel, on_delete=models.PROTECT, related_name="claims")
    figure = models.CharField(max_length=30, choices=Figure.choices)
    value = models.CharField(max_length=80)
    source = models.TextField(blank=True)
    confidence = models.CharField(max_length=20, choices=Confidence.choices)
    read_on = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["chip_model_id", "figure", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["chip_model", "figure", "value", "source"], name="claim_once"),
            models.CheckConstraint(condition=Q(figure__in=Figure.values), name="claim_figure_known"),
            models.CheckConstraint(
                condition=Q(figure__in=[*ORIGIN_FIGURES, Figure.EXPORT_CONTROLLED_ON])
                | Q(value__regex=r"^[0-9]{1,18}(\.[0-9]{1,9})?$"),
                name="claim_value_is_decimal",
            ),
            models.CheckConstraint(
                condition=~Q(figure=Figure.EXPORT_CONTROLLED_ON)
                | Q(value__regex=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
                name="claim_export_control_day",
            ),
            models.CheckConstraint(
                condition=~Q(figure__in=[Figure.DESIGNER_COUNTRY, Figure.FABRICATOR_COUNTRY])
                | Q(value__regex=r"^[A-Z]{2}$"),
                name="claim_country_alpha_2",
            ),
        ]


class Adoption(models.Model):
    """The decision that one claim counts for its figure, from a day on, until the next decision."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="adoptions")
    chip_model = models.ForeignKey(ChipModel, on_delete=models.PROTECT, related_name="adoptions")
    figure = models.CharField(max_length=30, choices=Figure.choices)
    from_on = models.DateField()
    recorded_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150)
    reason = models.TextField()

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["chip_model_id", "figure", "from_on", "recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["chip_model", "figure", "from_on", "recorded_at"], name="adoption_one_claim_at_a_time"
            )
        ]


class ChipRevisionQuerySet(ReferenceQuerySet["ChipRevision"]):
    def as_of(self, day: date, known_at: datetime) -> ChipRevisionQuerySet:
        """The one revision of each model that holds on `day`, as it was known at `known_at`."""
        return (
            self.filter(from_on__lte=day, recorded_at__lte=known_at)
            .order_by("chip_model_id", "-from_on", "-recorded_at", "-pk")
            .distinct("chip_model_id")
        )


class ChipRevision(models.Model):
    """The adopted claims of a model from a day on, as known from an instant on; determinations name it."""

    chip_model = models.ForeignKey(ChipModel, on_delete=models.PROTECT, related_name="revisions")
    from_on = models.DateField()
    recorded_at = models.DateTimeField()
    # As the model was called and classed: a later correction must not change what was determined.
    name = models.CharField(max_length=80)
    chip_class = models.CharField(_("class"), max_length=20, choices=ChipClass.choices)
    claims = ArrayField(models.BigIntegerField())
    designer_country = models.CharField(max_length=2, null=True, blank=True)
    fabricator_country = models.CharField(max_length=2, null=True, blank=True)
    # TFLOPS dense FP16 of a unit, as the decimal string that the engine reads.
    compute = models.CharField(max_length=28, null=True, blank=True)

    objects = ChipRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["chip_model_id", "from_on", "recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["chip_model", "from_on", "recorded_at"], name="chip_revision_once")
        ]


class MarketTotal(models.Model):
    """A published total of the market: cards shipped in a year or half-year, by whom, and their share."""

    period = models.CharField(max_length=6)
    measure = models.CharField(max_length=20)
    # "all", "domestic" or a vendor's name, as published.
    vendor = models.CharField(max_length=80)
    units = models.PositiveBigIntegerField(null=True, blank=True)
    share_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    source = models.TextField()
    confidence = models.CharField(max_length=20, choices=Confidence.choices)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["period", "measure", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["period", "measure", "vendor", "source"], name="market_total_once"),
            models.CheckConstraint(
                condition=Q(units__isnull=False) | Q(share_percent__isnull=False), name="market_total_says_something"
            ),
            models.CheckConstraint(
                condition=Q(share_percent__isnull=True) | Q(share_percent__gte=0, share_percent__lte=100),
                name="market_total_share_percent",
            ),
        ]
