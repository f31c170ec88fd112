"""What is current tells what was counted; what stands in service is summed by chip model, as it was determined."""

from django.db import migrations

FILL = """
UPDATE compliance_currentdetermination current
SET units_domestic = made.units_domestic, units_foreign = made.units_foreign, units_unknown = made.units_unknown,
    compute_domestic = made.compute_domestic, compute_foreign = made.compute_foreign,
    compute_unknown = made.compute_unknown
FROM compliance_determination made WHERE made.id = current.determination_id
"""
# What is illustrative is in no sum; a closed centre has nothing current.
SUMMED = """
INSERT INTO compliance_summedstock (period_id, centre_id, submission_id, region_id, kind, ownership)
SELECT DISTINCT ON (current.period_id, current.centre_id)
       current.period_id, current.centre_id, made.submission_id, centre.region_id, record.kind, record.ownership
FROM compliance_currentdetermination current
JOIN compliance_determination made ON made.id = current.determination_id AND made.submission_id IS NOT NULL
JOIN centres_centrerecord record ON record.id = made.centre_record_id
JOIN centres_centre centre ON centre.id = current.centre_id AND centre.provenance <> 'illustrative'
ORDER BY current.period_id, current.centre_id, made.id DESC
ON CONFLICT DO NOTHING
"""
STOCK = """
INSERT INTO compliance_stockrollup
    (period_id, region_id, kind, ownership, workload, chip_model_id, units, value, units_without_price)
SELECT summed.period_id, summed.region_id, summed.kind, summed.ownership, line.workload, line.chip_model_id,
       sum(line.quantity), coalesce(sum(line.quantity * line.unit_price_cny), 0),
       coalesce(sum(line.quantity) FILTER (WHERE line.unit_price_cny IS NULL), 0)
FROM compliance_summedstock summed
JOIN centres_reportingperiod period ON period.code = summed.period_id
JOIN chips_inventoryline line ON line.submission_id = summed.submission_id
WHERE line.status = 'in_service' AND (line.acquired_on IS NULL OR line.acquired_on <= period.ends_on)
GROUP BY summed.period_id, summed.region_id, summed.kind, summed.ownership, line.workload, line.chip_model_id
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0012_lighter_keys")]

    operations = [migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in (FILL, SUMMED, STOCK)]
