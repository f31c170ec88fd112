"""What is foreseen, by the API: of whom, to whom, and with how wrong it was before."""

import pytest

from compliance.determine import determine
from compliance.outlook.make import make_outlooks
from tests import cast
from tests.api.register import Register
from tests.compliance.outlook.test_make import QUARTERS, reported


def test_an_outlook_says_when_and_by_what(register: Register) -> None:
    found = register.get("owner", f"outlooks/{register.outlook.pk}/").json()
    assert (found["scale"], found["centre"], found["region"], found["mandate"]) == ("centre", "SH-01", "31", "SH-2023")
    assert (found["basis"], found["expected"], found["planned"], found["trend"]) == ("meets", "2025Q4", None, None)
    # 500 of 1,000 were reported.
    assert found["past"] == [{"period": "2025Q4", "low": "50.0000", "high": "50.0000"}]
    assert (found["provenance"], found["centres"], found["past_errors"]) == ("filed", None, [])


@pytest.mark.parametrize(
    ("query", "scales"),
    [
        ({"centre": "SH-01"}, {"centre"}),
        ({"region": "31"}, {"centre", "region"}),
        ({"region": "11"}, set()),
        ({"is_sum": "true"}, {"region", "country"}),
        ({"mandate": "SH-2023", "period": "2025Q4"}, {"centre", "region", "country"}),
        ({"period": "2025Q3"}, set()),
        ({"basis": "none"}, set()),
    ],
)
def test_the_list_is_filtered(register: Register, query: dict[str, str], scales: set[str]) -> None:
    results = register.get("regulator", "outlooks/", mandate=query.pop("mandate", "SH-2023"), **query).json()["results"]
    assert {one["scale"] for one in results} == scales


def test_an_operator_sees_its_own_centres_and_no_sum(register: Register) -> None:
    results = register.get("owner", "outlooks/").json()["results"]
    assert {one["centre"] for one in results} == {"SH-01"}


def test_a_regional_regulator_sees_nothing_of_another_region(register: Register) -> None:
    results = register.get("regional", "outlooks/").json()["results"]
    assert {(one["region"], one["provenance"]) for one in results} == {("11", "illustrative")}


def test_a_sum_counts_its_centres(register: Register) -> None:
    (shanghai,) = (
        one
        for one in register.get("analyst", "outlooks/", mandate="SH-2023", is_sum="true").json()["results"]
        if one["scale"] == "region"
    )
    assert shanghai["centres"]["asked"] == 2
    assert shanghai["centres"]["met"][0] == [2, 2, 2]


def test_past_errors_stand_beside_and_few_are_not_told_to_operators(register: Register) -> None:
    for number in range(10, 22):
        reported(cast.centre(f"SH-{number}"), (5, 5, 5, 5, 5, 6))
    for code in QUARTERS:
        determine(period=cast.period(code), cause="test")
    make_outlooks(cast.period())
    path = f"outlooks/{register.outlook.pk}/"
    (error,) = register.get("analyst", path).json()["past_errors"]
    assert (error["quarters_ahead"], error["outlooks"], error["median_error"]) == (1, 12, "10.0000")
    assert register.get("owner", path).json()["past_errors"] == []


def test_a_filter_that_is_not_known_is_refused(register: Register) -> None:
    assert register.get("analyst", "outlooks/", quarter="2026Q1").json()["code"] == "unknown_parameter"
