"""Until when is filed for a period: decided for a reason, and never edited."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0004_append_only_records'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FilingTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField(verbose_name='due on')),
                ('locks_on', models.DateField(blank=True, null=True, verbose_name='locks after')),
                ('is_exempt', models.BooleanField(default=False, verbose_name='nothing is expected')),
                ('reason', models.TextField(verbose_name='reason')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded at')),
                ('centre', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='centres.centre')),
                ('period', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='centres.reportingperiod')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['period_id', 'recorded_at', 'pk'],
                'indexes': [models.Index(fields=['period', 'centre', '-recorded_at', '-id'], name='filing_term_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('locks_on__isnull', True), ('locks_on__gte', models.F('due_on')), _connector='OR'), name='filing_term_locks_after_due'), models.CheckConstraint(condition=models.Q(('is_exempt', False), ('centre__isnull', False), _connector='OR'), name='filing_term_exempts_one_centre'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='filing_term_has_reason')],
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON centres_filingterm "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            "DROP TRIGGER append_only ON centres_filingterm",
        ),
    ]
