"""Provisions by the API: what is issued is everybody's to read, drafts are written and read by whoever writes them."""

from typing import Any

import pytest

from compliance import provisions
from compliance.models import Mandate, Provision
from tests import cast
from tests.api.register import API, Register
from tests.compliance.written import document, draft

ADDRESS = "mandates/SH-2023/provisions/"
EVERYBODY_ELSE = ("owner", "rival", "regional", "analyst", "administrator")


def test_a_regulator_of_the_whole_country_writes_a_draft(register: Register) -> None:
    answered = register.post("regulator", ADDRESS, document())
    assert answered.status_code == 201
    body = answered.json()
    assert body | {"id": None, "recorded_at": None} == document() | {
        "id": None, "recorded_at": None, "mandate": "SH-2023", "stage": "draft", "issued_at": None,
    }  # fmt: skip
    written = Provision.objects.get(pk=body["id"])
    assert (written.written_by, written.stage) == (register.people["regulator"], "draft")
    assert answered["Location"].endswith(f"{API}{ADDRESS}{written.pk}/")
    one = register.get("regulator", f"{ADDRESS}{written.pk}/")
    assert one.json() == body
    known = register.client("regulator").get(f"{API}{ADDRESS}{written.pk}/", headers={"If-None-Match": one["ETag"]})
    assert known.status_code == 304


def test_what_may_be_left_out_is_empty(register: Register) -> None:
    needed = {name: document()[name] for name in ("from_on", "rule", "legal_text")}
    body = register.post("regulator", ADDRESS, needed).json()
    left_out = ("case_by_case", "legal_text_zh", "citation", "link")
    assert [body[name] for name in left_out] == [None, "", "", ""]


@pytest.mark.parametrize("name", ["from_on", "rule", "legal_text"])
def test_what_is_needed_is_asked_for(register: Register, name: str) -> None:
    body = {key: value for key, value in document().items() if key != name}
    refused = register.post("regulator", ADDRESS, body)
    assert (refused.status_code, refused.json()["errors"].keys()) == (400, {name})


@pytest.mark.parametrize("name", ["stage", "issued_at", "written_by", "approved_by", "mandate", "id", "rules"])
def test_no_other_field_is_written(register: Register, name: str) -> None:
    before = Provision.objects.count()
    refused = register.post("regulator", ADDRESS, document() | {name: "x"})
    said = refused.json()
    assert (refused.status_code, said["code"], said["field"]) == (400, "unknown_field", name)
    assert Provision.objects.count() == before


def test_the_same_request_has_its_effect_once(register: Register) -> None:
    before = Provision.objects.count()
    first, second = (register.post("regulator", ADDRESS, document(), **{"Idempotency-Key": "a"}) for _ in range(2))
    assert (first.json(), first.status_code, second["Idempotent-Replayed"]) == (second.json(), 201, "true")
    other = register.post("regulator", ADDRESS, document(citation=""), **{"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Provision.objects.count() == before + 1


def test_a_refused_request_can_be_sent_again_mended_under_its_key(register: Register) -> None:
    refused = register.post("regulator", ADDRESS, document(from_on="x"), **{"Idempotency-Key": "a"})
    assert refused.status_code == 400
    assert register.post("regulator", ADDRESS, document(), **{"Idempotency-Key": "a"}).status_code == 201


@pytest.mark.parametrize("who", EVERYBODY_ELSE)
@pytest.mark.parametrize("body", [{}, document(), {"rule": 1}])
def test_nobody_else_writes_one_nor_learns_what_would_be_wrong(register: Register, who: str, body: Any) -> None:
    refused = register.post(who, ADDRESS, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("who", EVERYBODY_ELSE)
def test_a_draft_does_not_exist_for_anybody_else(register: Register, who: str) -> None:
    before = register.get(who, ADDRESS).content
    author = register.people["regulator"]
    written = draft(author)
    standing = [written, provisions.propose(provision=draft(author), by=author)]
    discarded = provisions.discard(provision=draft(author), by=author)
    for one in (*standing, discarded):
        hidden, missing = (register.get(who, f"{ADDRESS}{key}/") for key in (one.pk, 999_999))
        assert (hidden.status_code, hidden.content) == (404, missing.content)
    assert register.get(who, ADDRESS).content == before
    listed = register.get("regulator", ADDRESS).json()["results"]
    assert [one["stage"] for one in listed] == ["issued", "draft", "proposed", "discarded"]


def test_once_issued_it_is_everybodys_to_read_and_names_nobody(register: Register) -> None:
    author, other = register.people["regulator"], cast.regulator("another-regulator")
    proposed = provisions.propose(provision=draft(author), by=author)
    provisions.approve(provision=proposed, by=other, seal=provisions.seal_of(proposed))
    provisions.issue(provision=proposed, by=other)
    for who in EVERYBODY_ELSE:
        one = register.get(who, f"{ADDRESS}{proposed.pk}/")
        assert (one.status_code, one.json()["stage"]) == (200, "issued")
        assert "another-regulator" not in one.content.decode()


def test_a_provision_is_found_under_its_own_mandate_alone(register: Register) -> None:
    issued = Mandate.objects.get(code="CN-2025").provisions.get()
    assert register.get("owner", f"mandates/CN-2025/provisions/{issued.pk}/").status_code == 200
    assert register.get("owner", f"{ADDRESS}{issued.pk}/").status_code == 404
    assert register.get("owner", "mandates/NO-1/provisions/").status_code == 404
    assert register.post("regulator", "mandates/NO-1/provisions/", document()).status_code == 404


def test_it_is_listed_in_a_fixed_number_of_queries(register: Register, django_assert_num_queries: Any) -> None:
    client = register.client("regulator")
    for _ in range(2):
        # The token with its user, the mandate, the provisions with their mandate.
        with django_assert_num_queries(3):
            client.get(API + ADDRESS)
        for _ in range(10):
            draft(register.people["regulator"])
