"""A determination is appended and never changed: the latest is the one that stands."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON compliance_determination
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0003_rollups"), ("centres", "0002_append_only_records")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER append_only ON compliance_determination")]
