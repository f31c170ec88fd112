"""Before a change takes effect it is told whose outcome it would flip: just those that it then flips."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from centres.models import Centre, CentreRecord
from chips.catalogue import adopt
from chips.models import ChipModel, Claim, Figure
from compliance import effects
from compliance.determine import determine
from compliance.effects import Effects
from compliance.models import Determination, Exemption, HandDecision, Mandate, OutcomeChange, Provision, Ruling
from tests import cast

pytestmark = pytest.mark.django_db

QUARTERS = ("2025Q2", "2025Q3", "2025Q4")


@pytest.fixture
def centres() -> list[Centre]:
    """Ten centres with 10 % to 100 % domestic, each filed for three quarters and determined."""
    made = [cast.centre(f"SH-{number:02}") for number in range(1, 11)]
    for quarter in QUARTERS:
        for number, where in enumerate(made, start=1):
            if number < 10:
                cast.file(where, cast.period(quarter), ascend=number * 10, h800=100 - number * 10)
            else:
                cast.file(where, cast.period(quarter), ascend=100)
        determine(period=cast.period(quarter), cause="test")
    return made


def told(found: Effects) -> set[tuple[str, str, str, str, str]]:
    return {
        (flip.centre.code, flip.mandate.code, flip.period.code, *flip.change)
        for flip in (*found.flips, *found.illustrative)
    }


def happened(act: Callable[[], object]) -> set[tuple[str, str, str, str, str]]:
    """The outcomes that change where `act` is done and every quarter is determined again."""
    last = max(OutcomeChange.objects.values_list("pk", flat=True), default=0)
    act()
    for quarter in QUARTERS:
        determine(period=cast.period(quarter), cause="test")
    return {
        (change.centre.code, change.mandate.code, change.period_id, change.outcome_before, change.outcome_after)
        for change in OutcomeChange.objects.filter(pk__gt=last).select_related("centre", "mandate")
    }


def draft(from_on: date, **changed: Any) -> Provision:
    """A draft of Shanghai's rule, from a day, with something of its rule changed; nobody wrote it."""
    standing = Provision.objects.issued().filter(mandate__code="SH-2023").earliest("from_on")
    return Provision.objects.create(
        mandate=standing.mandate, from_on=from_on, recorded_at=timezone.now(), rule=standing.rule | changed,
        legal_text="a test",
    )  # fmt: skip


def issue(provision: Provision) -> None:
    Provision.objects.filter(pk=provision.pk).update(issued_at=timezone.now())


def step(threshold: str, comparator: str = "at_least", from_on: str = "2025-01-01") -> dict[str, str]:
    return {"from": from_on, "comparator": comparator, "threshold": threshold}


@pytest.mark.parametrize(
    ("comparator", "threshold", "flipped"),
    [
        ("at_least", "0.5", []),
        ("at_least", "0.500000001", ["SH-05"]),
        ("over", "0.5", ["SH-05"]),
        ("at_least", "0.7", ["SH-05", "SH-06"]),
        ("at_least", "0.3", ["SH-03", "SH-04"]),
        ("over", "0.3", ["SH-04"]),
    ],
)
def test_a_provision_flips_those_between_the_old_threshold_and_the_new(
    centres: list[Centre], comparator: str, threshold: str, flipped: list[str]
) -> None:
    proposed = draft(date(2025, 7, 1), steps=[step(threshold, comparator)])
    found = effects.of_provision(proposed)
    assert sorted({flip.centre.code for flip in found.flips}) == flipped
    # It holds from July on: the second quarter stands.
    assert [period.code for period in found.periods] == ["2025Q3", "2025Q4"]
    assert told(found) == happened(lambda: issue(proposed))


def test_a_provision_reaches_no_further_than_the_next_one(centres: list[Centre]) -> None:
    issue(draft(date(2025, 10, 1), steps=[step("0.9")]))
    assert [period.code for period in effects.of_provision(draft(date(2025, 4, 1), steps=[])).periods] == [
        "2025Q2",
        "2025Q3",
    ]


def test_a_wider_scope_and_a_repeal_flip_whom_they_let_in_and_out(centres: list[Centre]) -> None:
    cast.centre("GD-01", region_code="4401")
    for quarter in QUARTERS:
        determine(period=cast.period(quarter), cause="test")
    scope = dict.fromkeys(
        ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
    )
    wider = draft(date(2025, 7, 1), scope=scope)
    found = effects.of_provision(wider)
    assert {(flip.centre.code, *flip.change) for flip in found.flips} == {("GD-01", "out_of_scope", "not_reported")}
    # The eight centres that are illustrated from publications are in no count, told of apart, and marked.
    assert len(found.judged) == 11
    assert found.by_change() == [("out_of_scope", "not_reported", 2)]
    assert {flip.centre.provenance for flip in found.illustrative} == {"illustrative"}
    html = render_to_string("compliance/_effects.html", {"effects": found}, RequestFactory().get("/somewhere/"))
    assert "2 outcomes would change." in html
    assert f"{len(found.illustrative)} outcomes of centres that never filed" in html
    assert html.count("illustrative, not a filing") == len(found.illustrative) > 0
    beyond = found.visible_to(cast.regional_regulator("15"))
    assert (beyond.flips, {flip.centre.region_id for flip in beyond.illustrative} <= {"15"}) == ([], True)
    assert told(found) == happened(lambda: issue(wider))
    repeal = draft(date(2025, 10, 1), steps=[])
    assert told(effects.of_provision(repeal)) == happened(lambda: issue(repeal))


