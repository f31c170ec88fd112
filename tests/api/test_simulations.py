"""A rule is tried by the API as by the page: counts, curves, and who changes; what is no rule is refused alike."""

from typing import Any

import pytest

from compliance.engine import DocumentFault, check_provision
from compliance.models import Mandate, Simulation
from tests.api.register import Register
from tests.compliance.written import draft

TRY = "mandates/SH-2023/simulate/"


def rule(**changed: Any) -> dict[str, Any]:
    return {**Mandate.objects.get(code="SH-2023").provisions.issued().get().rule, **changed}


def steps(threshold: Any) -> list[dict[str, Any]]:
    return [{"from": "2025-01-01", "comparator": "at_least", "threshold": threshold}]


def test_it_counts_by_outcome_and_region_and_says_who_changes_and_why(register: Register) -> None:
    asked = {"period": "2025Q4", "rule": rule(steps=steps("0.500000001"))}
    answered = register.post("regulator", TRY, asked)
    assert answered.status_code == 201
    body = answered.json()
    assert body["result"]["counts"] == [
        {"region": "31", "outcome": "compliant", "now": 2, "then": 1},
        {"region": "31", "outcome": "non_compliant", "now": 0, "then": 1},
    ]
    share = {"numerator": 1, "denominator": 2, "percent": "50.0000"}
    (change,) = body["changes"]
    assert change == {
        "centre": "SH-01", "region": "31", "provenance": "filed",
        "now": {
            "outcome": "compliant", "reason": None, "low": share, "high": share, "comparator": "at_least",
            "threshold": share,
        },
        "then": {
            "outcome": "non_compliant", "reason": None, "low": share, "high": share, "comparator": "at_least",
            "threshold": {"numerator": 500000001, "denominator": 1000000000, "percent": "50.0000"},
        },
        "why": "The rule asks for at least 50.0000001% in place of at least 50%. The share stays 50.0000%.",
    }  # fmt: skip
    units = body["result"]["curves"]["units"]
    assert (units["at_least"][50], units["at_least"][51], units["over"][50], units["known"]) == (2, 1, 1, 2)
    # It is kept under its link, and reads the same there.
    assert answered["Location"].endswith(f"/api/v1/simulations/{body['key']}/")
    assert register.get("regulator", f"simulations/{body['key']}/").json() == body
    assert register.get("analyst", f"simulations/{body['key']}/").status_code == 200
    listed = register.get("analyst", "simulations/", status="ready", mandate="SH-2023").json()["results"]
    assert listed[0]["key"] == body["key"]
    assert "result" not in listed[0]


def test_the_same_request_has_its_effect_once(register: Register) -> None:
    before = Simulation.objects.count()
    asked = {"period": "2025Q4", "rule": rule()}
    first, second = (register.post("regulator", TRY, asked, **{"Idempotency-Key": "a"}) for _ in range(2))
    assert (first.json(), Simulation.objects.count()) == (second.json(), before + 1)


def test_a_regional_regulator_tries_it_on_its_provinces(register: Register) -> None:
    body = register.post("regional", TRY, {"period": "2025Q4", "rule": rule(steps=steps("0.9"))}).json()
    assert (body["regions"], body["changes"]) == (["11"], [])
    assert (body["result"]["judged"], body["result"]["illustrative"]) == (0, 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"metric": "weight"},
        {"metric": None},
        {"steps": steps(0.5)},
        {"steps": steps("1.1")},
        {"steps": steps("0.5") * 2},
        {"scope": {}},
        {"extra": 1},
        {"domestic": ["China"]},
    ],
)
def test_what_is_no_rule_is_refused_as_the_engine_refuses_it(register: Register, changed: dict[str, Any]) -> None:
    wrong = rule(**changed)
    with pytest.raises(DocumentFault) as fault:
        check_provision(wrong, "/rule")
    before = Simulation.objects.count()
    refused = register.post("regulator", TRY, {"period": "2025Q4", "rule": wrong})
    assert (refused.status_code, Simulation.objects.count()) == (400, before)
    said = refused.json()
    assert (said["code"], said["path"], said["detail"]) == (fault.value.code, fault.value.path, fault.value.message)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"period": "2025Q9", "rule": {}}, "invalid"),
        ({"period": "2025Q4"}, "invalid"),
        ({"period": "2025Q4", "rule": {}, "regions": ["31"]}, "unknown_field"),
        ({"period": "2025Q4", "rule": {}, "provision": 999_999}, "invalid"),
        ({"period": "2025Q4", "rule": {}, "provision": True}, "invalid"),
        ({"period": "2025Q4", "rule": [1]}, "wrong_type"),
        ({"period": "2025Q4", "rule": {}}, "missing_key"),
    ],
)
def test_what_is_wrong_is_refused(register: Register, body: dict[str, Any], code: str) -> None:
    refused = register.post("regulator", TRY, body)
    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_a_mandate_that_is_not_there(register: Register) -> None:
    assert register.post("regulator", "mandates/NO-1/simulate/", {"period": "2025Q4", "rule": {}}).status_code == 404


def test_a_rule_is_tried_as_a_provision_changed_and_is_read_as_widely_as_that(register: Register) -> None:
    issued = Mandate.objects.get(code="SH-2023").provisions.issued().get()
    asked = {"period": "2025Q4", "rule": rule(steps=steps("0.9")), "provision": issued.pk}
    body = register.post("regulator", TRY, asked).json()
    assert (body["provision"], body["is_changed"]) == (issued.pk, True)
    assert register.get("analyst", f"simulations/{body['key']}/").status_code == 200
    written = draft(register.people["regulator"])
    asked = {"period": "2025Q4", "rule": written.rule, "provision": written.pk}
    body = register.post("regulator", TRY, asked).json()
    assert (body["provision"], body["is_changed"]) == (written.pk, False)
    assert register.get("analyst", f"simulations/{body['key']}/").status_code == 404
    # Who may not read a draft learns nothing of it, and no provision is tried as another mandate's.
    elsewhere = Mandate.objects.get(code="CN-2025").provisions.issued().get()
    for who, provision in (("regional", written), ("regulator", elsewhere)):
        refused = register.post(who, TRY, asked | {"provision": provision.pk})
        assert (refused.status_code, refused.json()["errors"]["provision"][0]["code"]) == (400, "does_not_exist")
