"""What pages read instead of counting: which determination is current, and sums by region.

Kept in the transaction that appends determinations, anew for the regions that it touches; so a page costs the same
with 100 centres or 40,000. A centre that had closed by the period's end has no current determination. Sums are of
filings: what is worked out for a centre that never filed (illustrative) is in none of them.
"""

from typing import Any

from django.db import connection

from centres.models import Centre, Region
from chips.models import ChipClass
from compliance import look_rollups
from compliance.facts import Facts
from compliance.models import CurrentDetermination, DeterminationRun, InventoryRollup, SummedStock

# The change is told from what was current when the statement began.
_CURRENT = """
    WITH latest AS (
        SELECT DISTINCT ON (provision_id, centre_id) provision_id, centre_id, id
        FROM compliance_determination
        WHERE period_id = %(period)s AND provision_id = ANY(%(provisions)s::bigint[])
              AND centre_id = ANY(%(open)s::bigint[])
        ORDER BY provision_id, centre_id, id DESC
    ), moved AS (
        SELECT provision.mandate_id, latest.id, latest.centre_id, centre.region_id,
               current.determination_id, coalesce(current.outcome, '') AS outcome_before
        FROM latest
        JOIN compliance_provision provision ON provision.id = latest.provision_id
        JOIN centres_centre centre ON centre.id = latest.centre_id
        LEFT JOIN compliance_currentdetermination current
            ON current.period_id = %(period)s AND current.mandate_id = provision.mandate_id
            AND current.centre_id = latest.centre_id
        WHERE (current.determination_id, current.region_id) IS DISTINCT FROM (latest.id, centre.region_id)
    ), change AS (
        INSERT INTO compliance_outcomechange
            (centre_id, mandate_id, period_id, before_id, after_id, outcome_before, outcome_after, run_id,
             recorded_at)
        SELECT moved.centre_id, moved.mandate_id, %(period)s, moved.determination_id, moved.id,
               moved.outcome_before, made.outcome, %(run)s, statement_timestamp()
        FROM moved JOIN compliance_determination made USING (id)
        WHERE moved.outcome_before <> made.outcome
        ORDER BY moved.id
        RETURNING 1
    ), following AS (
        INSERT INTO compliance_currentdetermination
            (period_id, mandate_id, centre_id, region_id, determination_id, outcome, distance, replace,
             units_domestic, units_foreign, units_unknown, compute_domestic, compute_foreign, compute_unknown)
        SELECT %(period)s, moved.mandate_id, moved.centre_id, moved.region_id, made.id, made.outcome,
               trunc(abs(
                   split_part(answer.low, '/', 1)::numeric / split_part(answer.low, '/', 2)::numeric
                   - split_part(answer.threshold, '/', 1)::numeric / split_part(answer.threshold, '/', 2)::numeric
               ), 9),
               answer.replace, made.units_domestic, made.units_foreign, made.units_unknown,
               made.compute_domestic, made.compute_foreign, made.compute_unknown
        FROM moved JOIN compliance_determination made USING (id)
        CROSS JOIN LATERAL json_to_record(made.answer::json) AS answer(low text, threshold text, replace bigint)
        ON CONFLICT (period_id, mandate_id, centre_id) DO UPDATE SET
            region_id = excluded.region_id, determination_id = excluded.determination_id,
            outcome = excluded.outcome, distance = excluded.distance, replace = excluded.replace,
            units_domestic = excluded.units_domestic, units_foreign = excluded.units_foreign,
            units_unknown = excluded.units_unknown, compute_domestic = excluded.compute_domestic,
            compute_foreign = excluded.compute_foreign, compute_unknown = excluded.compute_unknown
    )
    SELECT count(*) FROM change
"""
# A centre that had closed by the period's end is determined no more.
_CLOSED = """
    WITH closed AS (
        DELETE FROM compliance_currentdetermination
        WHERE period_id = %(period)s AND centre_id <> ALL(%(open)s::bigint[])
          AND (%(chosen)s::bigint[] IS NULL OR centre_id = ANY(%(chosen)s))
        RETURNING centre_id, mandate_id, period_id, determination_id, outcome
    )
    INSERT INTO compliance_outcomechange
        (centre_id, mandate_id, period_id, before_id, after_id, outcome_before, outcome_after, run_id,
         recorded_at)
    SELECT centre_id, mandate_id, period_id, determination_id, NULL, outcome, '', %(run)s, statement_timestamp()
    FROM closed
"""
_MOVED = """
    UPDATE compliance_currentdetermination current SET region_id = centre.region_id
    FROM centres_centre centre
    WHERE current.period_id = %(period)s AND current.centre_id = ANY(%(chosen)s::bigint[])
          AND centre.id = current.centre_id AND current.region_id <> centre.region_id
"""
_DROP_OUTCOMES = """
    DELETE FROM compliance_outcomerollup WHERE period_id = %(period)s AND region_id = ANY(%(regions)s)
"""
_OUTCOMES = """
    INSERT INTO compliance_outcomerollup
        (period_id, mandate_id, region_id, outcome, centres, units_domestic, units_foreign, units_unknown,
         compute_domestic, compute_foreign, compute_unknown)
    SELECT current.period_id, current.mandate_id, current.region_id, current.outcome, count(*),
           coalesce(sum(units_domestic), 0), coalesce(sum(units_foreign), 0), coalesce(sum(units_unknown), 0),
           coalesce(sum(compute_domestic), 0), coalesce(sum(compute_foreign), 0), coalesce(sum(compute_unknown), 0)
    FROM compliance_currentdetermination current
    WHERE current.period_id = %(period)s AND current.region_id = ANY(%(regions)s)
      -- Found by an index of the few that there are, and not by a look at every centre.
      AND NOT EXISTS (
          SELECT FROM centres_centre centre
          WHERE centre.id = current.centre_id AND centre.provenance = 'illustrative'
      )
    GROUP BY current.period_id, current.mandate_id, current.region_id, current.outcome
"""
_DROP_INVENTORIES = """
    DELETE FROM compliance_inventoryrollup WHERE period_id = %(period)s AND region_id = ANY(%(regions)s)
"""
# Out of the sums by chip model, which have followed before.
_INVENTORIES = """
    WITH chip AS (
        SELECT * FROM unnest(%(models)s::bigint[], %(origins)s::text[], %(computes)s::numeric[])
                 AS accelerator (chip_model_id, origin, compute)
    ), summed AS (
        SELECT region_id, workload, chip_model_id, sum(units) AS units
        FROM compliance_stockrollup
        WHERE period_id = %(period)s AND region_id = ANY(%(regions)s)
        GROUP BY region_id, workload, chip_model_id
    ), stock AS (
        SELECT region_id, workload, units, units * compute AS compute, origin
        FROM summed JOIN chip USING (chip_model_id)
    )
    INSERT INTO compliance_inventoryrollup
        (period_id, region_id, workload, units_domestic, units_foreign, units_unknown, units_without_compute,
         compute_domestic, compute_foreign, compute_unknown)
    SELECT %(period)s, region_id, workload,
           coalesce(sum(units) FILTER (WHERE origin = 'domestic'), 0),
           coalesce(sum(units) FILTER (WHERE origin = 'foreign'), 0),
           coalesce(sum(units) FILTER (WHERE origin = 'unknown'), 0),
           coalesce(sum(units) FILTER (WHERE compute IS NULL), 0),
           coalesce(sum(compute) FILTER (WHERE origin = 'domestic'), 0),
           coalesce(sum(compute) FILTER (WHERE origin = 'foreign'), 0),
           coalesce(sum(compute) FILTER (WHERE origin = 'unknown'), 0)
    FROM stock GROUP BY region_id, workload
"""


