"""The determinations that follow the end of filing are asked for once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0005_filing_terms'),
        ('compliance', '0004_append_only_determinations'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='determinationrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('cause', 'filing ended'), ('centre__isnull', True)), fields=('period',), name='determination_request_filing_ended_once'),
        ),
    ]
