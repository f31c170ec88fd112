"""Whether a submission is there already is asked of all of them, and not of those that whoever adds lines is shown."""

from django.db import migrations

from accounts.wall.definers import checks_past_the_wall


class Migration(migrations.Migration):
    dependencies = [("chips", "0011_when_a_claim_was_recorded"), ("accounts", "0009_second_wall")]

    operations = [checks_past_the_wall("keep_lines()")]
