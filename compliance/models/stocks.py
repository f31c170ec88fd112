"""What stands in service by chip model, summed by region: what second looks at a share are made of.

These tables are only ever written out of the register's own rows, by `compliance/look_rollups.py` and
`compliance/acquisitions.py`: no key of theirs is checked row by row, so that a whole country is summed in a moment.
"""

from __future__ import annotations

from functools import partial

from django.db import models
from django.db.models import Q

from centres.models import Centre, CentreKind, OfCentreQuerySet, Ownership, Region, ReportingPeriod
from chips.models import ChipModel, Submission, Workload
from compliance.models.rollups import RollupQuerySet

_Key = partial(models.ForeignKey, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)


class StockRollup(models.Model):
    """The units of a chip model in service in a region's centres of one kind and ownership, for one workload.

    It names models and not what is known of them: origin, computing power and export control are read from the
    catalogue by whoever asks, so that a corrected figure shows at once.
    """

    period = _Key(ReportingPeriod)
    region = _Key(Region)
    kind = models.CharField(max_length=20, choices=CentreKind.choices)
    ownership = models.CharField(max_length=20, choices=Ownership.choices)
    workload = models.CharField(max_length=20, choices=Workload.choices)
    chip_model = _Key(ChipModel)
    units = models.BigIntegerField()
    # CNY of the units whose price was reported, and how many have none.
    value = models.DecimalField(max_digits=40, decimal_places=2)
    units_without_price = models.BigIntegerField()

    objects = RollupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "region", "kind", "ownership", "workload", "chip_model"], name="stock_rollup_once"
            ),
            models.CheckConstraint(
                condition=Q(units__gte=0, value__gte=0, units_without_price__gte=0), name="stock_rollup_not_negative"
            ),
        ]


class AcquisitionRollup(models.Model):
    """In which months the units of a chip model that are in service in a region were acquired."""

    period = _Key(ReportingPeriod)
    region = _Key(Region)
    chip_model = _Key(ChipModel)
    # Units by month, such as {"2024-03": 17}; of those of which it is not known under "". One row and not one a month:
    # a whole country is written in a moment.
    months = models.JSONField()

    objects = RollupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["period", "region", "chip_model"], name="acquisition_rollup_once"),
        ]


class SummedStock(models.Model):
    """Which inventory of a centre is in the sums of a period, and where: what is taken out of them when another takes
    its place."""

    period = _Key(ReportingPeriod)
    centre = _Key(Centre)
    submission = _Key(Submission)
    region = _Key(Region)
    kind = models.CharField(max_length=20, choices=CentreKind.choices)
    ownership = models.CharField(max_length=20, choices=Ownership.choices)

    objects = OfCentreQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["period", "centre"], name="summed_stock_once")]