def follow(facts: Facts, run: DeterminationRun | None = None) -> int:
    """Make the rollups of the centres of `facts`, and of their regions, anew out of the determinations.

    `facts` are those of now, however old those are that a `run` judged by: what pages read never goes back. Returns how
    many outcomes changed; each is recorded as an `OutcomeChange`.
    """
    regions = _touched(facts)
    values: dict[str, Any] = {
        "period": facts.period.code,
        "open": [record.centre_id for record in facts.records],
        "run": run.pk if run else None,
        "provisions": [provision.pk for provision in facts.provisions],
        "chosen": facts.chosen,
    }
    look_rollups.follow(facts)
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT, values)
        (changed,) = cursor.fetchone()
        cursor.execute(_CLOSED, values)
        changed += cursor.rowcount
    _sum(facts, regions)
    return int(changed)


def move(facts: Facts) -> list[str]:
    """Let what stands of the centres of `facts`, which are chosen, stand where they lie, and their regions be summed
    anew; nothing else becomes current. Returns the codes of those regions."""
    regions = _touched(facts)
    look_rollups.move(facts)
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"period": facts.period.code, "chosen": facts.chosen})
    _sum(facts, regions)
    return regions


def _touched(facts: Facts) -> list[str]:
    """The codes of the regions in which the centres of `facts` lie, or are counted."""
    if facts.chosen is None:
        return list(Region.objects.values_list("code", flat=True))
    # Where they stood, too: a centre that has moved leaves its old region with one less.
    stood = {"period": facts.period, "centre__in": facts.chosen}
    current = CurrentDetermination.objects.filter(**stood).order_by()
    summed = SummedStock.objects.filter(**stood).order_by()
    here = Centre.objects.filter(pk__in=facts.chosen).order_by()
    touched = here.values_list("region_id").union(current.values_list("region_id"), summed.values_list("region_id"))
    return [code for (code,) in touched]


def _sum(facts: Facts, regions: list[str]) -> None:
    values: dict[str, Any] = {"period": facts.period.code, "regions": regions, **_accelerators(facts)}
    with connection.cursor() as cursor:
        for statement in (_DROP_OUTCOMES, _OUTCOMES, _DROP_INVENTORIES, _INVENTORIES):
            cursor.execute(statement, values)


def _accelerators(facts: Facts) -> dict[str, list[Any]]:
    """The accelerator cards of the catalogue: parallel lists of their keys, their origins and their computing power."""
    known = [
        (model, revision.designer_country if revision else None, revision.compute if revision else None)
        for model, (chip_class, revision) in facts.inventories.catalogue().items()
        if chip_class == ChipClass.ACCELERATOR
    ]
    return {
        "models": [model for model, _, _ in known],
        "origins": [_origin(country) for _, country, _ in known],
        "computes": [compute for _, _, compute in known],
    }


def _origin(country: str | None) -> str:
    if country is None:
        return "unknown"
    return "domestic" if country == InventoryRollup.HOME else "foreign"
