"""Rollups of the REST API: told apart by what is asked, exact, and of regions that the caller sees whole."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.determine import determine
from tests import cast
from tests.api.register import Register

pytestmark = pytest.mark.django_db


@pytest.fixture
def country(register: Register) -> Register:
    """Beside the register's Shanghai (500 of 1,000 and 7 of 7) a private general centre in Beijing, 30 of 40."""
    beijing = cast.centre("BJ-91", region_code="1101", kind="general", ownership="private")
    cast.file(beijing, cast.period(), workload="inference", ascend=30, h800=10)
    determine(period=cast.period(), cause="test")
    return register


def rows(register: Register, who: str = "analyst", **query: str) -> list[dict[str, Any]]:
    answer = register.get(who, "rollups/", **query)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def cards(row: dict[str, Any]) -> dict[str, Any]:
    return next(looks for looks in row["looks"] if looks["population"] == "accelerators")


def test_a_region_has_its_share_by_every_measure(country: Register) -> None:
    beijing, shanghai = rows(country)
    assert (beijing["period"], beijing["region"], shanghai["region"]) == ("2025Q4", "11", "31")
    assert cards(shanghai)["units"] == {
        "domestic": "507", "foreign": "500", "unknown": "0", "units": 1007, "units_without_figure": 0,
        "units_contested": 0,
        "low": {"numerator": 507, "denominator": 1007, "percent": "50.3475"},
        "high": {"numerator": 507, "denominator": 1007, "percent": "50.3475"},
    }  # fmt: skip
    # 507 × 320 and 500 × 989 TFLOPS; nothing was priced.
    assert (cards(shanghai)["compute"]["domestic"], cards(shanghai)["compute"]["foreign"]) == ("162240", "494500")
    assert cards(shanghai)["compute"]["units_contested"] == 507
    assert (cards(shanghai)["value"]["low"], cards(shanghai)["value"]["units_without_figure"]) == (None, 1007)


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("workload", {("workload", "inference"): 40, ("workload", "training"): 1007}),
        ("kind", {("kind", "general"): 40, ("kind", "intelligent"): 1007}),
        ("ownership", {("ownership", "local_soe"): 1007, ("ownership", "private"): 40}),
        ("period", {("period", "2025Q4"): 1047}),
    ],
)
def test_rows_are_told_apart_by_what_is_named(country: Register, by: str, told: dict[Any, int]) -> None:
    assert {(by, row[by]): cards(row)["units"]["units"] for row in rows(country, by=by)} == told


def test_filters_hold_rows_to_a_value(country: Register) -> None:
    (row,) = rows(country, by="region", ownership="private", workload="inference")
    assert (row["region"], row["ownership"], row["workload"], row["kind"]) == ("11", "private", "inference", None)
    assert rows(country, period="2024Q1") == []
    assert rows(country, region="no such") == []


def test_with_a_mandate_centres_are_counted_by_outcome(country: Register) -> None:
    found = {row["region"]: row for row in rows(country, by="region", mandate="SH-2023")}
    assert found["31"]["outcomes"] == {"compliant": 2}
    assert found["31"]["looks"] is None
    assert found["31"]["units"]["low"] == {"numerator": 507, "denominator": 1007, "percent": "50.3475"}
    assert found["11"]["outcomes"] == {"out_of_scope": 1}
    assert found["11"]["units"]["low"] is None


def test_kind_and_ownership_tell_outcomes_apart_too_and_sum_up_to_the_same(country: Register) -> None:
    whole = {row["mandate"]: row["outcomes"] for row in rows(country, by="mandate")}
    parts: dict[str, dict[str, int]] = {}
    for row in rows(country, by="mandate,kind,ownership"):
        for outcome, count in row["outcomes"].items():
            found = parts.setdefault(row["mandate"], {})
            found[outcome] = found.get(outcome, 0) + count
    assert parts == whole


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({"by": "centre"}, "invalid_parameter", "by"),
        ({"by": "region,region"}, "invalid_parameter", "by"),
        ({"kind": "palace"}, "invalid_parameter", "kind"),
        ({"workload": "play"}, "invalid_parameter", "workload"),
        ({"mandate": "SH-2023", "workload": "training"}, "invalid_parameter", "workload"),
        ({"cursor": "x"}, "invalid_parameter", "cursor"),
        ({"cursor": "W10="}, "invalid_parameter", "cursor"),
        ({"page_size": "501"}, "invalid_parameter", "page_size"),
        ({"centre": "SH-01"}, "unknown_parameter", "centre"),
    ],
)
def test_what_cannot_be_asked_is_refused(country: Register, query: dict[str, str], code: str, parameter: str) -> None:
    answer = country.get("analyst", "rollups/", **query)
    assert (answer.status_code, answer.json()["code"], answer.json()["parameter"]) == (400, code, parameter)


def test_pages_follow_one_another_and_hold_each_row_once(country: Register) -> None:
    whole = rows(country, by="region,workload")
    seen, address = [], "rollups/?by=region,workload&page_size=1"
    while address:
        body = country.client("analyst").get("/api/v1/" + address.split("/api/v1/")[-1]).json()
        seen += body["results"]
        address = body["next"]
    assert seen == whole
    assert len(seen) == 2


def test_sums_are_of_regions_that_are_seen_whole(country: Register) -> None:
    assert [row["region"] for row in rows(country, "regional")] == ["11"]
    for query in ({}, {"by": "mandate"}, {"by": "mandate,kind"}):
        for who in ("owner", "rival", "administrator"):
            assert rows(country, who, **query) == [], who
    assert {row["kind"] for row in rows(country, "regional", by="mandate,kind")} == {"general"}


def test_it_costs_the_same_for_any_number_of_centres(country: Register) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            rows(country, by="region,kind,workload")
        return len(captured)

    rows(country)  # makes the token
    few = queries()
    for number in range(18):
        cast.file(cast.centre(f"SH-{number + 50}"), cast.period(), ascend=1, h800=1)
    determine(period=cast.period(), cause="test")
    # The token and its user; the latest period; stocks; revisions, claims, models; periods.
    assert queries() == few <= 8
