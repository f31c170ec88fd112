"""A centre's record says where it lay: added, filled from the centre, then required."""

from django.db import migrations, models

FILL = """
UPDATE centres_centrerecord SET region_code = centre.region_code
FROM centres_centre centre WHERE centre.id = centres_centrerecord.centre_id
"""


class Migration(migrations.Migration):
    dependencies = [("centres", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="centrerecord",
            name="region_code",
            field=models.CharField(max_length=6, null=True, verbose_name="region code"),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
