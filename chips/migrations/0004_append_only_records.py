"""What was filed stays as it was filed, and what is claimed of chips is only added to."""

from django.db import migrations

APPEND_ONLY = ("chips_claim", "chips_adoption", "chips_chiprevision", "chips_inventoryline")
SUBMISSION = """
CREATE FUNCTION keep_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR (OLD.centre_id, OLD.period_id, OLD.version, OLD.nil, OLD.provenance, OLD.file_name, OLD.file_sha256,
           OLD.line_count, OLD.units, OLD.created_by_id, OLD.created_at)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.period_id, NEW.version, NEW.nil, NEW.provenance, NEW.file_name, NEW.file_sha256,
           NEW.line_count, NEW.units, NEW.created_by_id, NEW.created_at)
    THEN
        RAISE EXCEPTION 'What was filed stays: a correction is a new version.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('draft', 'submitted'), ('draft', 'withdrawn'),
        ('submitted', 'accepted'), ('submitted', 'returned'), ('submitted', 'withdrawn')
    ) THEN
        RAISE EXCEPTION 'A submission that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_submission BEFORE UPDATE OR DELETE ON chips_submission
    FOR EACH ROW EXECUTE FUNCTION keep_submission()
"""


class Migration(migrations.Migration):
    dependencies = [("chips", "0003_submission_decisions"), ("centres", "0002_append_only_records")]

    operations = [
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
                f"DROP TRIGGER append_only ON {table}",
            )
            for table in APPEND_ONLY
        ),
        migrations.RunSQL(
            SUBMISSION, "DROP TRIGGER keep_submission ON chips_submission; DROP FUNCTION keep_submission()"
        ),
    ]
