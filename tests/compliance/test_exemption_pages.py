"""The pages of exemptions and of what is decided by hand, as those see them whom they concern, and as others do."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from centres.models import Centre, Operator
from compliance import exemptions
from compliance.determine import determine
from compliance.exemptions import ask, propose, revoke
from compliance.models import (
    CurrentDetermination,
    DeterminationRequest,
    Exemption,
    ExemptionRequest,
    HandDecision,
    Mandate,
    Provision,
)
from compliance.requests import fulfil
from reports.quarterly import row_of
from tests import cast
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
LIST, PROPOSE = "/exemptions/", "/exemptions/propose/"
TERMS: dict[str, Any] = {
    "from_on": date(2025, 7, 1), "to_on": date(2026, 6, 30), "threshold": None, "reason": "Moving to Ascend.",
}  # fmt: skip
FORM = {"from_on": "2025-07-01", "to_on": "2026-06-30", "extent": "full", "reason": "Moving to Ascend."}


def nation() -> Mandate:
    return Mandate.objects.get(code="CN-2025")


def by_hand() -> Provision:
    return Provision.objects.get(mandate__code="CN-2025-NEW")


@pytest.fixture
def centre(owner: Operator) -> Centre:
    """One that has 400 domestic cards of 1,000, and is determined so."""
    where = cast.centre("SH-01", owner=owner)
    cast.file(where, cast.period(), ascend=400, h800=600)
    determine(period=cast.period(), cause="test")
    return where


def fulfil_all() -> None:
    for request in DeterminationRequest.objects.filter(done_at__isnull=True):
        assert fulfil(request.pk)


def taken(client: Client, address: str, form: dict[str, str]) -> Any:
    """Send `form` to be looked at, then what was looked at to be taken."""
    looked = client.post(address, form | {"step": "show"})
    assert looked.status_code == 200, looked.content.decode()
    shown = looked.context["granting"] if "granting" in looked.context else looked.context["form"]
    return client.post(address, form | {"step": "take", "seen": shown.seal})


def test_the_way_from_asking_to_being_exempt(centre: Centre, filer: User, regulator: User) -> None:
    operator, deciding = signed_in(filer), signed_in(regulator)
    assert reverse("exemption-ask", args=["SH-01"]) in operator.get("/centres/SH-01/").content.decode()
    answer = operator.post(reverse("exemption-ask", args=["SH-01"]), FORM | {"mandate": nation().pk})
    (asked,) = ExemptionRequest.objects.all()
    page = reverse("exemption-request", args=[asked.pk])
    assert answer["Location"] == page
    assert "It waits for a regulator." in operator.get(page).content.decode()
    # The regulator is told on the dashboard, finds it in the list, and its terms filled in.
    assert "1 exemption is asked for" in deciding.get("/").content.decode()
    assert page in deciding.get(LIST).content.decode()
    assert 'value="2026-06-30"' in deciding.get(page).content.decode()
    to_grant = reverse("exemption-request-grant", args=[asked.pk])
    looked = deciding.post(to_grant, FORM | {"step": "show"})
    assert "1 outcome would change." in looked.content.decode()
    assert not Exemption.objects.exists()
    granted = taken(deciding, to_grant, FORM | {"reason": "Agreed."})
    exemption = Exemption.objects.get()
    assert "/determinations/runs/" in granted["Location"]
    fulfil_all()
    # Exempt, and by which exemption, until when; never compliant.
    html = operator.get("/centres/SH-01/?period=2025Q4").content.decode()
    assert "Exempt from 1 July 2025 to 30 June 2026." in html
    assert 'class="outcome outcome-compliant"' not in html
    assert reverse("exemption", args=[exemption.pk]) in html
    made = CurrentDetermination.objects.get(centre=centre, mandate=nation(), period="2025Q4").determination_id
    assert "Exempt from 1 July 2025 to 30 June 2026." in operator.get(f"/determinations/{made}/").content.decode()
    told = operator.get(page).content.decode()
    assert "Granted" in told
    assert "Agreed." in told


def test_an_exempt_centre_is_counted_apart_and_told_apart_in_the_report(centre: Centre, regulator: User) -> None:
    other = cast.centre("SH-02", owner=centre.operator)
    cast.file(other, cast.period(), ascend=1000)
    cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    determine(period=cast.period(), cause="test")
    page = signed_in(regulator).get("/?period=2025Q4&mandate=CN-2025")
    row = page.context["row"]
    assert (row.outcomes["compliant"], row.exempt, row.others, row.asked) == (1, 1, 0, 2)
    assert "of 2 in scope; 1 exempt" in page.content.decode()
    listed = signed_in(regulator).get("/?period=2025Q4&mandate=CN-2025&outcome=compliant").context["page"]
    assert [one.centre.code for one in listed] == ["SH-02"]
    made = CurrentDetermination.objects.get(centre=centre, mandate=nation()).determination
    told = row_of(made)
    assert (told["outcome"], told["share_low_percent"], told["units_domestic"]) == ("exempt", None, None)


def test_a_lower_threshold_is_said_where_it_makes_a_centre_comply(centre: Centre, regulator: User) -> None:
    exemption, _run = cast.exempted(
        centre=centre, mandate=nation(), by=regulator, **TERMS | {"threshold": Decimal("0.375")}
    )
    determine(period=cast.period(), cause="test")
    html = signed_in(regulator).get("/centres/SH-01/?period=2025Q4").content.decode()
    assert "Judged by the lower threshold of 37.5% that an exemption grants" in html
    assert reverse("exemption", args=[exemption.pk]) in html


def test_nothing_is_granted_that_was_not_looked_at(centre: Centre, regulator: User) -> None:
    client = signed_in(regulator)
    form = FORM | {"centre": "SH-01", "mandate": str(nation().pk)}
    assert client.post(PROPOSE, form | {"step": "take"}).status_code == 200
    looked = client.post(PROPOSE, form | {"step": "show"})
    seal = looked.context["form"].seal
    # Another end than was looked at: it is shown again.
    changed = client.post(PROPOSE, form | {"to_on": "2026-12-31", "step": "take", "seen": seal})
    assert "Whose outcome would change" in changed.content.decode()
    assert not Exemption.objects.exists()
    # A reason in better words changes nothing of what was looked at.
    assert client.post(PROPOSE, form | {"reason": "Why.", "step": "take", "seen": seal}).status_code == 302
    exemption = Exemption.objects.get()
    assert (exemption.reason, exemption.status) == ("Why.", "proposed")


def test_another_grants_what_was_proposed_knowing_what_that_changes(
    centre: Centre, filer: User, rival_user: User, regulator: User
) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    exemption = propose(centre=centre, mandate=nation(), by=regulator, **TERMS | {"to_on": date(2026, 12, 31)})
    page, granting = (reverse(name, args=[exemption.pk]) for name in ("exemption", "exemption-approve"))
    author, other = signed_in(regulator), signed_in(cast.regulator("second"))
    # Whoever proposed it sees what it would change, and cannot grant it; the dashboard asks others alone.
    html = author.get(page).content.decode()
    assert "1 outcome would change." in html
    assert 'id="approving"' not in html
    assert "was done: another than" in author.post(granting, {"step": "take"}, follow=True).content.decode()
    assert "waits for you" not in author.get("/").content.decode()
    assert "1 exemption that another proposed waits for you" in other.get("/").content.decode()
    assert page in other.get(LIST).content.decode()
    html = other.get(page).content.decode()
    assert "1 outcome would change." in html
    assert reverse("exemption-request", args=[asked.pk]) in html
    # Neither the operator nor an analyst nor another learns of it before.
    for user in (filer, rival_user, cast.analyst(), cast.regional_regulator("11")):
        assert signed_in(user).get(page).status_code == 404
        assert page not in signed_in(user).get(LIST).content.decode()
    assert page not in signed_in(filer).get("/centres/SH-01/").content.decode()
    # Not looked at is not granted.
    assert "nothing was done: look again" in other.post(granting, {"step": "take", "seen": "x"}).content.decode()
    assert not Exemption.objects.granted().exists()
    seal = other.get(page).context["approving"].seal
    assert "/determinations/runs/" in other.post(granting, {"step": "take", "seen": seal})["Location"]
    fulfil_all()
    assert CurrentDetermination.objects.get(centre=centre, mandate=nation()).outcome == "exempt"
    assert "Granted" in signed_in(filer).get(reverse("exemption-request", args=[asked.pk])).content.decode()
    assert "somebody was quicker" in other.post(granting, {"step": "take"}, follow=True).content.decode()


def test_what_would_change_by_then_is_shown_again_before_it_is_granted(centre: Centre, regulator: User) -> None:
    exemption = propose(centre=centre, mandate=nation(), by=regulator, **TERMS)
    client = signed_in(cast.regulator("second"))
    seal = client.get(reverse("exemption", args=[exemption.pk])).context["approving"].seal
    # It complies by now: that it would be exempt instead is something else.
    cast.file(centre, cast.period(), ascend=900, h800=100)
    answer = client.post(reverse("exemption-approve", args=[exemption.pk]), {"step": "take", "seen": seal})
    assert "nothing was done: look again" in answer.content.decode()
    assert not Exemption.objects.granted().exists()


def test_what_would_change_by_then_is_shown_again_before_what_was_asked_for_is_granted(
    centre: Centre, filer: User, regulator: User
) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    address, client = reverse("exemption-request-grant", args=[asked.pk]), signed_in(regulator)
    seal = client.post(address, FORM | {"step": "show"}).context["granting"].seal
    # It complies by now: that it would be exempt instead is something else.
    cast.file(centre, cast.period(), ascend=900, h800=100)
    shown = client.post(address, FORM | {"step": "take", "seen": seal})
    assert "nothing was done: look again" in shown.content.decode()
    assert not Exemption.objects.exists()
    assert client.post(address, FORM | {"step": "take", "seen": shown.context["granting"].seal}).status_code == 302
    assert Exemption.objects.granted().exists()


def test_what_would_change_by_then_is_shown_again_before_it_is_revoked(
    centre: Centre, filer: User, regulator: User
) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    fulfil_all()
    address, client = reverse("exemption-revoke", args=[exemption.pk]), signed_in(regulator)
    form = {"from_on": "2025-12-31", "reason": "Cards can be bought again."}
    seal = client.post(address, form | {"step": "show"}).context["form"].seal
    # It would comply by now.
    cast.file(centre, cast.period(), ascend=900, h800=100)
    shown = client.post(address, form | {"step": "take", "seen": seal})
    assert "nothing was done: look again" in shown.content.decode()
    assert not Exemption.objects.exclude(revoked_at=None).exists()
    assert client.post(address, form | {"step": "take", "seen": shown.context["form"].seal}).status_code == 302
    assert Exemption.objects.exclude(revoked_at=None).exists()


def test_what_changes_while_it_is_held_is_neither_granted_nor_revoked(
    centre: Centre, regulator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    proposed = propose(centre=centre, mandate=nation(), by=regulator, **TERMS)
    client = signed_in(cast.regulator("second"))
    page = reverse("exemption", args=[proposed.pk])
    seal = client.get(page).context["approving"].seal
    # What the page compares is as it was looked at; another transaction was quicker before the row was held.
    monkeypatch.setattr(exemptions, "seal_of", lambda *of: "of something else")
    answer = client.post(reverse("exemption-approve", args=[proposed.pk]), {"step": "take", "seen": seal}, follow=True)
    assert "nothing was done: look again" in answer.content.decode()
    assert Exemption.objects.granted().get() == granted
    revoking = {"from_on": "2025-12-31", "reason": "Cards can be bought again."}
    address = reverse("exemption-revoke", args=[granted.pk])
    seal = client.post(address, revoking | {"step": "show"}).context["form"].seal
    answer = client.post(address, revoking | {"step": "take", "seen": seal}, follow=True)
    assert "nothing was done: look again" in answer.content.decode()
    assert not Exemption.objects.exclude(revoked_at=None).exists()


def test_what_was_proposed_is_sent_back_or_withdrawn(centre: Centre, regulator: User) -> None:
    first, second = (propose(centre=centre, mandate=nation(), by=regulator, **TERMS) for _number in range(2))
    author, other = signed_in(regulator), signed_in(cast.regulator("second"))
    sending = reverse("exemption-send-back", args=[first.pk])
    assert other.post(sending, {"comment": ""}).status_code == 422
    other.post(sending, {"comment": "Half a year will do."})
    assert "Half a year will do." in author.get(reverse("exemption", args=[first.pk])).content.decode()
    withdrawing = reverse("exemption-withdraw", args=[second.pk])
    assert "only whoever proposed it" in other.post(withdrawing, follow=True).content.decode()
    author.post(withdrawing)
    assert "Withdrawn by whoever proposed it" in other.get(reverse("exemption", args=[second.pk])).content.decode()
    assert [one.status for one in Exemption.objects.order_by("pk")] == ["sent_back", "withdrawn"]
    # Neither is among what was granted, and either is found by its state.
    assert reverse("exemption", args=[first.pk]) not in other.get(LIST).content.decode()
    assert reverse("exemption", args=[first.pk]) in other.get(LIST, {"state": "sent_back"}).content.decode()


def test_what_covers_those_days_already_is_warned_of(centre: Centre, regulator: User) -> None:
    standing, _run = cast.exempted(
        centre=centre, mandate=nation(), by=regulator, **TERMS | {"threshold": Decimal("0.4")}
    )
    form = FORM | {"centre": "sh-01", "mandate": str(nation().pk), "step": "show"}
    html = signed_in(regulator).post(PROPOSE, form).content.decode()
    assert 'id="overlapping"' in html
    assert reverse("exemption", args=[standing.pk]) in html
    apart = signed_in(regulator).post(PROPOSE, form | {"from_on": "2026-07-01", "to_on": "2026-12-31"})
    assert 'id="overlapping"' not in apart.content.decode()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"to_on": ""}, "to_on"),
        ({"to_on": "2025-06-30"}, "to_on"),
        ({"extent": "lower"}, "percent"),
        ({"extent": "lower", "percent": "50"}, "percent"),
        ({"extent": "lower", "percent": "0"}, "percent"),
        ({"percent": "40"}, "percent"),
        ({"reason": ""}, "reason"),
        ({"centre": "SH-99"}, "centre"),
        ({"from_on": "2024-01-01", "to_on": "2024-12-31"}, "mandate"),
    ],
)
def test_what_is_wrong_is_refused_beside_its_field(
    changed: dict[str, str], field: str, centre: Centre, regulator: User
) -> None:
    form = FORM | {"centre": "SH-01", "mandate": str(nation().pk), "step": "show"} | changed
    answer = signed_in(regulator).post(PROPOSE, form)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert str(answer.context["form"].errors[field][0]) in answer.content.decode().replace("&#x27;", "'")


def test_a_request_is_refused_with_a_reason_and_answered_once(centre: Centre, filer: User, regulator: User) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    client, address = signed_in(regulator), reverse("exemption-request-refuse", args=[asked.pk])
    assert client.post(address, {"answer": ""}).status_code == 422
    client.post(address, {"answer": "Too early."})
    assert "Too early." in signed_in(filer).get(reverse("exemption-request", args=[asked.pk])).content.decode()
    again = client.post(address, {"answer": "Twice."}, follow=True)
    assert "Nothing was done: somebody was quicker." in again.content.decode()
    asked.refresh_from_db()
    assert asked.answer == "Too early."
    # Nothing is left to answer.
    assert 'id="granting"' not in again.content.decode()


def test_what_was_asked_for_can_be_withdrawn_and_asked_for_anew(centre: Centre, filer: User) -> None:
    client, address = signed_in(filer), reverse("exemption-ask", args=["SH-01"])
    form = FORM | {"mandate": str(nation().pk)}
    client.post(address, form)
    twice = client.post(address, form)
    assert twice.status_code == 422
    assert "waits for an answer" in twice.content.decode()
    (asked,) = ExemptionRequest.objects.all()
    client.post(reverse("exemption-request-withdraw", args=[asked.pk]))
    assert client.post(address, form).status_code == 302
    assert ExemptionRequest.objects.waiting().count() == 1


def test_it_is_revoked_from_a_day_knowing_what_that_changes(centre: Centre, filer: User, regulator: User) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    fulfil_all()
    client, address = signed_in(regulator), reverse("exemption-revoke", args=[exemption.pk])
    form = {"from_on": "2025-12-31", "reason": "Not kept to."}
    assert client.post(address, form | {"from_on": "2026-07-01", "step": "show"}).status_code == 422
    assert "1 outcome would change." in client.post(address, form | {"step": "show"}).content.decode()
    assert taken(client, address, form).status_code == 302
    fulfil_all()
    assert CurrentDetermination.objects.get(centre=centre, mandate=nation()).outcome == "non_compliant"
    html = signed_in(filer).get(reverse("exemption", args=[exemption.pk])).content.decode()
    assert "Revoked from 31 December 2025" in html
    assert "It covers the days until 30 December 2025" in html
    assert "Not kept to." in html
    # Once is for good.
    assert client.get(address)["Location"] == reverse("exemption", args=[exemption.pk])


def test_an_office_is_named_and_no_person(centre: Centre, filer: User) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=cast.regulator("wang.wei"), **TERMS)
    html = signed_in(filer).get(reverse("exemption", args=[exemption.pk])).content.decode()
    assert "wang.wei" not in html
    assert "regulator" in html


def test_the_rival_learns_nothing(centre: Centre, filer: User, rival_user: User, regulator: User) -> None:
    client = signed_in(rival_user)
    before = cast.told(client.get(LIST), "")
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    assert cast.told(client.get(LIST), "") == before
    assert b"SH-01" not in b"".join(client.get("/exemptions/export/"))
    foreign = [
        reverse("exemption", args=[exemption.pk]),
        reverse("exemption-request", args=[asked.pk]),
        reverse("exemption-ask", args=["SH-01"]),
        reverse("hand-decision", args=[by_hand().pk, "SH-01"]),
    ]
    for address in foreign:
        assert client.get(address).status_code == 404
    assert client.post(reverse("exemption-request-withdraw", args=[asked.pk])).status_code == 404
    missing = client.get(reverse("exemption", args=[999_999]))
    assert cast.told(client.get(foreign[0]), exemption.pk) == cast.told(missing, 999_999)


def test_another_provinces_regulator_learns_nothing(centre: Centre, filer: User, regulator: User) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    client = signed_in(cast.regional_regulator("11"))
    assert b"SH-01" not in client.get(LIST).content
    for address in (
        reverse("exemption-request", args=[asked.pk]),
        reverse("exemption-revoke", args=[exemption.pk]),
        reverse("hand-decision", args=[by_hand().pk, "SH-01"]),
    ):
        assert client.get(address).status_code == 404
    for name in ("grant", "refuse"):
        assert client.post(reverse(f"exemption-request-{name}", args=[asked.pk]), FORM).status_code == 404
    form = FORM | {"centre": "SH-01", "mandate": str(nation().pk), "step": "show"}
    refused = client.post(PROPOSE, form)
    unknown = client.post(PROPOSE, form | {"centre": "SH-99"})
    assert refused.context["form"].errors == unknown.context["form"].errors == {"centre": ["There is no such centre."]}


@pytest.mark.parametrize("role", [Role.ANALYST, Role.OPERATOR, Role.ADMINISTRATOR])
def test_nobody_else_decides(role: Role, centre: Centre, filer: User, regulator: User) -> None:
    exemption, _run = cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS)
    client = signed_in(filer if role == Role.OPERATOR else cast.user("somebody", role))
    for address in (
        PROPOSE,
        reverse("exemption-revoke", args=[exemption.pk]),
        reverse("exemption-request-grant", args=[asked.pk]),
        reverse("exemption-request-refuse", args=[asked.pk]),
        reverse("exemption-approve", args=[exemption.pk]),
        reverse("exemption-send-back", args=[exemption.pk]),
        reverse("exemption-withdraw", args=[exemption.pk]),
        reverse("hand-decision-decide", args=[by_hand().pk, "SH-01"]),
    ):
        assert client.post(address, FORM | {"step": "take"}).status_code == 403
    asked.refresh_from_db()
    assert asked.answered_at is None


def test_an_analyst_reads_exemptions_and_nothing_that_is_asked(centre: Centre, filer: User, regulator: User) -> None:
    asked = ask(centre=centre, mandate=nation(), asked_by=filer, **TERMS | {"reason": "Mr Wang is ill."})
    cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    client = signed_in(cast.analyst())
    html = client.get(LIST).content.decode() + client.get("/centres/SH-01/").content.decode()
    assert "Moving to Ascend." in html
    assert "Mr Wang" not in html
    assert client.get(reverse("exemption-request", args=[asked.pk])).status_code == 403
    assert signed_in(cast.administrator()).get(LIST).status_code == 403


def test_the_list_takes_what_the_reader_chose_and_is_taken_away_so(centre: Centre, regulator: User) -> None:
    other = cast.centre("SH-02", owner=centre.operator)
    cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS | {"reason": "=1+1"})
    later, _run = cast.exempted(
        centre=other, mandate=Mandate.objects.get(code="SH-2023"), by=regulator,
        **TERMS | {"threshold": Decimal("0.4"), "to_on": date(2026, 5, 31)},
    )  # fmt: skip
    revoke(exemption=later, from_on=date(2025, 7, 1), reason="Why.", by=regulator)
    client = signed_in(regulator)
    shown = {
        query: [one.centre.code for one in client.get(LIST + query).context["page"]]
        for query in ("", "?mandate=SH-2023", "?state=revoked", "?region=11", "?search=SH-01", "?state=no&region=99")
    }
    assert shown == {
        "": ["SH-01", "SH-02"], "?mandate=SH-2023": ["SH-02"], "?state=revoked": ["SH-02"], "?region=11": [],
        "?search=SH-01": ["SH-01"], "?state=no&region=99": ["SH-01", "SH-02"],
    }  # fmt: skip
    export = client.get("/exemptions/export/?mandate=CN-2025")
    header, line = b"".join(export).decode("utf-8-sig").strip().splitlines()
    assert header.startswith("exemption,centre,")
    assert ",SH-01," in line
    # No spreadsheet takes a reason for a formula.
    assert ",'=1+1," in line


@pytest.mark.parametrize("centres", [2, 20])
def test_the_list_costs_the_same_for_every_number_of_exemptions(
    centres: int, owner: Operator, filer: User, regulator: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        where = cast.centre(f"SH-{number:02}", owner=owner)
        cast.exempted(centre=where, mandate=nation(), by=regulator, **TERMS)
        ask(centre=where, mandate=nation(), asked_by=filer, **TERMS)
        propose(centre=where, mandate=nation(), by=regulator, **TERMS)
    client = signed_in(regulator)
    # 1: the session; 2: the user; 3: mandates; 4: regions; 5: how many exemptions; 6: a page of them; 7: what waits;
    # 8: what is proposed; 9: whether anything is synthetic.
    with django_assert_num_queries(9):
        client.get(LIST)


def test_the_centres_page_says_that_an_exemption_ends_soon(
    centre: Centre, filer: User, regulator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.exempted(centre=centre, mandate=nation(), by=regulator, **TERMS)
    for today, is_said in ((date(2026, 4, 30), False), (date(2026, 5, 1), True), (date(2026, 7, 1), False)):
        monkeypatch.setattr("compliance.exemptions.timezone.localdate", lambda at=None, today=today: today)
        html = signed_in(filer).get("/centres/SH-01/").content.decode()
        assert ("ends soon: the last day that it covers is 30 June 2026" in html) == is_said


def test_a_centre_is_decided_by_hand_knowing_what_that_changes(owner: Operator, filer: User, regulator: User) -> None:
    where = cast.centre("SH-01", owner=owner, state_funded=True, progress=50, status="building")
    cast.file(where, cast.period(), ascend=900, h800=100)
    determine(period=cast.period(), cause="test")
    client, page = signed_in(regulator), reverse("hand-decision", args=[by_hand().pk, "SH-01"])
    assert page in client.get("/case-by-case/").content.decode()
    assert page in client.get("/case-by-case/?period=2025Q4").content.decode()
    assert "Until a regulator decides" in signed_in(filer).get("/centres/SH-01/").content.decode()
    address = reverse("hand-decision-decide", args=[by_hand().pk, "SH-01"])
    form = {"ruling": "applies", "from_on": "2025-11-05", "reason": "Half of it can still be bought."}
    looked = client.post(address, form | {"step": "show"})
    assert "1 outcome would change." in looked.content.decode()
    assert not HandDecision.objects.exists()
    # Another decision than was looked at is shown first.
    seal = looked.context["form"].seal
    client.post(address, form | {"ruling": "released", "step": "take", "seen": seal})
    assert not HandDecision.objects.exists()
    assert client.post(address, form | {"step": "take", "seen": seal}).status_code == 302
    fulfil_all()
    found = CurrentDetermination.objects.get(centre=where, mandate__code="CN-2025-NEW", period="2025Q4")
    assert found.outcome == "non_compliant"
    # The operator reads what was decided and why, and by which office.
    html = signed_in(filer).get(page).content.decode()
    assert "Half of it can still be bought." in html
    assert 'id="deciding"' not in html
    assert "Decided by hand" in signed_in(filer).get(f"/determinations/{found.determination_id}/").content.decode()
    assert "Decided from 5 November 2025 on." in signed_in(filer).get("/centres/SH-01/").content.decode()


def test_what_cannot_be_told_stands_apart_and_is_not_decided(owner: Operator, regulator: User) -> None:
    cast.centre("SH-01", owner=owner, state_funded=True, progress=None, status="building")
    client = signed_in(regulator)
    page = client.get("/case-by-case/")
    assert "SH-01" in [one.centre.code for one, _missing in page.context["unknown"]]
    assert "How far it is built is not known" in page.content.decode()
    refused = client.post(
        reverse("hand-decision-decide", args=[by_hand().pk, "SH-01"]),
        {"ruling": "applies", "from_on": "2025-12-01", "reason": "Why.", "step": "show"},
    )
    assert refused.status_code == 422
    assert "how far it is built is not known. Record that first." in refused.content.decode()


def test_both_lists_of_what_is_decided_by_hand_are_counted_whole_and_turned_over_apart(regulator: User) -> None:
    for number in range(60):
        cast.centre(f"SH-1{number:02}", state_funded=True, progress=50, status="building")
        cast.centre(f"SH-2{number:02}", state_funded=True, progress=None, status="building")
    client = signed_in(regulator)
    first = client.get("/case-by-case/?mandate=CN-2025-NEW&page=2")
    total = first.context["unknown_page"].paginator.count
    assert total >= 60
    assert f'Cannot be told <span class="text-secondary">{total}</span>' in first.content.decode()
    assert f"1 to 50 of {total}" in first.content.decode()
    assert "51 to 60 of 60" in first.content.decode()
    assert 'href="?mandate=CN-2025-NEW&amp;page=2&amp;unknown=2"' in first.content.decode()
    second = client.get("/case-by-case/?mandate=CN-2025-NEW&page=2&unknown=2")
    assert 'href="?mandate=CN-2025-NEW&amp;unknown=2&amp;page=1"' in second.content.decode()
    shown = [one.centre.code for page in (first, second) for one, _missing in page.context["unknown"]]
    assert len(shown) == len(set(shown)) == total
    assert {f"SH-2{number:02}" for number in range(60)} <= set(shown)


def test_a_provision_that_leaves_nobody_open_has_no_such_page(centre: Centre, regulator: User) -> None:
    closed = nation().provisions.get()
    assert signed_in(regulator).get(reverse("hand-decision", args=[closed.pk, "SH-01"])).status_code == 404
    assert signed_in(cast.administrator()).get("/case-by-case/").status_code == 403
    assert signed_in(cast.analyst()).get("/case-by-case/?mandate=NO&period=%00&page=x").status_code == 200


@pytest.mark.parametrize("centres", [2, 20])
def test_the_list_of_what_is_decided_by_hand_costs_the_same_for_every_number_of_centres(
    centres: int, regulator: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        cast.centre(f"SH-{number:02}", state_funded=True, progress=50, status="building")
    client = signed_in(regulator)
    # 1: the session; 2: the user; 3: the periods; 4: the provisions; 5: of how many it cannot be told; 6: a page of
    # them; 7: the regions of the scopes; 8: how many are to be decided; 9: a page of them; 10: whether anything is
    # synthetic.
    with django_assert_num_queries(10):
        client.get("/case-by-case/")
