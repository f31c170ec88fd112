"""Who files adds no line and decides nothing, whatever SQL is said in their name.

Whether a submission is there already is asked of all of them, and not of those that whoever adds lines is shown.
"""

from django.db import migrations

from accounts.wall.definers import checks_past_the_wall


class Migration(migrations.Migration):
    dependencies = [("chips", "0011_when_a_claim_was_recorded"), ("accounts", "0009_second_wall")]

    operations = [
        checks_past_the_wall("keep_lines()"),
        migrations.RunSQL(
            """
            CREATE TRIGGER added_only_by_register AFTER INSERT ON chips_inventoryline
            FOR EACH STATEMENT EXECUTE FUNCTION wall.only_by_register();
            CREATE TRIGGER keep_decisions BEFORE INSERT OR UPDATE ON chips_submission
            FOR EACH ROW EXECUTE FUNCTION wall.keep_decisions('decided_by_id', 'decided_at', 'decision_comment');
            CREATE TRIGGER keep_decisions BEFORE INSERT OR UPDATE ON chips_openingrequest
            FOR EACH ROW EXECUTE FUNCTION wall.keep_decisions('answered_by_id', 'answered_at', 'granted')
            """,
            """
            DROP TRIGGER keep_decisions ON chips_openingrequest;
            DROP TRIGGER keep_decisions ON chips_submission;
            DROP TRIGGER added_only_by_register ON chips_inventoryline
            """,
        ),
    ]
