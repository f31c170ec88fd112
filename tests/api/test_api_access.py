"""Every route, asked by everybody: what each may do, and that what is not theirs is not there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern, RoutePattern

from config import api
from tests.api.register import API, Register

WHO = ("owner", "rival", "regulator", "regional", "analyst", "administrator")
EVERYBODY = (200,) * 6
# What is asked of `mine`, in the order of `WHO`.
SEEN = (200, 404, 200, 404, 200, 404)
MATRIX: dict[str, dict[str, tuple[int, ...]]] = {
    "region-list": {"GET": EVERYBODY},
    "region-detail": {"GET": EVERYBODY},
    "operator-list": {"GET": EVERYBODY},
    "operator-detail": {"GET": SEEN},
    "centre-list": {"GET": EVERYBODY},
    "centre-detail": {"GET": SEEN},
    "centre-plan": {"GET": SEEN},
    "period-list": {"GET": EVERYBODY},
    "period-detail": {"GET": EVERYBODY},
    "vendor-list": {"GET": EVERYBODY},
    "vendor-detail": {"GET": EVERYBODY},
    "chip-list": {"GET": EVERYBODY},
    "chip-detail": {"GET": EVERYBODY},
    # An upload without a field: who may upload is told what is missing.
    "submission-list": {"GET": EVERYBODY, "POST": (400, 400, 403, 403, 403, 403)},
    "submission-detail": {"GET": SEEN},
    "submission-lines": {"GET": SEEN},
    "submission-file": {"GET": SEEN},
    "submission-errors": {"GET": SEEN},
    # Nobody attested it; an analyst sees no receipt at all.
    "submission-receipt": {"GET": (404,) * 6},
    "submission-receipt-json": {"GET": (404,) * 6},
    "submission-receipt-pdf": {"GET": (404,) * 6},
    # Of what was accepted already: who may take the step is told that it is too late.
    "submission-attest": {"POST": (409, 404, 403, 404, 403, 404)},
    "submission-accept": {"POST": (403, 404, 409, 404, 403, 404)},
    "submission-return": {"POST": (403, 404, 400, 404, 403, 404)},
    "submission-repudiate": {"POST": (400, 404, 403, 404, 403, 404)},
    "submission-withdraw": {"POST": (409, 404, 403, 404, 403, 404)},
    "upload-list": {"GET": EVERYBODY},
    "upload-detail": {"GET": (200, 404, 404, 404, 404, 404)},
    "upload-file": {"GET": (200, 404, 404, 404, 404, 404)},
    "upload-errors": {"GET": (200, 404, 404, 404, 404, 404)},
    "inventory-template": {"GET": EVERYBODY},
    "finding-codes": {"GET": EVERYBODY},
    "timeliness-list": {"GET": EVERYBODY},
    "timeliness-detail": {"GET": SEEN},
    "mandate-list": {"GET": EVERYBODY},
    "mandate-detail": {"GET": EVERYBODY},
    # A draft without a field: who writes provisions, regulators of the whole country, is told what is missing.
    "mandate-provisions": {"GET": EVERYBODY, "POST": (403, 403, 400, 403, 403, 403)},
    # One that is written and not issued.
    "mandate-provision": {"GET": (404, 404, 200, 404, 404, 404)},
    "determination-list": {"GET": EVERYBODY},
    "determination-detail": {"GET": SEEN},
    "determination-explanation": {"GET": SEEN},
    "determination-reproduce": {"GET": SEEN},
    "outcome-change-list": {"GET": EVERYBODY},
    "outcome-change-detail": {"GET": SEEN},
    "rollup-list": {"GET": EVERYBODY},
    # A grant or a revocation without a field: who may decide is told what is missing.
    "exemption-list": {"GET": EVERYBODY, "POST": (403, 403, 400, 400, 403, 403)},
    "exemption-detail": {"GET": SEEN},
    "exemption-approve": {"POST": (403, 404, 409, 404, 403, 404)},
    "exemption-revoke": {"POST": (403, 404, 400, 404, 403, 404)},
    "outlook-list": {"GET": EVERYBODY},
    "outlook-detail": {"GET": SEEN},
    # Of the whole country; the rule is missing.
    "mandate-simulate": {"POST": (403, 403, 400, 400, 403, 403)},
    "simulation-list": {"GET": EVERYBODY},
    "simulation-detail": {"GET": (404, 404, 200, 404, 200, 404)},
    "report-list": {"GET": EVERYBODY},
    "report-detail": {"GET": EVERYBODY},
    "report-runs": {"GET": EVERYBODY, "POST": (403, 403, 400, 403, 400, 403)},
    "report-run-list": {"GET": EVERYBODY},
    "report-run-detail": {"GET": (404, 404, 200, 404, 200, 404)},
    "report-run-download": {"GET": (404, 404, 200, 404, 200, 404)},
    "me": {"GET": EVERYBODY},
    "schema": {"GET": EVERYBODY},
    "docs": {"GET": EVERYBODY},
    "redoc": {"GET": EVERYBODY},
    "missing": {"GET": (404,) * 6, "POST": (404,) * 6},
}
PAGES = {"docs", "redoc"}
# Resources whose own name has a hyphen.
HYPHENATED = ("report-run", "outcome-change")
# Routes whose object has an owner, each with the number of an object that is not there.
OWNED = [name for name, methods in MATRIX.items() if 404 in (*methods.get("GET", ()), *methods.get("POST", ()))]
for name in ("missing", "submission-receipt", "submission-receipt-json", "submission-receipt-pdf"):
    OWNED.remove(name)


def patterns(found: list[Any] = api.urlpatterns) -> Iterator[URLPattern]:
    for pattern in found:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns)
        else:
            yield pattern


def route_of(pattern: URLPattern) -> str:
    assert isinstance(pattern.pattern, RegexPattern | RoutePattern)
    return str(pattern.pattern).strip("^$")


def address(name: str, register: Register, *, missing: bool = False) -> str:
    """Where `name` leads for the object of `register`, or for one that was never there."""
    if name == "missing":
        return "no/such/thing"
    operator = register.mine.operator
    assert operator is not None
    key = {
        "centre": register.mine.code,
        "operator": operator.pk,
        "submission": register.accepted.pk,
        "upload": register.faulty.pk,
        "timeliness": register.mine.code,
        "determination": register.determination("SH-2023").pk,
        "outcome-change": register.outcome_change.pk,
        "report-run": register.run.pk,
        "region": "31",
        "period": "2025Q4",
        "vendor": 1,
        "chip": 1,
        "mandate": "SH-2023",
        "simulation": register.simulation.key,
        "exemption": register.exemption.pk,
        "outlook": register.outlook.pk,
        "report": "national-quarterly",
    }
    if name in ("me", "schema", "docs", "redoc", "finding-codes"):
        return f"{name}/"
    if name == "inventory-template":
        return "inventory-template.xlsx"
    if name == "report-runs":
        return "reports/national-quarterly/runs/"
    if name == "mandate-provision":
        return f"mandates/SH-2023/provisions/{999_999 if missing else register.provision.pk}/"
    hyphenated = next((own for own in HYPHENATED if name.startswith(f"{own}-")), None)
    resource, what = (hyphenated, name.removeprefix(f"{hyphenated}-")) if hyphenated else name.split("-", 1)
    several = resource if resource == "timeliness" else f"{resource}s"
    if what == "list":
        return f"{several}/"
    gone = {"centre": "SH-99", "timeliness": "SH-99", "simulation": "00000000-0000-4000-8000-000000000000"}
    asked = gone.get(resource, 999_999) if missing else key[resource]
    named = {"detail": "", "errors": "errors.xlsx", "receipt-json": "receipt.json", "receipt-pdf": "receipt.pdf"}
    return f"{several}/{asked}/" + named.get(what, f"{what}/")


def test_every_route_stands_in_the_matrix_and_every_method_that_it_takes() -> None:
    found = {}
    for pattern in patterns():
        methods = getattr(pattern.callback, "actions", None) or (
            {"get": ""} if pattern.name != "missing" else {"get": "", "post": ""}
        )
        found[pattern.name] = {method.upper() for method in methods if method != "head"}
    assert found == {name: set(methods) for name, methods in MATRIX.items()}


@pytest.mark.parametrize("who", WHO)
def test_everybody_may_do_what_the_matrix_says(register: Register, who: str) -> None:
    client = register.client(who)
    client.force_login(register.people[who])
    for name, methods in MATRIX.items():
        for method, statuses in methods.items():
            path = API + address(name, register)
            if method == "GET":
                response = client.get(path)
            elif name == "submission-list":
                response = client.post(path)
            else:
                response = client.post(path, {}, content_type="application/json")
            assert response.status_code == statuses[WHO.index(who)], f"{method} {name} as {who}: {response.content!r}"
            assert response["Cache-Control"] == "private, no-store", name


def test_who_is_not_signed_in_is_asked_to_be_or_led_to_the_page_for_it(register: Register) -> None:
    for name, methods in MATRIX.items():
        for method in methods:
            response = register.client("anonymous").generic(method, API + address(name, register))
            if name in PAGES:
                assert response.status_code == 302
                continue
            assert (response.status_code, response.json()["code"]) == (401, "not_authenticated"), name
            assert response["WWW-Authenticate"] == "Token"
            assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("who", ["rival", "regional", "administrator"])
def test_what_is_not_theirs_is_answered_like_what_is_not_there(register: Register, who: str) -> None:
    for name in OWNED:
        for method in MATRIX[name]:
            foreign, missing = (
                register.client(who).generic(
                    method, API + address(name, register, missing=gone), "{}", content_type="application/json"
                )
                for gone in (False, True)
            )
            assert (foreign.status_code, foreign.content) == (missing.status_code, missing.content), name
            assert foreign.status_code == 404


def test_a_draft_is_for_those_who_file_it(register: Register) -> None:
    path = f"submissions/{register.draft.pk}/"
    assert register.get("owner", path).status_code == 200
    for who in ("regulator", "analyst"):
        assert register.get(who, path).status_code == 404
        assert register.get(who, path + "lines/").status_code == 404
        assert register.get(who, path + "file/").status_code == 404
        assert register.post(who, path + "accept/").status_code == 404


@pytest.mark.parametrize("resource", ["submissions/", "determinations/"])
def test_a_filter_by_what_is_not_theirs_finds_what_an_unknown_code_finds(register: Register, resource: str) -> None:
    assert register.get("owner", resource, centre="SH-01").json()["results"]
    foreign, unknown = (register.get("rival", resource, centre=code) for code in ("SH-01", "SH-99"))
    assert foreign.json() == unknown.json() == {"next": None, "previous": None, "results": []}


def test_a_foreign_centre_in_a_body_is_one_that_does_not_exist(register: Register) -> None:
    foreign, unknown = (register.upload("rival", "plain.csv", centre=code) for code in ("SH-01", "SH-99"))
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.content.replace(b"SH-01", b"") == unknown.content.replace(b"SH-99", b"")
    assert foreign.json()["errors"]["centre"][0]["code"] == "does_not_exist"


def test_no_list_of_the_rival_speaks_of_mine(register: Register) -> None:
    for name in MATRIX:
        if name.endswith("-list"):
            text = json.dumps(register.get("rival", address(name, register)).json())
            assert "SH-01" not in text, name
            assert "Huangpu" not in text, name


def test_an_analyst_reads_no_message_between_regulator_and_operator(register: Register) -> None:
    path = f"submissions/{register.submitted.pk}/"
    assert register.post("regulator", path + "return/", {"comment": "Ask Mr Wang."}).status_code == 200
    assert register.get("owner", path).json()["decision_comment"] == "Ask Mr Wang."
    assert register.get("analyst", path).json()["decision_comment"] is None


def test_rights_are_read_anew_for_each_request_and_each_repetition(register: Register) -> None:
    headers = {"Idempotency-Key": "once"}
    assert register.upload("owner", "plain.csv", headers).status_code == 201
    register.people["owner"].memberships.all().delete()
    assert register.upload("owner", "plain.csv", headers).status_code == 400
    assert register.get("owner", f"submissions/{register.accepted.pk}/").status_code == 404
