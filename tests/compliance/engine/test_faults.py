"""A document that is none is refused with the contract's code and the place of the fault."""

import json
from typing import Any

import pytest

from compliance.engine import answer_text
from tests.compliance.engine.documents import document, line

MISSING = object()

CASES = [
    ("/as_of", MISSING, "missing_key"),
    ("/as_of", "2025-02-30", "bad_value"),
    ("/as_of", "20250230", "bad_value"),
    ("/as_of", "２０２５-12-31", "bad_value"),
    ("/as_of", 20251231, "wrong_type"),
    ("/extra", 1, "unknown_key"),
    ("/provision", None, "wrong_type"),
    ("/provision/metric", "weight", "bad_value"),
    ("/provision/origin_rule", "owner", "bad_value"),
    ("/provision/domestic", "CN", "wrong_type"),
    ("/provision/domestic/0", "cn", "bad_value"),
    ("/provision/population/classes", "cpu", "wrong_type"),
    ("/provision/population/classes", [1], "wrong_type"),
    ("/provision/population/acquired_from", "never", "bad_value"),
    ("/provision/scope/state_funded", 1, "wrong_type"),
    ("/provision/scope/regions", ["3x"], "bad_value"),
    ("/provision/scope/progress_under", 30, "wrong_type"),
    ("/provision/scope/progress_under", 30.5, "float"),
    ("/provision/steps/0/comparator", "above", "bad_value"),
    ("/provision/steps/0/threshold", 0.5, "float"),
    ("/provision/steps/0/threshold", "1.000000001", "bad_value"),
    ("/provision/steps/0/threshold", "1e1000000", "bad_value"),
    ("/provision/steps/0/threshold", "-0", "bad_value"),
    ("/provision/steps/0/from", None, "wrong_type"),
    ("/centre/region", "310", "bad_value"),
    ("/centre/progress", "100.1", "bad_value"),
    ("/centre/state_funded", None, "wrong_type"),
    ("/exemptions", {}, "wrong_type"),
    ("/reported", "yes", "wrong_type"),
    ("/lines", None, "wrong_type"),
    ("/lines/0", [], "wrong_type"),
    ("/lines/0/quantity", True, "wrong_type"),
    ("/lines/0/quantity", 0, "bad_value"),
    ("/lines/0/quantity", 10**12 + 1, "bad_value"),
    ("/lines/0/quantity", 1.0, "float"),
    ("/lines/0/quantity", "1", "wrong_type"),
    ("/lines/0/compute", 320, "wrong_type"),
    ("/lines/0/compute", 320.0, "float"),
    ("/lines/0/compute", "1" * 19, "bad_value"),
    ("/lines/0/compute", "1.", "bad_value"),
    ("/lines/0/unit_price", ["1"], "wrong_type"),
    ("/lines/0/designer_country", "CHN", "bad_value"),
    ("/lines/0/chip", None, "wrong_type"),
    ("/lines/0/chip", "\ud800", "bad_value"),
    ("/lines/0/status", MISSING, "missing_key"),
    ("/lines/0/colour", "red", "unknown_key"),
]


def changed(path: str, value: Any) -> dict[str, Any]:
    whole: Any = document(line())
    *parents, last = path.split("/")[1:]
    place = whole
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if value is MISSING:
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return whole


@pytest.mark.parametrize(("path", "value", "code"), CASES)
def test_a_fault_is_named_with_its_place(path: str, value: Any, code: str) -> None:
    error = answer_text(json.dumps(changed(path, value)))["error"]
    assert error["code"] == code
    assert error["path"].startswith(path)


@pytest.mark.parametrize("text", ["", "{", "nul", "[NaN", '{"as_of": NaN}', b"\xff", "[" * 100_000, "\ufeff{}"])
def test_what_is_no_json_is_said_to_be_none(text: str | bytes) -> None:
    error = answer_text(text)["error"]
    assert (error["code"], error["path"]) == ("not_json", "")


def test_an_unknown_key_is_escaped_in_its_pointer() -> None:
    assert answer_text(json.dumps(changed("/lines/0/quantity", 1) | {"a/b~c": 1}))["error"]["path"] == "/a~1b~0c"


def test_a_quantity_of_five_thousand_digits_is_named() -> None:
    text = json.dumps(document(line(7777777))).replace("7777777", "7" * 5000)
    error = answer_text(text)["error"]
    assert (error["code"], error["path"]) == ("bad_value", "/lines/0/quantity")


def test_two_steps_from_one_day_are_refused() -> None:
    whole = document(line())
    whole["provision"]["steps"] *= 2
    error = answer_text(json.dumps(whole))["error"]
    assert (error["code"], error["path"]) == ("bad_value", "/provision/steps/1/from")


def test_an_exemption_that_ends_before_it_begins_is_refused() -> None:
    whole = document(line())
    whole["exemptions"] = [{"from": "2025-02-01", "to": "2025-01-31", "threshold": None}]
    error = answer_text(json.dumps(whole))["error"]
    assert (error["code"], error["path"]) == ("bad_value", "/exemptions/0/to")
