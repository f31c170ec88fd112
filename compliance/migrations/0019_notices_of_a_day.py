"""A notice says on which day an exemption ends: of one that is revoked people are told anew."""

from django.db import migrations, models

FILL = """
UPDATE compliance_exemptionnotice notice SET ends_on = LEAST(exemption.to_on, exemption.revoked_from_on - 1)
FROM compliance_exemption exemption WHERE exemption.id = notice.exemption_id
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0018_outlooks_of_exempt_centres")]

    operations = [
        migrations.AddField("exemptionnotice", "ends_on", models.DateField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("exemptionnotice", "ends_on", models.DateField()),
        migrations.RemoveConstraint("exemptionnotice", "exemption_notice_once"),
        migrations.AddConstraint(
            "exemptionnotice",
            models.UniqueConstraint(
                fields=["exemption", "user", "ends_on", "days_before"], name="exemption_notice_once"
            ),
        ),
    ]
