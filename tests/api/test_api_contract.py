"""How the API answers and refuses, whatever is asked."""

import base64
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chips.models import Submission
from compliance.determine import determine
from reports.models import ReportRun
from tests import cast
from tests.api.register import API, Register
from tests.chips.filing import SIGNATURE


def refused(response: Any, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (status, code), response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == status
    return body


def cursor(**parts: str) -> str:
    return base64.b64encode("&".join(f"{name}={value}" for name, value in parts.items()).encode()).decode()


WRONG_PARAMETERS = [
    ("centres/?nope=1", "unknown_parameter"),
    ("centres/SH-01/?region=31", "unknown_parameter"),
    ("centres/?centre=SH-01", "unknown_parameter"),
    ("me/?format=json", "unknown_parameter"),
    ("schema/?lang=en", "unknown_parameter"),
    ("determinations/?ordering=id", "unknown_parameter"),
    ("centres/?region=", "invalid_parameter"),
    ("centres/?region=31&region=11", "invalid_parameter"),
    ("centres/?region=3%001", "invalid_parameter"),
    ("centres/?page_size=0", "invalid_parameter"),
    ("centres/?page_size=501", "invalid_parameter"),
    ("centres/?page_size=%EF%BC%91", "invalid_parameter"),
    ("centres/?operator=1e1000000", "invalid_parameter"),
    ("centres/?provenance=none", "invalid_parameter"),
    ("submissions/?nil=maybe", "invalid_parameter"),
    ("determinations/?outcome=perfect", "invalid_parameter"),
    ("centres/?cursor=%00", "invalid_parameter"),
    ("centres/?cursor=nonsense", "invalid_parameter"),
    (f"centres/?cursor={cursor(p='%00')}", "invalid_parameter"),
    (f"determinations/?cursor={cursor(p='abc')}", "invalid_parameter"),
    (f"determinations/?cursor={cursor(p='9' * 5000)}", "invalid_parameter"),
    ("centres/?as_of=2025-02-30", "invalid_parameter"),
    ("centres/?as_of=20250301", "invalid_parameter"),
    ("centres/?known_at=2025-03-01T00:00:00", "invalid_parameter"),
    ("centres/?known_at=9999-12-31T99:00:00Z", "invalid_parameter"),
]


def test_a_wrong_parameter_is_named(register: Register) -> None:
    client = register.client("owner")
    for address, code in WRONG_PARAMETERS:
        body = refused(client.get(API + address), 400, code)
        assert body["parameter"] in address
        if code == "unknown_parameter":
            assert body["parameter"] not in body["allowed"]


@pytest.mark.parametrize("zone", ["+00:00", "-15:00", "+20:33", "-23:59"])
def test_an_instant_is_taken_in_every_zone(register: Register, zone: str) -> None:
    """PostgreSQL knows none that is sixteen hours off."""
    found = register.get("owner", "centres/", known_at=f"2999-01-01T00:00:00{zone}")
    assert found.json()["results"][0]["record"]
    outside = register.get("owner", "centres/", known_at=f"0001-01-01T00:00:00{zone}")
    assert outside.status_code == (400 if zone.startswith("+2") else 200)


def test_a_cursor_beyond_every_number_finds_nothing(register: Register) -> None:
    response = register.get("owner", "determinations/", cursor=cursor(p="9" * 40))
    assert (response.status_code, response.json()["results"]) == (200, [])


def test_a_key_of_any_shape_is_missing_at_worst(register: Register) -> None:
    client = register.client("regulator")
    for resource in ("centres", "submissions", "operators", "determinations", "report-runs", "mandates", "reports"):
        for key in ("0", "007", "9" * 30, "%00", "SH-01%00", "1%0A", "..", "%F0%9F%98%80", "1'--"):
            refused(client.get(f"{API}{resource}/{key}/"), 404, "not_found")


def test_methods_types_and_broken_bodies_are_problems_too(register: Register) -> None:
    client = register.client("regulator")
    refused(client.delete(f"{API}centres/SH-01/"), 405, "method_not_allowed")
    refused(client.options(f"{API}submissions/"), 405, "method_not_allowed")
    refused(client.get(f"{API}centres"), 404, "not_found")
    path = f"{API}submissions/{register.submitted.pk}/return/"
    refused(client.post(path, "comment=a", content_type="text/plain"), 415, "unsupported_media_type")
    for broken in ('{"comment":', "[" * 100_000, '{"comment": NaN}', b'{"comment": "\xff"}', "9" * 5000):
        refused(client.post(path, broken, content_type="application/json"), 400, "parse_error")
    refused(client.post(path, "[1]", content_type="application/json"), 400, "invalid")
    for comment in ("", " \t", "\x00", "\ud800", None, {"a": 1}, "x" * 4001):
        body = refused(register.post("regulator", f"submissions/{register.submitted.pk}/return/", {"comment": comment}),
                       400, "invalid")  # fmt: skip
        assert list(body["errors"]) == ["comment"]
    large = json.dumps({"comment": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    refused(client.post(path, large, content_type="application/json"), 413, "too_large")


def test_a_write_takes_no_field_but_its_own(register: Register) -> None:
    """Each field of the model is offered to each write: all are refused, and nothing changes."""
    before = Submission.objects.values().get(pk=register.submitted.pk)
    names = [field.name for field in Submission._meta.fields]
    for step in ("attest", "accept", "return", "withdraw"):
        who = "owner" if step in ("attest", "withdraw") else "regulator"
        for name in set(names) - {"amendment_reason", "line_comments"}:
            body = {"comment": "x"} if step == "return" else {}
            answer = register.post(who, f"submissions/{register.submitted.pk}/{step}/", body | {name: 1})
            assert refused(answer, 400, "unknown_field")["field"] == name
    for name in set(names) - {"centre", "period", "nil", "file"}:
        assert refused(register.upload("owner", "plain.csv", **{name: "1"}), 400, "unknown_field")["field"] == name
    assert Submission.objects.values().get(pk=register.submitted.pk) == before


def test_a_signed_in_browser_needs_the_token_against_forgery(register: Register) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(register.people["owner"])
    path = f"{API}submissions/{register.draft.pk}/attest/"
    assert client.get(f"{API}me/").json()["username"] == "owner"
    refused(client.post(path, {}, content_type="application/json"), 403, "csrf_failed")
    client.get(f"{API}docs/")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value}
    unsigned = client.post(path, {}, content_type="application/json", headers=headers)
    assert set(refused(unsigned, 400, "invalid")["errors"]) == {"full_name", "declaration", "password"}
    signed = SIGNATURE | {"amendment_reason": "A card was left out."}
    wrong = client.post(path, signed | {"password": "x"}, content_type="application/json", headers=headers)
    assert set(refused(wrong, 400, "invalid")["errors"]) == {"password"}
    assert client.post(path, signed, content_type="application/json", headers=headers).status_code == 200


def test_a_wrong_token_is_no_token(register: Register) -> None:
    client = Client(headers={"Authorization": "Token nonsense"})
    refused(client.get(f"{API}me/"), 401, "authentication_failed")


def test_every_object_has_an_etag_and_is_not_sent_again(register: Register) -> None:
    addresses = [
        "regions/31/", "centres/SH-01/", "vendors/1/", "chips/1/", "periods/2025Q4/", "mandates/SH-2023/", "me/",
        f"submissions/{register.accepted.pk}/", f"submissions/{register.accepted.pk}/file/",
        f"operators/{register.mine.operator_id}/", f"determinations/{register.determination('SH-2023').pk}/",
        f"determinations/{register.determination('SH-2023').pk}/explanation/", f"report-runs/{register.run.pk}/",
        f"report-runs/{register.run.pk}/download/", "reports/national-quarterly/", "schema/",
    ]  # fmt: skip
    client = register.client("regulator")
    for address in addresses:
        # Without `as_of`, nothing in an answer depends on when it is asked.
        first = client.get(API + address)
        assert first.status_code == 200, address
        for tag in (first["ETag"], f'"other", W/{first["ETag"]}', "*"):
            again = client.get(API + address, headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b""), address
            assert again["ETag"] == first["ETag"]
            assert again["Cache-Control"] == "private, no-store"
        assert client.get(API + address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_an_etag_changes_with_its_object(register: Register) -> None:
    path = f"submissions/{register.submitted.pk}/"
    before = register.get("owner", path)["ETag"]
    register.post("regulator", path + "accept/")
    assert register.get("owner", path)["ETag"] != before


def test_pages_lead_through_the_whole_list_and_back(register: Register) -> None:
    whole = [row["code"] for row in register.get("regulator", "centres/").json()["results"]]
    client = register.client("regulator")
    page = client.get(f"{API}centres/", {"page_size": 3}).json()
    assert page["previous"] is None
    found = []
    while True:
        found.append([row["code"] for row in page["results"]])
        if not page["next"]:
            break
        page = client.get(page["next"]).json()
    assert list(chain.from_iterable(found)) == whole == sorted(whole)
    assert all(len(rows) == 3 for rows in found[:-1])
    back = client.get(page["previous"]).json()
    assert [row["code"] for row in back["results"]] == found[-2]


def test_a_list_costs_the_same_number_of_queries_for_2_rows_and_for_20(register: Register) -> None:
    for number in range(20):
        where = cast.centre(f"T-{number:02}", owner=cast.operator(f"Operator {number}"), region_code="1101")
        cast.file(where, cast.period(), ascend=number + 1)
        values = ReportRun.objects.filter(pk=register.run.pk).values().get() | {"trigger": "request"}
        ReportRun.objects.create(**{name: value for name, value in values.items() if name != "id"})
    determine(period=cast.period(), cause="test")
    client = register.client("regulator")
    for address in ("operators/", "centres/", "chips/", "submissions/", "determinations/", "report-runs/"):
        counts = []
        for size in (2, 20):
            with CaptureQueriesContext(connection) as queries:
                assert len(client.get(f"{API}{address}", {"page_size": size}).json()["results"]) == size
            counts.append(len(queries))
        # The token with its user, the list, and what is prefetched: never one for a row.
        assert counts[0] == counts[1] <= 5, address


def test_me_says_who_is_asking(register: Register) -> None:
    assert register.get("owner", "me/").json() == {
        "username": "owner", "role": "operator", "sees_whole_country": False, "all_regions": False, "regions": [],
        "operators": [register.mine.operator_id], "language": "en",
    }  # fmt: skip
    assert register.get("regional", "me/").json()["regions"] == ["11"]


@pytest.fixture
def described(register: Register) -> Any:
    return register.get("owner", "schema/").json()


def test_what_is_exact_is_described_as_text(described: Any) -> None:
    known = described["components"]["schemas"]
    assert known["Counted"]["properties"]["domestic"]["type"] == "string"
    assert known["Determination"]["properties"]["shortfall"]["type"] == ["string", "null"]


def test_lists_and_nulls_are_described_as_such(register: Register, described: Any) -> None:
    of_submission = described["components"]["schemas"]["OneSubmission"]["properties"]
    told = register.get("owner", f"submissions/{register.accepted.pk}/").json()
    assert (told["corrections"], told["line_comments"], told["declaration"]) == ([], [], None)
    assert of_submission["corrections"]["type"] == of_submission["line_comments"]["type"] == "array"
    assert {"type": "null"} in of_submission["declaration"]["oneOf"]
    assert described["components"]["schemas"]["Run"]["properties"]["manifest"]["type"] == ["object", "null"]


def test_another_refusal_can_have_a_status_that_is_described(register: Register, described: Any) -> None:
    headers = {"Idempotency-Key": "one"}
    assert register.upload("owner", "plain.csv", headers).status_code == 201
    refused(register.upload("owner", "plain.csv", headers, declared_lines="1"), 422, "idempotency_key_reused")
    content = described["paths"]["/api/v1/submissions/"]["post"]["responses"]["422"]["content"]
    assert content.keys() == {"application/json", "application/problem+json"}


@pytest.mark.django_db
def test_the_schema_is_whole_and_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "schema.yml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(path))
    assert path.read_text().startswith("openapi: 3.1.0")
