"""In which months what stands in service was acquired, summed by region and chip model.

Made anew for the regions of what was determined, out of the very inventories that stand in its sums; not within the
transaction that determines them, which it would make wait.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from centres.models import Centre, ReportingPeriod

_DROP = """
    DELETE FROM compliance_acquisitionrollup
    WHERE period_id = %(period)s AND (%(regions)s::varchar[] IS NULL OR region_id = ANY(%(regions)s))
"""
_SUM = """
    INSERT INTO compliance_acquisitionrollup (period_id, region_id, chip_model_id, months)
    SELECT %(period)s, region_id, chip_model_id, jsonb_object_agg(coalesce(to_char(month, 'YYYY-MM'), ''), units)
    FROM (
        SELECT summed.region_id, line.chip_model_id, date_trunc('month', line.acquired_on::timestamp) AS month,
               sum(line.quantity) AS units
        FROM compliance_summedstock summed JOIN chips_inventoryline line USING (submission_id)
        WHERE summed.period_id = %(period)s AND (%(regions)s::varchar[] IS NULL OR summed.region_id = ANY(%(regions)s))
          AND line.status = 'in_service' AND (line.acquired_on IS NULL OR line.acquired_on <= %(day)s)
        GROUP BY summed.region_id, line.chip_model_id, month
    ) AS by_month
    GROUP BY region_id, chip_model_id
"""


@transaction.atomic
def follow(*, period: ReportingPeriod, centres: Iterable[int] | None = None) -> None:
    """Sum anew the regions of centres by their keys (None: every region); running twice comes to the same."""
    regions = None
    if centres is not None:
        regions = sorted(set(Centre.objects.filter(pk__in=list(centres)).values_list("region_id", flat=True)))
    sum_regions(period, regions)


def sum_regions(period: ReportingPeriod, regions: list[str] | None) -> None:
    """Sum `regions` (None: every region) anew; within a transaction."""
    values: dict[str, Any] = {"period": period.code, "day": period.ends_on, "regions": regions}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('acquisitions'), hashtext(%s))", [period.code])
        cursor.execute(_DROP, values)
        cursor.execute(_SUM, values)
