"""What the determinations of a centre name alike is looked up once for all of them."""

from django.db import migrations

from accounts.wall.definers import replaced_past_the_wall

_HEAD = """
CREATE OR REPLACE FUNCTION check_determinations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET search_path = public, pg_temp AS $$
DECLARE
    wrong record;
BEGIN
"""
_TAIL = """
    IF FOUND THEN
        RAISE EXCEPTION 'A determination of centre %, provision % and period % names what is not there or not theirs.',
            wrong.centre_id, wrong.provision_id, wrong.period_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$
"""
# A plan is kept for as long as a connection is: by indexes, it suits one row and a hundred thousand.
CHECK = """
    WITH of_centre AS (
        SELECT centre_id, period_id, centre_record_id, submission_id, min(provision_id) AS provision_id
        FROM added GROUP BY centre_id, period_id, centre_record_id, submission_id
    ), of_provision AS (
        SELECT provision_id, period_id, hand_decision_id, run_id,
               min(centre_id) AS centre_id, max(centre_id) AS last_centre_id
        FROM added GROUP BY provision_id, period_id, hand_decision_id, run_id
    )
    SELECT named.centre_id, named.provision_id, named.period_id INTO wrong
    FROM of_centre named
    LEFT JOIN centres_centrerecord record ON record.id = named.centre_record_id
    LEFT JOIN chips_submission submission ON submission.id = named.submission_id
    WHERE record.centre_id IS DISTINCT FROM named.centre_id
       OR (named.submission_id IS NOT NULL
           AND ((submission.centre_id, submission.period_id) IS DISTINCT FROM (named.centre_id, named.period_id)
                OR submission.decided_at IS NULL))
    UNION ALL
    SELECT named.centre_id, named.provision_id, named.period_id
    FROM of_provision named
    LEFT JOIN compliance_provision provision ON provision.id = named.provision_id
    LEFT JOIN centres_reportingperiod period ON period.code = named.period_id
    LEFT JOIN compliance_handdecision decision ON decision.id = named.hand_decision_id
    LEFT JOIN compliance_determinationrun run ON run.id = named.run_id
    WHERE provision.issued_at IS NULL
       OR period.code IS NULL
       OR (named.hand_decision_id IS NOT NULL AND (decision.centre_id, decision.centre_id, decision.provision_id)
           IS DISTINCT FROM (named.centre_id, named.last_centre_id, named.provision_id))
       OR (named.run_id IS NOT NULL AND run.id IS NULL)
    LIMIT 1;
"""
# As in `0014_check_in_sets`.
BEFORE = """
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
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0021_answers_as_written")]

    operations = [replaced_past_the_wall(_HEAD + CHECK + _TAIL, _HEAD + BEFORE + _TAIL)]
