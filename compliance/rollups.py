"""What pages read instead of counting: which determination is current, and sums by region.

Kept in the transaction that appends determinations, anew for the regions that it touches; so a page costs the same
with 100 centres or 40,000. A centre that had closed by the period's end has no current determination. Sums are of
filings: what is worked out for a centre that never filed (illustrative) is in none of them.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from centres.models import Centre, Region
from compliance import look_rollups
from compliance.facts import Facts
from compliance.models import CurrentDetermination, InventoryRollup

# The change is told from what was current when the statement began.
_CURRENT = """
    WITH latest AS (
        SELECT DISTINCT ON (provision.mandate_id, made.centre_id)
               made.period_id, provision.mandate_id, made.centre_id, made.id, made.outcome, made.answer
        FROM compliance_determination made
        JOIN compliance_provision provision ON provision.id = made.provision_id
        WHERE made.period_id = %(period)s AND made.centre_id = ANY(%(open)s)
        ORDER BY provision.mandate_id, made.centre_id, made.id DESC
    ), change AS (
        INSERT INTO compliance_outcomechange
            (centre_id, mandate_id, period_id, before_id, after_id, outcome_before, outcome_after, recorded_at)
        SELECT latest.centre_id, latest.mandate_id, latest.period_id, current.determination_id, latest.id,
               coalesce(current.outcome, ''), latest.outcome, statement_timestamp()
        FROM latest
        LEFT JOIN compliance_currentdetermination current USING (period_id, mandate_id, centre_id)
        WHERE current.outcome IS DISTINCT FROM latest.outcome
        ORDER BY latest.id
        RETURNING 1
    ), following AS (
        INSERT INTO compliance_currentdetermination
            (period_id, mandate_id, centre_id, region_id, determination_id, outcome, distance, replace)
        SELECT latest.period_id, latest.mandate_id, latest.centre_id, centre.region_id, latest.id, latest.outcome,
               trunc(abs(
                   split_part(answer->>'low', '/', 1)::numeric / split_part(answer->>'low', '/', 2)::numeric
                   - split_part(answer->>'threshold', '/', 1)::numeric
                   / split_part(answer->>'threshold', '/', 2)::numeric
               ), 9),
               (answer->>'replace')::bigint
        FROM latest JOIN centres_centre centre ON centre.id = latest.centre_id
        ON CONFLICT (period_id, mandate_id, centre_id) DO UPDATE SET
            region_id = excluded.region_id, determination_id = excluded.determination_id,
            outcome = excluded.outcome, distance = excluded.distance, replace = excluded.replace
    )
    SELECT count(*) FROM change
"""
# A centre that had closed by the period's end is determined no more.
_CLOSED = """
    WITH closed AS (
        DELETE FROM compliance_currentdetermination
        WHERE period_id = %(period)s AND centre_id <> ALL(%(open)s)
          AND (%(chosen)s::bigint[] IS NULL OR centre_id = ANY(%(chosen)s))
        RETURNING centre_id, mandate_id, period_id, determination_id, outcome
    )
    INSERT INTO compliance_outcomechange
        (centre_id, mandate_id, period_id, before_id, after_id, outcome_before, outcome_after, recorded_at)
    SELECT centre_id, mandate_id, period_id, determination_id, NULL, outcome, '', statement_timestamp() FROM closed
"""
_DROP_OUTCOMES = """
    DELETE FROM compliance_outcomerollup WHERE period_id = %(period)s AND region_id = ANY(%(regions)s)
"""
_OUTCOMES = """
    INSERT INTO compliance_outcomerollup
        (period_id, mandate_id, region_id, outcome, centres, units_domestic, units_foreign, units_unknown,
         compute_domestic, compute_foreign, compute_unknown)
    SELECT current.period_id, current.mandate_id, current.region_id, current.outcome, count(*),
           coalesce(sum(made.units_domestic), 0), coalesce(sum(made.units_foreign), 0),
           coalesce(sum(made.units_unknown), 0), coalesce(sum(made.compute_domestic), 0),
           coalesce(sum(made.compute_foreign), 0), coalesce(sum(made.compute_unknown), 0)
    FROM compliance_currentdetermination current
    JOIN compliance_determination made ON made.id = current.determination_id
    JOIN centres_centre centre ON centre.id = current.centre_id AND centre.provenance <> 'illustrative'
    WHERE current.period_id = %(period)s AND current.region_id = ANY(%(regions)s)
    GROUP BY current.period_id, current.mandate_id, current.region_id, current.outcome
