"""What stands in service by chip model and region, kept in the transaction that determines a period.

Told from what is in the sums already: an inventory that took another's place is added and the other taken out, so that
one centre costs its own lines, and a whole country in which nothing changed next to nothing. What is worked out for a
centre that never filed (illustrative) is in no sum.
"""

from typing import Any

from django.db import connection

from compliance.facts import Facts
from compliance.models import SummedStock

# The lines are materialized: else the planner, which cannot know how few groups they fall into, sorts them all.
_FOLLOW = """
    WITH standing AS (
        SELECT given.centre_id, given.submission_id, centre.region_id, given.kind, given.ownership
        FROM unnest(%(centres)s::bigint[], %(submissions)s::bigint[], %(kinds)s::text[], %(ownerships)s::text[])
             AS given (centre_id, submission_id, kind, ownership)
        JOIN centres_centre centre ON centre.id = given.centre_id AND centre.provenance <> 'illustrative'
    ), summed AS (
        SELECT centre_id, submission_id, region_id, kind, ownership FROM compliance_summedstock
        WHERE period_id = %(period)s AND (%(chosen)s::bigint[] IS NULL OR centre_id = ANY(%(chosen)s))
    ), change AS (
        SELECT centre_id,
               standing.submission_id AS to_submission, standing.region_id AS to_region, standing.kind AS to_kind,
               standing.ownership AS to_ownership, summed.submission_id AS from_submission,
               summed.region_id AS from_region, summed.kind AS from_kind, summed.ownership AS from_ownership
        FROM standing FULL JOIN summed USING (centre_id)
        WHERE (standing.submission_id, standing.region_id, standing.kind, standing.ownership)
              IS DISTINCT FROM (summed.submission_id, summed.region_id, summed.kind, summed.ownership)
    ), moved AS (
        SELECT 1 AS sign, to_submission AS submission_id, to_region AS region_id, to_kind AS kind,
               to_ownership AS ownership
        FROM change WHERE to_submission IS NOT NULL
        UNION ALL
        SELECT -1, from_submission, from_region, from_kind, from_ownership
        FROM change WHERE from_submission IS NOT NULL
    ), line AS MATERIALIZED (
        SELECT moved.region_id, moved.kind, moved.ownership, line.workload, line.chip_model_id,
               moved.sign * line.quantity AS units, line.unit_price_cny AS price
        FROM moved JOIN chips_inventoryline line USING (submission_id)
        WHERE line.status = 'in_service' AND (line.acquired_on IS NULL OR line.acquired_on <= %(day)s)
    ), stock AS (
        MERGE INTO compliance_stockrollup AS sum
        USING (
            SELECT region_id, kind, ownership, workload, chip_model_id, sum(units) AS units,
                   coalesce(sum(units * price), 0) AS value,
                   coalesce(sum(units) FILTER (WHERE price IS NULL), 0) AS without_price
            FROM line GROUP BY region_id, kind, ownership, workload, chip_model_id
        ) AS new
        ON sum.period_id = %(period)s AND sum.region_id = new.region_id AND sum.kind = new.kind
           AND sum.ownership = new.ownership AND sum.workload = new.workload
           AND sum.chip_model_id = new.chip_model_id
        WHEN MATCHED AND sum.units + new.units = 0 THEN DELETE
        WHEN MATCHED THEN UPDATE SET units = sum.units + new.units, value = sum.value + new.value,
            units_without_price = sum.units_without_price + new.without_price
        WHEN NOT MATCHED THEN
            INSERT (period_id, region_id, kind, ownership, workload, chip_model_id, units, value, units_without_price)
            VALUES (%(period)s, new.region_id, new.kind, new.ownership, new.workload, new.chip_model_id, new.units,
                    new.value, new.without_price)
        RETURNING 1
    )
    MERGE INTO compliance_summedstock AS known
    USING change ON known.period_id = %(period)s AND known.centre_id = change.centre_id
    WHEN MATCHED AND change.to_submission IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET submission_id = change.to_submission, region_id = change.to_region,
        kind = change.to_kind, ownership = change.to_ownership
    WHEN NOT MATCHED THEN INSERT (period_id, centre_id, submission_id, region_id, kind, ownership)
        VALUES (%(period)s, change.centre_id, change.to_submission, change.to_region, change.to_kind,
                change.to_ownership)
"""


def follow(facts: Facts) -> None:
    """Let the sums of the period hold just the inventories of `facts`, by one statement; the caller holds the period's
    lock."""
    standing = [
        (record.centre_id, facts.submissions[record.centre_id], record.kind, record.ownership)
        for record in facts.records
        if record.centre_id in facts.submissions
    ]
    _sum(facts, standing)


def move(facts: Facts) -> None:
    """Let what is in the sums of chosen centres be in those of where they lie; likewise."""
    summed = SummedStock.objects.filter(period=facts.period, centre__in=facts.chosen or ())
    _sum(facts, list(summed.values_list("centre_id", "submission_id", "kind", "ownership")))


def _sum(facts: Facts, standing: list[tuple[int, int, str, str]]) -> None:
    """Let the sums hold just what is `standing`: each inventory's centre, submission, kind and ownership."""
    centres, submissions, kinds, ownerships = map(list, zip(*standing, strict=True)) if standing else ([], [], [], [])
    values: dict[str, Any] = {
        "period": facts.period.code,
        "day": facts.period.ends_on,
        "chosen": facts.chosen,
        "centres": centres,
        "submissions": submissions,
        "kinds": kinds,
        "ownerships": ownerships,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, values)
