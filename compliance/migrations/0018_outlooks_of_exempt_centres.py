"""Who is exempt is foreseen as exempt. What was made before does not say it: the latest are made anew by the sweep."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('compliance', '0017_exemptions_granted_by_another'),
    ]

    operations = [
        migrations.AddField(
            model_name='outlook',
            name='is_exempt',
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL("DELETE FROM compliance_outlookrun WHERE done_at IS NOT NULL", migrations.RunSQL.noop),
    ]
