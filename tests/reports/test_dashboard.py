"""The first page: the country for those who see it, an operator's own centres for an operator."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from centres.models import Operator
from compliance.determine import determine
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def country(owner: Operator, rival: Operator) -> None:
    """Exactly half of 1,000; far over; and one that has not reported, of the rival."""
    cast.file(cast.centre("SH-01", owner=owner), cast.period(), ascend=500, h800=500)
    cast.file(cast.centre("SH-02", owner=owner), cast.period(), ascend=900, h800=100)
    cast.centre("SH-03", owner=rival)
    determine(period=cast.period(), cause="test")


def page(client: Client, user: User, query: str = "") -> str:
    client.force_login(user)
    answer = client.get(f"/?period=2025Q4{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_asks_who_is_there(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/sign-in/?next=/"


@pytest.mark.usefixtures("country")
def test_exactly_half_stands_on_both_sides_of_the_two_rules(client: Client) -> None:
    regulator = cast.regulator()
    shanghai = page(client, regulator, "&mandate=SH-2023&search=SH-01")
    nation = page(client, regulator, "&mandate=CN-2025&search=SH-01")
    for html in (shanghai, nation):
        assert "50.0%" in html
    assert 'class="outcome outcome-compliant"' in row(shanghai, "SH-01")
    assert 'class="outcome outcome-non-compliant"' in row(nation, "SH-01")
    assert "replace 1" in row(nation, "SH-01")


def row(html: str, code: str) -> str:
    """The row of the list that names the centre."""
    return next(part for part in html.split("<tr") if f"/centres/{code}/" in part)


@pytest.mark.usefixtures("country")
def test_an_operator_sees_its_own_centres_and_no_sum(client: Client, owner: Operator, rival: Operator) -> None:
    html = page(client, cast.user("filer", cast.Role.OPERATOR, acts_for=owner), "&mandate=SH-2023")
    assert "SH-01" in html
    assert "SH-02" in html
    assert "SH-03" not in html
    assert "tile-map" not in html
    rivals = page(client, cast.user("other", cast.Role.OPERATOR, acts_for=rival), "&mandate=SH-2023")
    assert "SH-03" in rivals
    assert "SH-01" not in rivals
    assert "900" not in rivals


@pytest.mark.usefixtures("country")
def test_a_regulator_of_one_province_sees_that_province(client: Client) -> None:
    html = page(client, cast.regional_regulator("44"), "&mandate=CN-2025")
    assert "SH-01" not in html
    east = page(client, cast.user("east", cast.Role.REGULATOR, region_codes=["31"]), "&mandate=CN-2025")
    assert "SH-01" in east
    assert "Domestic share of your regions" in east
    assert "National domestic share" not in east


@pytest.mark.usefixtures("country")
def test_an_administrator_sees_no_centre(client: Client) -> None:
    assert "SH-0" not in page(client, cast.administrator())


@pytest.mark.usefixtures("country")
def test_the_sums_are_those_of_the_lines(client: Client) -> None:
    html = page(client, cast.analyst(), "&mandate=SH-2023")
    # 500 + 900 of 2,000 accelerator cards; 1,400 × 320 of 1,400 × 320 + 600 × 989 TFLOPS.
    assert "1,400 / 2,000" in html
    assert "448 / 1,041 PFLOPS" in html
    assert "43.0%" in html


@pytest.mark.usefixtures("country")
def test_what_an_address_names_wrongly_counts_as_not_chosen(client: Client) -> None:
    html = page(client, cast.analyst(), "&mandate=NO&region=99&outcome=%27&map=x&page=x&search=%00")
    assert "CN-2025" in html


@pytest.mark.usefixtures("country")
def test_a_search_answers_with_the_list_alone(client: Client) -> None:
    client.force_login(cast.analyst())
    query = {"period": "2025Q4", "mandate": "SH-2023", "search": "SH-02"}
    answer = client.get("/", query, headers={"HX-Request": "true", "HX-Target": "centres"})
    html = answer.content.decode()
    assert html.strip().startswith('<section class="card" id="centres"')
    assert "SH-02" in html
    assert "SH-01" not in html


def test_it_costs_the_same_for_2_and_for_20_centres(client: Client, owner: Operator) -> None:
    client.force_login(cast.regulator())

    def queries() -> int:
        determine(period=cast.period(), cause="test")
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/?period=2025Q4&mandate=SH-2023").status_code == 200
        return len(captured)

    for number in range(2):
        cast.file(cast.centre(f"SH-{number}", owner=owner), cast.period(), ascend=1, h800=number + 1)
    few = queries()
    for number in range(2, 20):
        cast.file(cast.centre(f"SH-{number}", owner=owner), cast.period(), ascend=1, h800=number + 1)
    # Session, user; periods, mandates, regions; count and page of the list; the provision; outcomes and their
    # mandates; close, fallen; trend; workloads; the map's two sums and regions; what waits, twice; exemptions that
    # are asked for, and that are proposed; which of those listed wait for review; whether synthetic.
    assert queries() == few <= 25


@pytest.mark.usefixtures("country")
def test_no_cache_keeps_it(client: Client) -> None:
    client.force_login(cast.analyst())
    assert client.get("/").headers["Cache-Control"] == "private, no-store"
