"""What was filed stays as it was filed, and what is claimed of chips is only added to."""

from django.db import migrations

APPEND_ONLY = ("chips_claim", "chips_adoption", "chips_chiprevision", "chips_inventoryline")
SUBMISSION = """
CREATE FUNCTION keep_submission() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR (OLD.version <> NEW.version AND NOT (OLD.status = 'draft' AND NEW.status = 'submitted'))
       OR (OLD.centre_id, OLD.period_id, OLD.nil, OLD.provenance, OLD.file_name, OLD.file_sha256,
           OLD.line_count, OLD.units, OLD.created_by_id, OLD.created_at, OLD.warnings)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.period_id, NEW.nil, NEW.provenance, NEW.file_name, NEW.file_sha256,
           NEW.line_count, NEW.units, NEW.created_by_id, NEW.created_at, NEW.warnings)
       OR (OLD.submitted_at IS NOT NULL AND (OLD.submitted_at, OLD.submitted_by_id)
           IS DISTINCT FROM (NEW.submitted_at, NEW.submitted_by_id))
       OR (OLD.decided_at IS NOT NULL AND (OLD.decided_at, OLD.decided_by_id, OLD.decision_comment)
           IS DISTINCT FROM (NEW.decided_at, NEW.decided_by_id, NEW.decision_comment))
       OR (OLD.withdrawn_at IS NOT NULL AND (OLD.withdrawn_at, OLD.withdrawn_by_id)
           IS DISTINCT FROM (NEW.withdrawn_at, NEW.withdrawn_by_id))
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
# Lines come before the row that they belong to, in one transaction: to a submission that is there none is added.
LINES = """
CREATE FUNCTION keep_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM chips_submission submission
        WHERE submission.id IN (SELECT DISTINCT submission_id FROM added)
    ) THEN
        RAISE EXCEPTION 'A submission that was stored takes no further line.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_lines AFTER INSERT ON chips_inventoryline REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION keep_lines()
"""


class Migration(migrations.Migration):
    dependencies = [("chips", "0004_submission_decisions"), ("centres", "0004_append_only_records")]

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
        migrations.RunSQL(LINES, "DROP TRIGGER keep_lines ON chips_inventoryline; DROP FUNCTION keep_lines()"),
    ]
