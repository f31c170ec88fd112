"""The story of the mandates, played from March 2023 to November 2025 with the three real ones.

It begins with a register in which nobody wrote a mandate yet, and goes on by what people do on pages and through the
API; each step is told by what they see then. Nothing is in force before 2025, so that no decision of 2023 or 2024 can
change an outcome: the claim that flips a centre is adopted in May 2025, over the first quarter that counts.
"""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Role
from centres.models import Centre, Operator
from chips.catalogue import load_export_controls
from chips.models import ChipModel
from compliance import tasks
from compliance.models import Determination, DeterminationRun, ExemptionRequest, Mandate, Provision
from compliance.provisions import document_of
from tests import cast
from tests.compliance.story import (
    Clock,
    Line,
    approve,
    ask,
    browser,
    determined,
    draft_mandate,
    empty_register,
    exposed,
    files,
    is_accepted,
    issue,
    known_in,
    launch,
    let_count,
    look_and_take,
    night_falls,
    outcome,
    outcomes_in,
    person,
    read,
    reference_known_by,
    rows_by_centre,
    send,
    tries,
    work,
)

pytestmark = pytest.mark.django_db

# By mandate its provision as the reference data has it: what regulators write comes to the same.
Documents = dict[str, dict[str, Any]]
SH, CN, NEW = "SH-2023", "CN-2025", "CN-2025-NEW"

