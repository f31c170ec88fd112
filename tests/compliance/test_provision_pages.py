"""The way of a provision through its pages: written, proposed, approved by another, issued, superseded, repealed."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Role, User
from centres.models import Centre, Operator
from compliance import provisions
from compliance.determine import determine
from compliance.models import CurrentDetermination, DeterminationRun, Provision
from compliance.requests import fulfil
from tests import cast
from tests.cast import signed_in
from tests.compliance.written import FORM, approved, document, draft

pytestmark = pytest.mark.django_db
WRITE = "/mandates/SH-2023/write/"
STEPS = ("propose", "take-back", "withdraw-approval", "discard", "restore")


@pytest.fixture
def author() -> User:
    return cast.regulator("author")


@pytest.fixture
def other() -> User:
    return cast.regulator("other")


@pytest.fixture
def where(owner: Operator) -> Centre:
    """A centre that meets "at least 50%" with just half of its cards."""
    made = cast.centre(owner=owner)
    cast.file(made, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test")
    return made


def read(user: User, address: str) -> str:
    answer = signed_in(user).get(address)
    assert answer.status_code == 200, address
    return unescape(answer.content.decode())


def seen_in(page: str) -> str:
    """What a page's form says that was seen."""
    (seen,) = re.findall('name="seen" value="([0-9a-f]{64})"', page)
    return str(seen)


def looked_at(user: User, provision: Provision) -> str:
    """What `user` can say once they looked at what issuing `provision` changes."""
    return seen_in(read(user, f"{page_of(provision)}issue/?look"))


def take(user: User, provision: Provision, step: str, **fields: str) -> str:
    """What the page says after `user` took a step."""
    address = f"/mandates/provisions/{provision.pk}/{step}/"
    answer: Any = signed_in(user).post(address, fields, follow=True)
    assert answer.status_code == 200
    provision.refresh_from_db()
    return unescape(answer.content.decode())


def page_of(provision: Provision) -> str:
    return reverse("provision", args=[provision.pk])


def outcome(where: Centre) -> str:
    return CurrentDetermination.objects.get(centre=where, mandate__code="SH-2023", period="2025Q4").outcome


