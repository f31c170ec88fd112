"""What determinations name is checked for all rows of a statement at once, and stays; a run begins once.

Seven foreign keys, checked row by row, took most of the time in which a country is stored, and let a determination
name another centre's inventory, or a draft of a provision.
"""

from django.db import migrations

# A plan is kept for as long as a connection is: by indexes, it suits one row and a hundred thousand.
CHECK = """
CREATE FUNCTION check_determinations() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    wrong record;
BEGIN
    SELECT added.id, added.centre_id, added.provision_id, added.period_id INTO wrong
    FROM added
    LEFT JOIN centres_centrerecord record ON record.id = added.centre_record_id
    LEFT JOIN compliance_provision provision ON provision.id = added.provision_id
    LEFT JOIN centres_reportingperiod period ON period.code = added.period_id
    LEFT JOIN chips_submission submission ON submission.id = added.submission_id
    LEFT JOIN compliance_handdecision decision ON decision.id = added.hand_decision_id
    LEFT JOIN compliance_determinationrun run ON run.id = added.run_id
    WHERE record.centre_id IS DISTINCT FROM added.centre_id
       OR provision.issued_at IS NULL
       OR period.code IS NULL
       OR (added.submission_id IS NOT NULL
           AND ((submission.centre_id, submission.period_id) IS DISTINCT FROM (added.centre_id, added.period_id)
                OR submission.decided_at IS NULL))
       OR (added.hand_decision_id IS NOT NULL AND (decision.centre_id, decision.provision_id)
           IS DISTINCT FROM (added.centre_id, added.provision_id))
       OR (added.run_id IS NOT NULL AND run.id IS NULL)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'A determination of centre %, provision % and period % names what is not there or not theirs.',
            wrong.centre_id, wrong.provision_id, wrong.period_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER check_determinations AFTER INSERT ON compliance_determination
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_determinations()
"""
CHECK_BACK = """
DROP TRIGGER check_determinations ON compliance_determination;
DROP FUNCTION check_determinations()
"""
# Records, provisions, inventories, decisions and runs are kept by triggers of their own; a centre by its records.
PERIOD = """
CREATE FUNCTION keep_determined_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM compliance_determination WHERE period_id = OLD.code) THEN
        RAISE EXCEPTION 'Period % stays: centres were determined for it.', OLD.code
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_determined_period BEFORE DELETE ON centres_reportingperiod
    FOR EACH ROW EXECUTE FUNCTION keep_determined_period()
"""
PERIOD_BACK = """
DROP TRIGGER keep_determined_period ON centres_reportingperiod;
DROP FUNCTION keep_determined_period()
"""
# A run begins once, and nothing else of it changes.
RUN = """
CREATE FUNCTION keep_determination_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.began_at IS NOT NULL
       OR (OLD.cause, OLD.subject, OLD.requested_by_id, OLD.requested_at)
          IS DISTINCT FROM (NEW.cause, NEW.subject, NEW.requested_by_id, NEW.requested_at)
    THEN
        RAISE EXCEPTION 'A run stays as it was asked for, and begins once.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER append_only ON compliance_determinationrun;
CREATE TRIGGER keep_determination_run BEFORE UPDATE OR DELETE ON compliance_determinationrun
    FOR EACH ROW EXECUTE FUNCTION keep_determination_run()
"""
RUN_BACK = """
DROP TRIGGER keep_determination_run ON compliance_determinationrun;
DROP FUNCTION keep_determination_run();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON compliance_determinationrun
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0013_fill_what_was_counted"), ("chips", "0005_append_only_records")]

    operations = [
        migrations.RunSQL(CHECK, CHECK_BACK),
        migrations.RunSQL(PERIOD, PERIOD_BACK),
        migrations.RunSQL(RUN, RUN_BACK),
    ]
