"""What the synthetic country tells: the same for the same seed, and the story of the years 2023 to 2025."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from stdnum.cn import uscc

from centres.models import Ownership
from chips.models import ChipClass, LineStatus, SubmissionStatus, Workload
from demonstration.country import Centre, TooManyQuarters, quarters_until_the_end
from demonstration.inventory import END, Line, counted, inventory
from demonstration.market import CONTROLS_2022, CONTROLS_2023, CONTROLS_2025, Market, UnknownModel
from tests.demonstration.stories import story

pytestmark = pytest.mark.django_db


def share(centres: list[Centre], day: date, market: Market, *, workload: str | None = None) -> Fraction:
    """The domestic share of the accelerators in service on `day`, by units."""
    units: Counter[bool] = Counter()
    for centre in centres:
        for line in inventory(centre.holdings, day):
            chip = market.chips[line.chip]
            is_meant = line.status == LineStatus.IN_SERVICE and chip.chip_class == ChipClass.ACCELERATOR
            if is_meant and workload in (None, line.workload):
                units[chip.domestic] += line.quantity
    return Fraction(units[True], units.total())


def compute_share(centres: list[Centre], market: Market) -> Fraction:
    compute: Counter[bool] = Counter()
    for centre in centres:
        for line in inventory(centre.holdings, END):
            chip = market.chips[line.chip]
            if line.status == LineStatus.IN_SERVICE:
                compute[chip.domestic] += int(line.quantity * (chip.compute or 0))
    return Fraction(compute[True], compute.total())


def told(centres: list[Centre]) -> list[object]:
    return [
        (c.code, c.name_zh, c.operator.name_zh, c.operator.uscc, c.kind, c.holdings, c.records, c.filings)
        for c in centres
    ]  # fmt: skip


def test_the_same_seed_tells_the_same_and_another_seed_something_else(market: Market) -> None:
    once, again = (told(story(market, centres=40, quarters=3)) for _ in range(2))
    assert once == again
    assert once != told(story(market, centres=40, quarters=3, seed=2))


def test_more_centres_and_more_quarters_only_add_to_what_was_told(market: Market) -> None:
    few, many = story(market, centres=30, quarters=1), story(market, centres=60, quarters=4)
    for small, large in zip(few, many, strict=False):
        assert (small.code, small.holdings, small.records) == (large.code, large.holdings, large.records)
        assert small.filings == [filing for filing in large.filings if filing.period == "2025Q4"]


def test_quarters_end_with_the_last_of_2025_and_no_more_are_told_than_there_are() -> None:
    assert [p.code for p in quarters_until_the_end(2)] == ["2025Q3", "2025Q4"]
    assert quarters_until_the_end(12)[0].code == "2023Q1"
    for count in (0, 13):
        with pytest.raises(TooManyQuarters, match="1 to 12"):
            quarters_until_the_end(count)


def test_the_domestic_share_rises_every_quarter_from_a_tenth_to_over_half(market: Market) -> None:
    centres = story(market, centres=500)
    shares = [share(centres, period.ends_on, market) for period in quarters_until_the_end(12)]
    assert all(earlier < later for earlier, later in pairwise(shares))
    assert Fraction(8, 100) < shares[0] < Fraction(14, 100)
    assert Fraction(50, 100) < shares[-1] < Fraction(57, 100)


def test_by_compute_the_share_is_lower_and_inference_is_ahead_of_training(market: Market) -> None:
    centres = story(market, centres=500)
    assert compute_share(centres, market) < share(centres, END, market) - Fraction(10, 100)
    training, inference = (
        share(centres, END, market, workload=workload) for workload in (Workload.TRAINING, Workload.INFERENCE)
    )
    assert training < Fraction(45, 100) < Fraction(60, 100) < inference


def test_inner_mongolia_and_guangdong_have_the_most_centres_and_three_regions_none(market: Market) -> None:
    regions = Counter(centre.city.region_code[:2] for centre in story(market, centres=500))
    assert {code for code, _ in regions.most_common(2)} == {"15", "44"}
    assert not regions.keys() & {"71", "81", "82"}


def test_operators_are_of_every_kind_and_have_valid_codes_that_nobody_was_given(market: Market) -> None:
    centres = story(market, centres=500)
    held = Counter(centre.operator.ownership for centre in centres)
    for ownership, percent in ((Ownership.LOCAL_SOE, 45), (Ownership.CENTRAL_SOE, 20), (Ownership.PRIVATE, 33)):
        assert abs(held[ownership] - 5 * percent) < 30
    assert held[Ownership.FOREIGN]
    operators = {centre.operator for centre in centres}
    assert len({operator.uscc for operator in operators}) == len({o.name_zh for o in operators}) == len(operators)
    assert all(uscc.is_valid(operator.uscc) and operator.uscc[8] == "Y" for operator in operators)
    assert len({centre.code for centre in centres}) == 500


def test_nothing_is_bought_before_it_was_launched_or_after_it_was_barred(market: Market) -> None:
    barred = {"A100 80GB": CONTROLS_2022, "H100": CONTROLS_2022, "A800 80GB": CONTROLS_2023, "H800": CONTROLS_2023}
    barred |= {"H20": CONTROLS_2025, "Instinct MI308X": CONTROLS_2025}
    seen = set()
    for centre in story(market, centres=300):
        for holding in centre.holdings:
            chip = market.chips[holding.line.chip]
            assert chip.launched_on is None or chip.launched_on <= holding.acquired_on
            if chip.name in barred:
                seen.add(chip.name)
                assert holding.acquired_on <= barred[chip.name], (centre.code, holding)
    assert seen == barred.keys()


def standing(lines: list[Line], *statuses: str) -> Counter[tuple[object, ...]]:
    return Counter((line.chip, line.quantity, line.acquired_on, line.note) for line in lines if line.status in statuses)


def test_what_stands_in_a_centre_follows_from_the_quarter_before(market: Market) -> None:
    there = (LineStatus.IN_SERVICE, LineStatus.INSTALLING, LineStatus.SPARE)
    for centre in story(market, centres=60):
        for before, after in pairwise(quarters_until_the_end(8)):
            earlier, later = (inventory(centre.holdings, period.ends_on) for period in (before, after))
            missing = standing(earlier, *there) - standing(later, *there)
            assert missing <= standing(later, LineStatus.RETIRED)


def test_half_of_a_thousand_units_is_domestic_in_just_one_centre_in_shanghai(market: Market) -> None:
    centres = story(market, centres=500)
    half = [centre for centre in centres if counted(centre.holdings, END, market) == (500, 1000)]
    assert [(c.city.region_code, c.kind, c.operator.ownership) for c in half] == [
        ("3101", "intelligent", "local_soe")
    ]  # fmt: skip


def test_filings_fall_into_the_time_after_their_quarter_and_are_decided_afterwards(market: Market) -> None:
    ends = {period.code: period.ends_on for period in quarters_until_the_end(4)}
    statuses: Counter[str] = Counter()
    for centre in story(market, centres=300, quarters=4):
        decided_at = None
        for filing in centre.filings:
            statuses[filing.status] += 1
            assert ends[filing.period] < filing.created_at.date() <= ends[filing.period] + timedelta(days=60)
            assert filing.created_at < filing.submitted_at
            assert filing.decided_at is None or filing.submitted_at < filing.decided_at
            if filing.version == 2:
                assert decided_at is not None
                assert filing.created_at > decided_at
            decided_at = filing.decided_at
    assert set(statuses) == {SubmissionStatus.ACCEPTED, SubmissionStatus.SUBMITTED, SubmissionStatus.RETURNED}


def test_a_catalogue_that_lacks_a_model_is_named(market: Market) -> None:
    chips = {key: chip for key, chip in market.chips.items() if chip.name != "H20"}
    with pytest.raises(UnknownModel, match="Nvidia H20 is not in the catalogue"):
        Market(chips)
