from django.db import migrations, models

KINDS = [
    ("made", "made"),
    ("link", "another link to a first password"),
    ("closed", "closed"),
    ("opened", "opened again"),
    ("factors", "second factors taken off"),
    ("sign-on", "sign-on by the other system taken off"),
    ("pseudonymised", "pseudonymised"),
]


class Migration(migrations.Migration):
    """Administrators take the sign-on by the other system off an account, too."""

    dependencies = [("accounts", "0010_administered_accounts")]

    operations = [
        migrations.AlterField("accountstep", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.RemoveConstraint("accountstep", "account_step_kind_known"),
        migrations.AddConstraint(
            "accountstep",
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind for kind, _label in KINDS]), name="account_step_kind_known"
            ),
        ),
    ]
