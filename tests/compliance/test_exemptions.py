"""Exemptions: asked for, granted, refused, revoked; what they release from, and what follows when one ends."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Role, User
from centres.models import Centre, Operator
from compliance import exemptions
from compliance.determine import determine
from compliance.exemption_ends import request_ended_exemptions
from compliance.exemption_states import ExemptionState, overlapping, with_states
from compliance.exemptions import (
    AlreadyAsked,
    AlreadyRevoked,
    NeverGranted,
    NoLongerProposed,
    NoLongerWaiting,
    NotItsProposer,
    OwnProposal,
    WrongExemption,
    approve,
    ask,
    check_terms,
    grant_request,
    greatest_threshold,
    propose,
    refuse,
    revoke,
    send_back,
    withdraw,
    withdraw_proposal,
)
from compliance.models import (
    CurrentDetermination,
    DeterminationRequest,
    DeterminationRun,
    Exemption,
    ExemptionRequest,
    Mandate,
    Provision,
)
from tests import cast
from tests.together import at_once

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)
TERMS: dict[str, Any] = {
    "from_on": date(2025, 7, 1), "to_on": date(2026, 6, 30), "threshold": None, "reason": "Moving to Ascend.",
}  # fmt: skip


def nation() -> Mandate:
    return Mandate.objects.get(code="CN-2025")


@pytest.fixture
def centre(owner: Operator) -> Centre:
    """One that has 400 domestic cards of 1,000, and is determined so."""
    where = cast.centre("SH-01", owner=owner)
    cast.file(where, cast.period(), ascend=400, h800=600)
    determine(period=cast.period(), cause="test")
    return where


def outcome(where: Centre, mandate: str = "CN-2025", period: str = "2025Q4") -> str:
    return CurrentDetermination.objects.get(centre=where, mandate__code=mandate, period=period).outcome


def wrong(**changed: Any) -> dict[str, str]:
    """What is wrong with the terms, but for what is changed of them."""
    try:
        check_terms(**{"mandate": nation(), **TERMS, **changed})
    except WrongExemption as error:
        return error.wrong
    return {}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"to_on": date(2025, 7, 1)}, None),
        ({"to_on": date(2025, 6, 30)}, "to_on"),
        ({"to_on": date(2035, 6, 30)}, None),
        ({"to_on": date(2035, 7, 1)}, "to_on"),
        # More than half is asked for: half releases from nothing.
        ({"threshold": Decimal("0.499999999")}, None),
        ({"threshold": Decimal("0.5")}, "threshold"),
        ({"threshold": Decimal("0.6")}, "threshold"),
        # A threshold of nought would show who is exempt as compliant.
        ({"threshold": Decimal("0.000000001")}, None),
        ({"threshold": Decimal(0)}, "threshold"),
        ({"reason": " "}, "reason"),
        # The mandate's step begins on 1 January 2025.
        ({"from_on": date(2024, 1, 1), "to_on": date(2025, 1, 1)}, None),
        ({"from_on": date(2024, 1, 1), "to_on": date(2024, 12, 31)}, "mandate"),
    ],
)
def test_terms_hold_up_to_their_limits(changed: dict[str, Any], field: str | None) -> None:
    assert list(wrong(**changed)) == ([field] if field else [])


def test_a_threshold_that_releases_from_nothing_is_told_what_the_rule_asks_for() -> None:
    assert "asks for 50% at most" in wrong(threshold=Decimal("0.5"))["threshold"]


def issue(from_on: date, *steps: tuple[str, str]) -> Provision:
    """A provision of the nationwide mandate that supersedes what ships; a step is (from, threshold)."""
    shipped = nation().provisions.earliest("from_on")
    rule = shipped.rule | {"steps": [{"from": day, "comparator": "over", "threshold": share} for day, share in steps]}
    at = datetime(2025, 2, 1, tzinfo=UTC)
    return Provision.objects.create(
        mandate=nation(), from_on=from_on, rule=rule, legal_text="x", recorded_at=at, issued_at=at
    )


@pytest.mark.parametrize(
    ("from_on", "to_on", "greatest"),
    [
        (date(2025, 1, 1), date(2025, 6, 30), "0.5"),
        # From July on the later provision holds: 30% at first, 60% from 2026 on.
        (date(2025, 7, 1), date(2025, 12, 31), "0.3"),
        (date(2025, 7, 1), date(2026, 1, 1), "0.6"),
        (date(2025, 6, 30), date(2025, 12, 31), "0.5"),
        (date(2026, 3, 1), date(2026, 3, 31), "0.6"),
        # From July 2026 on it is repealed.
        (date(2026, 7, 1), date(2026, 12, 31), None),
        (date(2026, 6, 30), date(2026, 12, 31), "0.6"),
    ],
)
def test_what_is_asked_for_is_told_by_the_provisions_of_the_time(
    from_on: date, to_on: date, greatest: str | None
) -> None:
    issue(date(2025, 7, 1), ("2025-07-01", "0.3"), ("2026-01-01", "0.6"))
    issue(date(2026, 7, 1))
    assert greatest_threshold(nation(), from_on, to_on) == (None if greatest is None else Decimal(greatest))


def test_an_operator_asks_once_and_can_take_it_back(centre: Centre, filer: User) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    with pytest.raises(AlreadyAsked):
        ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    # Of another mandate it can be asked for besides.
    ask(centre=centre, mandate=Mandate.objects.get(code="SH-2023"), asked_by=filer, **TERMS)
    assert withdraw(request=asked, by=filer).withdrawn_at is not None
    with pytest.raises(NoLongerWaiting):
        withdraw(request=asked, by=filer)
    ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)


def test_less_can_be_granted_than_was_asked_for(centre: Centre, filer: User, regulator: User) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    granted = TERMS | {"threshold": Decimal("0.4"), "reason": "A lower threshold will do."}
    exemption, run = grant_request(request=asked, by=regulator, **granted)
    asked.refresh_from_db()
    assert (asked.threshold, asked.exemption, asked.answer) == (None, exemption, "A lower threshold will do.")
    assert (exemption.threshold, exemption.granted_by) == (Decimal("0.4"), regulator)
    cast.fulfil_all(run)
    # 400 of 1,000 is not over 40%: the comparator stays the rule's.
    assert outcome(centre) == "non_compliant"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({}, None),
        ({"to_on": date(2026, 6, 29)}, None),
        ({"from_on": date(2025, 6, 30)}, "from_on"),
        ({"to_on": date(2026, 7, 1)}, "to_on"),
        ({"threshold": Decimal("0.41")}, None),
        ({"threshold": Decimal("0.39")}, "threshold"),
        ({"threshold": None}, "threshold"),
    ],
)
def test_more_than_was_asked_for_is_not_granted_by_one_alone(
    changed: dict[str, Any], field: str | None, centre: Centre, filer: User, regulator: User
) -> None:
    terms = TERMS | {"threshold": Decimal("0.4")}
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **terms)
    if field is None:
        exemption, _run = grant_request(request=asked, by=regulator, **terms | changed)
        assert (exemption.proposed_by, exemption.proposed_at) == (filer, asked.asked_at)
        return
    with pytest.raises(WrongExemption) as caught:
        grant_request(request=asked, by=regulator, **terms | changed)
    assert list(caught.value.wrong) == [field]
    assert ExemptionRequest.objects.waiting().get() == asked


def test_what_is_proposed_releases_from_nothing_until_another_grants_it(centre: Centre, regulator: User) -> None:
    exemption = propose(centre=centre, mandate=nation(), by=regulator, **TERMS)
    assert not DeterminationRun.objects.exists()
    determine(period=cast.period(), cause="test")
    assert outcome(centre) == "non_compliant"
    assert overlapping(centre=centre, mandate=nation(), from_on=TERMS["from_on"], to_on=TERMS["to_on"]) == []
    with pytest.raises(OwnProposal):
        approve(exemption=exemption, by=regulator)
    with pytest.raises(NeverGranted):
        revoke(exemption=exemption, from_on=date(2026, 1, 1), reason="Why.", by=regulator)
    second = cast.regulator("second")
    granted, run = approve(exemption=exemption, by=second)
    cast.fulfil_all(run)
    assert outcome(centre) == "exempt"
    assert (granted.proposed_by, granted.granted_by, run and run.requested_by) == (regulator, second, second)
    with pytest.raises(NoLongerProposed):
        approve(exemption=exemption, by=second)


def test_the_database_lets_nobody_grant_what_they_proposed(centre: Centre, regulator: User) -> None:
    exemption = propose(centre=centre, mandate=nation(), by=regulator, **TERMS)
    alone = Exemption.objects.filter(pk=exemption.pk)
    at = timezone.now()
    with pytest.raises(IntegrityError, match="exemption_granted_by_another"), transaction.atomic():
        alone.update(granted_by=regulator, granted_at=at)
    # Nor become another to grant it, change what is proposed, or grant what nobody proposed.
    for changed in ({"proposed_by": cast.regulator("second")}, {"to_on": date(2026, 7, 31)}, {"threshold": "0.3"}):
        with pytest.raises(IntegrityError, match="stays as it was proposed"), transaction.atomic():
            alone.update(**changed)
    with pytest.raises(IntegrityError, match="is proposed by somebody"), transaction.atomic():
        Exemption.objects.create(
            centre=centre, mandate=nation(), **TERMS, proposed_at=at, granted_by=regulator, granted_at=at
        )


def test_what_is_sent_back_or_withdrawn_is_never_granted(centre: Centre, regulator: User) -> None:
    first, second = (propose(centre=centre, mandate=nation(), by=regulator, **TERMS) for _number in range(2))
    other = cast.regulator("second")
    with pytest.raises(OwnProposal):
        send_back(exemption=first, comment="Too long.", by=regulator)
    with pytest.raises(NotItsProposer):
        withdraw_proposal(exemption=second, by=other)
    with pytest.raises(WrongExemption):
        send_back(exemption=first, comment=" ", by=other)
    assert send_back(exemption=first, comment="Too long.", by=other).status == "sent_back"
    assert withdraw_proposal(exemption=second, by=regulator).status == "withdrawn"
    for exemption in (first, second):
        with pytest.raises(NoLongerProposed):
            approve(exemption=exemption, by=other)
        with pytest.raises(IntegrityError, match="stays as it was proposed"), transaction.atomic():
            Exemption.objects.filter(pk=exemption.pk).update(granted_by=other, granted_at=timezone.now())


def test_what_is_proposed_beyond_what_was_asked_for_answers_it_once_granted(
    centre: Centre, filer: User, regulator: User
) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    apart = propose(
        centre=centre,
        mandate=nation(),
        by=regulator,
        **TERMS | {"from_on": date(2026, 7, 1), "to_on": date(2026, 9, 30)},
    )
    longer = propose(centre=centre, mandate=nation(), by=regulator, **TERMS | {"to_on": date(2026, 12, 31)})
    other = cast.regulator("second")
    # Of other days than those that were asked for.
    approve(exemption=apart, by=other)
    assert ExemptionRequest.objects.waiting().get() == asked
    approve(exemption=longer, by=other)
    asked.refresh_from_db()
    assert (asked.exemption, asked.answered_by, asked.answer) == (longer, other, TERMS["reason"])


def test_what_is_refused_is_refused_once_and_says_why(centre: Centre, filer: User, regulator: User) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    with pytest.raises(WrongExemption):
        refuse(request=asked, answer=" ", by=regulator)
    refuse(request=asked, answer="Too early.", by=regulator)
    for act in (refuse, grant_request):
        given: dict[str, Any] = {"answer": "Again."} if act is refuse else TERMS
        with pytest.raises(NoLongerWaiting):
            act(request=asked, by=regulator, **given)
    assert not Exemption.objects.exists()


def test_an_exempt_centre_is_exempt_and_never_compliant_and_determined_by_itself(
    centre: Centre, regulator: User
) -> None:
    assert outcome(centre) == "non_compliant"
    run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)[1]
    assert run is not None
    # Of its mandate and period alone.
    (request,) = run.requests.all()
    assert (request.period_id, request.centres, request.mandate) == ("2025Q4", [centre.pk], nation())
    cast.fulfil_all(run)
    assert outcome(centre) == "exempt"
    assert outcome(centre, "SH-2023") == "non_compliant"


@pytest.mark.parametrize(("from_on", "after"), [(date(2026, 1, 1), "exempt"), (date(2025, 12, 31), "non_compliant")])
def test_what_is_revoked_covered_what_it_covered_before_that_day(
    from_on: date, after: str, centre: Centre, regulator: User
) -> None:
    exemption, run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    cast.fulfil_all(run)
    revoked, run = revoke(exemption=exemption, from_on=from_on, reason="Not kept to.", by=regulator)
    if run:
        cast.fulfil_all(run)
    determine(period=cast.period(), cause="test")
    assert outcome(centre) == after
    assert (revoked.revoked_from_on, revoked.revoked_by) == (from_on, regulator)


@pytest.mark.parametrize(
    ("from_on", "reason", "field"),
    [
        (date(2025, 7, 1), "Why.", None),
        (date(2025, 6, 30), "Why.", "from_on"),
        (date(2026, 6, 30), "Why.", None),
        (date(2026, 7, 1), "Why.", "from_on"),
        (date(2026, 1, 1), "", "reason"),
    ],
)
def test_it_is_revoked_from_a_day_that_it_covers(
    from_on: date, reason: str, field: str | None, centre: Centre, regulator: User
) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    if field is None:
        revoke(exemption=exemption, from_on=from_on, reason=reason, by=regulator)
        with pytest.raises(AlreadyRevoked):
            revoke(exemption=exemption, from_on=from_on, reason=reason, by=regulator)
        return
    with pytest.raises(WrongExemption) as caught:
        revoke(exemption=exemption, from_on=from_on, reason=reason, by=regulator)
    assert list(caught.value.wrong) == [field]


def test_nobody_decides_beyond_what_is_theirs(centre: Centre, filer: User, rival: Operator, regulator: User) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    proposed = propose(centre=centre, mandate=nation(), by=regulator, **TERMS)
    elsewhere, analyst = cast.regional_regulator("11"), cast.analyst()
    rival_filer = cast.user("rival", Role.OPERATOR, acts_for=rival)
    refused: list[Callable[[], Any]] = [
        lambda: ask(centre=centre, mandate=nation(), asked_by=rival_filer, **TERMS),
        lambda: withdraw(request=asked, by=rival_filer),
    ]
    for who in (elsewhere, analyst, filer):
        refused += [
            partial(propose, centre=centre, mandate=nation(), by=who, **TERMS),
            partial(approve, exemption=proposed, by=who),
            partial(send_back, exemption=proposed, comment="No.", by=who),
            partial(withdraw_proposal, exemption=proposed, by=who),
            partial(grant_request, request=asked, by=who, **TERMS),
            partial(refuse, request=asked, answer="No.", by=who),
            partial(revoke, exemption=exemption, from_on=date(2026, 1, 1), reason="No.", by=who),
        ]
    for act in refused:
        with pytest.raises(PermissionDenied):
            act()
    assert Exemption.objects.granted().get().revoked_at is None
    assert Exemption.objects.proposed().get() == proposed
    assert ExemptionRequest.objects.waiting().count() == 1


def test_who_regulates_the_province_decides_there(centre: Centre) -> None:
    cast.exempted(centre=centre, mandate=nation(), by=cast.regional_regulator("31"), **TERMS)
    assert Exemption.objects.granted().exists()


@pytest.mark.parametrize(
    ("from_on", "to_on", "found"),
    [
        (date(2025, 1, 1), date(2025, 6, 30), 0),
        (date(2025, 1, 1), date(2025, 7, 1), 1),
        (date(2026, 3, 31), date(2026, 12, 31), 1),
        (date(2026, 4, 1), date(2026, 12, 31), 0),
    ],
)
def test_what_covers_a_day_already_is_found(
    from_on: date, to_on: date, found: int, centre: Centre, regulator: User
) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    revoke(exemption=exemption, from_on=date(2026, 4, 1), reason="Why.", by=regulator)
    # What was revoked from its first day on covers nothing.
    never, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    revoke(exemption=never, from_on=TERMS["from_on"], reason="Why.", by=regulator)
    assert len(overlapping(centre=centre, mandate=nation(), from_on=from_on, to_on=to_on)) == found


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2025, 6, 30), "to_come"),
        (date(2025, 7, 1), "in_force"),
        (date(2026, 4, 30), "in_force"),
        (date(2026, 5, 1), "ending_soon"),
        (date(2026, 6, 30), "ending_soon"),
        (date(2026, 7, 1), "ended"),
    ],
)
def test_its_state_is_that_of_the_day(today: date, state: str, centre: Centre, regulator: User) -> None:
    cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    assert with_states(Exemption.objects.all(), today).get().state == state


@pytest.mark.parametrize(
    ("today", "state", "ends"),
    [
        (date(2025, 10, 31), ExemptionState.IN_FORCE, date(2025, 12, 31)),
        (date(2025, 11, 1), ExemptionState.ENDING_SOON, date(2025, 12, 31)),
        (date(2026, 1, 1), ExemptionState.REVOKED, date(2025, 12, 31)),
    ],
)
def test_what_is_revoked_from_a_day_to_come_ends_the_day_before(
    today: date, state: str, ends: date, centre: Centre, regulator: User
) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    revoke(exemption=exemption, from_on=date(2026, 1, 1), reason="Why.", by=regulator)
    found = with_states(Exemption.objects.all(), today).get()
    assert (found.state, found.ends) == (state, ends)


def ended_on(to_on: date, centre: Centre, regulator: User) -> Exemption:
    return cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS | {"to_on": to_on})[0]


def asked_for(now: datetime) -> list[tuple[str, list[int] | None]]:
    """The periods and centres that are asked for at `now`, since an exemption ended."""
    before = set(DeterminationRequest.objects.values_list("pk", flat=True))
    request_ended_exemptions(now)
    made = DeterminationRequest.objects.exclude(pk__in=before).order_by("pk")
    assert {request.cause for request in made} <= {"exemption ended"}
    return [(request.period_id, request.centres) for request in made]


# The end of 14 November 2025 in Asia/Shanghai.
LAST_DAY_ENDS = datetime(2025, 11, 14, 16, tzinfo=UTC)


def test_on_the_day_after_the_last_the_centre_is_asked_for_once(centre: Centre, regulator: User) -> None:
    ended_on(date(2025, 11, 14), centre, regulator)
    assert asked_for(LAST_DAY_ENDS - INSTANT) == []
    assert asked_for(LAST_DAY_ENDS) == [("2025Q4", [centre.pk])]
    assert asked_for(LAST_DAY_ENDS + timedelta(days=1)) == []
    run = DeterminationRun.objects.get(cause="exemption ended")
    cast.fulfil_all(run)
    assert outcome(centre) == "non_compliant"


def test_what_ended_long_ago_is_not_caught_up_on(centre: Centre, regulator: User) -> None:
    ended_on(date(2025, 11, 14), centre, regulator)
    assert asked_for(LAST_DAY_ENDS + timedelta(days=7)) == []
    assert asked_for(LAST_DAY_ENDS + timedelta(days=7) - INSTANT) == [("2025Q4", [centre.pk])]


def test_what_was_revoked_ends_on_the_day_before(
    centre: Centre, regulator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2025, 11, 10, tzinfo=UTC))
    exemption = ended_on(date(2026, 6, 30), centre, regulator)
    revoke(exemption=exemption, from_on=date(2025, 11, 15), reason="Why.", by=regulator)
    assert asked_for(LAST_DAY_ENDS - INSTANT) == []
    assert asked_for(LAST_DAY_ENDS) == [("2025Q4", [centre.pk])]


def test_who_still_has_time_to_file_is_not_found_to_have_not_reported(owner: Operator, regulator: User) -> None:
    silent = cast.centre("SH-02", owner=owner)
    ended_on(date(2025, 11, 14), silent, regulator)
    assert asked_for(LAST_DAY_ENDS) == []
    cast.file(silent, cast.period(), ascend=1)
    assert asked_for(LAST_DAY_ENDS + timedelta(days=1)) == [("2025Q4", [silent.pk])]


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_ask_once(owner: Operator) -> None:
    where = cast.centre("SH-01", owner=owner)
    cast.file(where, cast.period(), ascend=1)
    ended_on(date(2025, 11, 14), where, cast.regulator())

    def beat() -> None:
        request_ended_exemptions(LAST_DAY_ENDS)

    assert at_once([beat, beat]) == [None, None]
    assert DeterminationRun.objects.filter(cause="exemption ended").count() == 1


def test_two_who_answer_at_once_are_answered_once_each(centre: Centre, filer: User, regulator: User) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    exemptions.grant_request(request=asked, by=regulator, **TERMS)
    with pytest.raises(NoLongerWaiting):
        exemptions.refuse(request=asked, answer="No.", by=cast.regulator("second"))
    assert Exemption.objects.count() == 1
