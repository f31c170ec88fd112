"""What is issued, decided, granted or found stays as it was; what is approved cannot be changed."""

from django.db import migrations

# Its author stays its author, so that nobody becomes another to approve it.
PROVISION = """
CREATE FUNCTION keep_provision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A provision is discarded, not removed.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.issued_at IS NOT NULL THEN
        RAISE EXCEPTION 'A provision that was issued stays as it is: issue another, which supersedes it.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.written_by_id IS DISTINCT FROM NEW.written_by_id OR OLD.mandate_id <> NEW.mandate_id THEN
        RAISE EXCEPTION 'Who wrote a provision, and of which mandate, stays.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT NULL
       AND (OLD.from_on, OLD.rule, OLD.case_by_case, OLD.legal_text, OLD.legal_text_zh, OLD.citation, OLD.link,
            OLD.approved_by_id)
           IS DISTINCT FROM
           (NEW.from_on, NEW.rule, NEW.case_by_case, NEW.legal_text, NEW.legal_text_zh, NEW.citation, NEW.link,
            NEW.approved_by_id)
    THEN
        RAISE EXCEPTION 'What is approved cannot be changed: take the approval back first.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER append_only ON compliance_provision;
CREATE TRIGGER keep_provision BEFORE UPDATE OR DELETE ON compliance_provision
    FOR EACH ROW EXECUTE FUNCTION keep_provision()
"""
PROVISION_BACK = """
DROP TRIGGER keep_provision ON compliance_provision;
DROP FUNCTION keep_provision();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON compliance_provision
    FOR EACH ROW WHEN (OLD.issued_at IS NOT NULL) EXECUTE FUNCTION refuse_change()
"""
# Two steps from one day would give that day two thresholds. A day has one spelling, else it would be two texts.
STEPS = r"""
CREATE FUNCTION steps_apart(rule jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(rule->'steps') = 'array' THEN (
        SELECT count(*) = count(DISTINCT step->>'from') FILTER (WHERE step->>'from' ~ '^\d{4}-\d{2}-\d{2}$')
        FROM jsonb_array_elements(rule->'steps') step
    ) ELSE false END
$$;
ALTER TABLE compliance_provision ADD CONSTRAINT provision_steps_apart CHECK (steps_apart(rule))
"""
STEPS_BACK = """
ALTER TABLE compliance_provision DROP CONSTRAINT provision_steps_apart;
DROP FUNCTION steps_apart(jsonb)
"""
# Answered or withdrawn, once.
REQUEST = """
CREATE FUNCTION keep_exemption_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.answered_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
       OR (OLD.centre_id, OLD.mandate_id, OLD.from_on, OLD.to_on, OLD.threshold, OLD.reason, OLD.asked_by_id,
           OLD.asked_at)
          IS DISTINCT FROM
          (NEW.centre_id, NEW.mandate_id, NEW.from_on, NEW.to_on, NEW.threshold, NEW.reason, NEW.asked_by_id,
           NEW.asked_at)
    THEN
        RAISE EXCEPTION 'A request stays as it was asked, and its answer as it was given.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_exemption_request BEFORE UPDATE OR DELETE ON compliance_exemptionrequest
    FOR EACH ROW EXECUTE FUNCTION keep_exemption_request()
"""
REQUEST_BACK = """
DROP TRIGGER keep_exemption_request ON compliance_exemptionrequest;
DROP FUNCTION keep_exemption_request()
"""
# What was seen stays; that it is gone, or was dismissed, is added once.
MOVEMENT = """
CREATE FUNCTION keep_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.dismissed_at IS NOT NULL AND
        (OLD.dismissed_at, OLD.dismissed_by_id, OLD.dismissal_reason)
        IS DISTINCT FROM (NEW.dismissed_at, NEW.dismissed_by_id, NEW.dismissal_reason))
       OR (OLD.centre_id, OLD.period_id, OLD.kind, OLD.evidence, OLD.digest, OLD.found_at)
          IS DISTINCT FROM (NEW.centre_id, NEW.period_id, NEW.kind, NEW.evidence, NEW.digest, NEW.found_at)
    THEN
        RAISE EXCEPTION 'A movement stays as it was found, and its dismissal as it was given.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_movement BEFORE UPDATE OR DELETE ON compliance_movement
    FOR EACH ROW EXECUTE FUNCTION keep_movement()
"""
MOVEMENT_BACK = "DROP TRIGGER keep_movement ON compliance_movement; DROP FUNCTION keep_movement()"
APPENDED = ("compliance_handdecision", "compliance_outcomechange", "compliance_determinationrun")


class Migration(migrations.Migration):
    dependencies = [("compliance", "0008_constrain_the_way"), ("centres", "0004_append_only_records")]

    operations = [
        migrations.RunSQL(PROVISION, PROVISION_BACK),
        migrations.RunSQL(STEPS, STEPS_BACK),
        migrations.RunSQL(REQUEST, REQUEST_BACK),
        migrations.RunSQL(MOVEMENT, MOVEMENT_BACK),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
                f"DROP TRIGGER append_only ON {table}",
            )
            for table in APPENDED
        ),
    ]
