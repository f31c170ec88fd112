"""What determinations name is looked up by whoever may see it all, and not by the role that fills the table."""

from django.db import migrations

from accounts.wall.definers import checks_past_the_wall


class Migration(migrations.Migration):
    dependencies = [("compliance", "0019_notices_of_a_day"), ("accounts", "0009_second_wall")]

    operations = [
        checks_past_the_wall("check_determinations()"),
        checks_past_the_wall("keep_determined_period()"),
        # Who may tell PostgreSQL how large a table is may lock it as well: this does the one and not the other.
        migrations.RunSQL(
            """
            CREATE FUNCTION analyse_determined() RETURNS void LANGUAGE sql SECURITY DEFINER
            SET search_path = public, pg_temp AS $$
                ANALYZE compliance_determination, compliance_currentdetermination, compliance_stockrollup
            $$
            """,
            "DROP FUNCTION analyse_determined()",
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER added_only_by_register AFTER INSERT ON compliance_determination
            FOR EACH STATEMENT EXECUTE FUNCTION wall.only_by_register()
            """,
            "DROP TRIGGER added_only_by_register ON compliance_determination",
        ),
    ]