@pytest.mark.parametrize("threshold", [None, Decimal("0.2"), Decimal("0.200000001")])
def test_an_exemption_and_its_revocation(centres: list[Centre], threshold: Decimal | None) -> None:
    where, mandate, granter = centres[1], Mandate.objects.get(code="SH-2023"), cast.regulator()
    asked: dict[str, Any] = {
        "centre": where, "mandate": mandate, "from_on": date(2025, 6, 30), "to_on": date(2025, 9, 30),
        "threshold": threshold,
    }  # fmt: skip
    found = effects.of_exemption(**asked)
    assert [period.code for period in found.periods] == ["2025Q2", "2025Q3"]
    after = {None: "exempt", Decimal("0.2"): "compliant", Decimal("0.200000001"): "non_compliant"}[threshold]
    expected = {("SH-02", "SH-2023", quarter, "non_compliant", after) for quarter in ("2025Q2", "2025Q3")}
    assert told(found) == (expected if after != "non_compliant" else set())
    granted = []
    assert told(found) == happened(lambda: granted.append(grant(granter, asked)))
    taken_back = effects.of_revocation(granted[0], from_on=date(2025, 9, 30))
    assert {flip.period.code for flip in taken_back.flips} <= {"2025Q3"}
    assert told(taken_back) == happened(lambda: revoke(granted[0], date(2025, 9, 30)))


def grant(by: User, asked: dict[str, Any]) -> Exemption:
    return Exemption.objects.create(
        **asked, **cast.proposed(), reason="a test", granted_by=by, granted_at=timezone.now()
    )


def revoke(exemption: Exemption, from_on: date) -> None:
    exemption.revoked_at, exemption.revoked_by = timezone.now(), exemption.granted_by
    exemption.revoked_from_on, exemption.revocation_reason = from_on, "a test"
    exemption.save()


def test_what_is_decided_by_hand(centres: list[Centre]) -> None:
    provision = Provision.objects.issued().get(mandate__code="CN-2025-NEW")
    assert provision.case_by_case is not None
    where = cast.centre("SH-20", state_funded=True, progress=60)
    cast.file(where, cast.period(), ascend=1, h800=1)
    for quarter in QUARTERS:
        determine(period=cast.period(quarter), cause="test")
    asked: dict[str, Any] = {"centre": where, "provision": provision, "from_on": date(2025, 12, 31)}
    found = effects.of_hand_decision(ruling=Ruling.APPLIES, **asked)
    assert told(found) == {("SH-20", "CN-2025-NEW", "2025Q4", "out_of_scope", "non_compliant")}
    assert told(found) == happened(lambda: rule_by_hand(asked, Ruling.APPLIES))
    earlier = asked | {"from_on": date(2025, 12, 1)}
    # What was decided for a later day keeps its day.
    assert not effects.of_hand_decision(ruling=Ruling.RELEASED, **earlier).flips
    released = effects.of_hand_decision(ruling=Ruling.RELEASED, **asked)
    assert told(released) == happened(lambda: rule_by_hand(asked, Ruling.RELEASED)) != set()


def rule_by_hand(asked: dict[str, Any], ruling: str) -> None:
    by = User.objects.filter(username="regulator").first() or cast.regulator()
    HandDecision.objects.create(**asked, ruling=ruling, reason="a test", decided_by=by, decided_at=timezone.now())


def test_a_claim_that_is_adopted(centres: list[Centre]) -> None:
    model = ChipModel.objects.get(name="Ascend 910B")

    def claimed(country: str) -> Claim:
        asked = {"figure": Figure.DESIGNER_COUNTRY, "value": country, "source": "a test", "confidence": "reported"}
        return model.claims.create(**asked)

    def decide(claim: Claim, from_on: date) -> None:
        adopt(model=model, claims=[claim], from_on=from_on, decided_by="a regulator", reason="a test")

    foreign, other = claimed("US"), claimed("KR")
    decide(other, date(2025, 12, 1))
    determine(period=cast.period(), cause="test")
    found = effects.of_adoption(model=model, claims=[foreign], from_on=date(2025, 7, 1))
    # A later decision for the same figure keeps its day, so that the last quarter stands.
    assert {flip.period.code for flip in found.flips} == {"2025Q3"}
    assert {flip.centre.code for flip in found.flips} == {f"SH-{number:02}" for number in range(5, 11)}
    assert told(found) == happened(lambda: decide(foreign, date(2025, 7, 1)))