"""
_DROP_INVENTORIES = """
    DELETE FROM compliance_inventoryrollup WHERE period_id = %(period)s AND region_id = ANY(%(regions)s)
"""
_INVENTORIES = """
    WITH record AS (
        SELECT DISTINCT ON (centre_id) centre_id, status FROM centres_centrerecord
        WHERE from_on <= %(day)s AND recorded_at <= %(known_at)s
        ORDER BY centre_id, from_on DESC, recorded_at DESC, id DESC
    ), standing AS (
        SELECT DISTINCT ON (submission.centre_id) submission.id, centre.region_id
        FROM chips_submission submission
        JOIN centres_centre centre ON centre.id = submission.centre_id AND centre.provenance <> 'illustrative'
        JOIN record ON record.centre_id = centre.id AND record.status <> 'closed'
        WHERE submission.period_id = %(period)s AND submission.status = 'accepted'
          AND submission.decided_at <= %(known_at)s AND centre.region_id = ANY(%(regions)s)
        ORDER BY submission.centre_id, submission.version DESC
    ), revision AS (
        SELECT DISTINCT ON (chip_model_id) chip_model_id, designer_country, compute::numeric AS compute
        FROM chips_chiprevision WHERE from_on <= %(day)s AND recorded_at <= %(known_at)s
        ORDER BY chip_model_id, from_on DESC, recorded_at DESC, id DESC
    ), line AS (
        SELECT standing.region_id, line.workload, line.quantity, line.quantity * revision.compute AS compute,
               CASE revision.designer_country WHEN %(home)s THEN 'domestic' ELSE
                   CASE WHEN revision.designer_country IS NULL THEN 'unknown' ELSE 'foreign' END END AS origin
        FROM standing
        JOIN chips_inventoryline line ON line.submission_id = standing.id
        JOIN chips_chipmodel model ON model.id = line.chip_model_id
        LEFT JOIN revision ON revision.chip_model_id = model.id
        WHERE line.status = 'in_service' AND model.chip_class = 'accelerator'
          AND (line.acquired_on IS NULL OR line.acquired_on <= %(day)s)
    )
    INSERT INTO compliance_inventoryrollup
        (period_id, region_id, workload, units_domestic, units_foreign, units_unknown, units_without_compute,
         compute_domestic, compute_foreign, compute_unknown)
    SELECT %(period)s, region_id, workload,
           coalesce(sum(quantity) FILTER (WHERE origin = 'domestic'), 0),
           coalesce(sum(quantity) FILTER (WHERE origin = 'foreign'), 0),
           coalesce(sum(quantity) FILTER (WHERE origin = 'unknown'), 0),
           coalesce(sum(quantity) FILTER (WHERE compute IS NULL), 0),
           coalesce(sum(compute) FILTER (WHERE origin = 'domestic'), 0),
           coalesce(sum(compute) FILTER (WHERE origin = 'foreign'), 0),
           coalesce(sum(compute) FILTER (WHERE origin = 'unknown'), 0)
    FROM line GROUP BY region_id, workload
"""


def follow(facts: Facts, *, centres: Iterable[Centre] | None) -> int:
    """Make the rollups of `centres` (None: all), and of their regions, anew out of the determinations.

    Returns how many outcomes changed; each is recorded as an `OutcomeChange`.
    """
    chosen = None if centres is None else [centre.pk for centre in centres]
    if chosen is None:
        regions = set(Region.objects.values_list("code", flat=True))
    else:
        # Where they stood, too: a centre that has moved leaves its old region with one less.
        current = CurrentDetermination.objects.filter(period=facts.period, centre__in=chosen)
        regions = set(current.values_list("region_id", flat=True))
        regions |= set(Centre.objects.filter(pk__in=chosen).values_list("region_id", flat=True))
    values: dict[str, Any] = {
        "period": facts.period.code,
        "open": [record.centre_id for record in facts.records],
        "chosen": chosen,
        "regions": list(regions),
        "known_at": facts.known_at,
        "day": facts.period.ends_on,
        "home": InventoryRollup.HOME,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CURRENT, values)
        (changed,) = cursor.fetchone()
        cursor.execute(_CLOSED, values)
        changed += cursor.rowcount
        for statement in (_DROP_OUTCOMES, _OUTCOMES, _DROP_INVENTORIES, _INVENTORIES):
            cursor.execute(statement, values)
    look_rollups.follow(facts, chosen=chosen)
    return int(changed)
