"""What ships is there for every test, whichever ran before it."""

import pytest
from django.core.management import CommandError, call_command
from django.core.serializers import serialize

from centres.models import Centre, CentreRecord, Region, ReportingPeriod
from chips.models import Alias, ChipModel, ChipRevision, Claim, MarketTotal, Vendor
from compliance.models import Mandate, Provision
from tests import cast

KEPT = (
    Region, Centre, CentreRecord, ReportingPeriod, Vendor, ChipModel, Alias, Claim, ChipRevision, MarketTotal, Mandate,
    Provision,
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_what_ships_comes_back_under_its_keys_after_the_tables_were_emptied() -> None:
    before = [serialize("json", model.objects.order_by("pk")) for model in KEPT]
    assert all(rows != "[]" for rows in before)
    cast.centre("SH-01")
    Region.objects.filter(code="31").update(name_en="Elsewhere")
    MarketTotal.objects.all().delete()
    # As at the end of this test.
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
    assert [serialize("json", model.objects.order_by("pk")) for model in KEPT] == before
    # What is added afterwards gets a key that is free.
    assert cast.centre().records.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_flush_begins_the_keys_anew() -> None:
    with pytest.raises(CommandError) as refused:
        call_command("flush", interactive=False, verbosity=0)
    assert "reset_sequences=False" in str(refused.value.__cause__)