def test_what_is_recorded_of_centres(centres: list[Centre]) -> None:
    unknown = Centre.objects.create(code="SH-30", name_en="x", name_zh="x", region_id="31", region_code="31")
    facts = {"region_code": "31", "kind": "intelligent", "ownership": "local_soe", "status": "operating"}
    stored = {"recorded_at": timezone.now(), **facts}
    CentreRecord.objects.create(centre=centres[7], from_on=date(2025, 12, 1), **stored)
    changed = [
        CentreRecord(centre=centres[6], from_on=date(2025, 7, 1), **facts | {"kind": "general"}),
        CentreRecord(centre=centres[7], from_on=date(2025, 7, 1), **facts | {"ownership": "private"}),
        CentreRecord(centre=centres[8], from_on=date(2025, 10, 1), **facts | {"status": "closed"}),
        CentreRecord(centre=unknown, from_on=date(2025, 10, 1), **facts),
    ]

    def record() -> None:
        for one in changed:
            one.recorded_at = timezone.now()
            one.save()

    found = effects.of_records(changed)
    assert ("SH-09", "SH-2023", "2025Q4", "compliant", "") in told(found)
    assert ("SH-30", "SH-2023", "2025Q4", "", "not_reported") in told(found)
    assert {(flip.centre.code, flip.period.code) for flip in found.flips} == {
        ("SH-07", "2025Q3"), ("SH-07", "2025Q4"), ("SH-08", "2025Q3"), ("SH-09", "2025Q4"), ("SH-30", "2025Q4"),
    }  # fmt: skip
    assert told(found) == happened(record)


def test_nothing_is_stored_and_others_are_told_of_nobody_else(centres: list[Centre]) -> None:
    cast.file(cast.centre("GD-01", region_code="4401"), cast.period(), ascend=6, h800=4)
    rule = Provision.objects.issued().get(mandate__code="CN-2025").rule | {"steps": [step("0.9")]}
    mandate = Mandate.objects.get(code="CN-2025")
    proposed = Provision.objects.create(
        mandate=mandate, from_on=date(2025, 10, 1), recorded_at=timezone.now(), rule=rule, legal_text="a test"
    )
    determine(period=cast.period(), cause="test")
    before = Determination.objects.count()
    found = effects.of_provision(proposed)
    assert Determination.objects.count() == before
    whole = {flip.centre.code for flip in found.visible_to(cast.analyst()).flips}
    seen = found.visible_to(cast.regional_regulator("44"))
    assert whole >= {"SH-06", "GD-01"}
    assert ({flip.centre.code for flip in seen.flips}, len(seen.judged)) == ({"GD-01"}, 1)


def test_the_number_of_queries_does_not_grow_with_the_centres(centres: list[Centre]) -> None:
    proposed = draft(date(2025, 10, 1), steps=[step("0.9")])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            effects.of_provision(proposed)
        return len(captured)

    few = queries()
    for number in range(11, 31):
        cast.file(cast.centre(f"SH-{number}"), cast.period(), ascend=1)
    # The next provision, the periods; of the one period its provisions, records, submissions, exemptions, decisions by
    # hand, revisions, unrevised chips, lines and centres without history; those who change.
    assert queries() == few <= 12


def test_the_page_says_who_and_why_and_when_it_is_nobody(centres: list[Centre]) -> None:
    request = RequestFactory().get("/somewhere/")
    found = effects.of_provision(draft(date(2025, 10, 1), steps=[step("0.7")]))
    html = render_to_string("compliance/_effects.html", {"effects": found}, request)
    assert "2 outcomes would change." in html
    assert "The rule asks for at least 70% in place of at least 50%." in html
    assert "The share stays 60.0000%." in html
    same = effects.of_provision(draft(date(2025, 10, 1)))
    assert "10 centres were judged over 2025Q4" in render_to_string(
        "compliance/_effects.html", {"effects": same}, request
    )
    late = effects.of_provision(draft(date(2029, 1, 1)))
    assert "No quarter for which anybody filed" in render_to_string(
        "compliance/_effects.html", {"effects": late}, request
    )


def test_a_long_list_comes_in_pages(centres: list[Centre]) -> None:
    found = effects.of_provision(draft(date(2025, 10, 1), steps=[step("0.7")]))
    many = found._replace(flips=found.flips * 40)
    first = render_to_string("compliance/_effects.html", {"effects": many}, RequestFactory().get("/here/?a=b"))
    assert "1 to 50 of 80" in first
    assert 'href="/here/?a=b&amp;flips=2"' in first
    last = render_to_string("compliance/_effects.html", {"effects": many}, RequestFactory().get("/here/?flips=2"))
    assert "51 to 80 of 80" in last
    sent = render_to_string("compliance/_effects.html", {"effects": many}, RequestFactory().post("/here/"))
    assert sent.count('<th scope="row">') == 80
