"""Outlooks out of a register: whose, by which step, out of what, and how wrong those before were."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from centres.models import Centre, CentreRecord
from chips.models import ChipModel
from compliance.determine import determine
from compliance.exemptions import propose, revoke
from compliance.models import (
    CentreShare,
    CurrentDetermination,
    Exemption,
    HandDecision,
    Mandate,
    Outlook,
    OutlookError,
    Provision,
)
from compliance.outlook.make import NothingToForesee, make_outlooks
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db

LAST = "2025Q4"
QUARTERS = ("2024Q3", "2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4")


def reported(where: Centre, shares: Sequence[int], until: str = LAST) -> None:
    """Inventories of ten cards for the quarters until `until`, of which so many are domestic."""
    ends = QUARTERS.index(until) + 1
    for code, domestic in zip(QUARTERS[ends - len(shares) : ends], shares, strict=True):
        cast.file(where, cast.period(code), ascend=domestic, h800=10 - domestic)


def country(count: int, shares: Sequence[int] = (5, 5, 5, 5, 5, 5), region: str = "3101", start: int = 1) -> None:
    for number in range(start, start + count):
        reported(cast.centre(f"SH-{number:02}", region_code=region), shares)


def issued(mandate: str, from_on: date, *steps: tuple[str, str], **changed: Any) -> Provision:
    """A provision that supersedes what the mandate asks for: the same rule, but for its steps and what is `changed`."""
    before = Provision.objects.filter(mandate__code=mandate).latest("from_on")
    now = timezone.now()
    told = [{"from": day, "comparator": "at_least", "threshold": threshold} for day, threshold in steps]
    return Provision.objects.create(
        mandate=before.mandate, from_on=from_on, recorded_at=now, issued_at=now, legal_text="as told",
        rule=before.rule | {"steps": told} | changed,
    )  # fmt: skip


def outlook(code: str, mandate: str = "SH-2023", **more: Any) -> Outlook:
    return Outlook.objects.get(centre__code=code, mandate__code=mandate, **more)


def test_what_is_planned_is_met_in_the_quarter_of_its_day() -> None:
    where = cast.centre()
    planned = {"chip": "Ascend 910B", "quantity": 2, "status": "planned", "acquired_on": date(2026, 8, 1)}
    inventory(where, {"chip": "Ascend 910B", "quantity": 4}, {"quantity": 6}, planned)
    make_outlooks(cast.period())
    found = outlook("SH-01")
    assert (found.basis, found.expected, found.earliest, found.latest) == ("planned", "2026Q3", "2026Q3", "2026Q3")
    assert found.past == [{"period": LAST, "low": "40.0000", "high": "40.0000"}]
    assert [point["expected"] for point in found.points[:4]] == ["40.0000", "40.0000", "50.0000", "50.0000"]
    assert found.units_due == 2
    # The nationwide rule asks for over half.
    assert outlook("SH-01", "CN-2025").expected == ""


def test_a_share_just_under_a_threshold_is_not_shown_as_having_reached_it() -> None:
    where = cast.centre()
    planned = {"chip": "Ascend 910B", "quantity": 1_999_999, "status": "planned", "acquired_on": date(2026, 2, 1)}
    inventory(where, {"chip": "Ascend 910B", "quantity": 4_000_000}, {"quantity": 6_000_000}, planned)
    make_outlooks(cast.period())
    found = outlook("SH-01")
    # 5,999,999 of 11,999,999 is less than half by less than can be shown.
    assert (found.points[0]["expected"], found.expected) == ("49.9999", "")


def test_a_trend_says_when_with_an_interval_of_what_past_outlooks_were_off() -> None:
    country(12, (1, 2, 2, 3, 3, 4))
    make_outlooks(cast.period())
    found = outlook("SH-01")
    assert found.basis == "trend"
    assert found.earliest <= found.expected
    lows, expected, highs = ([Decimal(point[which]) for point in found.points] for which in ("low", "expected", "high"))
    assert all(low <= middle <= high for low, middle, high in zip(lows, expected, highs, strict=True))
    assert expected == sorted(expected)
    assert found.planned is None


def test_with_too_few_quarters_nothing_is_guessed() -> None:
    country(12, (1, 2, 3))
    make_outlooks(cast.period())
    found = outlook("SH-01")
    assert (found.basis, found.expected, found.earliest, found.points, found.trend) == ("none", "", "", [], None)


def test_past_errors_are_told_as_they_were() -> None:
    # All stay at a half for five quarters and come to 60% in the last. The outlook from 2025Q3 had a past of no
    # error, so that its interval was as narrow as that: off by ten points, and held never.
    country(12, (5, 5, 5, 5, 5, 6))
    make_outlooks(cast.period())
    (error,) = OutlookError.objects.filter(mandate__code="SH-2023", scale="centre")
    assert (error.quarters_ahead, error.outlooks, error.within) == (1, 12, 0)
    assert error.median_error == error.greatest_error == Decimal(10)
    (country_error,) = OutlookError.objects.filter(mandate__code="SH-2023", scale="country")
    assert (country_error.outlooks, country_error.median_error) == (1, Decimal(10))


def test_what_held_is_told_too() -> None:
    country(11)
    reported(cast.centre("SH-99"), (5, 5, 5, 5, 5, 8))
    make_outlooks(cast.period())
    (error,) = OutlookError.objects.filter(mandate__code="SH-2023", scale="centre")
    assert (error.outlooks, error.within) == (12, 11)
    assert (error.median_error, error.greatest_error) == (Decimal(0), Decimal(30))


def test_before_its_first_step_is_in_force_a_rule_has_an_outlook() -> None:
    country(12, (1, 2), "3101")
    where = Centre.objects.get(code="SH-01")
    planned = {"chip": "Ascend 910B", "quantity": 6, "status": "planned", "acquired_on": date(2025, 1, 10)}
    inventory(where, {"chip": "Ascend 910B", "quantity": 4}, {"quantity": 10}, planned, quarter=cast.period("2024Q4"))
    determine(period=cast.period("2024Q4"), cause="test")
    make_outlooks(cast.period("2024Q4"))
    found = outlook("SH-01")
    assert (found.step_from, found.expected) == (date(2025, 1, 1), "2025Q1")


def test_each_step_to_come_is_foreseen_by_its_own_way_of_counting() -> None:
    where = cast.centre()
    planned = {"chip": "Ascend 910B", "quantity": 4, "status": "planned", "acquired_on": date(2026, 5, 1)}
    inventory(where, {"chip": "Ascend 910B", "quantity": 4}, {"quantity": 6}, planned)
    issued("SH-2023", date(2026, 7, 1), ("2026-07-01", "0.5"), metric="compute")
    make_outlooks(cast.period())
    in_force, to_come = Outlook.objects.filter(centre=where, mandate__code="SH-2023").order_by("step_from")
    assert (in_force.expected, in_force.past[0]["low"]) == ("2026Q2", "40.0000")
    # Ascend 910B 320, H800 989 TFLOPS: 1,280 of 7,214, then 2,560 of 8,494.
    assert (to_come.expected, to_come.past[0]["low"]) == ("", "17.7432")
    assert to_come.points[1]["expected"] == "30.1389"


def test_who_is_met_today_and_buys_foreign_cards_is_expected_to_fall() -> None:
    where = cast.centre()
    inventory(
        where, {"chip": "Ascend 910B", "quantity": 5}, {"quantity": 5},
        {"quantity": 1, "status": "installing", "acquired_on": date(2026, 2, 1)},
    )  # fmt: skip
    make_outlooks(cast.period())
    assert (outlook("SH-01").basis, outlook("SH-01").falls_in) == ("meets", "2026Q1")


def test_a_province_and_the_country_are_summed_by_share_and_by_centres() -> None:
    soon = {"chip": "Ascend 910B", "quantity": 2, "status": "planned", "acquired_on": date(2026, 1, 5)}
    inventory(cast.centre("SH-01"), {"chip": "Ascend 910B", "quantity": 4}, {"quantity": 6}, soon)
    inventory(cast.centre("SH-02"), {"chip": "Ascend 910B", "quantity": 9}, {"quantity": 1})
    inventory(cast.centre("GD-01", region_code="4401"), {"quantity": 20})
    cast.centre("SH-03")
    make_outlooks(cast.period())
    sums = {one.region_id: one for one in Outlook.objects.filter(centre=None, mandate__code="CN-2025")}
    assert sums["31"].past == [{"period": LAST, "low": "65.0000", "high": "65.0000"}]
    assert sums[None].past == [{"period": LAST, "low": "32.5000", "high": "32.5000"}]
    # 15 of 42 once what is planned has come; of 22 in Shanghai.
    assert sums[None].points[0]["expected"] == "35.7142"
    assert sums["31"].points[0]["expected"] == "68.1818"
    shanghai = sums["31"].centres
    assert shanghai is not None
    # Over half: 6 of 12 is not. Of the third nothing was reported; of two today's share and plans are known.
    assert (shanghai["asked"], shanghai["unknown"], shanghai["met"][0]) == (3, 1, [1, 1, 1])
    by_half = Outlook.objects.get(centre=None, region="31", mandate__code="SH-2023").centres
    assert by_half is not None
    assert by_half["met"][:2] == [[1, 1, 1], [1, 2, 2]]


def test_what_was_worked_out_for_a_centre_that_never_filed_is_in_no_sum_and_no_error() -> None:
    published = Centre.objects.get(code="SC-CD-01")
    CentreRecord.objects.create(
        centre=published, from_on=date(2024, 1, 1), recorded_at=timezone.now(), region_code="5101", kind="intelligent",
        ownership="local_soe", status="operating",
    )  # fmt: skip
    reported(published, (5, 5, 5, 5, 5, 9))
    make_outlooks(cast.period())
    assert outlook("SC-CD-01", "CN-2025").past[-1]["low"] == "90.0000"
    assert not Outlook.objects.filter(centre=None).exists()
    assert not OutlookError.objects.exists()


def test_who_did_not_report_for_a_quarter_is_summed_as_it_last_reported() -> None:
    reported(cast.centre("SH-01"), (5, 5, 5, 5), until="2025Q2")
    reported(cast.centre("SH-02"), (1, 1, 1, 1, 1))
    make_outlooks(cast.period())
    whole = Outlook.objects.get(centre=None, region=None, mandate__code="SH-2023")
    assert {point["period"]: point["low"] for point in whole.past}[LAST] == "30.0000"


def exempted(where: Centre, from_on: date, to_on: date, threshold: str | None = None) -> Exemption:
    return Exemption.objects.create(
        centre=where, mandate=Mandate.objects.get(code="SH-2023"), from_on=from_on, to_on=to_on, threshold=threshold,
        reason="a test", granted_by=cast.regulator(f"of {where.code}"), granted_at=timezone.now(), **cast.proposed(),
    )  # fmt: skip


def told(code: str) -> dict[str, Any]:
    """What the sum of a region counts under the rule of Shanghai."""
    counted = Outlook.objects.get(centre=None, region=code, mandate__code="SH-2023").centres
    assert counted is not None
    return counted


def test_who_is_exempt_in_a_quarter_is_counted_as_exempt_and_never_as_meeting_it() -> None:
    soon = {"chip": "Ascend 910B", "quantity": 2, "status": "planned", "acquired_on": date(2026, 1, 5)}
    for number, domestic in enumerate((6, 6, 4), start=1):
        inventory(cast.centre(f"SH-{number:02}"), {"chip": "Ascend 910B", "quantity": domestic}, {"quantity": 4}, soon)
    # Until the last day of 2026Q1, until the day before it; and of one of which nothing was reported.
    exempted(Centre.objects.get(code="SH-01"), date(2025, 7, 1), date(2026, 3, 31))
    exempted(Centre.objects.get(code="SH-02"), date(2025, 7, 1), date(2026, 3, 30))
    exempted(cast.centre("SH-04"), date(2025, 7, 1), date(2025, 12, 31))
    make_outlooks(cast.period())
    shanghai = told("31")
    assert shanghai["exempt"][:3] == [3, 1, 0]
    assert shanghai["met"][:3] == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]
    assert (shanghai["asked"], shanghai["unknown"]) == (4, 0)
    assert outlook("SH-01").is_exempt
    assert not outlook("SH-03").is_exempt


def test_a_lower_threshold_that_was_granted_is_what_the_centre_has_to_meet_while_it_holds() -> None:
    soon = {"chip": "Ascend 910B", "quantity": 1, "status": "planned", "acquired_on": date(2027, 11, 5)}
    for code in ("SH-01", "SH-02"):
        inventory(cast.centre(code), {"chip": "Ascend 910B", "quantity": 45}, {"quantity": 55}, soon)
    exempted(Centre.objects.get(code="SH-01"), date(2025, 7, 1), date(2026, 9, 30), "0.4")
    # More than the rule asks for is no more than it asks for.
    exempted(Centre.objects.get(code="SH-02"), date(2025, 7, 1), date(2026, 9, 30), "0.9")
    determine(period=cast.period(), cause="test")
    make_outlooks(cast.period())
    of_both = CurrentDetermination.objects.filter(mandate__code="SH-2023", centre__code__startswith="SH-0")
    outcomes = of_both.order_by("centre__code").values_list("outcome", flat=True)
    assert list(outcomes) == ["compliant", "non_compliant"]
    granted, asked = outlook("SH-01"), outlook("SH-02")
    assert (granted.basis, granted.falls_in, granted.threshold) == ("meets", "2026Q4", "0.5")
    assert (asked.basis, asked.expected) == ("planned", "")
    assert [met[1] for met in told("31")["met"]] == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert told("31")["exempt"] == [0] * 9


def test_an_exemption_that_was_revoked_or_that_nobody_granted_releases_from_nothing() -> None:
    for code in ("SH-01", "SH-02"):
        inventory(cast.centre(code), {"chip": "Ascend 910B", "quantity": 6}, {"quantity": 4})
    revoked = exempted(Centre.objects.get(code="SH-01"), date(2025, 7, 1), date(2027, 12, 31))
    revoke(exemption=revoked, from_on=date(2026, 4, 1), reason="Why.", by=cast.regulator())
    propose(
        centre=Centre.objects.get(code="SH-02"), mandate=Mandate.objects.get(code="SH-2023"), threshold=None,
        from_on=date(2025, 7, 1), to_on=date(2027, 12, 31), reason="Why.", by=cast.regulator("second"),
    )  # fmt: skip
    make_outlooks(cast.period())
    assert told("31")["exempt"] == [1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_centre_decided_by_hand_is_foreseen_under_the_wider_scope() -> None:
    where = cast.centre(state_funded=True, progress=60)
    reported(where, (5,))
    make_outlooks(cast.period())
    assert not Outlook.objects.filter(centre=where, mandate__code="CN-2025-NEW").exists()
    HandDecision.objects.create(
        centre=where, provision=Provision.objects.get(mandate__code="CN-2025-NEW"), ruling="applies",
        from_on=date(2025, 12, 1), reason="Its second hall is not begun.", decided_by=cast.regulator(),
        decided_at=timezone.now(),
    )  # fmt: skip
    make_outlooks(cast.period())
    assert outlook("SH-01", "CN-2025-NEW").threshold == "1"


def test_a_quarter_that_is_amended_is_read_anew_and_no_other() -> None:
    where = cast.centre()
    reported(where, (5, 5, 5, 5, 5, 5))
    for code in QUARTERS:
        determine(period=cast.period(code), cause="test")
    make_outlooks(cast.period())
    before = dict(CentreShare.objects.values_list("reading__period", "pk"))
    cast.file(where, cast.period("2025Q2"), ascend=9, h800=1)
    determine(period=cast.period("2025Q2"), cause="test")
    make_outlooks(cast.period())
    after = dict(CentreShare.objects.values_list("reading__period", "pk"))
    assert {code for code in QUARTERS if before[code] != after[code]} == {"2025Q2"}
    assert {point["period"]: point["low"] for point in outlook("SH-01").past}["2025Q2"] == "90.0000"


def test_made_again_they_are_the_same_and_stand_once() -> None:
    country(12, (1, 2, 2, 3, 3, 4))
    made = make_outlooks(cast.period())
    kept = list(Outlook.objects.order_by("pk").values("pk", "centre", "expected", "latest", "points"))
    assert make_outlooks(cast.period()) == made == Outlook.objects.count()
    assert list(Outlook.objects.order_by("pk").values("pk", "centre", "expected", "latest", "points")) == kept


def test_what_is_foreseen_no_more_is_gone() -> None:
    where = cast.centre()
    reported(where, (5,))
    make_outlooks(cast.period())
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 10, 1), recorded_at=timezone.now(), region_code="3101", kind="general",
        ownership="local_soe", status="operating",
    )  # fmt: skip
    make_outlooks(cast.period())
    # The rule of Shanghai is for intelligent computing centres.
    assert {one.mandate.code for one in Outlook.objects.filter(centre=where)} == {"CN-2025"}
    assert not Outlook.objects.filter(mandate__code="SH-2023").exists()


@pytest.mark.parametrize(("today", "is_ended"), [(date(2025, 12, 31), False), (date(2026, 1, 1), True)])
def test_a_period_that_has_not_ended_has_no_outlook(
    monkeypatch: pytest.MonkeyPatch, today: date, is_ended: bool
) -> None:
    monkeypatch.setattr("compliance.outlook.make.timezone.localdate", lambda: today)
    if is_ended:
        make_outlooks(cast.period())
    else:
        with pytest.raises(NothingToForesee, match="2025Q4 has not ended"):
            make_outlooks(cast.period())


def queries_of_making() -> int:
    period = cast.period()
    with CaptureQueriesContext(connection) as captured:
        make_outlooks(period)
    return len(captured)


def test_it_asks_as_often_for_twelve_centres_as_for_thirty() -> None:
    country(12)
    first = queries_of_making()
    twelve = queries_of_making()
    country(18, start=13)
    for code in QUARTERS:
        determine(period=cast.period(code), cause="test")
    again = queries_of_making()
    thirty = queries_of_making()
    # Provisions with their mandates, the periods of the window; of each of twelve periods its last determination and
    # what was read since; then, in one transaction: its savepoint, the lock, the centres' records, what was decided by
    # hand, what was granted, the shares by one way of counting and by the other (the three mandates know two), a table
    # for the new outlooks, these into it, from there in place of the old ones, the table's end, those gone that are
    # made no more, whether a later period has some, the old errors out and the new ones in, the savepoint's end.
    assert twelve == thirty == 2 + 2 * 12 + 13
    # Twelve periods are read for the first time; six of them anew, since they were determined.
    assert again < first


def test_no_mandate_that_asks_for_nothing_has_an_outlook() -> None:
    reported(cast.centre(), (5,))
    Provision.objects.create(
        mandate=Mandate.objects.get(code="SH-2023"), from_on=date(2025, 6, 1), recorded_at=timezone.now(),
        issued_at=timezone.now(), legal_text="repealed",
        rule=Provision.objects.get(mandate__code="SH-2023").rule | {"steps": []},
    )  # fmt: skip
    make_outlooks(cast.period())
    assert {one.mandate.code for one in Outlook.objects.select_related("mandate")} == {"CN-2025"}


def test_a_model_whose_origin_is_not_known_leaves_a_band() -> None:
    where = cast.centre()
    unknown = ChipModel.objects.filter(revisions__isnull=True).first() or ChipModel.objects.create(
        vendor_id=1, name="Nameless", chip_class="accelerator", workload="training", confidence="to_verify"
    )
    inventory(where, {"chip": "Ascend 910B", "quantity": 4}, {"quantity": 4}, {"chip": unknown.name, "quantity": 2})
    make_outlooks(cast.period())
    found = outlook("SH-01")
    assert found.past == [{"period": LAST, "low": "40.0000", "high": "60.0000"}]
