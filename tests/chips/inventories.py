"""Inventories written down line by line."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from centres.models import Centre, ReportingPeriod
from chips.models import ChipModel, InventoryLine, Submission
from chips.submissions import next_keys
from tests import cast

Line = Mapping[str, Any]


def line(chip: str = "ascend", quantity: int = 1, **facts: Any) -> Line:
    """A line of Ascend 910B (or ``h800``) in service, but for `facts`."""
    return {"chip": chip, "quantity": quantity, **facts}


@transaction.atomic
def store(
    where: Centre,
    lines: Sequence[Line],
    *,
    quarter: ReportingPeriod | str = "2025Q4",
    status: str = "draft",
    decided_at: datetime | None = None,
    version: int | None = None,
) -> Submission:
    """A submission of these lines, the first in row 2; without lines a nil return."""
    period = cast.period(quarter) if isinstance(quarter, str) else quarter
    models = {name: ChipModel.objects.get(name=cast.CHIPS[name]) for name in {one["chip"] for one in lines}}
    (key,) = next_keys(1)
    # The lines come first, as they do where a file is stored; later none can be added.
    InventoryLine.objects.bulk_create(made(key, row, one, models) for row, one in enumerate(lines, start=2))
    now = timezone.now()
    return Submission.objects.create(
        pk=key, centre=where, period=period, status=status, nil=not lines, file_name="inventory.csv" if lines else "",
        version=version or where.submissions.filter(period=period).count() + 1,
        file_sha256="0" * 64 if lines else "", line_count=len(lines), units=sum(one["quantity"] for one in lines),
        created_at=now, submitted_at=None if status == "draft" else now,
        decided_at=decided_at or (now if status in ("accepted", "returned") else None),
        decision_comment="Correct it." if status == "returned" else "",
        withdrawn_at=now if status == "withdrawn" else None,
    )  # fmt: skip


def made(key: int, row: int, facts: Line, models: Mapping[str, ChipModel]) -> InventoryLine:
    """The line unsaved, with what a file that says nothing else stands for."""
    values: dict[str, Any] = {"workload": "training", "status": "in_service", "acquisition": "purchased"} | dict(facts)
    day = values.get("acquired_on")
    values["acquired_on"] = date.fromisoformat(day) if isinstance(day, str) else day
    return InventoryLine(submission_id=key, row=row, chip_model=models[values.pop("chip")], **values)
