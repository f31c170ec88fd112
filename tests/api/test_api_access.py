"""Who reads what of the API, beside the matrix of `tests/access/`, which asks every address as everybody."""

import pytest

from tests.api.register import Register


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
