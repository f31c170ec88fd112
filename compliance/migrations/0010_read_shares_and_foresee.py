"""Shares as they were read off inventories, the work of foreseeing, and what an outlook rests on.

No outlook was ever stored before, so that its provision needs no value for what stands.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0009_records_that_stay"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShareReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="centres.reportingperiod"
                    ),
                ),
                ("counting", models.CharField(max_length=64)),
                ("last_determination", models.BigIntegerField()),
                ("read_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("period", "counting"), name="share_reading_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CentreShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reading",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to="compliance.sharereading",
                    ),
                ),
                (
                    "centre",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="centres.centre"
                    ),
                ),
                ("low_part", models.DecimalField(decimal_places=0, max_digits=40)),
                ("low_whole", models.DecimalField(decimal_places=0, max_digits=40)),
                ("high_part", models.DecimalField(decimal_places=0, max_digits=40)),
                ("high_whole", models.DecimalField(decimal_places=0, max_digits=40)),
                ("added", models.JSONField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("reading", "centre"), name="centre_share_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutlookRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="centres.reportingperiod"
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("last_determination", models.BigIntegerField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.TextField(blank=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("made", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=("period",),
                        name="outlook_run_one_under_way",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="outlook",
            name="provision",
            field=models.ForeignKey(
                default=None,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="compliance.provision",
            ),
            preserve_default=False,
        ),
        migrations.AddField(model_name="outlook", name="falls_in", field=models.CharField(blank=True, max_length=6)),
        migrations.AddField(model_name="outlook", name="past", field=models.JSONField(default=list)),
        migrations.AddField(model_name="outlook", name="planned", field=models.JSONField(blank=True, null=True)),
        migrations.AddField(model_name="outlook", name="trend", field=models.JSONField(blank=True, null=True)),
        migrations.AddField(model_name="outlook", name="units_due", field=models.BigIntegerField(default=0)),
        migrations.AddField(model_name="outlook", name="units_without_day", field=models.BigIntegerField(default=0)),
        migrations.AddField(model_name="outlook", name="centres", field=models.JSONField(blank=True, null=True)),
        migrations.AddIndex(
            model_name="outlook",
            index=models.Index(
                fields=["period", "mandate", "step_from", "expected", "centre"], name="outlook_by_quarter"
            ),
        ),
        migrations.AddIndex(
            model_name="outlook", index=models.Index(fields=["centre", "-period"], name="outlook_of_centre")
        ),
    ]
