"""The demonstration's prices say that they are invented, and plans rest on them."""

from datetime import date

import pytest
from django.core.management import call_command
from django.utils import timezone

from centres.models import Centre, Confidence
from chips.models import ChipModel, ChipRevision, Claim, Figure
from compliance.models import Outcome
from compliance.plan.cheapest import Limits
from compliance.plan.integers import Proof
from compliance.plan.offers import Typed, chips_of, offers_for
from compliance.plan.planning import plan
from compliance.plan.targets import inventory_of
from demonstration.inventory import END
from demonstration.market import Market
from demonstration.prices import adopt_prices
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db


def test_what_is_on_sale_has_a_price_that_says_it_is_invented_and_nothing_else_has_one(market: Market) -> None:
    count = adopt_prices(market, END)
    claims = Claim.objects.filter(figure=Figure.PRICE_CNY)
    assert claims.count() == count == claims.values("chip_model").distinct().count()
    assert set(claims.values_list("confidence", flat=True)) == {Confidence.ESTIMATED}
    assert all("invented" in source and "虚构" in source for source in claims.values_list("source", flat=True))
    sold = set(claims.values_list("chip_model__name", flat=True))
    assert {"Ascend 910B", "L20", "Kunpeng 920"} <= sold
    # No longer made, and no longer to be had.
    assert not {"Ascend 910", "H800", "H20"} & sold
    adopted = {
        key for revision in ChipRevision.objects.as_of(END, timezone.now()) for key in revision.claims
    }  # fmt: skip
    assert adopted >= set(claims.values_list("pk", flat=True))


def test_reference_data_alone_has_no_price_and_loading_it_again_changes_none(market: Market) -> None:
    assert not Claim.objects.filter(figure=Figure.PRICE_CNY).exists()
    adopt_prices(market, END)
    call_command("load_reference", verbosity=0)
    model = ChipModel.objects.get(name="Ascend 910B")
    chip = chips_of(END, timezone.now())[model.pk]
    assert chip.price is not None
    assert chip.price.value == "110000"


def test_a_centre_that_fails_has_a_plan_by_them(market: Market) -> None:
    adopt_prices(market, END)
    where: Centre = cast.centre()
    inventory(where, {"chip": "Ascend 910B", "quantity": 500}, {"chip": "H800", "quantity": 500})
    found = inventory_of(where)
    assert found is not None
    target = found.targets[0]
    assert target.answer["outcome"] == Outcome.NON_COMPLIANT
    chips = chips_of(END, timezone.now())
    offers = offers_for(target.document, chips.values(), today=date(2026, 1, 1), typed=Typed())
    made = plan(found, target, chips, offers, Limits())
    assert made.cheapest is not None
    assert made.cheapest.minimum.proof == Proof.LEAST
    # The rule counts memory by the piece: one module is the cheapest unit there is.
    assert made.mix is not None
    assert [(one.offer.line["chip"], one.units, one.cost) for one in made.mix.bought] == [("DDR5 RDIMM 64GB", 1, 1450)]
