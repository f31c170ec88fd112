"""Accepted inventories whose lines a test writes itself."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from centres.models import Centre, ReportingPeriod
from chips.models import ChipModel, InventoryLine, Submission
from chips.submissions import next_keys
from tests import cast


@transaction.atomic
def inventory(where: Centre, *lines: Mapping[str, Any], quarter: ReportingPeriod | None = None) -> Submission:
    """An accepted inventory of `where` (for 2025Q4 but for `quarter`): one H800 in training a line, but for its facts.

    Without a line it is a nil return.
    """
    quarter = quarter or cast.period()
    (key,) = next_keys(1)
    now = timezone.now()
    for row, facts in enumerate(lines, start=2):
        known = {"quantity": 1, "workload": "training", "status": "in_service", "acquisition": "purchased", **facts}
        chip = ChipModel.objects.get(name=known.pop("chip", "H800"))
        InventoryLine.objects.create(submission_id=key, row=row, chip_model=chip, **known)
    units = sum(facts.get("quantity", 1) for facts in lines)
    return Submission.objects.create(
        pk=key, centre=where, period=quarter, version=where.submissions.filter(period=quarter).count() + 1,
        status="accepted", nil=not lines, file_name="inventory.csv", file_sha256="0" * 64 if lines else "",
        line_count=len(lines), units=units, created_at=now, submitted_at=now, decided_at=now,
    )  # fmt: skip
