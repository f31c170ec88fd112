"""The pages of what is foreseen: what they say, to whom, and at what cost."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from centres.models import Centre, Operator
from compliance.exemptions import propose, revoke
from compliance.models import Exemption, Mandate
from compliance.outlook.make import make_outlooks
from tests import cast
from tests.compliance.filed import inventory
from tests.compliance.outlook.test_make import issued, reported

pytestmark = pytest.mark.django_db

DOMESTIC = {"chip": "Ascend 910B"}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def planned(where: Centre, *, share: int = 4, units: int = 2, on: date | None = date(2026, 8, 1)) -> None:
    """Of ten cards so many are domestic; so many domestic ones are to come."""
    soon = {**DOMESTIC, "quantity": units, "status": "planned", "acquired_on": on}
    inventory(where, {**DOMESTIC, "quantity": share}, {"quantity": 10 - share}, soon)


@pytest.fixture
def mine(owner: Operator) -> Centre:
    return cast.centre(owner=owner)


def page(user: Any, address: str) -> str:
    response = signed_in(user).get(address)
    assert response.status_code == 200
    # A file comes in parts.
    return b"".join(response).decode()


def test_the_page_of_a_centre_says_when_in_words(mine: Centre, owner: Operator) -> None:
    planned(mine)
    make_outlooks(cast.period())
    text = page(cast.user("filer", Role.OPERATOR, acts_for=owner), "/centres/SH-01/outlook/")
    assert "At least 50%, in force since 1 January 2025" in text
    assert "The step is not met in 2025Q4." in text
    assert "With what is planned, it is met from 2026Q3 on." in text
    assert "With what is planned, it is not met by 2027Q4." in text
    assert "Of a trend too little is known." in text
    assert "Planned or being installed with a day to come: 2 units." in text
    assert "No past outlook could be tried yet" in text


def test_a_trend_is_told_between_its_ends(mine: Centre) -> None:
    reported(mine, (1, 2, 2, 3, 3, 4))
    for number in range(2, 14):
        reported(cast.centre(f"SH-{number:02}"), (1, 2, 2, 3, 3, 4))
    make_outlooks(cast.period())
    text = page(cast.analyst(), "/centres/SH-01/outlook/")
    assert "Nothing is planned that would change it." in text
    assert "By the trend alone, it is met" in text
    assert "The share until 2025Q4 and what is foreseen after it" in text
    assert '<polygon class="interval"' in text


def test_units_without_a_day_are_said_to_be_in_the_bounds_alone(mine: Centre) -> None:
    planned(mine, on=None)
    make_outlooks(cast.period())
    text = page(cast.analyst(), "/centres/SH-01/outlook/")
    assert "without a day to come: 2 units, which are in the bounds alone" in text


def test_an_exemption_is_said_beside_what_the_rule_asks_for(mine: Centre) -> None:
    planned(mine)
    Exemption.objects.create(
        centre=mine, mandate=Mandate.objects.get(code="SH-2023"), from_on=date(2025, 1, 1), to_on=date(2999, 12, 31),
        reason="It moves.", granted_by=cast.regulator(), granted_at="2025-01-01T00:00:00Z", **cast.proposed(),
    )  # fmt: skip
    make_outlooks(cast.period())
    html = page(cast.analyst(), "/centres/SH-01/outlook/")
    assert "The centre is exempt from SH-2023 on the days from 1 January 2025 to 31 December 2999." in html
    assert "In 2025Q4 the centre is exempt, whatever its share" in html
    # It is listed and counted as exempt, and not by what it would be without.
    listed = signed_in(cast.regulator("second")).get("/outlook/?mandate=SH-2023&standing=exempt")
    assert [one.centre.code for one, standing in listed.context["listed"] if standing == "exempt"] == ["SH-01"]
    for standing in ("misses", "open", "meets", "unknown"):
        assert not page(cast.user(standing, Role.ANALYST), f"/outlook/?standing={standing}&mandate=SH-2023").count(
            "/centres/SH-01/outlook/"
        )
    assert "Exempt, and counted as neither: 1 in 2025Q4, 1 in 2027Q4." in listed.content.decode()


def test_the_page_of_a_centre_says_until_when_an_exemption_holds_and_of_none_that_is_over(mine: Centre) -> None:
    planned(mine)
    make_outlooks(cast.period())
    today, by = timezone.localdate(), cast.regulator()
    mandate = Mandate.objects.get(code="SH-2023")
    terms: dict[str, Any] = {"centre": mine, "mandate": mandate, "threshold": None, "reason": "Why."}

    def days(first: int, last: int) -> dict[str, Any]:
        return {"from_on": today + timedelta(days=first), "to_on": today + timedelta(days=last)}

    def said() -> list[date]:
        context = signed_in(by).get("/centres/SH-01/outlook/").context
        return [one.ends for one in context["exemptions"]]

    cast.exempted(by=by, **terms, **days(-20, -1))
    never = cast.exempted(by=by, **terms, **days(-20, 20))[0]
    revoke(exemption=never, from_on=never.from_on, reason="Why.", by=by)
    propose(by=by, **terms, **days(-20, 20))
    assert said() == []
    # Revoked from a day to come it still holds, until the day before.
    later = cast.exempted(by=by, **terms, **days(-20, 20))[0]
    revoke(exemption=later, from_on=today + timedelta(days=5), reason="Why.", by=by)
    cast.exempted(by=by, **terms, **days(10, 30))
    assert said() == [today + timedelta(days=4), today + timedelta(days=30)]


def test_a_centre_of_which_nothing_is_foreseen_says_so(mine: Centre) -> None:
    assert "Nothing is foreseen of this centre" in page(cast.analyst(), "/centres/SH-01/outlook/")


def test_who_sees_the_outlook_of_a_centre(mine: Centre, owner: Operator, rival: Operator) -> None:
    planned(mine)
    make_outlooks(cast.period())
    statuses = {
        cast.user("filer", Role.OPERATOR, acts_for=owner): 200,
        cast.user("other", Role.OPERATOR, acts_for=rival): 404,
        cast.regulator(): 200,
        cast.regional_regulator("44"): 404,
        cast.analyst(): 200,
        cast.administrator(): 404,
    }
    for user, status in statuses.items():
        for address in ("/centres/SH-01/outlook/", "/centres/SH-01/outlook/export/"):
            assert signed_in(user).get(address).status_code == status, (user, address)
    client = signed_in(cast.user("stranger", Role.OPERATOR, acts_for=rival))
    foreign, missing = (cast.told(client.get(f"/centres/{code}/outlook/"), code) for code in ("SH-01", "SH-99"))
    assert foreign == missing


@pytest.mark.parametrize("address", ["/outlook/", "/outlook/export/"])
def test_what_is_foreseen_of_the_country_is_for_regulators_and_analysts(owner: Operator, address: str) -> None:
    planned(cast.centre(owner=owner))
    make_outlooks(cast.period())
    for user in (cast.user("filer", Role.OPERATOR, acts_for=owner), cast.administrator()):
        assert signed_in(user).get(address).status_code == 403
    for user in (cast.regulator(), cast.analyst()):
        assert signed_in(user).get(address).status_code == 200


def test_a_regional_regulator_sees_its_own_provinces_and_no_country(mine: Centre) -> None:
    planned(mine)
    guangdong = cast.centre("GD-01", region_code="4401")
    planned(guangdong)
    make_outlooks(cast.period())
    text = page(cast.regional_regulator("44"), "/outlook/?standing=all")
    assert "GD-01" in text
    assert "SH-01" not in text
    assert "The whole country" not in text
    assert "/outlook/export/" in text
    national = page(cast.regulator(), "/outlook/?standing=all")
    assert "SH-01" in national
    assert "GD-01" in national
    assert "The whole country" in national


def test_the_rival_region_asked_for_by_name_shows_nothing(mine: Centre) -> None:
    planned(mine)
    planned(cast.centre("GD-01", region_code="4401"))
    make_outlooks(cast.period())
    text = page(cast.regional_regulator("44"), "/outlook/?region=31&standing=all")
    assert "SH-01" not in text
    assert "asks nothing of a centre in Shanghai that you see" in text


@pytest.mark.parametrize(
    ("standing", "codes"), [("misses", {"SH-01"}), ("meets", {"SH-02"}), ("open", {"SH-04"}), ("unknown", {"SH-03"})]
)
def test_centres_are_listed_by_how_they_will_stand(mine: Centre, standing: str, codes: set[str]) -> None:
    # In force: 60% from July 2026. Of the first 50% is planned, of the second 60%, of the third nothing is known, and
    # the fourth gives no day.
    issued("SH-2023", date(2026, 1, 1), ("2026-07-01", "0.6"))
    planned(mine, share=4, units=2)
    planned(cast.centre("SH-02"), share=4, units=5, on=date(2026, 9, 30))
    cast.centre("SH-03")
    inventory(
        cast.centre("SH-04"), {**DOMESTIC, "quantity": 6}, {"quantity": 4}, {"quantity": 1, "status": "installing"}
    )
    make_outlooks(cast.period())
    response = signed_in(cast.regulator()).get(f"/outlook/?mandate=SH-2023&step=2026-07-01&standing={standing}")
    assert {outlook.centre.code for outlook, _standing in response.context["listed"]} == codes


def test_a_province_counts_its_centres(mine: Centre) -> None:
    planned(mine)
    planned(cast.centre("SH-02"), share=6)
    make_outlooks(cast.period())
    text = page(cast.regulator(), "/outlook/?mandate=SH-2023&region=31")
    assert "Of 2 centres that are asked, 1 meet it in 2025Q4; in 2027Q4 2 are expected to" in text


def test_without_any_outlook_the_page_says_when_there_will_be_some() -> None:
    assert "Nothing is foreseen yet." in page(cast.regulator(), "/outlook/")


def test_the_file_has_the_sums_and_the_centres_that_were_chosen(mine: Centre) -> None:
    mine.name_en = "=SUM(A1)"
    mine.save()
    planned(mine)
    planned(cast.centre("SH-02"), share=9)
    make_outlooks(cast.period())
    text = page(cast.regulator(), "/outlook/export/?mandate=SH-2023")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["region"], row["centre"]) for row in rows] == [("31", ""), ("", ""), ("31", "SH-01")]
    centre = rows[2]
    assert (centre["name_en"], centre["share_low_percent"], centre["planned_expected"]) == (
        "'=SUM(A1)", "40.0000", "2026Q3",
    )  # fmt: skip
    assert rows[0]["centres_asked"] == "2"


def test_an_operator_is_told_of_no_error_that_few_centres_make_up(mine: Centre, owner: Operator) -> None:
    for number in range(2, 14):
        reported(cast.centre(f"SH-{number:02}"), (5, 5, 5, 5, 5, 6))
    reported(mine, (5, 5, 5, 5, 5, 6))
    make_outlooks(cast.period())
    assert "How wrong past outlooks were" in page(cast.analyst(), "/centres/SH-01/outlook/")
    assert "10.0" in page(cast.user("reader", Role.ANALYST), "/centres/SH-01/outlook/")
    text = page(cast.user("filer", Role.OPERATOR, acts_for=owner), "/centres/SH-01/outlook/")
    assert "No past outlook could be tried yet" in text
    assert "10.0<" not in text


def test_bad_coverage_is_said(mine: Centre) -> None:
    for number in range(2, 24):
        reported(cast.centre(f"SH-{number:02}"), (5, 5, 5, 5, 5, 6))
    make_outlooks(cast.period())
    text = page(cast.analyst(), "/centres/SH-02/outlook/")
    assert "Past intervals held less often" in text
    assert "too seldom" in text


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_a_list_of_two_costs_as_much_as_one_of_twenty(mine: Centre) -> None:
    client = signed_in(cast.regulator())
    planned(mine)
    planned(cast.centre("SH-02"))
    make_outlooks(cast.period())
    two = queries(client, "/outlook/?standing=all")
    for number in range(3, 21):
        planned(cast.centre(f"SH-{number:02}"))
    make_outlooks(cast.period())
    # Session, user, whether anything is synthetic; periods, mandates and steps with an outlook, regions; how many
    # centres there are and those of the page; sums; past errors.
    assert queries(client, "/outlook/?standing=all") == two <= 11


def test_the_page_of_a_centre_costs_the_same_with_more_steps(mine: Centre) -> None:
    client = signed_in(cast.regulator())
    planned(mine)
    make_outlooks(cast.period())
    few = queries(client, "/centres/SH-01/outlook/")
    issued("SH-2023", date(2026, 1, 1), ("2026-07-01", "0.6"), ("2027-07-01", "0.7"))
    make_outlooks(cast.period())
    # Session, user, whether anything is synthetic; the centre, its outlooks, past errors, its exemptions.
    assert queries(client, "/centres/SH-01/outlook/") == few <= 8
