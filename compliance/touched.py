"""Whom a change touches, and the one run that has them, and nobody else, determined anew.

Each is called in the transaction that makes the change, so that no change stands without its run.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from centres.models import CentreRecord, ReportingPeriod
from chips.models import ChipModel, InventoryLine, Submission, SubmissionStatus
from compliance.models import Determination, DeterminationRun, Exemption, HandDecision, Provision
from compliance.requests import request_run


def redo_for_provision(provision: Provision, *, by: User | None) -> DeterminationRun | None:
    """Every centre under the provision's mandate, in the periods in which it is the one in force."""
    return request_run(
        cause="provision issued",
        subject={"mandate": provision.mandate.code, "provision": provision.pk},
        by=by,
        wanted=dict.fromkeys(periods_of_provision(provision)),
        mandate=provision.mandate,
    )


def redo_for_exemption(exemption: Exemption, *, by: User | None) -> DeterminationRun | None:
    """The centre of an exemption that was granted, or revoked, in the periods for which that makes a difference."""
    is_revoked = exemption.revoked_from_on is not None
    begins = max(exemption.from_on, exemption.revoked_from_on or exemption.from_on)
    return request_run(
        cause="exemption revoked" if is_revoked else "exemption granted",
        subject={"mandate": exemption.mandate.code, "centre": exemption.centre.code, "exemption": exemption.pk},
        by=by,
        wanted={period: [exemption.centre_id] for period in considered_periods(begins, exemption.to_on)},
        mandate=exemption.mandate,
    )


def redo_for_hand_decision(decision: HandDecision, *, by: User | None) -> DeterminationRun | None:
    """The centre that was decided by hand, in the periods in which the provision is the one in force."""
    provision = decision.provision
    return request_run(
        cause="decided by hand",
        subject={"mandate": provision.mandate.code, "centre": decision.centre.code, "decision": decision.pk},
        by=by,
        wanted={
            period: [decision.centre_id]
            for period in periods_of_provision(provision)
            if period.ends_on >= decision.from_on
        },
        mandate=provision.mandate,
    )


def redo_for_adoption(model: ChipModel, *, from_on: date, by: User | None) -> DeterminationRun | None:
    """The centres that filed a chip model, from the day from which something else holds of it."""
    return request_run(
        cause="catalogue decision",
        subject={"vendor": model.vendor.name, "model": model.name, "chip": model.pk},
        by=by,
        wanted=holders(model, from_on=from_on),
    )


def redo_for_records(records: Iterable[CentreRecord], *, by: User | None) -> DeterminationRun | None:
    """The centres of which something else is recorded, each from its record's day."""
    begins: dict[int, date] = {}
    codes = set()
    for record in records:
        begins[record.centre_id] = min(record.from_on, begins.get(record.centre_id, record.from_on))
        codes.add(record.centre.code)
    wanted: dict[ReportingPeriod, list[int]] = {}
    for period in considered_periods(min(begins.values(), default=date.max)):
        wanted[period] = [centre for centre, day in begins.items() if day <= period.ends_on]
    subject = {"centre": codes.pop()} if len(codes) == 1 else {"centres": len(codes)}
    return request_run(cause="centre record changed", subject=subject, by=by, wanted=wanted)


def redo_what_was_adopted(model: ChipModel, from_on: date, by: User | None, **signal: Any) -> None:
    redo_for_adoption(model, from_on=from_on, by=by)


def redo_what_was_recorded(records: list[CentreRecord], by: User | None, **signal: Any) -> None:
    redo_for_records(records, by=by)


def considered_periods(from_on: date, to_on: date = date.max) -> QuerySet[ReportingPeriod]:
    """The periods that end from `from_on` to `to_on` and in which something was determined or filed."""
    filed = Submission.objects.filter(period=OuterRef("pk"))
    determined = Determination.objects.filter(period=OuterRef("pk"))
    return ReportingPeriod.objects.filter(
        Exists(filed) | Exists(determined), ends_on__gte=from_on, ends_on__lte=to_on
    ).order_by("code")


def periods_of_provision(provision: Provision) -> QuerySet[ReportingPeriod]:
    """The considered periods in which `provision`, issued or not yet, is the one of its mandate that is in force."""
    later = (
        Provision.objects.issued()
        .filter(mandate=provision.mandate_id, from_on__gt=provision.from_on)
        .order_by("from_on")
        .values_list("from_on", flat=True)
        .first()
    )
    return considered_periods(provision.from_on, later - timedelta(days=1) if later else date.max)


def holders(model: ChipModel, *, from_on: date) -> dict[ReportingPeriod, list[int]]:
    """The centres with an accepted inventory that names `model`, by the period that ends on or after `from_on`."""
    lines = InventoryLine.objects.filter(
        chip_model=model, submission__status=SubmissionStatus.ACCEPTED, submission__period__ends_on__gte=from_on
    )
    found: dict[str, list[int]] = defaultdict(list)
    for code, centre in lines.values_list("submission__period_id", "submission__centre_id").distinct():
        found[code].append(centre)
    return {period: found[period.code] for period in ReportingPeriod.objects.filter(code__in=found)}
