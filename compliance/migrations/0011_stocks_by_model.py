"""What stands in service by chip model and region, and which determinations tell two stories."""

from functools import partial

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan

KINDS = [
    ("intelligent", "intelligent computing centre"),
    ("supercomputing", "supercomputing centre"),
    ("general", "general data centre"),
]
OWNERSHIP = [
    ("central_soe", "central state-owned enterprise"),
    ("local_soe", "local state-owned enterprise"),
    ("private", "private"),
    ("foreign", "foreign-owned"),
    ("unknown", "not known"),
]
WORKLOADS = [
    ("training", "training"),
    ("inference", "inference"),
    ("mixed", "mixed"),
    ("unspecified", "unspecified"),
]
Key = partial(models.ForeignKey, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)


def key() -> tuple[str, models.Field]:
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def otherwise(measure: str) -> Q:
    domestic, foreign, unknown = (F(f"{measure}_{origin}") for origin in ("domestic", "foreign", "unknown"))
    under = Q(GreaterThan(foreign * 3, (domestic + unknown) * 7))
    over = Q(GreaterThan(domestic * 3, (foreign + unknown) * 7))
    return (Q(outcome="compliant") & under) | (Q(outcome="non_compliant") & over)


STORIES = otherwise("compute") | otherwise("units")


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0010_read_shares_and_foresee"),
        ("centres", "0004_append_only_records"),
        ("chips", "0010_price_and_export_control"),
    ]

    operations = [
        migrations.CreateModel(
            name="StockRollup",
            fields=[
                key(),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("ownership", models.CharField(choices=OWNERSHIP, max_length=20)),
                ("workload", models.CharField(choices=WORKLOADS, max_length=20)),
                ("units", models.BigIntegerField()),
                ("value", models.DecimalField(decimal_places=2, max_digits=40)),
                ("units_without_price", models.BigIntegerField()),
                ("chip_model", Key(to="chips.chipmodel")),
                ("period", Key(to="centres.reportingperiod")),
                ("region", Key(to="centres.region")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("period", "region", "kind", "ownership", "workload", "chip_model"),
                        name="stock_rollup_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(units__gte=0, value__gte=0, units_without_price__gte=0),
                        name="stock_rollup_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AcquisitionRollup",
            fields=[
                key(),
                ("months", models.JSONField()),
                ("chip_model", Key(to="chips.chipmodel")),
                ("period", Key(to="centres.reportingperiod")),
                ("region", Key(to="centres.region")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("period", "region", "chip_model"), name="acquisition_rollup_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SummedStock",
            fields=[
                key(),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("ownership", models.CharField(choices=OWNERSHIP, max_length=20)),
                ("centre", Key(to="centres.centre")),
                ("period", Key(to="centres.reportingperiod")),
                ("region", Key(to="centres.region")),
                ("submission", Key(to="chips.submission")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("period", "centre"), name="summed_stock_once")],
            },
        ),
        migrations.AddIndex(
            model_name="determination",
            index=models.Index(fields=["period", "provision"], condition=STORIES, name="determination_stories"),
        ),
    ]
