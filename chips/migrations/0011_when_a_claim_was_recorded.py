"""Claims say when they were recorded, so that what sources differed on in the past can be told as it was known.

Of those that are there it was kept nowhere. One that was adopted was there by its first adoption; one that never was,
and that nobody says to have read, came with the reference data, as did the first revision of its model. Of any other
only this day is certain.
"""

import django.utils.timezone
from django.db import migrations, models

FILL = """
ALTER TABLE chips_claim DISABLE TRIGGER append_only;
UPDATE chips_claim AS claim SET recorded_at = least(claim.recorded_at, coalesce(
    (SELECT min(recorded_at) FROM chips_adoption WHERE claim_id = claim.id),
    (SELECT min(recorded_at) FROM chips_chiprevision
     WHERE chip_model_id = claim.chip_model_id AND claim.read_on IS NULL)
));
ALTER TABLE chips_claim ENABLE TRIGGER append_only
"""


class Migration(migrations.Migration):
    dependencies = [("chips", "0010_price_and_export_control")]

    operations = [
        migrations.AddField("claim", "recorded_at", models.DateTimeField(default=django.utils.timezone.now)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
