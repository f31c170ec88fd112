"""What operators filed: files, versions with their lines, reasons and receipts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from centres.models import Centre, OfCentreQuerySet, Provenance, ReportingPeriod
from chips.models.catalogue import ChipModel

if TYPE_CHECKING:
    from accounts.models import User


class Workload(models.TextChoices):
    TRAINING = "training", _("training")
    INFERENCE = "inference", _("inference")
    MIXED = "mixed", _("mixed")
    UNSPECIFIED = "unspecified", _("unspecified")


class LineStatus(models.TextChoices):
    IN_SERVICE = "in_service", _("in service")
    INSTALLING = "installing", _("installing")
    SPARE = "spare", _("spare")
    PLANNED = "planned", _("planned")
    RETIRED = "retired", _("retired")


class Acquisition(models.TextChoices):
    PURCHASED = "purchased", _("purchased")
    LEASED = "leased", _("leased")
    HOSTED = "hosted", _("hosted")


class SubmissionStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    ACCEPTED = "accepted", _("accepted")
    RETURNED = "returned", _("returned for correction")
    WITHDRAWN = "withdrawn", _("withdrawn")
    REPUDIATED = "repudiated", _("repudiated")


class SubmissionQuerySet(OfCentreQuerySet["Submission"]):
    def accepted_as_known(self, period: ReportingPeriod, known_at: datetime) -> SubmissionQuerySet:
        """The one submission of each centre that stands for `period`: the last version accepted by `known_at`.

        What its sender repudiated stood until then, and not after.
        """
        # What was returned had a comment, and stood never.
        accepted = Q(status=SubmissionStatus.ACCEPTED) | Q(
            status=SubmissionStatus.REPUDIATED, repudiated_at__gt=known_at, decision_comment=""
        )
        standing = self.filter(accepted, period=period, decided_at__lte=known_at)
        return standing.order_by("centre_id", "-version").distinct("centre_id")

    def visible_to(self, user: User) -> SubmissionQuerySet:
        """The submissions that `user` may read: of its centres, and drafts only for those who file them."""
        visible = super().visible_to(user)
        if user.role == Role.OPERATOR:
            return visible
        # What was never submitted is its operator's alone, discarded or not.
        return visible.exclude(status=SubmissionStatus.DRAFT).exclude(
            status=SubmissionStatus.WITHDRAWN, submitted_at__isnull=True
        )


class Submission(models.Model):
    """One version of what a centre filed for a period. Its lines never change once it is submitted."""

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="submissions")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="submissions")
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=SubmissionStatus.choices, default=SubmissionStatus.DRAFT)
    nil = models.BooleanField(_("nil return"), default=False)
    provenance = models.CharField(max_length=20, choices=Provenance.choices, default=Provenance.FILED)
    file_name = models.CharField(max_length=255, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    # The server's time when the last byte of the file was in; null for what was never sent to this server.
    received_at = models.DateTimeField(null=True, blank=True)
    # What was mended of the file's cells before it was sent: row, column, what was written and what it became.
    corrections = models.JSONField(default=list, blank=True)
    line_count = models.PositiveIntegerField(default=0)
    units = models.PositiveBigIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="submissions"
    )
    created_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    # Given when it is sent: without gaps for a centre and a year, and never to anything else.
    accession_number = models.CharField(max_length=40, null=True, blank=True, unique=True)
    # Of the lines in their canonical form; see `chips.receipts.canonical_lines`.
    lines_sha256 = models.CharField(max_length=64, blank=True)
    # Vendor and model by the keys of its chips, as they were called when it was sent: the digest is of these names.
    chip_names = models.JSONField(default=dict, blank=True)
    # What did not add up, each with the reason that was given when it was sent.
    confirmed = models.JSONField(default=list, blank=True)
    amendment_reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_comment = models.TextField(blank=True)
    # What is to be corrected of single lines: row and comment.
    line_comments = models.JSONField(default=list, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    repudiated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    repudiated_at = models.DateTimeField(null=True, blank=True)
    repudiation_reason = models.TextField(blank=True)
    # What the check warned of, as it was found: worded anew for each reader.
    warnings = models.JSONField(default=list, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["centre_id", "period_id", "version"]
        constraints = [
            # A draft's version is the one that it would get: gaps would tell others of what was never submitted.
            models.UniqueConstraint(
                fields=["centre", "period", "version"],
                condition=Q(submitted_at__isnull=False),
                name="submission_version_once",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="submission_version_from_one"),
            models.CheckConstraint(condition=Q(status__in=SubmissionStatus.values), name="submission_status_known"),
            models.CheckConstraint(
                condition=Q(nil=True, file_sha256="", line_count=0, units=0)
                | Q(nil=False, file_sha256__regex=r"^[0-9a-f]{64}$", line_count__gte=1, units__gte=1),
                name="submission_file_or_nil",
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=False)
                | Q(status__in=[SubmissionStatus.DRAFT, SubmissionStatus.WITHDRAWN]),
                name="submission_submitted_at",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=False)
                | ~Q(status__in=[SubmissionStatus.ACCEPTED, SubmissionStatus.RETURNED]),
                name="submission_decided_at",
            ),
            models.CheckConstraint(
                condition=~Q(status=SubmissionStatus.RETURNED) | ~Q(decision_comment=""),
                name="submission_returned_with_comment",
            ),
            models.CheckConstraint(
                condition=~Q(status=SubmissionStatus.REPUDIATED)
                | (Q(repudiated_at__isnull=False) & ~Q(repudiation_reason="")),
                name="submission_repudiated_with_reason",
            ),
        ]

    def comment_for(self, user: User) -> str | None:
        """Why it was returned; None for an analyst: what regulator and operator write to each other is theirs."""
        return None if user.role == Role.ANALYST else self.decision_comment


_OfSubmission = TypeVar("_OfSubmission", bound=models.Model)


class OfSubmissionQuerySet(models.QuerySet[_OfSubmission]):
    """What belongs to one submission."""

    def visible_to(self, user: User) -> Self:
        """What belongs to the submissions that `user` may read."""
        return self.filter(submission__in=Submission.objects.visible_to(user))


class UploadStatus(models.TextChoices):
    WAITING = "waiting", _("waiting to be read")
    READING = "reading", _("being read")
    FAULTY = "faulty", _("to be mended")
    READ = "read", _("read")
    FAILED = "failed", _("could not be read")
    DISCARDED = "discarded", _("discarded")


class UploadQuerySet(OfCentreQuerySet["Upload"]):
    def visible_to(self, user: User) -> UploadQuerySet:
        """The files that `user` may know of: those of its own centres, and nobody else any."""
        return super().visible_to(user) if user.role == Role.OPERATOR else self.none()


class Upload(models.Model):
    """A file from its last byte on: kept whatever is wrong with it, read by a worker, mended, and read again.

    Once it has no fault its lines are a draft submission. The bytes are never changed: what is mended of its cells
    stands beside them.
    """

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="uploads")
    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    file_size = models.PositiveBigIntegerField()
    # What the sender says that the file holds, before anybody reads it.
    declared_lines = models.PositiveBigIntegerField(null=True, blank=True)
    declared_units = models.PositiveBigIntegerField(null=True, blank=True)
    corrections = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=20, choices=UploadStatus.choices, default=UploadStatus.WAITING)
    # Who reads it, drawn anew with each claim; when it last showed life, and how far it is.
    claim = models.UUIDField(null=True, blank=True)
    alive_at = models.DateTimeField(null=True, blank=True)
    lines_read = models.PositiveIntegerField(default=0)
    percent_read = models.PositiveSmallIntegerField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # `chips.intake.check.Report` as data, of the last reading.
    report = models.JSONField(null=True, blank=True)
    submission = models.OneToOneField(
        Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="upload"
    )

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=UploadStatus.values), name="upload_status_known"),
            models.CheckConstraint(condition=Q(file_sha256__regex=r"^[0-9a-f]{64}$"), name="upload_sha256"),
            models.CheckConstraint(
                condition=Q(submission__isnull=False) | ~Q(status=UploadStatus.READ), name="upload_read_is_draft"
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=Q(status__in=[UploadStatus.WAITING, UploadStatus.READING]),
                name="upload_to_read",
            )
        ]


class Confirmation(models.Model):
    """Why an operator stands by what does not add up, said before it attests."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="confirmations")
    # Of `chips.plausibility.Question`: what was asked, with the numbers that were asked about.
    key = models.CharField(max_length=60)
    params = models.JSONField()
    reason = models.CharField(max_length=500)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    objects = OfSubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["submission_id", "key"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "key"], name="confirmation_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="confirmation_with_reason"),
        ]


