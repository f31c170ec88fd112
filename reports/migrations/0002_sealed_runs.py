"""A report that is ready is sealed: nothing of its run changes any more."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER sealed BEFORE UPDATE OR DELETE ON reports_reportrun
    FOR EACH ROW WHEN (OLD.status = 'ready') EXECUTE FUNCTION refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_report_run"), ("centres", "0004_append_only_records")]

    operations = [migrations.RunSQL(TRIGGER, "DROP TRIGGER sealed ON reports_reportrun")]
