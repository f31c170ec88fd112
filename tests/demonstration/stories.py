"""Countries for the tests, small and made in memory."""

from demonstration.country import Centre, country
from demonstration.market import Market


def story(market: Market, *, centres: int, quarters: int = 1, seed: int = 1) -> list[Centre]:
    return list(country(seed=seed, centres=centres, quarters=quarters, market=market))
