"""What a short series leads to, with answers worked out by hand, and intervals that hold as often as they say."""

from math import exp, log, sqrt
from random import Random

import pytest

from compliance.outlook.backtest import tried
from compliance.outlook.foresee import trend_band
from compliance.outlook.trend import HELD_OF_TEN, LEAST_ERRORS, LEAST_POINTS, fit, odds_of, slope_of, spread_of
from compliance.outlook.weights import Stock, Weights


def share(odds: float) -> float:
    return 1 / (1 + exp(-odds))


def test_the_slope_is_the_median_of_all_pairs_so_that_one_odd_quarter_moves_nothing() -> None:
    curve = [(quarter, -1 + 0.2 * quarter) for quarter in range(8)]
    assert slope_of(curve) == pytest.approx(0.2)
    curve[5] = (5, 4.0)
    assert slope_of(curve) == pytest.approx(0.2)
    # The six slopes are 1, 3/2, 5/3, 2, 2, 2: the middle lies between 5/3 and 2.
    assert slope_of([(0, 0), (1, 1), (2, 3), (3, 5)]) == pytest.approx((5 / 3 + 2) / 2)


def test_a_missing_quarter_stretches_no_slope() -> None:
    assert slope_of([(0, 0.0), (1, 0.2), (4, 0.8), (5, 1.0)]) == pytest.approx(0.2)


def test_the_slope_is_damped_by_a_fifth_with_each_quarter() -> None:
    seen = fit([(quarter, share(-1 + 0.2 * quarter)) for quarter in range(6)], 5)
    assert seen is not None
    # From log-odds 0, a share of a half: 0.2 × 0.8, then 0.2 × (0.8 + 0.64).
    assert seen.odds_in(1) == pytest.approx(0.16)
    assert seen.odds_in(2) == pytest.approx(0.288)
    assert seen.change_in(2) == pytest.approx(share(0.288) - 0.5)


@pytest.mark.parametrize(("points", "is_known"), [(LEAST_POINTS - 1, False), (LEAST_POINTS, True)])
def test_of_fewer_points_than_four_nothing_is_said(points: int, is_known: bool) -> None:
    series = [(quarter, 0.3) for quarter in range(points)]
    assert (fit(series, points - 1) is not None) is is_known


@pytest.mark.parametrize(("gap", "is_known"), [(0, True), (2, True), (3, False)])
def test_what_was_reported_too_long_ago_is_not_carried_forward(gap: int, is_known: bool) -> None:
    assert (fit([(quarter, 0.3) for quarter in range(5)], 4 + gap) is not None) is is_known


def test_only_the_last_eight_quarters_speak() -> None:
    old = [(quarter, 0.01) for quarter in range(4)]
    recent = [(quarter, 0.3) for quarter in range(4, 12)]
    seen = fit([*old, *recent], 11)
    assert seen is not None
    assert seen.slope == 0


def test_a_share_that_never_moved_stays_just_what_it_is() -> None:
    seen = fit([(quarter, 1.0) for quarter in range(4)], 3)
    assert seen is not None
    assert seen.change_in(8) == 0.0


def test_the_interval_is_a_quantile_of_past_errors() -> None:
    errors = [0.1 * number for number in range(1, LEAST_ERRORS + 1)]
    spread = spread_of({1: errors, 2: [0.05] * LEAST_ERRORS})
    assert spread is not None
    # Of ten the ninth: ⌈(10 + 1) × 0.8⌉. Two quarters ahead it narrows not, and three ahead nothing was tried.
    assert spread[:3] == pytest.approx([0.0, 0.9, 0.9])
    assert spread[3] == pytest.approx(0.9 * sqrt(3 / 2))


def test_of_fewer_than_ten_errors_no_interval_is_made() -> None:
    assert spread_of({1: [0.1] * (LEAST_ERRORS - 1)}) is None


def test_no_band_leaves_what_a_share_can_be() -> None:
    seen = fit([(quarter, 0.9 + 0.03 * quarter) for quarter in range(4)], 3)
    assert seen is not None
    band = trend_band(0.99, 0.99, seen, [0.0, *[9.0] * 10], 8)
    assert 0 <= band.low <= band.expected <= band.high <= 1


def walks(count: int, quarters: int, seed: int) -> dict[int, list[float]]:
    """Log-odds that go on by a trend of their own and by chance."""
    random = Random(seed)
    found: dict[int, list[float]] = {}
    for key in range(count):
        odds, drift = random.gauss(-0.5, 1), random.gauss(0.08, 0.05)
        found[key] = []
        for _ in range(quarters):
            odds += drift + random.gauss(0, 0.12)
            found[key].append(odds)
    return found


def stock(odds: float) -> Stock:
    part, whole = round(1_000_000 * share(odds)), 1_000_000
    return Stock(Weights(part, whole, part, whole))


def test_intervals_hold_what_comes_about_as_often_as_they_say() -> None:
    base = 11
    series = walks(400, base + 1 + 4, seed=7)
    stocks = {key: {quarter: stock(odds[quarter]) for quarter in range(base + 1)} for key, odds in series.items()}
    taught = tried(stocks, base, among=stocks, many=False)
    spread = taught.spreads[base]
    assert spread is not None
    for ahead in (1, 2, 3, 4):
        held = 0
        for key, odds in series.items():
            known = stocks[key][base].weights.low
            assert known is not None
            band = trend_band(known, known, taught.fits[key], spread, ahead)
            held += band.low <= share(odds[base + ahead]) <= band.high
        assert held / len(series) >= HELD_OF_TEN / 10 - 0.05, ahead


def test_back_tests_tell_how_often_intervals_held_without_having_seen_what_came() -> None:
    base = 11
    series = walks(400, base + 1, seed=11)
    stocks = {key: {quarter: stock(odds[quarter]) for quarter in range(base + 1)} for key, odds in series.items()}
    misses = [miss for found in tried(stocks, base, among=stocks, many=False).misses.values() for miss in found]
    for ahead in (1, 2, 3, 4):
        some = [miss for miss in misses if miss.ahead == ahead]
        assert len(some) > 400
        assert 0.7 <= sum(miss.is_within for miss in some) / len(some) <= 0.9, ahead


def test_log_odds_have_an_end_for_shares_of_nothing_and_all() -> None:
    assert odds_of(0.0) == pytest.approx(log(0.005 / 0.995))
    assert odds_of(1.0) == pytest.approx(-odds_of(0.0))
