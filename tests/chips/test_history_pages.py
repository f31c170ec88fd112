"""An inventory as it was known on a day, and what changed between two versions: as each role meets the pages."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from centres.models import Centre, Operator
from centres.periods import SHANGHAI
from chips import history_views
from chips.differences import differences
from chips.history import as_known, end_of
from chips.models import Submission
from tests import cast
from tests.chips.inventories import line, store

pytestmark = pytest.mark.django_db

HISTORY, DIFFERENCES = "/centres/SH-01/inventory/", "/centres/SH-01/differences/"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def two_versions(where: Centre) -> tuple[Submission, Submission]:
    """Of 2025Q4: 100 units accepted on 10 January 2026, and 150 on 20 February."""
    first = store(where, [line(quantity=100)], status="accepted", decided_at=at("2026-01-10 09:00"))
    second = store(
        where, [line(quantity=150, note="counted anew")], status="accepted", decided_at=at("2026-02-20 09:00")
    )
    return first, second


@pytest.mark.parametrize(
    ("known_on", "units"),
    [
        ("2026-01-09", None),
        ("2026-01-10", 100),
        ("2026-02-19", 100),
        ("2026-02-20", 150),
        ("0001-01-01", None),
        ("9999-12-31", 150),
    ],
)
def test_what_stood_as_it_was_known_on_a_day(
    filer: Client, two_versions: Any, known_on: str, units: int | None
) -> None:
    answer = filer.get(HISTORY, {"period": "2025Q4", "known_on": known_on})
    assert answer.status_code == 200
    standing = answer.context["found"].standing
    assert (standing and standing.units) == units
    assert ("No inventory was accepted for this quarter by then." in answer.content.decode()) == (units is None)


@pytest.mark.parametrize(
    ("decided_at", "is_known"), [("2026-03-31 23:59:59.999999", True), ("2026-04-01 00:00", False)]
)
def test_a_day_ends_at_midnight_in_shanghai(where: Centre, decided_at: str, is_known: bool) -> None:
    store(where, [line()], status="accepted", decided_at=at(decided_at))
    found = as_known(cast.regulator(), where, cast.period(), date(2026, 3, 31))
    assert (found.standing is not None) == is_known
    assert end_of(date(2026, 3, 31)) == at("2026-04-01 00:00") - timedelta(microseconds=1)


def test_it_says_what_superseded_it_and_links_to_what_changed(filer: Client, two_versions: Any) -> None:
    first, second = two_versions
    html = filer.get(HISTORY, {"period": "2025Q4", "known_on": "2026-01-31"}).content.decode()
    assert "superseded by version 2, accepted at 2026-02-20 09:00" in html
    assert f"?from={first.pk}&amp;to={second.pk}" in html
    assert "it stands to this day" not in html
    html = filer.get(HISTORY, {"period": "2025Q4"}).content.decode()
    assert "it stands to this day" in html
    assert "counted anew" in html


def test_what_was_repudiated_stood_until_then(filer: Client, two_versions: Any) -> None:
    _, second = two_versions
    Submission.objects.filter(pk=second.pk).update(
        status="repudiated", repudiated_at=at("2026-03-03 12:00"), repudiation_reason="It was not ours."
    )
    for known_on, units in (("2026-03-02", 150), ("2026-03-03", 100)):
        answer = filer.get(HISTORY, {"period": "2025Q4", "known_on": known_on})
        assert answer.context["found"].standing.units == units


def test_a_nil_return_says_so(filer: Client, where: Centre) -> None:
    store(where, [], status="accepted")
    assert "A nil return" in filer.get(HISTORY).content.decode()


def test_the_latest_quarter_that_was_filed_as_known_today_is_shown_first(filer: Client, where: Centre) -> None:
    store(where, [line(quantity=7)], quarter="2025Q2", status="accepted")
    store(where, [line(quantity=8)], quarter="2025Q3", status="accepted")
    context = filer.get(HISTORY).context
    assert (context["found"].period.code, context["found"].standing.units) == ("2025Q3", 8)


def test_a_centre_that_filed_nothing_has_a_page(filer: Client, where: Centre) -> None:
    assert filer.get(HISTORY).status_code == 200


def test_lines_are_turned_over_by_the_hundred_and_keep_the_choice(filer: Client, where: Centre) -> None:
    store(where, [line(note=f"rack {number}") for number in range(101)], status="accepted")
    address = {"period": "2025Q4", "known_on": timezone.localdate().isoformat()}
    first = filer.get(HISTORY, address).content.decode()
    assert "rack 99" in first
    assert "rack 100" not in first
    assert f"period=2025Q4&amp;known_on={address['known_on']}&amp;page=2" in first
    assert "rack 100" in filer.get(HISTORY, address | {"page": "2"}).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"period": "2025Q5"},
        {"period": "2025Q4\0"},
        {"period": "' OR 1=1"},
        {"known_on": "yesterday"},
        {"known_on": "2026-02-30"},
        {"known_on": "10000-01-01"},
    ],
)
def test_what_is_no_quarter_or_no_day_is_told(filer: Client, two_versions: Any, query: dict[str, str]) -> None:
    answer = filer.get(HISTORY, query)
    assert answer.status_code == 422
    assert "alert-danger" in answer.content.decode()


def test_what_changed_is_told_in_words_signs_and_colour(filer: Client, where: Centre) -> None:
    before = store(where, [line(quantity=8), line("h800", 3)], quarter="2025Q3", status="accepted")
    after = store(where, [line(quantity=9, note="one more"), line(quantity=4, status="spare")], status="submitted")
    html = filer.get(DIFFERENCES, {"from": before.pk, "to": after.pk}).content.decode()
    for words in ("+ added: 1", "− removed: 1", "≠ changed: 1", "= unchanged: 0", "Units before: 11; after: 13."):
        assert words in html
    assert "<del>8</del> <ins>9</ins>" in html
    assert "<ins>one more</ins>" in html


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (["A", "B", "C"], '3<br><span class="note">+ C</span><br><span class="note">− D</span>'),
        (["A", "B"], '<del>3</del> <ins>2</ins><br><span class="note">− D</span>'),
        (["B", "A", "D"], '3<br><span class="note">in another order</span>'),
    ],
)
def test_serial_numbers_that_came_and_went_are_named(
    filer: Client, where: Centre, numbers: list[str], told: str
) -> None:
    before = store(where, [line(quantity=3, serial_numbers=["A", "B", "D"])], status="accepted")
    after = store(where, [line(quantity=3, serial_numbers=numbers)], status="submitted")
    assert f"<td>{told}</td>" in filer.get(DIFFERENCES, {"from": before.pk, "to": after.pk}).content.decode()


def test_versions_of_two_quarters_and_in_either_direction(filer: Client, where: Centre) -> None:
    before = store(where, [line(quantity=8)], quarter="2025Q3", status="accepted")
    after = store(where, [line(quantity=9)], status="draft")
    assert filer.get(DIFFERENCES, {"from": before.pk, "to": after.pk}).context["differences"].units_change == 1
    assert filer.get(DIFFERENCES, {"from": after.pk, "to": before.pk}).context["differences"].units_change == -1
    same = filer.get(DIFFERENCES, {"from": after.pk, "to": after.pk}).content.decode()
    assert "Both hold the same lines." in same


def test_too_many_changes_are_told_by_model(filer: Client, where: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_views, "differences", partial(differences, limit=1))
    before = store(where, [line(quantity=8)], quarter="2025Q3")
    after = store(where, [line(quantity=9), line(quantity=10)])
    html = filer.get(DIFFERENCES, {"from": before.pk, "to": after.pk}).content.decode()
    assert "1 lines of the earlier and 2 of the later have no equal in the other (0 have)" in html
    assert "+11" in html
    assert "<del>" not in html


def test_the_rival_meets_what_a_wrong_address_meets(
    client: Client, two_versions: tuple[Submission, Submission], rival: Operator
) -> None:
    first, second = two_versions
    client.force_login(cast.user("other", cast.Role.OPERATOR, acts_for=rival))
    for page, query in (("inventory", {}), ("differences", {"from": first.pk, "to": second.pk})):
        found = [client.get(f"/centres/{code}/{page}/", query) for code in ("SH-01", "SH-99")]
        assert [answer.status_code for answer in found] == [404, 404]
        assert cast.told(found[0], "SH-01") == cast.told(found[1], "SH-99")


def test_keys_of_others_are_keys_of_nothing(
    filer: Client, two_versions: tuple[Submission, Submission], owner: Operator, rival: Operator
) -> None:
    first, _ = two_versions
    theirs = store(cast.centre("SH-02", owner=rival), [line()], status="accepted")
    own_elsewhere = store(cast.centre("SH-03", owner=owner), [line()], status="accepted")
    for key in (theirs.pk, own_elsewhere.pk, 999_999, 10**30, "", "x", "1\0", f" {first.pk}"):
        assert filer.get(DIFFERENCES, {"from": first.pk, "to": key}).status_code == 404
        assert filer.get(DIFFERENCES, {"from": key, "to": first.pk}).status_code == 404
    assert filer.get(DIFFERENCES, {"from": first.pk}).status_code == 404
    assert filer.get(DIFFERENCES).status_code == 404


@pytest.mark.parametrize("who", ["regulator", "analyst"])
def test_drafts_are_their_operators_alone(client: Client, two_versions: Any, where: Centre, who: str) -> None:
    first, second = two_versions
    draft = store(where, [line(quantity=4711)])
    client.force_login(getattr(cast, who)())
    answer = client.get(HISTORY)
    assert answer.context["versions"] == [second, first]
    assert "4,711" not in answer.content.decode()
    assert client.get(DIFFERENCES, {"from": first.pk, "to": draft.pk}).status_code == 404
    assert client.get(DIFFERENCES, {"from": first.pk, "to": second.pk}).status_code == 200


def test_who_has_no_say_in_shanghai_meets_nothing(client: Client, two_versions: Any) -> None:
    first, second = two_versions
    for user in (cast.regional_regulator("11"), cast.administrator()):
        client.force_login(user)
        assert client.get(HISTORY).status_code == 404
        assert client.get(DIFFERENCES, {"from": first.pk, "to": second.pk}).status_code == 404
    client.logout()
    assert client.get(HISTORY).status_code == 302


@pytest.mark.parametrize("count", [2, 20])
def test_pages_cost_the_same_however_many_lines(filer: Client, where: Centre, count: int) -> None:
    before = store(where, [line(quantity=1 + n) for n in range(count)], status="accepted")
    after = store(where, [line("h800", quantity=1 + n) for n in range(count)], status="accepted")
    # Session; user; operators acted for, centre; operators, all versions; the period asked for; operators, what stood,
    # what stands; operators, count and page of lines; doubts of their chips, by two; the periods to choose, by two;
    # whether anything is synthetic.
    with CaptureQueriesContext(connection) as queries:
        filer.get(HISTORY)
    assert len(queries) == 18, [query["sql"][:160] for query in queries]
    # Session; user; operators, centre; operators, submissions; the five of differences; whether anything is synthetic.
    with CaptureQueriesContext(connection) as queries:
        filer.get(DIFFERENCES, {"from": before.pk, "to": after.pk})
    assert len(queries) == 12, [query["sql"][:160] for query in queries]


def test_neither_page_has_script_or_style_of_its_own(filer: Client, two_versions: Any) -> None:
    first, second = two_versions
    for page in (filer.get(HISTORY), filer.get(DIFFERENCES, {"from": first.pk, "to": second.pk})):
        html = page.content.decode()
        main = html[html.index("<main") : html.index("</main>")]
        assert "<script" not in main
        assert "style=" not in main
        assert html.count('id="versions"') + html.count('id="differences"') == 1
