"""Operators lock their centre, and their own row, to take their steps one at a time: regulators change them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("centres", "0007_find_what_is_illustrative"), ("accounts", "0009_second_wall")]

    operations = [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER changed_by_regulators BEFORE UPDATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION wall.changed_by_regulators()
            """,
            f"DROP TRIGGER changed_by_regulators ON {table}",
        )
        for table in ("centres_centre", "centres_operator")
    ]
