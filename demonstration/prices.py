"""Prices of chips, invented with the market: claims that say so, and that the demonstration alone adopts."""

from datetime import date

from centres.models import Confidence
from chips.catalogue import adopt
from chips.models import ChipModel, Claim, Figure
from demonstration.market import Market

SOURCE = "invented for the demonstration (虚构的演示价格): nobody published it"
_DECIDED_BY = "demonstration"


def adopt_prices(market: Market, day: date) -> int:
    """Claim and adopt, from `day` on, a price of every model on sale on it; returns their number."""
    prices = market.prices_on(day)
    models = {(model.vendor.name, model.name): model for model in ChipModel.objects.select_related("vendor")}
    for key, price in prices.items():
        claim = Claim.objects.create(
            chip_model=models[key],
            figure=Figure.PRICE_CNY,
            value=str(price),
            source=SOURCE,
            confidence=Confidence.ESTIMATED,
            read_on=day,
        )
        adopt(
            model=models[key], claims=[claim], from_on=day, decided_by=_DECIDED_BY, reason="so that plans have a price"
        )
    return len(prices)
