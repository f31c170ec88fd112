"""What 0007 filled is now required, and what it was filled from is gone."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("compliance", "0007_fill_the_way")]

    operations = [
        migrations.RemoveConstraint(
            model_name='determinationrequest',
            name='determination_request_filing_ended_once',
        ),
        migrations.RemoveField(
            model_name='determinationrequest',
            name='centre',
        ),
        migrations.AddConstraint(
            model_name='determinationrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('cause', 'filing ended'), ('centres__isnull', True)), fields=('period',), name='determination_request_filing_ended_once'),
        ),
        migrations.AddConstraint(
            model_name='exemption',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revocation_reason', ''), ('revoked_at__isnull', True), ('revoked_by__isnull', True), ('revoked_from_on__isnull', True)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False), ('revoked_from_on__isnull', False), models.Q(('revocation_reason', ''), _negated=True)), _connector='OR'), name='exemption_revoked_whole'),
        ),
    ]
