"""A chip's revision says how the model was called and classed: added, filled from the model, then required."""

from django.db import migrations, models

FILL = """
UPDATE chips_chiprevision SET name = model.name, chip_class = model.chip_class
FROM chips_chipmodel model WHERE model.id = chips_chiprevision.chip_model_id
"""


class Migration(migrations.Migration):
    dependencies = [("chips", "0002_market_total")]

    operations = [
        migrations.AddField("chiprevision", "name", models.CharField(max_length=80, null=True)),
        migrations.AddField("chiprevision", "chip_class", models.CharField(max_length=20, null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
