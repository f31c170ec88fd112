"""The regulator's queue, and what is decided on one screen."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from centres.models import Centre, Operator
from centres.periods import SHANGHAI
from chips import review_views
from chips.models import Submission
from chips.review import overdue
from chips.submissions import accept, attest, repudiate, return_for_correction, store_nil_draft
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer(client: Client) -> Client:
    client.force_login(cast.regulator())
    return client


def waiting(client: Client, show: str = "") -> list[Submission]:
    return list(client.get("/review/", {"show": show}).context["page"])


def filed(where: Centre, day: int, quarter: str = "2025Q4") -> Submission:
    by = where.operator and cast.User.objects.filter(username="filer").first()
    by = by or cast.user("filer", cast.Role.OPERATOR, acts_for=where.operator)
    draft = store_nil_draft(centre=where, period=cast.period(quarter), created_by=by)
    return attest(draft, by=by, full_name="Wang", at=datetime(2026, 1, day, 12, tzinfo=SHANGHAI))


def test_the_oldest_stands_first_and_what_is_decided_stands_no_more(reviewer: Client, where: Centre) -> None:
    later = filed(where, 12)
    older = filed(cast.centre("SH-02", owner=where.operator), 9)
    assert waiting(reviewer) == [older, later]
    accept(older, by=cast.regulator("second"))
    assert waiting(reviewer) == [later]


def test_what_changed_since_it_was_returned_is_told_from_what_is_new(reviewer: Client, where: Centre) -> None:
    first = filed(where, 9)
    return_for_correction(first, by=cast.regulator("second"), comment="Which halls?", line_comments={})
    again = filed(where, 12)
    new = filed(cast.centre("SH-02", owner=where.operator), 13)
    assert waiting(reviewer, "new") == [new]
    assert waiting(reviewer, "changed") == [again]
    html = reviewer.get(f"/submissions/{again.pk}/").content.decode()
    assert "Which halls?" in html
    assert "changed since" in reviewer.get("/review/").content.decode()


def test_an_older_version_that_a_later_one_follows_waits_for_nobody(reviewer: Client, where: Centre) -> None:
    filed(where, 9)
    later = filed(where, 10)
    assert waiting(reviewer) == [later]


def test_comments_on_lines_go_with_the_return(reviewer: Client, where: Centre, owner: Operator) -> None:
    submitted = cast.file(where, cast.period(), status="submitted", ascend=5, h800=7)
    lines = {"line-2": "Which contract?", "line-3": " ", "line-99": "none", "line-x": "none"}
    said = {"comment": "See the lines."} | lines
    answer = reviewer.post(f"/submissions/{submitted.pk}/return/", said)
    assert answer.headers["Location"] == "/review/"
    submitted.refresh_from_db()
    assert submitted.line_comments == [{"row": 2, "comment": "Which contract?"}]
    filer = Client()
    filer.force_login(cast.user("filer", cast.Role.OPERATOR, acts_for=owner))
    assert "Which contract?" in filer.get(f"/submissions/{submitted.pk}/").content.decode()
    analyst = Client()
    analyst.force_login(cast.analyst())
    assert "Which contract?" not in analyst.get(f"/submissions/{submitted.pk}/").content.decode()


def test_the_second_of_two_reviewers_is_told_who_was_first(reviewer: Client, where: Centre) -> None:
    submission = filed(where, 9)
    accept(submission, by=cast.regulator("second"))
    told: Any = reviewer.post(f"/submissions/{submission.pk}/return/", {"comment": "No."}, follow=True)
    assert "second decided it at" in told.content.decode()


def test_a_regulator_is_told_what_was_repudiated(reviewer: Client, where: Centre) -> None:
    filed(where, 9)
    by = cast.User.objects.get(username="filer")
    sent = attest(store_nil_draft(centre=where, period=cast.period("2025Q3"), created_by=by), by=by, full_name="Wang")
    repudiate(sent, by=by, reason="Our token was stolen.")
    assert "Our token was stolen." in reviewer.get("/review/").content.decode()


def test_a_regulator_of_other_provinces_and_others_see_no_queue_of_it(client: Client, where: Centre) -> None:
    filed(where, 9)
    client.force_login(cast.regional_regulator("11"))
    assert waiting(client) == []
    client.force_login(cast.analyst())
    assert client.get("/review/").status_code == 403


@pytest.mark.parametrize(
    ("when", "period"),
    [("2026-01-20T23:59", "2025Q3"), ("2026-01-21T00:00", "2025Q4"), ("2026-04-20T23:59", "2025Q4")],
)
def test_overdue_is_what_was_due_last(where: Centre, when: str, period: str) -> None:
    ledger = overdue(cast.regulator(), datetime.fromisoformat(when).replace(tzinfo=SHANGHAI))
    assert ledger is not None
    assert (ledger.period.code, [row.centre.code for row in ledger.rows()]) == (period, ["SH-01"])


def test_the_overdue_centres_stand_in_the_queue_until_they_file(client: Client, where: Centre) -> None:
    cast.centre("BJ-91", region_code="1101")
    client.force_login(cast.regional_regulator("31"))
    page = client.get("/review/", {"show": "overdue"})
    assert [row.centre.code for row in page.context["page"]] == ["SH-01"]
    assert "Overdue (1)" in page.content.decode()
    filed(where, 9, page.context["ledger"].period.code)
    page = client.get("/review/", {"show": "overdue"})
    assert list(page.context["page"]) == []
    assert "Nothing is overdue." in page.content.decode()
    assert "Overdue (0)" in page.content.decode()


def test_the_second_page_of_a_narrowed_queue_stays_narrow(
    reviewer: Client, where: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_views, "PAGE", 1)
    cast.centre("SH-02")
    for show in ("new", "overdue"):
        for one in (where, cast.centre(f"SH-{show.upper()}", owner=where.operator)):
            if show == "new":
                filed(one, 9)
        assert f"show={show}&amp;page=2" in reviewer.get("/review/", {"show": show}).content.decode()


def test_the_queue_costs_the_same_for_two_and_for_twenty(
    reviewer: Client, where: Centre, django_assert_num_queries: Any
) -> None:
    # Session and user; the banner; counted twice and paged: all, new, changed; the page; what was repudiated; of what
    # is overdue the periods, the term of the latest and the tallies.
    for count in (2, 20):
        for number in range(count):
            filed(cast.centre(f"SH-{count}-{number}", owner=where.operator), 9)
        with django_assert_num_queries(11):
            reviewer.get("/review/")
