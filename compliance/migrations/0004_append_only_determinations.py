"""A determination is appended and never changed; what it names by key, rules in force and exemptions, stays too."""

from django.db import migrations

DETERMINATION = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON compliance_determination
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""
PROVISION = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON compliance_provision
    FOR EACH ROW WHEN (OLD.issued_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
"""
# An exemption can be revoked, once, and nothing else of it changes.
EXEMPTION = """
CREATE FUNCTION keep_exemption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revoked_at IS NOT NULL
       OR (OLD.centre_id, OLD.mandate_id, OLD.from_on, OLD.to_on, OLD.threshold, OLD.reason, OLD.granted_by_id,
           OLD.granted_at)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.mandate_id, NEW.from_on, NEW.to_on, NEW.threshold, NEW.reason, NEW.granted_by_id,
           NEW.granted_at)
    THEN
        RAISE EXCEPTION 'An exemption stays as it was granted: revoke it and grant another.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_exemption BEFORE UPDATE OR DELETE ON compliance_exemption
    FOR EACH ROW EXECUTE FUNCTION keep_exemption()
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0003_rollups"), ("centres", "0004_append_only_records")]

    operations = [
        migrations.RunSQL(DETERMINATION, "DROP TRIGGER append_only ON compliance_determination"),
        migrations.RunSQL(PROVISION, "DROP TRIGGER append_only ON compliance_provision"),
        migrations.RunSQL(
            EXEMPTION, "DROP TRIGGER keep_exemption ON compliance_exemption; DROP FUNCTION keep_exemption()"
        ),
    ]
