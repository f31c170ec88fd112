"""The pages of who has filed, of the days for filing, and of having a locked period opened."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Role, User
from centres.models import Centre, FilingTerm, Operator
from centres.terms import set_term, term_of
from chips.models import OpeningRequest
from chips.openings import AlreadyAnswered, answer_request, ask_to_open
from chips.timeliness import Locked, require_open
from tests import cast
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/timeliness/?period=2025Q4"
TERM = {"due_on": "2026-01-25", "locks_on": "2026-02-28", "reason": "Spring festival."}


def lock(centre: Centre | None = None) -> None:
    set_term(
        period=cast.period(), centre=centre, due_on=date(2026, 1, 20), locks_on=date(2026, 2, 1),
        reason="The report was sealed.", recorded_by=cast.regulator("locking"),
    )  # fmt: skip


@pytest.fixture
def centre(owner: Operator) -> Centre:
    return cast.centre("SH-01", owner=owner)


@pytest.fixture
def filer(owner: Operator) -> User:
    return cast.user("filer", Role.OPERATOR, acts_for=owner)


@pytest.fixture
def rival_user(rival: Operator) -> User:
    return cast.user("rival", Role.OPERATOR, acts_for=rival)


def test_a_regulator_sees_who_has_filed_by_region_and_centre(centre: Centre) -> None:
    cast.file(centre, cast.period(), ascend=8)
    cast.centre("BJ-91", region_code="1101")
    page = signed_in(cast.regulator()).get(PAGE)
    (beijing, shanghai, both) = page.context["region_rows"]
    assert (beijing.region.name_en, beijing.late, beijing.total) == ("Beijing", 1, 1)
    # It was filed just now, long after January.
    assert (shanghai.region.name_en, shanghai.filed_late, shanghai.not_at_all) == ("Shanghai", 1, 0)
    assert (both.region, both.total, both.not_at_all) == (None, 2, 1)
    text = page.content.decode()
    assert "Centre SH-01" in text
    assert "Centre BJ-91" in text


def test_the_list_takes_a_region_a_state_and_a_page(centre: Centre) -> None:
    cast.file(centre, cast.period(), ascend=8)
    cast.centre("BJ-91", region_code="1101")
    client = signed_in(cast.analyst())
    shown = {
        query: [row.centre.code for row in client.get(PAGE + query).context["page"]]
        for query in ("&region=11", "&state=accepted", "&state=due", "&filed=not_at_all", "&state=nonsense&region=99")
    }
    assert shown == {
        "&region=11": ["BJ-91"], "&state=accepted": ["SH-01"], "&state=due": [], "&filed=not_at_all": ["BJ-91"],
        "&state=nonsense&region=99": ["BJ-91", "SH-01"],
    }  # fmt: skip


def test_the_rival_sees_nothing_of_it(centre: Centre, rival_user: User) -> None:
    before = cast.told(signed_in(rival_user).get(PAGE), "")
    lock(centre)
    cast.file(centre, cast.period(), ascend=8)
    assert cast.told(signed_in(rival_user).get(PAGE), "") == before
    rival = signed_in(rival_user)
    assert b"SH-01" not in rival.get("/timeliness/export/?period=2025Q4").content
    assert rival.get(reverse("ask-opening", args=["2025Q4", "SH-01"])).status_code == 404
    assert rival.post(reverse("ask-opening", args=["2025Q4", "SH-01"]), {"reason": "Mine."}).status_code == 404
    assert rival.get(reverse("centre-term", args=["2025Q4", "SH-01"])).status_code == 403


def test_an_operator_sees_its_own_centres_and_no_sums(centre: Centre, filer: User) -> None:
    cast.centre("SH-02")
    page = signed_in(filer).get(PAGE)
    assert [row.centre.code for row in page.context["page"]] == ["SH-01"]
    assert 'id="regions"' not in page.content.decode()
    assert reverse("file-inventory", args=["SH-01"]) in page.content.decode()


def test_an_administrator_has_no_say_here(centre: Centre) -> None:
    client = signed_in(cast.administrator())
    assert client.get(PAGE).status_code == 403
    assert client.get("/timeliness/export/").status_code == 403


@pytest.mark.parametrize("centres", [2, 20])
def test_the_page_costs_the_same_for_every_number_of_centres(
    centres: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(centres):
        cast.file(cast.centre(f"SH-{number:02}"), cast.period(), ascend=8)
    client = signed_in(cast.regulator())
    # 1: the session; 2: the user; 3: the periods; 4: the regions; 5: the sums; 6: the term of the period;
    # 7: the rows; 8: what waits to be opened; 9: whether anything is synthetic.
    with django_assert_num_queries(9):
        client.get(PAGE)


def test_the_export_holds_the_rows_that_were_chosen(centre: Centre) -> None:
    cast.centre("BJ-91", region_code="1101")
    answer = signed_in(cast.analyst()).get("/timeliness/export/?period=2025Q4&region=31")
    text = answer.content.decode("utf-8-sig")
    assert [line.split(",")[1] for line in text.splitlines()] == ["centre", "SH-01"]
    assert "timeliness-2025Q4.csv" in answer.headers["Content-Disposition"]


def test_a_regulator_sets_the_days_for_all_and_sees_what_was_set(centre: Centre) -> None:
    regulator = cast.regulator()
    client = signed_in(regulator)
    address = reverse("period-term", args=["2025Q4"])
    assert client.post(address, TERM).status_code == 302
    term = term_of(centre, cast.period())
    assert (term.due_on, term.locks_on, term.recorded_by) == (date(2026, 1, 25), date(2026, 2, 28), regulator)
    assert "Spring festival." in client.get(address).content.decode()


def test_a_centre_can_be_exempt_and_a_period_cannot(centre: Centre) -> None:
    client = signed_in(cast.regional_regulator("31"))
    client.post(reverse("centre-term", args=["2025Q4", "SH-01"]), TERM | {"is_exempt": "on"})
    assert term_of(centre, cast.period()).is_exempt
    national = signed_in(cast.regulator())
    national.post(reverse("period-term", args=["2025Q4"]), TERM | {"is_exempt": "on"})
    assert FilingTerm.objects.filter(centre__isnull=True, is_exempt=False).count() == 1


@pytest.mark.parametrize("name", ["due_on", "reason"])
def test_days_without_what_they_need_are_refused(name: str, centre: Centre) -> None:
    client = signed_in(cast.regulator())
    answer = client.post(reverse("period-term", args=["2025Q4"]), TERM | {name: ""})
    assert answer.status_code == 422
    assert name in answer.context["form"].errors
    assert not FilingTerm.objects.exists()


def test_a_lock_before_the_due_date_is_refused_beside_its_field(centre: Centre) -> None:
    answer = signed_in(cast.regulator()).post(
        reverse("period-term", args=["2025Q4"]), TERM | {"locks_on": "2026-01-24"}
    )
    assert answer.status_code == 422
    assert "A period does not lock before its due date." in answer.content.decode()


def test_who_regulates_a_province_sets_days_for_its_centres_alone(centre: Centre) -> None:
    cast.centre("BJ-91", region_code="1101")
    client = signed_in(cast.regional_regulator("31"))
    assert client.post(reverse("period-term", args=["2025Q4"]), TERM).status_code == 403
    assert client.post(reverse("centre-term", args=["2025Q4", "BJ-91"]), TERM).status_code == 404
    assert client.post(reverse("centre-term", args=["2025Q4", "SH-01"]), TERM).status_code == 302
    assert list(FilingTerm.objects.values_list("centre__code", flat=True)) == ["SH-01"]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.OPERATOR, Role.ADMINISTRATOR])
def test_nobody_else_sets_days(role: Role, centre: Centre) -> None:
    client = signed_in(cast.user("somebody", role))
    for address in (reverse("period-term", args=["2025Q4"]), reverse("centre-term", args=["2025Q4", "SH-01"])):
        assert client.post(address, TERM).status_code == 403
    assert not FilingTerm.objects.exists()


def test_a_locked_period_says_why_and_names_an_office_and_no_person(centre: Centre, filer: User) -> None:
    lock()
    client = signed_in(filer)
    address = reverse("ask-opening", args=["2025Q4", "SH-01"])
    assert address in client.get(PAGE).content.decode()
    text = client.get(address).content.decode()
    assert "The report was sealed." in text
    assert "1 February 2026" in text
    assert "by: regulator." in text
    assert "locking" not in text


def test_a_locked_period_is_opened_for_the_one_who_asks(centre: Centre, filer: User) -> None:
    other = cast.centre("SH-02")
    lock()
    client = signed_in(filer)
    address = reverse("ask-opening", args=["2025Q4", "SH-01"])
    client.post(address, {"reason": "Our site was flooded."})
    # A second time while nobody answered: there is still one.
    client.post(address, {"reason": "Our site was flooded."})
    (asked,) = OpeningRequest.objects.all()
    regulator = signed_in(cast.regulator())
    answer_at = reverse("answer-opening", args=[asked.pk])
    assert answer_at in regulator.get(PAGE).content.decode()
    assert "Our site was flooded." in regulator.get(answer_at).content.decode()
    until = timezone.localdate() + timedelta(days=5)
    answered = regulator.post(answer_at, {"granted": "true", "locks_on": until.isoformat(), "answer": "So be it."})
    assert answered.status_code == 302
    require_open(centre, cast.period(), timezone.now())
    term = term_of(centre, cast.period())
    assert (term.due_on, term.locks_on, term.reason) == (date(2026, 1, 20), until, "So be it.")
    with pytest.raises(Locked):
        require_open(other, cast.period(), timezone.now())
    assert "So be it." in client.get(address).content.decode()


def test_a_refusal_opens_nothing_and_says_why(centre: Centre, filer: User) -> None:
    lock()
    asked = ask_to_open(centre=centre, period=cast.period(), reason="Please.", asked_by=filer)
    signed_in(cast.regulator()).post(
        reverse("answer-opening", args=[asked.pk]), {"granted": "false", "answer": "Too late."}
    )
    with pytest.raises(Locked):
        require_open(centre, cast.period(), timezone.now())
    assert "Too late." in signed_in(filer).get(reverse("ask-opening", args=["2025Q4", "SH-01"])).content.decode()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"granted": "true", "answer": "Yes."}, "locks_on"),
        ({"granted": "true", "answer": "Yes.", "locks_on": "2026-02-02"}, "locks_on"),
        ({"granted": "false", "answer": ""}, "answer"),
        ({"answer": "Yes."}, "granted"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(given: dict[str, str], wrong: str, centre: Centre, filer: User) -> None:
    lock()
    asked = ask_to_open(centre=centre, period=cast.period(), reason="Please.", asked_by=filer)
    answer = signed_in(cast.regulator()).post(reverse("answer-opening", args=[asked.pk]), given)
    assert answer.status_code == 422
    assert wrong in answer.context["form"].errors
    asked.refresh_from_db()
    assert asked.answered_at is None


def test_who_answers_second_changes_nothing(centre: Centre, filer: User) -> None:
    lock()
    asked = ask_to_open(centre=centre, period=cast.period(), reason="Please.", asked_by=filer)
    regulator = cast.regulator()
    answer_request(request=asked, granted=False, locks_on=None, answer="No.", answered_by=regulator)
    with pytest.raises(AlreadyAnswered):
        answer_request(request=asked, granted=True, locks_on=timezone.localdate(), answer="Yes.", answered_by=regulator)
    assert signed_in(regulator).post(
        reverse("answer-opening", args=[asked.pk]), {"granted": "false", "answer": "Twice."}
    ).status_code == 302  # fmt: skip
    asked.refresh_from_db()
    assert asked.answer == "No."


def test_another_provinces_regulator_does_not_know_of_a_request(centre: Centre, filer: User) -> None:
    lock()
    asked = ask_to_open(centre=centre, period=cast.period(), reason="Please.", asked_by=filer)
    client = signed_in(cast.regional_regulator("11"))
    assert reverse("answer-opening", args=[asked.pk]) not in client.get(PAGE).content.decode()
    assert client.get(reverse("answer-opening", args=[asked.pk])).status_code == 404
    assert signed_in(filer).get(reverse("answer-opening", args=[asked.pk])).status_code == 403


def test_what_is_not_locked_need_not_be_opened(centre: Centre, filer: User) -> None:
    client = signed_in(filer)
    address = reverse("ask-opening", args=["2025Q4", "SH-01"])
    client.post(address, {"reason": "Please."})
    assert not OpeningRequest.objects.exists()
    assert "It is open" in client.get(address).content.decode()
