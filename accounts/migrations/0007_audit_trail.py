"""Events, their chain and its signed heads: only ever added to."""

import django.contrib.postgres.indexes
from django.db import migrations, models

KINDS = [
    ("insert", "added"), ("update", "changed"), ("delete", "removed"), ("truncate", "emptied"),
    ("sign-in", "signed in"), ("sign-out", "signed out"), ("sign-in-failed", "failed to sign in"),
    ("refused", "was refused"), ("download", "downloaded"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_accounts_within_what_is_seen")]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("sha256", models.CharField(max_length=64)),
                ("signed_at", models.CharField(max_length=32)),
                ("public_key", models.CharField(max_length=64)),
                ("signature", models.CharField(max_length=128)),
                ("oldest_xid", models.BigIntegerField()),
                ("cluster", models.BigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["signed_at"], name="audit_head_signed_at")]},
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("event_id", models.BigIntegerField(unique=True)),
                ("sha256", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("xid", models.BigIntegerField()),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("subject", models.CharField(blank=True, max_length=63)),
                ("key", models.TextField(blank=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("role", models.CharField(blank=True, max_length=20)),
                ("channel", models.CharField(blank=True, max_length=20)),
                ("address", models.TextField(blank=True)),
                ("place", models.TextField(blank=True)),
                ("request", models.TextField(blank=True)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["xid"], name="audit_event_xid"),
                    models.Index(fields=["subject", "key"], name="audit_event_record"),
                    models.Index(fields=["user_id"], name="audit_event_user"),
                    django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="audit_event_at"),
                ],
            },
        ),
    ]
