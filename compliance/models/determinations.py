"""What was determined, which of it stands, how outcomes changed, and what is still to be determined."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Length
from django.db.models.lookups import Exact, GreaterThan
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from accounts.scopes import BookkeepingQuerySet
from centres.models import Centre, CentreRecord, OfCentreQuerySet, Region, ReportingPeriod
from chips.models import Submission
from compliance.models.mandates import HandDecision, Mandate, Provision
from compliance.models.written import WrittenJSONField

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


class DeterminationRunQuerySet(models.QuerySet["DeterminationRun"]):
    def visible_to(self, user: User) -> DeterminationRunQuerySet:
        """The runs that `user` may follow: regulators and analysts those of centres that they may know of, and those
        of what is everybody's, a provision or the catalogue. Which outcomes a run changed is asked apart.
        """
        if not user.is_active or user.role not in (Role.REGULATOR, Role.ANALYST):
            return self.none()
        if user.sees_whole_country:
            return self
        known = Centre.objects.visible_to(user)
        reaching = DeterminationRequest.objects.filter(
            run=OuterRef("pk"), centres__overlap=ArraySubquery(known.order_by().values("pk"))
        )
        of_known = Q(code__in=known.values("code")) | Exists(reaching)
        return self.alias(code=KeyTextTransform("centre", "subject")).filter(
            ~Q(subject__has_any_keys=["centre", "centres"]) | of_known
        )


class DeterminationRun(models.Model):
    """One cause that has many centres determined anew, and how far that is.

    It judges by what was known when it began, whatever is issued in between.
    """

    cause = models.CharField(max_length=60)
    # What it was, as codes: worded anew for each reader. With ``centre``, its code, or ``centres``, how many, it is of
    # those alone.
    subject = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    # Null: not yet. Every cause was committed before a run begins that it asks for.
    began_at = models.DateTimeField(null=True, blank=True)

    objects = DeterminationRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]


def _tells_otherwise(measure: str) -> Q:
    """That a centre is compliant and surely under 30% by `measure`, or non-compliant and surely over 70% by it."""
    domestic, foreign, unknown = (F(f"{measure}_{origin}") for origin in ("domestic", "foreign", "unknown"))
    under_30_percent = Q(GreaterThan(foreign * 3, (domestic + unknown) * 7))
    over_70_percent = Q(GreaterThan(domestic * 3, (foreign + unknown) * 7))
    return (Q(outcome=Outcome.COMPLIANT) & under_30_percent) | (Q(outcome=Outcome.NON_COMPLIANT) & over_70_percent)


COMPUTE_TELLS_OTHERWISE = _tells_otherwise("compute")
UNITS_TELL_OTHERWISE = _tells_otherwise("units")
# Few are so: an index of just these makes a list of them cost what it shows.
TELLS_TWO_STORIES = COMPUTE_TELLS_OTHERWISE | UNITS_TELL_OTHERWISE


def _hex(text: F | models.Func, function: str) -> models.Func:
    return models.Func(text, models.Value("hex"), function=function)


class Determination(models.Model):
    """What the engine answered for a centre, a provision and a period: appended, never changed.

    What it names is there, and is of its centre and period: a trigger checks all rows of a statement at once
    (`0014_check_in_sets`), which costs a country of determinations a fraction of what foreign keys do row by row.
    What it names is never deleted, by triggers of its own.
    """

    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="determinations", db_constraint=False)
    provision = models.ForeignKey(
        Provision, on_delete=models.PROTECT, related_name="determinations", db_constraint=False, db_index=False
    )
    period = models.ForeignKey(
        ReportingPeriod, on_delete=models.PROTECT, related_name="determinations", db_constraint=False, db_index=False
    )
    as_of = models.DateField()
    known_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    digest = models.CharField(max_length=64)
    answer = WrittenJSONField()
    centre_record = models.ForeignKey(
        CentreRecord, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    submission = models.ForeignKey(
        Submission, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    chip_revisions = ArrayField(models.BigIntegerField(), default=list)
    exemptions = ArrayField(models.BigIntegerField(), default=list)
    # What was decided by hand: null where nothing was.
    hand_decision = models.ForeignKey(
        HandDecision, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    cause = models.CharField(max_length=60)
    run = models.ForeignKey(
        DeterminationRun, null=True, blank=True, on_delete=models.PROTECT, related_name="determinations",
        db_constraint=False, db_index=False,
    )  # fmt: skip
    # What was counted, by origin; null where nothing was: units, and TFLOPS dense FP16 of those with a known figure.
    units_domestic = models.BigIntegerField(null=True)
    units_foreign = models.BigIntegerField(null=True)
    units_unknown = models.BigIntegerField(null=True)
    compute_domestic = models.DecimalField(max_digits=40, decimal_places=9, null=True)
    compute_foreign = models.DecimalField(max_digits=40, decimal_places=9, null=True)
    compute_unknown = models.DecimalField(max_digits=40, decimal_places=9, null=True)

    objects = OfCentreQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["period", "provision", "centre", "-id"], name="determination_latest"),
            models.Index(fields=["period", "provision"], condition=TELLS_TWO_STORIES, name="determination_stories"),
            models.Index(fields=["run"], condition=Q(run__isnull=False), name="determination_of_run"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="determination_outcome_known"),
            # Read as hex and written again it is the same: a regular expression would take as long as half of a COPY.
            models.CheckConstraint(
                condition=Exact(Length("digest"), 64) & Exact(F("digest"), _hex(_hex(F("digest"), "decode"), "encode")),
                name="determination_digest_shape",
            ),
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


class CurrentDeterminationQuerySet(OfCentreQuerySet["CurrentDetermination"]):
    def visible_to(self, user: User) -> CurrentDeterminationQuerySet:
        """What belongs to the centres that `user` may know of.

        A province's are told by where a centre is, with which lists join them anyway: to look up all centres of a
        province for each question takes as long as the question.
        """
        if user.role == Role.OPERATOR:
            return super().visible_to(user)
        return self if user.sees_whole_country else self.filter(centre__region__in=user.provinces_seen)


class CurrentDetermination(models.Model):
    """Which determination is the latest of a centre under a mandate in a period, with what lists filter and sort by.

    Kept beside the determinations by `compliance/rollups.py`, in the transaction that appends them: copied from rows
    that were checked, so that only the determination is a foreign key of the database.
    """

    period = models.ForeignKey(
        ReportingPeriod, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    mandate = models.ForeignKey(
        Mandate, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    centre = models.ForeignKey(
        Centre, on_delete=models.PROTECT, related_name="current_determinations", db_constraint=False
    )
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    determination = models.OneToOneField(Determination, on_delete=models.PROTECT, related_name="current")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    # How far the least share lies from the threshold, cut to nine places: it sorts and decides nothing.
    distance = models.DecimalField(max_digits=10, decimal_places=9, null=True)
    # The answer's `replace`, so that nobody reads every answer to count those close to passing.
    replace = models.BigIntegerField(null=True)
    # What was counted, as the determination keeps it, so that a region is summed without reading those.
    units_domestic = models.BigIntegerField(null=True)
    units_foreign = models.BigIntegerField(null=True)
    units_unknown = models.BigIntegerField(null=True)
    compute_domestic = models.DecimalField(max_digits=40, decimal_places=9, null=True)
    compute_foreign = models.DecimalField(max_digits=40, decimal_places=9, null=True)
    compute_unknown = models.DecimalField(max_digits=40, decimal_places=9, null=True)

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


class OutcomeChange(models.Model):
    """That a centre's outcome under a mandate in a period became another: appended, and read in the order of its keys.

    Written in the transaction that appends the determination, so that whoever reads on from the last key that they
    know misses none: cases, mails, webhooks.
    """

    # Copied, like those of `CurrentDetermination`, from rows that were checked.
    centre = models.ForeignKey(
        Centre, on_delete=models.PROTECT, related_name="outcome_changes", db_constraint=False, db_index=False
    )
    mandate = models.ForeignKey(
        Mandate, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    period = models.ForeignKey(
        ReportingPeriod, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    # Null: it was not determined before.
    before = models.ForeignKey(Determination, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Null: it is not determined any more, since the centre had closed.
    after = models.ForeignKey(Determination, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    outcome_before = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    outcome_after = models.CharField(max_length=20, choices=Outcome.choices, blank=True)
    # The run that it came of; null for the everyday.
    run = models.ForeignKey(
        DeterminationRun, null=True, blank=True, on_delete=models.PROTECT, related_name="changes", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    recorded_at = models.DateTimeField()

    objects = OfCentreQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["centre", "-id"], name="outcome_change_of_centre"),
            models.Index(fields=["run"], condition=Q(run__isnull=False), name="outcome_change_of_run"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome_before=models.F("outcome_after")), name="outcome_change_is_one"
            ),
        ]


# The cause of a request that is made once for a period: its time to file has ended.
FILING_ENDED = "filing ended"


class DeterminationRequest(models.Model):
    """Work to be done, written in the transaction that caused it: PostgreSQL remembers, the broker only rings."""

    period = models.ForeignKey(ReportingPeriod, on_delete=models.PROTECT, related_name="+")
    # Null: every centre.
    centres = ArrayField(models.BigIntegerField(), null=True, blank=True)
    # Null: every mandate.
    mandate = models.ForeignKey(Mandate, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(DeterminationRun, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    cause = models.CharField(max_length=60)
    requested_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # What came of it, once it is done: how many were judged, how many determinations made, how many outcomes changed.
    judged = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)

    objects = BookkeepingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["requested_at"], condition=Q(done_at__isnull=True), name="determination_request_open")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["period"],
                condition=Q(cause=FILING_ENDED, centres__isnull=True),
                name="determination_request_filing_ended_once",
            )
        ]
