"""Requests name their centres in a list, revocations are whole, and CN-2025-NEW says who is decided case by case."""

from django.db import migrations

REQUESTS = """
UPDATE compliance_determinationrequest SET centres = ARRAY[centre_id] WHERE centre_id IS NOT NULL
"""
REQUESTS_BACK = """
UPDATE compliance_determinationrequest SET centre_id = centres[1] WHERE cardinality(centres) = 1
"""
# An exemption that was revoked ended with the day of the revocation.
EXEMPTIONS = """
ALTER TABLE compliance_exemption DISABLE TRIGGER keep_exemption;
UPDATE compliance_exemption
SET revoked_from_on = (revoked_at AT TIME ZONE 'Asia/Shanghai')::date, revoked_by_id = granted_by_id,
    revocation_reason = '–'
WHERE revoked_at IS NOT NULL;
ALTER TABLE compliance_exemption ENABLE TRIGGER keep_exemption
"""
# "further along, case by case": the wording of the provision that ships (data/mandates.csv).
PROVISIONS = """
ALTER TABLE compliance_provision DISABLE TRIGGER append_only;
UPDATE compliance_provision SET case_by_case = jsonb_set(rule->'scope', '{progress_under}', '"100"')
WHERE written_by_id IS NULL AND mandate_id = (SELECT id FROM compliance_mandate WHERE code = 'CN-2025-NEW');
ALTER TABLE compliance_provision ENABLE TRIGGER append_only
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0006_way_of_a_provision")]

    operations = [
        migrations.RunSQL(REQUESTS, REQUESTS_BACK),
        migrations.RunSQL(EXEMPTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(PROVISIONS, migrations.RunSQL.noop),
    ]
