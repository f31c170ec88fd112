"""What is decided by hand: who is on the list, as the engine reads scopes; who decides, and what comes of it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from centres.models import Centre, CentreRecord, Operator
from compliance.determine import determine
from compliance.engine.judge import in_scope
from compliance.hand_decisions import (
    HandDecisionState,
    WrongHandDecision,
    decide,
    listed,
    matching,
    missing_facts,
    of_centre,
    provisions_on,
)
from compliance.models import CurrentDetermination, DeterminationRun, HandDecision, Provision
from tests import cast

DAY = date(2025, 12, 31)
EVERY_SCOPE: dict[str, Any] = dict.fromkeys(
    ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
)


def provision() -> Provision:
    return Provision.objects.get(mandate__code="CN-2025-NEW")


def building(code: str, progress: Any, **facts: Any) -> Centre:
    known = {"state_funded": True, "status": "building", "progress": progress} | facts
    return cast.centre(code, **known)


def on_list(user: User, day: date = DAY) -> tuple[list[tuple[str, str]], list[str]]:
    found = listed(provision(), user=user, day=day, known_at=timezone.now())
    return [(one.centre.code, one.state) for one in found.by_hand], [one.centre.code for one in found.unknown]


def decided(centre: Centre, ruling: str, by: User, from_on: date = date(2025, 11, 5)) -> DeterminationRun | None:
    return decide(
        centre=centre, provision=provision(), ruling=ruling, from_on=from_on, reason="Far along.", by=by
    )[1]  # fmt: skip


def outcome(where: Centre) -> str:
    return CurrentDetermination.objects.get(centre=where, mandate__code="CN-2025-NEW", period="2025Q4").outcome


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        # The rule's own: under 30% built.
        ({"progress": "29.99"}, "nowhere"),
        ({"progress": "30"}, "list"),
        ({"progress": "99.99"}, "list"),
        # Done: nobody decides of it.
        ({"progress": "100"}, "nowhere"),
        ({"progress": None}, "unknown"),
        ({"progress": "50", "state_funded": False}, "nowhere"),
        ({"progress": "50", "state_funded": None}, "unknown"),
        # Not known whether it is state-funded, but done whatever it is.
        ({"progress": "100", "state_funded": None}, "nowhere"),
        ({"progress": "50", "status": "closed"}, "nowhere"),
    ],
)
def test_who_is_to_be_decided_by_hand_and_of_whom_it_cannot_be_told(facts: dict[str, Any], stands: str) -> None:
    building("SH-01", **facts)
    by_hand, unknown = on_list(cast.regulator())
    expected = {"list": ([("SH-01", "undecided")], []), "unknown": ([], ["SH-01"]), "nowhere": ([], [])}
    assert (by_hand, [code for code in unknown if code == "SH-01"]) == expected[stands]


@pytest.mark.django_db
def test_what_is_missing_is_named() -> None:
    centre = building("SH-01", None, state_funded=None)
    (stands,) = of_centre(cast.regulator(), centre)
    assert (stands.state, stands.missing) == (
        HandDecisionState.UNKNOWN, ["how far it is built is not known", "whether it is state-funded is not known"],
    )  # fmt: skip


@pytest.mark.django_db
def test_what_is_undecided_comes_first_and_a_new_decision_follows_an_older_one() -> None:
    regulator = cast.regulator()
    first, second, third = (building(f"SH-0{number}", 50) for number in (1, 2, 3))
    decided(first, "applies", regulator)
    decided(second, "released", regulator)
    assert on_list(regulator)[0] == [("SH-03", "undecided"), ("SH-01", "applies"), ("SH-02", "released")]
    decided(first, "released", regulator, from_on=date(2025, 12, 1))
    # As it was on a day, by what was decided for it.
    assert dict(on_list(regulator, date(2025, 11, 30))[0])["SH-01"] == "applies"
    assert dict(on_list(regulator, date(2025, 12, 1))[0])["SH-01"] == "released"
    assert HandDecision.objects.filter(centre=first).count() == 2
    assert of_centre(regulator, third)[0].state == HandDecisionState.UNDECIDED


@pytest.mark.django_db
def test_what_is_decided_is_judged_by_the_wider_scope_and_by_it_alone(owner: Operator) -> None:
    regulator = cast.regulator()
    centre = building("SH-01", 50, owner=owner)
    cast.file(centre, cast.period(), ascend=900, h800=100)
    determine(period=cast.period(), cause="test")
    assert outcome(centre) == "out_of_scope"
    run = decided(centre, "applies", regulator)
    cast.fulfil_all(run)
    # 900 of 1,000 where all are asked for.
    assert outcome(centre) == "non_compliant"
    cast.fulfil_all(decided(centre, "released", regulator))
    assert outcome(centre) == "out_of_scope"
    found = CurrentDetermination.objects.get(centre=centre, mandate__code="CN-2025-NEW", period="2025Q4")
    assert found.determination.hand_decision is not None
    assert found.determination.hand_decision.ruling == "released"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "given", "field"),
    [
        ({}, {}, None),
        ({}, {"ruling": "perhaps"}, "ruling"),
        ({}, {"reason": "  "}, "reason"),
        # The provision is of 5 November 2025.
        ({}, {"from_on": date(2025, 11, 4)}, "from_on"),
        ({"progress": 20}, {}, "from_on"),
        ({"progress": 100}, {}, "from_on"),
        ({"progress": None}, {}, "from_on"),
    ],
)
def test_a_decision_is_about_who_is_to_be_decided(
    facts: dict[str, Any], given: dict[str, Any], field: str | None
) -> None:
    centre = building("SH-01", **{"progress": 50} | facts)
    wanted: dict[str, Any] = {"ruling": "applies", "from_on": date(2025, 11, 5), "reason": "Why."} | given
    act = {"centre": centre, "provision": provision(), "by": cast.regulator()} | wanted
    if field is None:
        assert decide(**act)[0].ruling == "applies"
        return
    with pytest.raises(WrongHandDecision) as caught:
        decide(**act)
    assert list(caught.value.wrong) == [field]
    assert not HandDecision.objects.exists()


@pytest.mark.django_db
def test_where_something_is_missing_the_refusal_says_what() -> None:
    centre = building("SH-01", None)
    with pytest.raises(WrongHandDecision, match="how far it is built is not known"):
        decided(centre, "applies", cast.regulator())


@pytest.mark.django_db
def test_nobody_decides_beyond_what_is_theirs(owner: Operator) -> None:
    centre = building("SH-01", 50, owner=owner)
    filer = cast.user("filer", Role.OPERATOR, acts_for=owner)
    for who in (cast.regional_regulator("11"), cast.analyst(), filer):
        with pytest.raises(PermissionDenied):
            decided(centre, "applies", who)
    assert not HandDecision.objects.exists()
    decided(centre, "applies", cast.user("shanghai", Role.REGULATOR, region_codes=["31"]))
    assert on_list(User.objects.get(username="regional"))[0] == []


@pytest.mark.django_db
@pytest.mark.parametrize("centres", [2, 20])
def test_the_list_costs_the_same_for_every_number_of_centres(
    centres: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    regulator = cast.regulator()
    for number in range(centres):
        building(f"SH-{number:02}", 50)
        building(f"SH-X{number:02}", None)
    # 1: the provision; 2: what is to be decided; 3: of what it cannot be told.
    with django_assert_num_queries(3):
        on_list(regulator)


@pytest.mark.django_db
def test_no_provision_leaves_anybody_to_be_decided_before_there_was_one() -> None:
    now = timezone.now()
    assert provisions_on(date(2025, 11, 4), now) == []
    assert provisions_on(date(2025, 11, 5), now) == [provision()]


_SCOPES = st.fixed_dictionaries(
    {
        "kinds": st.sampled_from([None, [], ["intelligent"], ["general", "supercomputing"]]),
        "regions": st.sampled_from([None, [], ["3"], ["31"], ["3101", "11"], ["310115"]]),
        "ownership": st.sampled_from([None, ["local_soe"], ["private", "foreign"]]),
        "state_funded": st.sampled_from([None, True, False]),
        "commissioned_from": st.sampled_from([None, "2024-01-01", "2025-06-30"]),
        "commissioned_to": st.sampled_from([None, "2024-12-31", "2025-06-30"]),
        "progress_under": st.sampled_from([None, "0", "30", "30.01", "100"]),
    }
)
_FACTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["intelligent", "general"]),
        "region_code": st.sampled_from(["31", "3101", "310115", "11", "1101"]),
        "ownership": st.sampled_from(["local_soe", "private", "unknown"]),
        "state_funded": st.sampled_from([None, True, False]),
        "commissioned_on": st.sampled_from([None, date(2024, 1, 1), date(2025, 6, 30), date(2025, 7, 1)]),
        "progress": st.sampled_from([None, 0, "29.99", 30, "30.01", 100]),
    }
)


class TestScopes(TestCase):
    """A scope is read by the database as by the engine, whatever it is."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(scope=_SCOPES, facts=st.lists(_FACTS, min_size=1, max_size=6))
    def test_the_database_reads_a_scope_as_the_engine_does(
        self, scope: dict[str, Any], facts: list[dict[str, Any]]
    ) -> None:
        made = [self._record(number, one) for number, one in enumerate(facts)]
        # What ships has centres of its own.
        records = CentreRecord.objects.filter(pk__in=[one.pk for one in made])
        matched, perhaps = (
            set(records.filter(matching(scope, unknown=unknown)).values_list("pk", flat=True))
            for unknown in (False, True)
        )
        without = set(records.exclude(matching(scope)).values_list("pk", flat=True))
        for one in made:
            one.refresh_from_db()
            is_in = in_scope(_document(one), scope)
            assert (one.pk in matched, one.pk in without) == (is_in, not is_in)
            # Who surely matches might; who might and does not lacks a fact that is asked for.
            assert not is_in or one.pk in perhaps
            assert is_in or one.pk not in perhaps or missing_facts(one, scope)

    def _record(self, number: int, facts: dict[str, Any]) -> CentreRecord:
        centre = Centre.objects.create(
            code=f"T-{number}", name_en="T", name_zh="T", region_id=facts["region_code"][:2],
            region_code=facts["region_code"],
        )  # fmt: skip
        at: datetime = timezone.now() - timedelta(days=1)
        return CentreRecord.objects.create(
            centre=centre, from_on=date(2024, 1, 1), recorded_at=at, status="building", **facts
        )


def _document(record: CentreRecord) -> dict[str, Any]:
    """What the engine is told of a centre, as the contract has it."""
    return {
        "kind": record.kind,
        "region": record.region_code,
        "ownership": record.ownership,
        "state_funded": bool(record.state_funded),
        "commissioned_on": record.commissioned_on and record.commissioned_on.isoformat(),
        "progress": None if record.progress is None else str(record.progress),
    }
