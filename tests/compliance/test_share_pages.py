"""The pages of second looks and of movements: what they say, to whom, and what they cost."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from centres.models import Centre, Operator
from compliance.determine import determine
from compliance.models import Movement
from compliance.movements import find
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db
EVERYBODY_ELSE = ["rival", "administrator", "regulator elsewhere"]


@pytest.fixture
def where(owner: Operator) -> Centre:
    """Compliant by units and under 30% by compute, with 17 H800 of after their control; and far from what is stated."""
    made = cast.centre(owner=owner, capacity=Decimal(1000))
    inventory(
        made,
        {"chip": "Ascend 910B", "quantity": 520, "unit_price_cny": Decimal(90000), "acquired_on": date(2025, 2, 1)},
        {"chip": "H800", "quantity": 463, "acquired_on": date(2023, 5, 1)},
        {"chip": "H800", "quantity": 17, "acquired_on": date(2024, 5, 1), "workload": "inference"},
        {"chip": "EPYC 7763", "quantity": 20, "workload": "unspecified"},
    )
    determine(period=cast.period(), cause="test")
    find(period=cast.period())
    return made


def file_of(client: Client, address: str) -> str:
    answer: Any = client.get(address)
    return b"".join(answer.streaming_content).decode()


def html_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return " ".join(answer.content.decode().split())


def test_a_centre_sees_its_share_from_every_side(client: Client, where: Centre, owner: Operator) -> None:
    client.force_login(cast.user("filer", Role.OPERATOR, acts_for=owner))
    html = html_of(client, "/centres/SH-01/shares/")
    assert "<b>52.0%</b>" in html
    assert "520 of 1,000 units" in html
    # 520 × 320 of 520 × 320 + 480 × 989 TFLOPS, cut.
    assert "<b>25.9%</b>" in html
    assert "480 of 1,000 units have no price" in html
    assert "contested figures: 520 units" in html
    assert "20 of 1,020 units have no figure" in html
    assert "tells two stories" in html
    assert "480 of 480 foreign cards are models that cannot be bought again without a licence" in html
    assert "17 of them were acquired in a month after that of the control" in html
    assert "What deserves a question" not in html
    assert "PFLOPS are stated" not in html


def test_a_regulator_sees_beside_it_what_deserves_a_question(client: Client, where: Centre) -> None:
    client.force_login(cast.regulator())
    assert "Nothing was found." in html_of(client, "/centres/SH-01/shares/")
    inventory(where, {"quantity": 5000})
    find(period=cast.period())
    html = html_of(client, "/centres/SH-01/shares/?period=2025Q4")
    assert "its 5,000 cards in service come to 4,945 PFLOPS." in html


def test_the_verdict_that_compute_contradicts_is_named_with_both_shares(client: Client, where: Centre) -> None:
    client.force_login(cast.analyst())
    html = html_of(client, "/centres/SH-01/shares/")
    assert "domestic by units and" in html
    assert "The two tell different stories." in html


@pytest.mark.parametrize("who", EVERYBODY_ELSE)
def test_who_may_not_see_the_centre_is_told_what_a_wrong_address_is_told(
    client: Client, where: Centre, rival: Operator, who: str
) -> None:
    people = {
        "rival": lambda: cast.user("other", Role.OPERATOR, acts_for=rival),
        "administrator": cast.administrator,
        "regulator elsewhere": lambda: cast.regional_regulator("44"),
    }
    client.force_login(people[who]())
    foreign, missing = (client.get(f"/centres/{code}/shares/") for code in ("SH-01", "SH-99"))
    assert foreign.status_code == missing.status_code == (403 if who == "administrator" else 404)
    assert cast.told(foreign, "SH-01") == cast.told(missing, "SH-99")


def test_the_country_stands_beside_the_published_market_and_says_why_they_differ(client: Client, where: Centre) -> None:
    client.force_login(cast.analyst())
    html = html_of(client, "/shares/")
    assert "Second looks at the share · 2025Q4" in html
    assert "4,000,000" in html
    assert "41%" in html
    assert "These are not the same thing" in html
    assert "The register knows only centres that file." in html
    # The verdict and the centre that it is of.
    assert "/centres/SH-01/shares/?period=2025Q4" in html


def test_a_regional_regulator_sees_the_regions_given_and_no_national_figure(client: Client, where: Centre) -> None:
    other = cast.centre("GD-01", region_code="4401")
    inventory(other, {"quantity": 7777})
    determine(period=cast.period(), cause="test")
    client.force_login(cast.regional_regulator("31"))
    html = html_of(client, "/shares/")
    assert "520 of 1,000 units" in html
    assert "7,777" not in html
    assert "GD-01" not in html
    assert "4,000,000" not in html
    assert "7,777" not in html_of(client, "/shares/?region=44")


def test_a_province_is_looked_at_alone(client: Client, where: Centre) -> None:
    inventory(cast.centre("GD-01", region_code="4401"), {"quantity": 7777})
    determine(period=cast.period(), cause="test")
    client.force_login(cast.regulator())
    assert "7,777 units" in html_of(client, "/shares/?region=44")
    assert "520 of 1,000 units" in html_of(client, "/shares/?region=31")
    assert "520 of 8,777 units" in html_of(client, "/shares/")


@pytest.mark.parametrize("address", ["/shares/", "/shares/export.csv", "/movements/", "/movements/export.csv"])
def test_operators_and_administrators_are_shown_nothing_national(
    client: Client, where: Centre, owner: Operator, address: str
) -> None:
    for user in (cast.user("filer", Role.OPERATOR, acts_for=owner), cast.administrator()):
        client.force_login(user)
        assert client.get(address).status_code == 403


def test_nothing_filed_yet_says_so(client: Client, owner: Operator) -> None:
    cast.centre(owner=owner)
    client.force_login(cast.regulator())
    assert "No inventory was accepted yet." in html_of(client, "/shares/")
    assert "No inventory of this centre was accepted yet." in html_of(client, "/centres/SH-01/shares/")
    assert "Nothing that is open deserves a question." in html_of(client, "/movements/")


def test_the_file_of_shares_holds_exact_sums_and_cut_percents(client: Client, where: Centre) -> None:
    client.force_login(cast.analyst())
    text = file_of(client, "/shares/export.csv?period=2025Q4")
    assert "2025Q4,31,accelerators,units,520,480,0,52.0000,52.0000,1000,0,0" in text
    assert "2025Q4,31,accelerators,compute,166400,474720,0,25.9545,25.9545,1000,0,520" in text
    assert "2025Q4,,accelerators,value,46800000,0,0,100.0000,100.0000,1000,480,0" in text


@pytest.fixture
def movement(where: Centre) -> Movement:
    inventory(where, {"quantity": 5000})
    find(period=cast.period())
    return Movement.objects.get()


def test_a_movement_says_its_numbers_and_shows_the_lines(client: Client, movement: Movement) -> None:
    client.force_login(cast.analyst())
    assert "What deserves a question" in html_of(client, "/movements/")
    html = html_of(client, f"/movements/{movement.pk}/")
    assert (
        "From 1 January 2024 on 1,000 PFLOPS are stated of the centre; its 5,000 cards in service come to 4,945 PFLOPS."
        in html
    )
    assert "In the inventory of 2025Q4, version 2" in html
    assert "Nvidia H800" in html
    assert "Dismiss it" not in html


def test_a_regulator_dismisses_it_with_a_reason_and_for_good(client: Client, movement: Movement) -> None:
    client.force_login(cast.regulator())
    address = f"/movements/{movement.pk}/"
    assert client.post(address, {"reason": " "}).status_code == 422
    assert client.post(address, {"reason": "The second hall opened early."}, follow=True).status_code == 200
    html = html_of(client, address)
    assert "The second hall opened early." in html
    assert "Dismiss it" not in html
    assert "Nothing that is open" in html_of(client, "/movements/")
    assert f"/movements/{movement.pk}/" in html_of(client, "/movements/?state=dismissed")
    again = client.post(address, {"reason": "Again."}, follow=True)
    assert b"It was dismissed already" in again.content
    movement.refresh_from_db()
    assert movement.dismissal_reason == "The second hall opened early."


def test_an_analyst_changes_nothing_and_learns_no_name(client: Client, movement: Movement) -> None:
    client.force_login(cast.regulator("wang-wei"))
    client.post(f"/movements/{movement.pk}/", {"reason": "Asked and answered."})
    client.force_login(cast.analyst())
    assert client.post(f"/movements/{movement.pk}/", {"reason": "No."}).status_code == 403
    html = html_of(client, f"/movements/{movement.pk}/")
    assert "Asked and answered." in html
    assert "wang-wei" not in html


@pytest.mark.parametrize("who", ["owner", "regulator elsewhere", "administrator"])
def test_a_movement_that_is_not_theirs_is_not_there(
    client: Client, movement: Movement, owner: Operator, who: str
) -> None:
    people = {
        "owner": lambda: cast.user("filer", Role.OPERATOR, acts_for=owner),
        "regulator elsewhere": lambda: cast.regional_regulator("44"),
        "administrator": cast.administrator,
    }
    client.force_login(people[who]())
    for method in (client.get, client.post):
        foreign, missing = (method(f"/movements/{key}/", {"reason": "x"}) for key in (movement.pk, 999_999))
        assert foreign.status_code == missing.status_code == (404 if who == "regulator elsewhere" else 403)
        assert cast.told(foreign, movement.pk) == cast.told(missing, 999_999)


def test_the_file_of_movements_holds_what_was_chosen_in_words(client: Client, movement: Movement) -> None:
    client.force_login(cast.analyst())
    text = file_of(client, "/movements/export.csv")
    assert f"{movement.pk},SH-01,filed,31,2025Q4,compute_apart,open," in text
    assert "come to 4,945 PFLOPS." in text
    assert "SH-01" not in file_of(client, "/movements/export.csv?state=gone")


@pytest.mark.parametrize(
    ("address", "most"),
    [
        # Session, user; periods; regions; revisions, claims, models; stocks; acquisitions; the market; stories counted
        # and listed; whether synthetic; for a regulator's page nothing more.
        ("/shares/", 13),
        # Session, user; periods; regions; movements counted and listed; models; whether synthetic.
        ("/movements/?state=", 8),
    ],
)
def test_pages_cost_the_same_for_2_and_for_20_centres(client: Client, owner: Operator, address: str, most: int) -> None:
    client.force_login(cast.regulator())

    def queries(first: int, last: int) -> int:
        for number in range(first, last):
            made = cast.centre(f"SH-{number:02}", owner=owner, capacity=Decimal(1))
            inventory(made, {"chip": "Ascend 910B", "quantity": 55}, {"chip": "B200", "quantity": 45})
        determine(period=cast.period(), cause="test")
        find(period=cast.period())
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = queries(0, 2)
    assert queries(2, 20) == few <= most


def test_a_centre_costs_the_same_for_2_and_for_20_lines(client: Client, owner: Operator) -> None:
    made = cast.centre(owner=owner, capacity=Decimal(1))
    client.force_login(cast.regulator())

    def queries(lines: int) -> int:
        inventory(made, *({"quantity": number} for number in range(1, lines + 1)))
        determine(period=cast.period(), cause="test")
        find(period=cast.period())
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/centres/SH-01/shares/").status_code == 200
        return len(captured)

    few = queries(2)
    # Session, user; the centre; its inventories; revisions, claims, models; acquisitions; stocks; contradicted
    # verdicts; movements; whether synthetic.
    assert queries(20) == few <= 12
