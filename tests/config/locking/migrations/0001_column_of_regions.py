from django.db import migrations


class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL(
            "ALTER TABLE centres_region ADD COLUMN tried integer",
            "ALTER TABLE centres_region DROP COLUMN tried",
        )
    ]
