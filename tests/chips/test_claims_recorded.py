"""Claims of before the register kept when they were recorded are given the instant by which they were surely there."""

from datetime import UTC, date, datetime
from importlib import import_module

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from chips.catalogue import adopt
from chips.models import ChipModel, Claim

pytestmark = pytest.mark.django_db
FILL: str = import_module("chips.migrations.0011_when_a_claim_was_recorded").FILL
LOADED = datetime(2024, 1, 1, tzinfo=UTC)


def test_what_was_adopted_or_came_with_the_reference_data_is_as_old_as_that() -> None:
    vendor = ChipModel.objects.get(name="H800").vendor
    model = ChipModel.objects.create(vendor=vendor, name="New", chip_class="accelerator", workload="mixed")
    model.revisions.create(from_on=date(1, 1, 1), recorded_at=LOADED, name="New", chip_class="accelerator", claims=[])

    def claim(value: str, read_on: date | None = None) -> Claim:
        return model.claims.create(
            figure="fp16_tflops", value=value, source="a test", confidence="reported", read_on=read_on
        )

    published, typed, adopted = claim("1"), claim("2", date(2023, 1, 1)), claim("3", date(2023, 1, 1))
    adopt(model=model, claims=[adopted], from_on=date(2024, 1, 1), decided_by="a regulator", reason="a test")
    first = adopted.adoptions.get().recorded_at
    now = timezone.now()
    with connection.cursor() as cursor:
        # As it is in a migration: nothing of this transaction is still to be checked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE chips_claim DISABLE TRIGGER append_only; UPDATE chips_claim SET recorded_at = %s", [now]
        )
        cursor.execute(FILL)
    filled = dict(model.claims.values_list("pk", "recorded_at"))
    assert filled == {published.pk: LOADED, typed.pk: now, adopted.pk: first}
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE chips_claim SET value = '9' WHERE id = %s", [published.pk])