# Shanghai's first centre as it grows: 100 domestic cards of 500 in 2023, 500 of 1,000 two years later.
OLD_CARDS = [Line("A100 80GB", 300, "2022-05-10"), Line("Ascend 910", 100, "2021-06-01")]
HALF = [
    *OLD_CARDS,
    Line("H800", 100, "2023-03-02"),
    Line("H800", 100, "2023-10-10"),
    Line("Ascend 910B", 300, "2023-12-20"),
    Line("Ascend 910B", 100, "2025-02-20"),
]
PUDONG = [Line("A100 80GB", 70, "2022-05-10"), Line("Ascend 910", 30, "2021-06-01")]
MINHANG = [
    Line("C86-7390", 40, "2022-03-01", workload="inference"),
    Line("Ascend 910", 20, "2021-06-01"),
    Line("A100 80GB", 40, "2022-05-10"),
]
NORTH = [Line("H20", 120, "2024-08-05", workload="inference"), Line("Ascend 910B", 130, "2024-09-01")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(timezone, "now", found)
    return found


@pytest.fixture
def published(db: None) -> Documents:
    provisions = Provision.objects.issued().select_related("mandate")
    return {provision.mandate.code: document_of(provision) for provision in provisions}


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.FILES_DIR = tmp_path / "files"


def test_the_story_from_march_2023_to_november_2025(clock: Clock, published: Documents, tmp_path: Path) -> None:
    mandates = {code: Mandate.objects.get(code=code) for code in (SH, CN, NEW)}
    clock.moves_to(date(2023, 3, 1))
    empty_register()
    call_command("load_reference", data=reference_known_by("2023-03-01", tmp_path / "data"), verbosity=0)
    the_cast_comes_on()
    operators_file_for_the_first_time(clock)
    shanghai_writes_its_rule(clock, mandates[SH], published[SH])
    export_controls_and_new_centres(clock, tmp_path / "data")
    one_amends_and_one_was_taken_over(clock)
    nothing_was_in_force()
    exactly_half_is_half(clock)
    one_is_exempt_until_the_end_of_may(clock)
    h20_is_controlled(clock, tmp_path / "data")
    a_claim_flips_a_centre(clock)
    the_exemption_ends(clock)
    the_second_quarter_is_filed(clock)
    the_rule_becomes_nationwide(clock, mandates[CN], published[CN])
    state_funded_new_builds(clock, mandates[NEW], published[NEW])
    one_is_decided_by_hand(clock)
    nobody_learns_of_others()
    what_was_known_on_31_march_2024()
    everything_is_made_again(published)


def the_cast_comes_on() -> None:
    """Two regulators of the whole country, an analyst, and operators with who files for them."""
    for name in ("lin", "zhao"):
        person(name, Role.REGULATOR, all_regions=True)
    person("wang", Role.ANALYST)
    operators = {
        "chen": cast.operator("Huangpu Computing"),
        "sun": cast.operator("Pudong Intelligence", ownership="private"),
        "ma": cast.operator("Minhang Computing"),
        "gao": cast.operator("Pearl River Cloud", ownership="private"),
        "bai": cast.operator("Northern Steppe Computing", ownership="central_soe"),
    }
    for name, operator in operators.items():
        person(name, Role.OPERATOR, acts_for=operator)
    begin = date(2023, 1, 1)
    launch("SH-01", operators["chen"], region_code="3101", from_on=begin)
    launch("SH-02", operators["sun"], region_code="3101", from_on=begin)
    launch("SH-03", operators["ma"], region_code="3101", from_on=begin)
    launch("GD-01", operators["gao"], region_code="4401", from_on=begin)
    launch("NM-01", operators["bai"], region_code="1501", from_on=begin)


def operators_file_for_the_first_time(clock: Clock) -> None:
    clock.moves_to(date(2023, 3, 10))
    filed = [
        files("chen", "SH-01", "2023Q1", [*OLD_CARDS, Line("H800", 100, "2023-03-02")]),
        files("sun", "SH-02", "2023Q1", PUDONG),
        files("ma", "SH-03", "2023Q1", MINHANG),
        files("gao", "GD-01", "2023Q1", [Line("A100 80GB", 200, "2022-01-15")]),
    ]
    clock.moves_to(date(2023, 3, 13))
    for submission in filed:
        is_accepted("lin", submission)
    # There is no rule yet that anybody could be held against.
    assert ask("lin", "determinations/")["results"] == []
    assert "No mandate is known yet." in read("wang", "/mandates/")


def shanghai_writes_its_rule(clock: Clock, mandate: Mandate, document: dict[str, Any]) -> None:
    """Lin writes and tries it, Zhao approves, Lin issues it: steps begin in 2025, so that nobody is held to it yet."""
    clock.moves_to(date(2023, 3, 20))
    draft = draft_mandate("lin", mandate, document)
    page = f"/mandates/provisions/{draft.pk}/"
    # Whoever is not to write provisions does not learn of a draft.
    assert browser("chen").get(page).status_code == browser("wang").get(page).status_code == 404

    tried = tries("lin", draft, "2023Q1")
    assert outcomes_in(tried, "31") == {"not_in_force": 3}
    # Were half asked for today, one of three would comply.
    today = tries("lin", draft, "2023Q1", comparator="at_least", threshold="50")
    assert outcomes_in(today, "31") == {"compliant": 1, "non_compliant": 2}
    assert today["result"]["curves"]["units"]["at_least"][50] == 1

    # No one approves what they wrote.
    assert 'name="seal"' not in read("lin", page)
    assert browser("lin").get(f"{page}issue/").status_code == 302
    approve("zhao", draft)
    clock.moves_to(date(2023, 3, 31))
    assert "Not in force" in read("lin", f"{page}effects/")
    issue("lin", draft)
    assert [outcome(code, SH, "2023Q1") for code in ("SH-01", "SH-02", "SH-03")] == ["not_in_force"] * 3
    assert outcome("GD-01", SH, "2023Q1") == "out_of_scope"
    (provision,) = ask("chen", f"mandates/{SH}/provisions/")["results"]
    assert (provision["from_on"], provision["rule"]) == (document["from_on"], document["rule"])


def export_controls_and_new_centres(clock: Clock, folder: Path) -> None:
    """October 2022 is known from the start, October 2023 is published when it comes; many centres are launched."""
    assert exposed("SH-01", "2023Q1") == {"7 October 2022": "300", "no control is recorded": "100"}
    centres_are_launched(clock, date(2023, 6, 30))
    clock.moves_to(date(2023, 10, 24))
    load_export_controls(reference_known_by("2023-10-23", folder))
    centres_are_launched(clock, date(2023, 12, 20))
    clock.moves_to(date(2024, 1, 12))
    is_accepted("lin", files("chen", "SH-01", "2023Q4", HALF[:-1]))
    assert exposed("SH-01", "2023Q4") == {"7 October 2022": "300", "23 October 2023": "200"}
    # Of an earlier day is told what was controlled by then.
    assert exposed("SH-01", "2023Q1") == {"7 October 2022": "300", "no control is recorded": "100"}
    centres_are_launched(clock, date(2024, 6, 28))
    centres_are_launched(clock, date(2024, 11, 15))
    clock.moves_to(date(2025, 1, 8))
    for centre in Centre.objects.filter(code__contains="-2"):
        cast.file(centre, cast.period("2024Q4"), workload="inference", ascend=100, h800=50)
    night_falls()
    rows = ask("wang", "rollups/", period="2024Q4", by="region")["results"]
    assert {row["region"]: row["looks"][0]["units"]["units"] for row in rows} == {"15": 1200, "44": 1200}
    known = [known_in("15", day) + known_in("44", day) for day in ("2023-03-31", "2023-12-31", "2024-12-31")]
    assert known == [2, 10, 18]


def centres_are_launched(clock: Clock, day: date) -> None:
    """Two in Inner Mongolia and two in Guangdong."""
    clock.moves_to(day)
    for name, region, owner in (("NM", "15", "Northern Steppe Computing"), ("GD", "44", "Pearl River Cloud")):
        operator = Operator.objects.get(name_en=owner)
        first = 20 + Centre.objects.filter(code__startswith=f"{name}-2").count()
        for number in (first, first + 1):
            launch(f"{name}-{number}", operator, region_code=f"{region}01", from_on=day, commissioned_on=day)


def one_amends_and_one_was_taken_over(clock: Clock) -> None:
    """Cards were forgotten; that a centre was taken over a year ago, nobody had recorded; a figure is settled."""
    clock.moves_to(date(2025, 1, 12))
    first = files("chen", "SH-01", "2024Q4", [*HALF[:-2], Line("Ascend 910B", 250, "2023-12-20")])
    is_accepted("zhao", first)
    assert determined("SH-01", SH, "2024Q4")["submission"] == first
    clock.moves_to(date(2025, 1, 16))
    second = files("chen", "SH-01", "2024Q4", HALF[:-1], why_amended="Fifty cards of a second room were forgotten.")
    is_accepted("zhao", second)
    stands = determined("SH-01", SH, "2024Q4")
    assert (stands["submission"], stands["outcome"]) == (second, "not_in_force")
    superseded = ask("lin", "determinations/", centre="SH-01", period="2024Q4", is_current="false")["results"]
    assert first in [one["submission"] for one in superseded]

    shown = look_and_take(
        "lin", "/centres/GD-20/record/", from_on="2024-01-01", status="operating", kind="intelligent",
        ownership="local_soe", region_code="4401", progress="100", reason="The city bought it at the turn of the year.",
    )  # fmt: skip
    work()
    assert "Nobody's outcome changes." in shown

    ascend = ChipModel.objects.get(name="Ascend 910B")
    lower = ascend.claims.get(figure="fp16_tflops", value="256")
    decide = f"/chips/{ascend.pk}/decide/{lower.pk}/"
    shown = read("zhao", decide, from_on="2024-01-01")
    assert "Nobody's outcome changes." in shown
    let_count("zhao", decide, shown, from_on="2024-01-01", reason="The bin that is sold here.")
    work()


def nothing_was_in_force() -> None:
    """Of 2023 and 2024 nobody in Shanghai was held to anything."""
    for period in ("2023Q1", "2023Q4", "2024Q4"):
        found = ask("wang", "determinations/", mandate=SH, period=period, region="31")["results"]
        assert {one["outcome"] for one in found} == {"not_in_force"}
    told = read("chen", f"/determinations/{determined('SH-01', SH, '2023Q4')['id']}/")
    assert "The rule was not yet in force on the period's last day." in told


def exactly_half_is_half(clock: Clock) -> None:
    """Shanghai asks for at least 50 % from 2025 on: 500 of 1,000 is that."""
    clock.moves_to(date(2025, 4, 10))
    filed = [
        files("chen", "SH-01", "2025Q1", HALF),
        files("sun", "SH-02", "2025Q1", PUDONG),
        files("ma", "SH-03", "2025Q1", MINHANG),
    ]
    for submission in filed:
        is_accepted("lin", submission)
    half = determined("SH-01", SH, "2025Q1")
    assert (half["outcome"], half["low"]) == ("compliant", {"numerator": 1, "denominator": 2, "percent": "50.0000"})
    assert (half["comparator"], half["replace"], half["add"]) == ("at_least", 0, 0)
    page = read("chen", f"/determinations/{half['id']}/")
    assert "500 of 1,000 units counted are domestic: 50.0000%. The rule asks for at least 50%." in page
    assert [outcome(code, SH, "2025Q1") for code in ("SH-02", "SH-03")] == ["non_compliant", "compliant"]


def one_is_exempt_until_the_end_of_may(clock: Clock) -> None:
    """Asked for by the operator, and granted by Zhao, who saw before whom that changes."""
    clock.moves_to(date(2025, 4, 14))
    terms = {"from_on": "2025-01-01", "to_on": "2025-05-31", "extent": "full"}
    mandate = Mandate.objects.get(code=SH)
    send("sun", "/centres/SH-02/exemptions/ask/", **terms, mandate=mandate.pk, reason="Two racks come in May.")
    request = ExemptionRequest.objects.get()
    shown = look_and_take(
        "zhao", f"/exemptions/requests/{request.pk}/grant/", **terms, reason="The racks are paid for."
    )
    assert "1 outcome would change." in shown
    work()
    assert outcome("SH-02", SH, "2025Q1") == "exempt"
    # An exempt centre is shown as exempt, never as compliant.
    page = read("sun", f"/determinations/{determined('SH-02', SH, '2025Q1')['id']}/")
    assert "An exemption covers the period's last day." in page


def h20_is_controlled(clock: Clock, folder: Path) -> None:
    """The third control, of April 2025, is published when it comes: of March there was none."""
    clock.moves_to(date(2025, 4, 16))
    load_export_controls(reference_known_by("2025-04-15", folder))
    is_accepted("lin", files("bai", "NM-01", "2025Q1", NORTH))
    assert exposed("NM-01", "2025Q1") == {"no control is recorded": "120"}


def a_claim_flips_a_centre(clock: Clock) -> None:
    """Somebody says that a processor was designed abroad, and Lin lets that count: shown before, run after."""
    clock.moves_to(date(2025, 5, 6))
    processor = ChipModel.objects.get(name="C86-7390")
    said = {"figure": "designer_country", "value": "US", "source": "A licence of 2016.", "confidence": "reported"}
    wrote = browser("lin").post(f"/chips/{processor.pk}/claims/", said)
    decide = wrote.headers["Location"]
    shown = read("lin", decide, from_on="2025-01-01")
    assert "1 outcome would change." in shown
    assert 'href="/centres/SH-03/?period=2025Q1"' in shown
    assert outcome("SH-03", SH, "2025Q1") == "compliant"
    let_count("lin", decide, shown, from_on="2025-01-01", reason="The licence was shown to us.")
    work()
    run = DeterminationRun.objects.latest("pk")
    assert 'href="/centres/SH-03/?period=2025Q1"' in read("wang", f"/determinations/runs/{run.pk}/")
    flipped = determined("SH-03", SH, "2025Q1")
    assert (flipped["outcome"], flipped["low"]["percent"], flipped["cause"]) == (
        "non_compliant", "20.0000", "catalogue decision",
    )  # fmt: skip
    # Of the year before it is known as it was.
    assert ask("lin", f"chips/{processor.pk}/", as_of="2024-12-31")["revision"]["designer_country"] == "CN"


def the_exemption_ends(clock: Clock) -> None:
    """Who filed and who granted it are warned two weeks before; what follows the end is determined by itself."""
    clock.moves_to(date(2025, 5, 17), hour=9)
    tasks.send_exemption_notices()
    warned = sorted((warning.to[0], "31 May 2025" in warning.subject) for warning in mail.outbox)
    assert warned == [("sun@example.org", True), ("zhao@example.org", True)]
    assert ask("sun", "exemptions/")["results"][0]["state"] == "ending_soon"
    clock.moves_to(date(2025, 5, 20))
    is_accepted("lin", files("sun", "SH-02", "2025Q2", PUDONG))
    clock.moves_to(date(2025, 6, 1), hour=0)
    tasks.sweep_ended_exemptions()
    work()
    run = DeterminationRun.objects.latest("pk")
    assert (run.cause, run.requested_by) == ("exemption ended", None)
    assert (outcome("SH-02", SH, "2025Q1"), outcome("SH-02", SH, "2025Q2")) == ("exempt", "non_compliant")
    assert ask("sun", "exemptions/")["results"][0]["state"] == "ended"


def the_second_quarter_is_filed(clock: Clock) -> None:
    """By all but one, which is found to have not reported once the time to file is over."""
    clock.moves_to(date(2025, 7, 10))
    for submission in (files("bai", "NM-01", "2025Q2", NORTH), files("chen", "SH-01", "2025Q2", HALF)):
        is_accepted("lin", submission)
    assert exposed("NM-01", "2025Q2") == {"9 April 2025": "120"}
    assert exposed("SH-01", "2025Q2") == {"7 October 2022": "300", "23 October 2023": "200"}
    clock.moves_to(date(2025, 7, 21), hour=0)
    tasks.sweep_ended_periods()
    work()
    late = determined("SH-03", SH, "2025Q2")
    assert (late["outcome"], late["cause"]) == ("not_reported", "filing ended")


def the_rule_becomes_nationwide(clock: Clock, mandate: Mandate, document: dict[str, Any]) -> None:
    """Publicly owned hubs, over half, in force from January: what was half is not enough, and lacks one card."""
    clock.moves_to(date(2025, 8, 18))
    draft = draft_mandate("zhao", mandate, document)
    approve("lin", draft)
    shown = read("zhao", f"/mandates/provisions/{draft.pk}/effects/")
    assert 'href="/centres/SH-01/?period=2025Q1"' in shown
    assert outcomes_in(tries("zhao", draft, "2025Q1"), "31") == {"non_compliant": 2, "out_of_scope": 1}
    issue("zhao", draft)
    for period in ("2025Q1", "2025Q2"):
        half = determined("SH-01", CN, period)
        assert (half["outcome"], half["comparator"], half["low"]["percent"]) == ("non_compliant", "over", "50.0000")
        assert (half["replace"], half["add"], half["units_domestic"], half["units_foreign"]) == (1, 1, 500, 500)
        # Shanghai's rule stands beside it, and says what it said.
        assert outcome("SH-01", SH, period) == "compliant"
    page = read("chen", f"/determinations/{half['id']}/")
    assert "500 of 1,000 units counted are domestic: 50.0000%. The rule asks for over 50%." in page
    assert "To comply: units to replace by domestic ones: 1; or domestic units to add: 1." in page
    assert outcome("NM-01", CN, "2025Q2") == "compliant"
    assert outcome("SH-02", CN, "2025Q1") == "out_of_scope"
    assert {row["code"] for row in ask("chen", "mandates/")["results"]} == {SH, CN}
    standing = read("wang", "/mandates/")
    assert "at least 50%" in standing
    assert "over 50%" in standing


def state_funded_new_builds(clock: Clock, mandate: Mandate, document: dict[str, Any]) -> None:
    """Domestic AI chips only, for what is under 30 % built; whoever is further along is decided by hand."""
    clock.moves_to(date(2025, 10, 8))
    operator = Operator.objects.get(name_en="Northern Steppe Computing")
    for code, progress in (("NM-31", 20), ("NM-32", 60), ("NM-33", 45)):
        launch(
            code, operator, region_code="1501", from_on=date(2025, 10, 1), status="building", state_funded=True,
            progress=progress,
        )  # fmt: skip
    clock.moves_to(date(2025, 11, 4))
    begun = [
        Line("Ascend 910B", 100, "2025-10-10"),
        Line("H20", 20, "2025-02-01"),
        Line("H20", 40, "2025-10-20", "installing"),
    ]
    filed = [files("bai", code, "2025Q4", begun) for code in ("NM-31", "NM-32", "NM-33")]
    filed.append(files("gao", "GD-01", "2025Q4", [Line("A100 80GB", 200, "2022-01-15")]))
    for submission in filed:
        is_accepted("zhao", submission)
    clock.moves_to(date(2025, 11, 5))
    draft = draft_mandate("lin", mandate, document)
    approve("zhao", draft)
    issue("lin", draft)
    new = determined("NM-31", NEW, "2025Q4")
    assert (new["outcome"], new["threshold"]["percent"], new["replace"]) == ("non_compliant", "100.0000", 20)
    assert [outcome(code, NEW, "2025Q4") for code in ("NM-32", "NM-33")] == ["out_of_scope"] * 2
    # A private centre is out of scope of both, and on no list.
    assert [outcome("GD-01", mandate, "2025Q4") for mandate in (NEW, CN)] == ["out_of_scope"] * 2
    listed = rows_by_centre(read("lin", "/case-by-case/"))
    assert {code for code in listed if code in ("NM-31", "NM-32", "NM-33", "GD-01")} == {"NM-32", "NM-33"}


def one_is_decided_by_hand(clock: Clock) -> None:
    clock.moves_to(date(2025, 11, 20))
    provision = Provision.objects.get(mandate__code=NEW)
    reason = "Two thirds of its cards are yet to be ordered."
    shown = look_and_take(
        "zhao", f"/case-by-case/{provision.pk}/NM-32/decide/", ruling="applies", from_on="2025-11-20", reason=reason
    )
    assert "1 outcome would change." in shown
    work()
    decided = determined("NM-32", NEW, "2025Q4")
    assert (decided["outcome"], decided["replace"], decided["cause"]) == ("non_compliant", 20, "decided by hand")
    assert reason in read("bai", f"/case-by-case/{provision.pk}/NM-32/")
    why = ask("bai", f"determinations/{decided['id']}/explanation/")
    assert why["rule"]["hand_decision"]["reason"] == reason
    # The other waits, and the rule is not held against it.
    assert outcome("NM-33", NEW, "2025Q4") == "out_of_scope"
    listed = rows_by_centre(read("lin", "/case-by-case/"))
    assert ("The rule applies" in listed["NM-32"], "To be decided" in listed["NM-33"]) == (True, True)


def nobody_learns_of_others() -> None:
    for who, codes in (("chen", {"SH-01"}), ("sun", {"SH-02"})):
        assert {one["centre"] for one in ask(who, "determinations/")["results"]} == codes
    assert browser("sun").get(f"/determinations/{determined('SH-01', CN, '2025Q1')['id']}/").status_code == 404


def what_was_known_on_31_march_2024() -> None:
    """Of that same day is known otherwise today: who owned a centre, and how fast a card is."""
    then = "2024-03-31T23:59:59+08:00"
    day = {"as_of": "2024-03-31"}
    ascend = f"chips/{ChipModel.objects.get(name='Ascend 910B').pk}/"
    assert ask("lin", "centres/GD-20/", **day, known_at=then)["record"]["ownership"] == "private"
    assert ask("lin", "centres/GD-20/", **day)["record"]["ownership"] == "local_soe"
    assert ask("wang", ascend, **day, known_at=then)["revision"]["compute"] == "320"
    assert ask("wang", ascend, **day)["revision"]["compute"] == "256"
    # Neither was a centre known that was launched later.
    assert ask("lin", "centres/GD-26/", known_at=then)["record"] is None


def everything_is_made_again(published: Documents) -> None:
    """What the regulators wrote is what is published, and what was determined of it comes to the same bytes."""
    night_falls()
    before = set(Determination.objects.values_list("pk", "digest"))
    call_command("load_reference", verbosity=0)
    assert {one.mandate.code: document_of(one) for one in Provision.objects.select_related("mandate")} == published
    night_falls()
    assert set(Determination.objects.values_list("pk", "digest")) == before
    said = StringIO()
    call_command("reproduce", is_all=True, stdout=StringIO(), stderr=said)
    assert said.getvalue() == f"{len(before)} determinations made again: all the same, to the byte.\n"
    half = determined("SH-01", CN, "2025Q1")["id"]
    assert ask("chen", f"determinations/{half}/reproduce/")["is_reproduced"]
