"""One centre's page, and the same for whoever may not see it as for one that does not exist."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from centres.models import Centre, Operator, ReportingPeriod
from compliance.determine import determine
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def where(owner: Operator) -> Centre:
    made = cast.centre(owner=owner)
    cast.file(made, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test")
    return made


def test_it_says_the_verdicts_in_words_with_the_numbers(client: Client, where: Centre) -> None:
    client.force_login(cast.regulator())
    html = client.get("/centres/SH-01/").content.decode()
    assert "500 of 1,000 units counted are domestic: 50.0000%. The rule asks for at least 50%." in html
    assert "500 of 1,000 units counted are domestic: 50.0000%. The rule asks for over 50%." in html
    assert "To comply: units to replace by domestic ones: 1; or domestic units to add: 1." in html
    assert "The rule is not for a centre such as this one." in html


def test_what_is_contested_says_so_beside_the_line(client: Client, where: Centre) -> None:
    client.force_login(cast.analyst())
    html = client.get("/centres/SH-01/").content.decode()
    assert "Contested: compute, TFLOPS dense FP16 (256 · 320 · 328" in html


@pytest.mark.parametrize("who", ["rival", "administrator", "regulator elsewhere"])
def test_who_may_not_see_it_is_told_what_a_wrong_address_is_told(
    client: Client, where: Centre, rival: Operator, who: str
) -> None:
    client.force_login(
        {
            "rival": lambda: cast.user("other", cast.Role.OPERATOR, acts_for=rival),
            "administrator": cast.administrator,
            "regulator elsewhere": lambda: cast.regional_regulator("44"),
        }[who]()
    )
    foreign, missing = client.get("/centres/SH-01/"), client.get("/centres/SH-99/")
    assert foreign.status_code == missing.status_code == 404
    assert cast.told(foreign, "SH-01") == cast.told(missing, "SH-99")


def test_a_published_centre_is_marked_as_no_filing(client: Client) -> None:
    client.force_login(cast.analyst())
    html = client.get("/centres/SC-CD-01/").content.decode()
    assert "illustrative, not a filing" in html
    assert "not known: read as no" in html


def test_a_draft_is_seen_by_who_files_and_by_nobody_else(client: Client, where: Centre, owner: Operator) -> None:
    cast.file(where, cast.period("2026Q1"), status="draft", ascend=7)
    client.force_login(cast.user("filer", cast.Role.OPERATOR, acts_for=owner))
    assert "2026Q1" in client.get("/centres/SH-01/").content.decode()
    client.force_login(cast.regulator())
    assert "2026Q1" not in client.get("/centres/SH-01/").content.decode()


def test_it_costs_the_same_for_1_and_for_8_quarters(client: Client, where: Centre) -> None:
    client.force_login(cast.regulator())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/centres/SH-01/").status_code == 200
        return len(captured)

    few = queries()
    for quarter in ReportingPeriod.objects.filter(code__gte="2024Q1", code__lt="2025Q4"):
        cast.file(where, quarter, ascend=5, h800=5)
        determine(period=quarter, cause="test")
    # Session, user; the centre; what is determined; submissions; the record; whether any version waits for review;
    # exemptions and requests for them; provisions that are decided by hand, what was decided, and whom they leave open;
    # lines; revisions; models and claims for doubts; whether synthetic; records.
    assert queries() == few <= 18
