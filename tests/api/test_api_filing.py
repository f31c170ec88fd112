"""A filing through the API: declared, mended nowhere, attested, questioned, and its receipts."""

import hashlib
import io
import json
from typing import Any

import openpyxl
import pytest

from chips.models import Submission, Upload
from tests import cast
from tests.api.register import Register
from tests.api.test_api_contract import refused


def attested(register: Register) -> int:
    answer = register.upload("owner", "gbk_excel.csv")
    key = int(answer.json()["id"])
    register.post("owner", f"submissions/{key}/attest/", {"amendment_reason": "Counted anew.", "full_name": "Wang"})
    return key


@pytest.mark.parametrize(
    ("declared", "code"),
    [({"declared_lines": "3"}, "declared_lines_differ"), ({"declared_units": "161"}, "declared_units_differ")],
)
def test_what_was_declared_is_held_against_what_is_read(register: Register, declared: dict, code: str) -> None:
    answer = register.upload("owner", "gbk_excel.csv", **declared)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["row"], error["column"]) == (code, None, None)
    assert set(error) == {"code", "row", "column", "value", "message", "hint"}
    right = register.upload("owner", "gbk_excel.csv", declared_lines="2", declared_units="160")
    assert right.status_code == 201


def test_a_nil_return_declares_nothing(register: Register) -> None:
    refused(register.upload("owner", None, nil="true", declared_lines="0"), 400, "invalid")


def test_a_faulty_file_leads_to_its_marked_workbook(register: Register) -> None:
    answer = register.upload("owner", "unknown_chip.csv")
    assert answer.status_code == 422
    address = answer["Link"].partition("<")[2].partition(">")[0]
    assert address.endswith("/errors.xlsx")
    book: Any = register.client("owner").get(address)
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).worksheets[0]
    assert any(cell.comment for row in sheet.iter_rows() for cell in row)
    assert register.client("rival").get(address).status_code == 404


def test_receipts_are_the_operators_and_its_regulators(register: Register) -> None:
    key = attested(register)
    path = f"submissions/{key}/receipt/"
    receipt = register.get("owner", path)
    body = json.loads(receipt.content)
    assert (body["kind"], body["attested"]["full_name"]) == ("received", "Wang")
    assert body["accession_number"] == register.get("owner", f"submissions/{key}/").json()["accession_number"]
    assert register.get("regulator", path).content == receipt.content
    assert register.get("owner", f"submissions/{key}/receipt.json").content == receipt.content
    assert register.get("owner", f"submissions/{key}/receipt.pdf").content.startswith(b"%PDF-")
    for who in ("rival", "regional", "analyst", "administrator"):
        assert register.get(who, path).status_code == 404
    assert register.get("owner", path, kind="accepted").status_code == 404
    register.post("regulator", f"submissions/{key}/accept/")
    accepted = json.loads(register.get("owner", path, kind="accepted").content)
    assert accepted["accepted"]["at"]
    refused(register.get("owner", path, kind="other"), 400, "invalid_parameter")


def test_the_digests_are_those_of_the_files(register: Register) -> None:
    key = attested(register)
    receipt = json.loads(register.get("owner", f"submissions/{key}/receipt/").content)
    file = b"".join(register.get("owner", f"submissions/{key}/file/").streaming_content)
    assert receipt["file"]["sha256"] == hashlib.sha256(file).hexdigest()


class TestQuestions:
    """What does not add up against the last accepted quarter."""

    @pytest.fixture(autouse=True)
    def _earlier(self, register: Register) -> None:
        cast.file(register.mine, cast.period("2025Q3"), ascend=120, h800=4)

    def test_they_are_told_and_stand_against_attesting(self, register: Register) -> None:
        key = register.upload("owner", "gbk_excel.csv").json()["id"]
        (question,) = register.get("owner", f"submissions/{key}/").json()["questions"]
        assert (question["code"], question["opening"], question["closing"]) == ("tenfold", 4, 40)
        assert question["reason"] is None
        path = f"submissions/{key}/attest/"
        body: dict[str, Any] = {"amendment_reason": "Counted anew."}
        (told,) = refused(register.post("owner", path, body), 409, "open_questions")["questions"]
        assert told["key"] == question["key"]
        body["confirmations"] = [{"key": question["key"], "reason": "A hall was opened."}]
        assert register.post("owner", path, body).json()["questions"][0]["reason"] == "A hall was opened."

    def test_an_analyst_is_told_of_none(self, register: Register) -> None:
        assert register.get("analyst", f"submissions/{register.submitted.pk}/").json()["questions"] == []


def test_a_return_names_lines(register: Register) -> None:
    path = f"submissions/{register.submitted.pk}/"
    body = {
        "comment": "See row 2.",
        "line_comments": [{"row": 2, "comment": "Which contract?"}, {"row": 99, "comment": "?"}],
    }
    assert register.post("regulator", path + "return/", body).status_code == 200
    told = register.get("owner", path).json()
    assert told["line_comments"] == [{"row": 2, "comment": "Which contract?"}]
    assert register.get("analyst", path).json()["line_comments"] == []


def test_what_was_filed_in_ones_name_can_be_repudiated(register: Register) -> None:
    key = attested(register)
    path = f"submissions/{key}/repudiate/"
    assert register.post("owner", path, {"reason": "Our token was stolen."}).json()["status"] == "repudiated"
    refused(register.post("owner", path, {"reason": "Again."}), 409, "wrong_status")
    refused(register.post("owner", f"submissions/{register.submitted.pk}/repudiate/", {"reason": "x"}), 409, "too_late")


def test_the_template_is_read_back(register: Register) -> None:
    filled = register.get("owner", "inventory-template.xlsx", centre="SH-01", period="2025Q4")
    assert filled["Content-Type"].startswith("application/vnd.openxmlformats")
    sheet = openpyxl.load_workbook(io.BytesIO(register.get("owner", "inventory-template.xlsx").content)).worksheets[0]
    assert sheet.max_row >= 2
    foreign, unknown = (
        register.get("rival", "inventory-template.xlsx", centre=code, period="2025Q4") for code in ("SH-01", "SH-99")
    )
    assert foreign.status_code == unknown.status_code == 400
    assert foreign.content == unknown.content


def test_codes_have_their_class_and_what_only_regulators_find_is_theirs(register: Register) -> None:
    told = register.get("regulator", "finding-codes/").json()
    codes = {code["code"]: code["class"] for code in (told["results"] if isinstance(told, dict) else told)}
    assert codes["unknown_chip"] == "validity"
    assert codes["no_header"] == "structure"
    assert codes["tenfold"] == "plausibility"
    assert codes["serial_claimed_twice"] == "across_centres"
    assert b"serial_claimed_twice" not in register.get("owner", "finding-codes/").content


def test_an_upload_through_the_api_is_received_and_read_in_one(register: Register) -> None:
    before = Upload.objects.count()
    key = register.upload("owner", "gbk_excel.csv").json()["id"]
    upload = Upload.objects.get(submission=key)
    assert (Upload.objects.count() - before, upload.status) == (1, "read")
    assert Submission.objects.get(pk=key).received_at == upload.received_at
