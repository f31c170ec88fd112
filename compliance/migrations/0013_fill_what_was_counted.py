"""What is current tells what was counted, as its determination keeps it."""

from django.db import migrations

FILL = """
UPDATE compliance_currentdetermination current
SET units_domestic = made.units_domestic, units_foreign = made.units_foreign, units_unknown = made.units_unknown,
    compute_domestic = made.compute_domestic, compute_foreign = made.compute_foreign,
    compute_unknown = made.compute_unknown
FROM compliance_determination made WHERE made.id = current.determination_id
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0012_lighter_keys")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