def test_it_goes_from_a_draft_into_force_by_two_regulators(author: User, other: User, where: Centre) -> None:
    answer: Any = signed_in(author).post(WRITE, FORM, follow=True)
    written = Provision.objects.get(written_by=author)
    assert answer.redirect_chain == [(page_of(written), 302)]
    shown = unescape(answer.content.decode())
    assert "Intelligent computing centres in Shanghai: at least 60% of accelerator cards and CPUs in service" in shown
    assert "2025年10月1日" in shown
    assert f"/simulations/?provision={written.pk}" in shown
    assert "re-decides quarters that are over: 2025Q4" in shown
    assert "Propose it for approval" in shown
    assert "approve it" not in shown.lower()

    assert "Another regulator of the whole country approves it" in take(author, written, "propose")
    said = take(author, written, "approve", seal=provisions.seal_of(written))
    assert "whoever wrote a provision does not approve it" in said
    assert written.stage == "proposed"
    assert "Approved." in take(other, written, "approve", seal=provisions.seal_of(written))
    assert outcome(where) == "compliant"

    asked = read(other, f"{page_of(written)}issue/")
    assert "Once issued it stays for good" in asked
    # There is nothing to press before it is shown whom it touches.
    assert "Issue it from" not in asked
    assert f'hx-get="{page_of(written)}issue/?look"' in asked
    flipped = read(other, f"{page_of(written)}issue/?look")
    assert where.name_en in flipped
    assert "1 outcome would change" in flipped
    part = signed_in(other).get(f"{page_of(written)}issue/?look", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert seen_in(part) == seen_in(flipped)
    issued = signed_in(other).post(f"{page_of(written)}issue/", {"seen": seen_in(flipped)})
    run = DeterminationRun.objects.get()
    assert issued["Location"] == reverse("determination-run", args=[run.pk])
    for request in run.requests.all():
        fulfil(request.pk)
    assert outcome(where) == "non_compliant"
    assert where.name_en in read(other, reverse("determination-run", args=[run.pk]))

    after = read(cast.analyst(), page_of(written))
    assert "at least 60%" in after
    for hidden in ("author", "What can be done", "Simulate this draft"):
        assert hidden not in after


def test_what_is_to_be_changed_is_said_and_answered(author: User, other: User) -> None:
    written = draft(author)
    take(author, written, "propose")
    refused = signed_in(other).post(f"{page_of(written)}send-back/", {"comment": " "})
    assert refused.status_code == 422
    assert "This field is required." in refused.content.decode()
    assert "Sent back." in take(other, written, "send-back", comment="Name the issuer.\n<b>Now</b>")
    shown = signed_in(author).get(page_of(written)).content.decode()
    assert "Name the issuer.<br>&lt;b&gt;Now&lt;/b&gt;" in shown
    changed = signed_in(author).post(f"{page_of(written)}rewrite/", FORM | {"citation": "Shanghai, notice 7"})
    assert changed.status_code == 302
    assert "Name the issuer" not in take(author, written, "propose")
    assert (written.stage, written.citation, written.comment) == ("proposed", "Shanghai, notice 7", "")


def test_nothing_is_issued_that_was_not_looked_at(author: User, other: User, where: Centre) -> None:
    written = approved(author, other)
    address, client = f"{page_of(written)}issue/", signed_in(other)
    seen = looked_at(other, written)
    provisions.withdraw_approval(provision=written, by=other)
    provisions.take_back(provision=written, by=author)
    provisions.rewrite(provision=written, by=author, document=document(citation="another"))
    provisions.propose(provision=written, by=author)
    written.refresh_from_db()
    provisions.approve(provision=written, by=other, seal=provisions.seal_of(written))
    # What it says is another; nobody looked; and what stands in the page that is read is no look.
    for form in ({"seen": seen}, {}, {"seal": provisions.seal_of(written)}, {"seen": provisions.seal_of(written)}):
        answer = client.post(address, form, follow=True)
        assert "look first at what it changes" in answer.content.decode()
    seen = looked_at(other, written)
    # By another that is issued in between it decides no quarter that is over.
    provisions.issue(provision=approved(author, other, from_on="2025-11-01"), by=other)
    assert "look first at what it changes" in client.post(address, {"seen": seen}, follow=True).content.decode()
    written.refresh_from_db()
    assert (written.stage, DeterminationRun.objects.count()) == ("approved", 1)
    assert client.post(address, {"seen": looked_at(other, written)}).status_code == 302
    written.refresh_from_db()
    assert written.issued_at


def test_every_step_is_open_to_whom_it_belongs(author: User, other: User) -> None:
    written = draft(author)
    for user, step, is_taken, stage in (
        (other, "propose", False, "draft"),
        (author, "propose", True, "proposed"),
        (other, "take-back", False, "proposed"),
        (author, "take-back", True, "draft"),
        (author, "propose", True, "proposed"),
        (author, "send-back", False, "proposed"),
        (author, "approve", False, "proposed"),
        (other, "approve", True, "approved"),
        (author, "withdraw-approval", False, "approved"),
        (other, "withdraw-approval", True, "proposed"),
        (other, "discard", False, "proposed"),
        (author, "discard", True, "discarded"),
        (author, "propose", False, "discarded"),
        (other, "restore", False, "discarded"),
        (author, "restore", True, "draft"),
    ):
        said = take(user, written, step, comment="Name the issuer.", seal=provisions.seal_of(written))
        assert ("Nothing was done" not in said, written.stage) == (is_taken, stage), (user.username, step)


def test_an_approval_is_of_what_was_read(author: User, other: User) -> None:
    written = draft(author)
    take(author, written, "propose")
    seal = provisions.seal_of(written)
    take(author, written, "take-back")
    provisions.rewrite(provision=written, by=author, document=document(citation="another"))
    take(author, written, "propose")
    assert "written anew since you read it" in take(other, written, "approve", seal=seal)
    take(other, written, "approve", seal=provisions.seal_of(written))


def test_what_is_issued_is_only_superseded(author: User, other: User) -> None:
    standing = approved(author, other)
    provisions.issue(provision=standing, by=other)
    for step in STEPS:
        assert "by now the provision is issued" in take(author, standing, step)
    assert "changed by whoever wrote it, before it is proposed" in take(author, standing, "rewrite", **FORM)
    assert "by now the provision is issued" in take(other, standing, "approve", seal=provisions.seal_of(standing))
    assert signed_in(other).get(f"{page_of(standing)}issue/").status_code == 404

    begun = signed_in(author).get(f"{WRITE}?supersedes={standing.pk}")
    assert 'value="60%"' in begun.content.decode()
    later = approved(author, other, from_on="2026-01-01")
    provisions.issue(provision=later, by=author)
    assert "From 1 January 2026 on another provision that is issued takes its place." in read(author, page_of(standing))
    listed = read(author, "/mandates/SH-2023/")
    assert re.findall(r'<span class="stage stage-\w+">([\w ]+)</span>', listed) == [
        "In force", "Superseded", "Superseded",
    ]  # fmt: skip


def test_a_day_is_taken_once(author: User, other: User) -> None:
    first, second = approved(author, other), approved(author, other)
    provisions.issue(provision=first, by=other)
    seen = looked_at(other, second)
    answer = signed_in(other).post(f"{page_of(second)}issue/", {"seen": seen}, follow=True)
    assert "is issued from 1 October 2025 already" in answer.content.decode()


def test_a_mandate_is_repealed_from_a_day_by_the_same_way(author: User, other: User, where: Centre) -> None:
    address = "/mandates/SH-2023/repeal/"
    assert signed_in(author).get(address).status_code == 200
    wrong = signed_in(author).post(address, {"from_on": "soon", "legal_text": ""})
    assert wrong.status_code == 422
    assert "'soon' is not a date written YYYY-MM-DD." in unescape(wrong.content.decode())
    written = signed_in(author).post(address, {"from_on": "2025-12-01", "legal_text": "Repealed."})
    assert written.status_code == 302
    repeal = Provision.objects.get(written_by=author)
    assert "nothing is asked for: the mandate is repealed" in read(author, page_of(repeal))
    take(author, repeal, "propose")
    take(other, repeal, "approve", seal=provisions.seal_of(repeal))
    signed_in(other).post(f"{page_of(repeal)}issue/", {"seen": looked_at(other, repeal)})
    for request in DeterminationRun.objects.get().requests.all():
        fulfil(request.pk)
    assert outcome(where) == "not_in_force"
    assert "repealed" in read(author, "/mandates/")
    shown = read(author, "/mandates/SH-2023/")
    assert address not in shown
    assert signed_in(author).get(address).status_code == 404


def test_what_is_typed_reads_in_both_languages_beside_it(author: User) -> None:
    client = signed_in(author)
    shown = unescape(client.post("/mandates/reading/", FORM).content.decode())
    assert "at least 60% of accelerator cards and CPUs in service, by units, designed in China" in shown
    assert "自2025年10月1日起" in shown
    assert '<path class="asked"' in shown
    # The law's text may still be missing.
    assert "at least 60%" in client.post("/mandates/reading/", FORM | {"legal_text": ""}).content.decode()
    wrong = unescape(client.post("/mandates/reading/", FORM | {"domestic": "China", "from_on": ""}).content.decode())
    assert "'China' is not an ISO 3166 alpha-2 country." in wrong
    assert 'Holds from</a> <span class="text-secondary">(still empty)' in wrong
    assert not Provision.objects.filter(written_by=author).exists()


def test_without_script_it_is_read_and_its_steps_come_and_go_unwritten(author: User) -> None:
    client = signed_in(author)
    shown = client.post(WRITE, FORM | {"read": "1"})
    assert shown.status_code == 200
    assert "at least 60%" in shown.content.decode()
    longer = client.post(WRITE, FORM | {"add_step": "1"}).content.decode()
    assert re.findall(r'name="step-(\d)-day"', longer) == ["0", "1"]
    assert re.search(r'name="step-1-day"[^>]* autofocus', longer)
    shorter = client.post(WRITE, FORM | {"step-1-day": "2027-01-01", "remove_step": "0"}).content.decode()
    assert re.findall(r'name="step-(\d)-day"', shorter) == ["1"]
    assert 'value="2027-01-01"' in shorter
    assert not Provision.objects.filter(written_by=author).exists()


def test_a_step_that_was_not_typed_is_asked_for_and_none_at_all_is_a_repeal(author: User) -> None:
    client = signed_in(author)
    blank = FORM | {"step-0-day": "", "step-0-threshold": ""}
    assert client.post(WRITE, blank).status_code == 422
    without = {name: value for name, value in FORM.items() if not name.startswith("step-")}
    assert client.post(WRITE, without).status_code == 302
    assert Provision.objects.get(written_by=author).is_repeal
    # Beside one that is typed, an empty row is none.
    assert client.post(WRITE, FORM | {"step-1-day": "", "step-1-threshold": ""}).status_code == 302


@pytest.mark.parametrize("typed", [("is_by_hand", "on"), None])
def test_every_part_that_is_typed_is_written(author: User, typed: tuple[str, str] | None) -> None:
    form = FORM | {
        "metric": "compute", "origin_rule": "designer_and_fabricator", "domestic": "CN，KR",
        "classes": ["accelerator"], "workloads": ["training", "mixed"], "statuses": ["in_service", "spare"],
        "acquired_from": "2024-01-01", "scope-kinds": ["general"], "scope-ownership": ["private", "foreign"],
        "scope-provinces": ["11"], "scope-prefixes": "3101", "scope-state_funded": "false",
        "scope-commissioned_from": "2020-01-01", "scope-commissioned_to": "2025-12-31",
        "scope-progress_under": "30.5%", "by_hand-state_funded": "true", "by_hand-progress_under": "100",
        "step-1-day": "2027-01-01", "step-1-comparator": "over", "step-1-threshold": "７０％",
    }  # fmt: skip
    if typed:
        form |= dict([typed])
    answer = signed_in(author).post(WRITE, form)
    assert answer.status_code == 302
    written = Provision.objects.get(written_by=author)
    assert written.rule == {
        "metric": "compute", "origin_rule": "designer_and_fabricator", "domestic": ["CN", "KR"],
        "population": {
            "classes": ["accelerator"], "workloads": ["training", "mixed"], "statuses": ["in_service", "spare"],
            "acquired_from": "2024-01-01",
        },
        "scope": {
            "kinds": ["general"], "regions": ["11", "3101"], "ownership": ["private", "foreign"],
            "state_funded": False, "commissioned_from": "2020-01-01", "commissioned_to": "2025-12-31",
            "progress_under": "30.5",
        },
        "steps": [
            {"from": "2025-10-01", "comparator": "at_least", "threshold": "0.6"},
            {"from": "2027-01-01", "comparator": "over", "threshold": "0.7"},
        ],
    }  # fmt: skip
    by_hand = {"state_funded": True, "progress_under": "100"} if typed else None
    found = written.case_by_case
    assert (found and {name: value for name, value in found.items() if value is not None}) == by_hand
    # What was written stands in the fields again, and comes to the same.
    shown = signed_in(author).get(f"{page_of(written)}rewrite/").content.decode()
    for standing in ('value="CN, KR"', 'value="70%"', 'value="3101"', 'value="30.5"'):
        assert standing in shown


def asked_of(provision: Provision) -> list[tuple[str, str]]:
    """Every address of a provision that is not issued, with the method."""
    own = page_of(provision)
    return [
        ("get", own), ("get", f"{own}rewrite/"), ("post", f"{own}rewrite/"), ("get", f"{own}effects/"),
        ("post", f"{own}approve/"), ("post", f"{own}send-back/"), ("get", f"{own}issue/"), ("post", f"{own}issue/"),
        *(("post", f"{own}{step}/") for step in STEPS),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["owner", "regional", "analyst", "administrator"])
def test_what_is_under_way_does_not_exist_for_anybody_else(author: User, owner: Operator, who: str) -> None:
    users = {
        "owner": lambda: cast.user("o", Role.OPERATOR, acts_for=owner),
        "regional": lambda: cast.regional_regulator("31"),
        "analyst": cast.analyst,
        "administrator": cast.administrator,
    }
    written = draft(author)
    client = signed_in(users[who]())
    for method, address in asked_of(written):
        answers = [
            getattr(client, method)(address.replace(f"/{written.pk}/", f"/{key}/")) for key in (written.pk, 999_999)
        ]
        hidden, missing = answers
        assert hidden.status_code == missing.status_code, address
        assert hidden.status_code in (403, 404), address
        assert cast.told(hidden, written.pk) == cast.told(missing, 999_999), address
    for address in (WRITE, "/mandates/SH-2023/repeal/", "/mandates/new/"):
        assert client.get(address).status_code == client.post(address, FORM).status_code == 403
    assert client.post("/mandates/reading/", FORM).status_code == 403
    for address in ("/mandates/", "/mandates/SH-2023/"):
        shown = client.get(address).content.decode()
        assert client.get(address).status_code == 200
        for hidden_text in ("60%", "nder way", "Write a provision", "Simulate"):
            assert hidden_text not in shown
    written.refresh_from_db()
    assert written.stage == "draft"


@pytest.mark.parametrize(
    ("code", "today"), [("SH-2023", "at least 50%"), ("CN-2025", "over 50%"), ("CN-2025-NEW", "at least 100%")]
)
def test_the_list_says_what_each_mandate_asks_for_today(code: str, today: str) -> None:
    rows = read(cast.analyst(), "/mandates/").split("<tr>")
    (row,) = [row for row in rows if f"/mandates/{code}/" in row]
    assert f"<b>{today}</b>" in row


def test_the_list_says_what_comes_next_and_what_is_under_way(author: User, other: User) -> None:
    coming = approved(author, other, from_on="2099-01-01")
    provisions.issue(provision=coming, by=other)
    draft(author)
    rows = read(author, "/mandates/").split("<tr>")
    (row,) = [row for row in rows if "/mandates/SH-2023/" in row]
    assert "at least 60%<br>" in row
    assert "from 1 January 2099" in row
    assert 'href="/mandates/SH-2023/#under-way">1</a>' in row
    assert "To come" in read(cast.analyst(), "/mandates/SH-2023/")


def test_a_mandate_is_added_and_stands_empty_until_a_provision_is_written(author: User) -> None:
    client = signed_in(author)
    facts = {
        "code": "GD-2026", "title_en": "Guangdong: domestic chips", "title_zh": "广东省国产芯片要求",
        "issuer": "Guangdong province", "issued_on": "2026-05", "source": "", "link": "", "confidence": "established",
    }  # fmt: skip
    for name, value in (("code", "gd 2026"), ("issued_on", "2026-13"), ("title_zh", ""), ("code", "SH-2023")):
        wrong = client.post("/mandates/new/", facts | {name: value})
        assert wrong.status_code == 422
        assert name in wrong.context["form"].errors
    assert client.post("/mandates/new/", facts).status_code == 302
    shown = read(author, "/mandates/GD-2026/")
    for said in ("Nothing is in force yet.", "Nothing was issued yet.", "Nothing is being written."):
        assert said in shown
    assert "Repeal" not in shown
    assert "nothing is asked for" in read(cast.analyst(), "/mandates/")
    chinese = client.get("/mandates/GD-2026/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "广东省国产芯片要求" in chinese


def test_where_no_mandate_is_known_the_list_says_so() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE compliance_mandate CASCADE")
    assert "No mandate is known yet." in read(cast.analyst(), "/mandates/")


def test_lists_and_pages_cost_the_same_for_any_number_of_provisions(
    author: User, other: User, django_assert_num_queries: Any
) -> None:
    client = signed_in(author)
    standing = approved(author, other)
    for year in range(2031, 2051, 10):
        # Session, user, synthetic centres or not; the mandates counted and read, their provisions, the regions.
        with django_assert_num_queries(7):
            client.get("/mandates/")
        # Session, user, the mandate, its provisions with who wrote them, the regions for the readings and for the
        # rows, synthetic centres or not.
        with django_assert_num_queries(7):
            client.get("/mandates/SH-2023/")
        # Session, user, the provision, the regions, the provision that comes next and the quarters until then,
        # synthetic centres or not.
        with django_assert_num_queries(7):
            client.get(page_of(standing))
        for number in range(9):
            later = approved(author, other, from_on=date(year + number, 1, 1).isoformat())
            provisions.issue(provision=later, by=other)
            draft(author, from_on=date(year + number, 7, 1).isoformat())