class ReceiptKind(models.TextChoices):
    RECEIVED = "received", _("received")
    ACCEPTED = "accepted", _("accepted")


class ReceiptQuerySet(OfSubmissionQuerySet["Receipt"]):
    def visible_to(self, user: User) -> ReceiptQuerySet:
        """Those of the submissions that `user` may read; no analyst's, since they name who signed."""
        return self.none() if user.role == Role.ANALYST else super().visible_to(user)


class Receipt(models.Model):
    """What the register confirmed of a submission, word for word as it was issued: `chips.receipts` makes it."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=20, choices=ReceiptKind.choices)
    issued_at = models.DateTimeField()
    # Text and not JSON: the digest is of these very characters.
    body = models.TextField()
    sha256 = models.CharField(max_length=64)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        ordering = ["submission_id", "issued_at"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "kind"], name="receipt_once"),
            models.CheckConstraint(condition=Q(kind__in=ReceiptKind.values), name="receipt_kind_known"),
        ]


# Above every price that the column holds; NaN is above all.
_PRICE_LIMIT = Decimal(10**18)


class InventoryLine(models.Model):
    """A line of a submission, under the row number that the operator's spreadsheet shows."""

    pk = models.CompositePrimaryKey("submission_id", "row")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="lines", db_index=False)
    row = models.PositiveIntegerField()
    chip_model = models.ForeignKey(ChipModel, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()
    workload = models.CharField(max_length=20, choices=Workload.choices)
    status = models.CharField(max_length=20, choices=LineStatus.choices)
    acquired_on = models.DateField(null=True, blank=True)
    acquisition = models.CharField(max_length=20, choices=Acquisition.choices)
    unit_price_cny = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    serial_numbers = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    note = models.CharField(max_length=500, blank=True)

    objects = OfSubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=10_000_000), name="line_quantity_in_range"
            ),
            models.CheckConstraint(condition=Q(workload__in=Workload.values), name="line_workload_known"),
            models.CheckConstraint(condition=Q(status__in=LineStatus.values), name="line_status_known"),
            models.CheckConstraint(condition=Q(acquisition__in=Acquisition.values), name="line_acquisition_known"),
            models.CheckConstraint(
                condition=Q(unit_price_cny__isnull=True) | Q(unit_price_cny__gt=0),
                name="line_price_above_zero",
            ),
            # PostgreSQL takes a price that is no number, and days without end: whoever reads lines need not look.
            models.CheckConstraint(condition=Q(unit_price_cny__lt=_PRICE_LIMIT), name="line_price_is_a_number"),
            models.CheckConstraint(condition=Q(acquired_on__range=(date.min, date.max)), name="line_day_is_a_day"),
        ]
