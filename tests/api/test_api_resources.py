"""What the resources say, and what the writes do."""

import hashlib
import json
from datetime import date

from django.utils import timezone

from accounts.models import IdempotencyKey
from centres.models import Centre, CentreRecord
from chips.catalogue import adopt
from chips.models import ChipModel, Submission
from compliance.determine import determine
from compliance.models import DeterminationRequest
from reports import build
from reports.models import ReportRun
from tests import cast
from tests.api.register import UPLOADS, Register
from tests.api.test_api_contract import refused


def test_a_centre_is_told_as_of_a_day_and_as_known_at_an_instant(register: Register) -> None:
    before = timezone.now().isoformat()
    CentreRecord.objects.create(
        centre=register.mine, from_on=date(2025, 7, 1), recorded_at=timezone.now(), region_code="3101",
        kind="general", ownership="private", status="operating",
    )  # fmt: skip
    kind = {}
    for name, query in {
        "now": {},
        "in June": {"as_of": "2025-06-30"},
        "in July": {"as_of": "2025-07-01"},
        "as known before": {"as_of": "2025-07-01", "known_at": before},
    }.items():
        kind[name] = register.get("owner", "centres/SH-01/", **query).json()["record"]["kind"]
    assert kind == {"now": "general", "in June": "intelligent", "in July": "general", "as known before": "intelligent"}
    (listed,) = register.get("owner", "centres/", as_of="2020-01-01").json()["results"]
    assert listed["record"] is None


def test_a_chip_shows_its_claims_and_says_what_is_contested(register: Register) -> None:
    model = ChipModel.objects.get(name="Ascend 910B")
    chip = register.get("owner", f"chips/{model.pk}/").json()
    said = {claim["value"] for claim in chip["claims"] if claim["figure"] == "fp16_tflops"}
    assert {"256", "320"} <= said
    assert "fp16_tflops" in chip["contested_figures"]
    (adopted,) = [figure for figure in chip["figures"] if figure["figure"] == "fp16_tflops"]
    assert adopted["is_contested"]
    assert adopted["value"] == chip["revision"]["compute"]
    assert adopted["source"]
    assert adopted["confidence"]


def test_a_new_adoption_is_a_revision_and_the_old_one_is_found_by_day_and_instant(register: Register) -> None:
    model = ChipModel.objects.get(name="Ascend 910B")
    path = f"chips/{model.pk}/"
    before, found = timezone.now().isoformat(), register.get("owner", path).json()
    was, known = found["revision"]["compute"], len(found["revisions"])
    other = model.claims.filter(figure="fp16_tflops").exclude(value=was)[0]
    adopt(model=model, claims=[other], from_on=date(2025, 7, 1), decided_by="test", reason="test")
    assert register.get("owner", path).json()["revision"]["compute"] == other.value
    assert register.get("owner", path, as_of="2025-06-30").json()["revision"]["compute"] == was
    then = register.get("owner", path, known_at=before).json()
    assert (then["revision"]["compute"], len(then["revisions"])) == (was, known)
    assert len(register.get("owner", path).json()["revisions"]) == known + 1


def test_filters_narrow_lists_and_together(register: Register) -> None:
    def ids(address: str, **query: str) -> list[str]:
        return [row["centre"] for row in register.get("regulator", address, **query).json()["results"]]

    assert ids("submissions/", centre="SH-01", status="submitted") == ["SH-01"]
    assert ids("submissions/", nil="true") == []
    assert ids("determinations/", centre="SH-01", mandate="SH-2023", outcome="compliant", region="31") == ["SH-01"]
    assert ids("determinations/", centre="SH-01", region="11") == []
    assert ids("determinations/", period="2024Q4") == []


def test_lines_stand_under_the_rows_of_the_file(register: Register) -> None:
    lines = register.get("analyst", f"submissions/{register.accepted.pk}/lines/").json()["results"]
    assert [(line["row"], line["chip_model"], line["vendor"], line["quantity"]) for line in lines] == [
        (2, "Ascend 910B", "Huawei (HiSilicon)", 500),
        (3, "H800", "Nvidia", 500),
    ]


def test_half_is_enough_for_shanghai_and_not_for_the_nation(register: Register) -> None:
    half = {"numerator": 1, "denominator": 2, "percent": "50.0000"}
    for mandate, outcome, comparator, gap in (
        ("SH-2023", "compliant", "at_least", 0),
        ("CN-2025", "non_compliant", "over", 1),
    ):
        path = f"determinations/{register.determination(mandate).pk}/"
        found = register.get("owner", path).json()
        assert (found["outcome"], found["comparator"], found["replace"]) == (outcome, comparator, gap)
        assert found["low"] == found["high"] == found["threshold"] == half
        assert (found["units_domestic"], found["units_foreign"], found["is_current"]) == (500, 500, True)
        explained = json.loads(register.get("owner", path + "explanation/").getvalue())
        assert explained["is_reproduced"] is True
        assert explained["answer"]["outcome"] == outcome
        assert explained["answer"]["digest"] == found["digest"]
        assert [(line["row"], line["origin"], line["line"]["quantity"]) for line in explained["lines"]] == [
            (2, "domestic", 500),
            (3, "foreign", 500),
        ]


def test_mandates_show_the_provisions_that_were_issued(register: Register) -> None:
    mandate = register.determination("SH-2023").provision.mandate
    mandate.provisions.create(
        from_on=date(2030, 1, 1), recorded_at=timezone.now(), rule={"steps": []}, legal_text="a draft"
    )
    (provision,) = register.get("owner", "mandates/SH-2023/provisions/").json()["results"]
    assert provision["rule"]["steps"][0]["comparator"] == "at_least"
    assert provision["legal_text"] != "a draft"


def test_a_good_file_is_stored_as_a_draft_and_its_bytes_are_given_back(register: Register) -> None:
    response = register.upload("owner", "gbk_excel.csv")
    body = response.json()
    assert (response.status_code, body["ok"], body["file"]["encoding"]) == (201, True, "gb18030")
    assert response["Location"] == body["url"]
    assert body["url"].endswith(f"/api/v1/submissions/{body['id']}/")
    stored = register.client("owner").get(body["url"]).json()
    assert (stored["status"], stored["version"], stored["units"]) == ("draft", 3, body["units"])
    file = register.get("owner", f"submissions/{body['id']}/file/")
    assert b"".join(file.streaming_content) == (UPLOADS / "gbk_excel.csv").read_bytes()
    assert file["Content-Disposition"] == 'attachment; filename="gbk_excel.csv"'
    assert file["ETag"] == f'"{stored["file_sha256"]}"'


def test_a_faulty_file_is_answered_with_its_faults_and_stores_nothing(register: Register) -> None:
    before = Submission.objects.count()
    response = register.upload("owner", "unknown_chip.csv")
    body = response.json()
    assert (response.status_code, body["ok"], body["lines"], body["units"]) == (422, False, 0, 0)
    assert {error["code"] for error in body["errors"]} == {"unknown_chip"}
    assert set(body) == {"ok", "file", "lines", "units", "error_count", "errors", "warnings"}
    assert Submission.objects.count() == before


def test_the_faults_are_worded_in_the_readers_language(register: Register) -> None:
    body = register.upload("owner", "unknown_chip.csv", {"Accept-Language": "zh-hans"}).json()
    assert body["errors"][0]["message"] == "目录中没有该芯片型号。"


def test_an_empty_file_is_a_fault_of_the_file(register: Register) -> None:
    response = register.upload("owner", "empty_file.csv")
    assert response.status_code == 422
    assert response.json()["error_count"] == 1


def test_a_nil_return_comes_without_a_file(register: Register) -> None:
    response = register.upload("owner", None, nil="true")
    body = response.json()
    assert (response.status_code, body["ok"], body["file"], body["units"]) == (201, True, None, 0)
    assert register.client("owner").get(body["url"]).json()["nil"] is True
    refused(register.get("owner", f"submissions/{body['id']}/file/"), 404, "not_found")
    assert "file" in refused(register.upload("owner", "plain.csv", nil="true"), 400, "invalid")["errors"]
    assert "file" in refused(register.upload("owner", None), 400, "invalid")["errors"]


def test_an_upload_over_the_limit_is_refused_before_it_is_read(register: Register) -> None:
    response = register.client("owner").post(
        "/api/v1/submissions/", b"--x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="53477377"
    )
    refused(response, 413, "too_large")


def test_broken_multipart_is_a_problem(register: Register) -> None:
    client = register.client("owner")
    for body in (b"", b"--x\r\n", b'--x\r\nContent-Disposition: form-data; name="centre"\r\n\r\nSH-01'):
        answer = client.post("/api/v1/submissions/", body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
    fields = {f"f{number}": "1" for number in range(1100)}
    assert client.post("/api/v1/submissions/", fields).status_code == 400


def test_from_draft_to_a_request_to_determine(register: Register) -> None:
    path = f"submissions/{register.draft.pk}/"
    refused(register.post("owner", path + "accept/"), 403, "permission_denied")
    refused(register.post("owner", path + "attest/"), 409, "reason_missing")
    body = {"amendment_reason": "A card was left out."}
    assert register.post("owner", path + "attest/", body).json()["status"] == "submitted"
    assert refused(register.post("owner", path + "attest/"), 409, "wrong_status")["submission_status"] == "submitted"
    assert register.post("regulator", path + "accept/").json()["status"] == "accepted"
    request = DeterminationRequest.objects.get()
    assert (request.centres, request.period_id) == ([register.mine.pk], "2025Q4")
    refused(register.post("owner", path + "withdraw/"), 409, "wrong_status")


def test_what_was_submitted_is_withdrawn_by_its_operator(register: Register) -> None:
    path = f"submissions/{register.submitted.pk}/withdraw/"
    assert register.post("owner", path).json()["status"] == "withdrawn"


def test_a_run_is_asked_for_followed_and_downloaded_with_its_hash(register: Register) -> None:
    response = register.post("analyst", "reports/national-quarterly/runs/", {"period": "2025Q4"})
    assert (response.status_code, response.json()["progress"]) == (202, 0)
    path = f"report-runs/{response.json()['id']}/"
    assert response["Location"].endswith("/api/v1/" + path)
    refused(register.get("analyst", path + "download/"), 409, "not_ready")
    build.build(response.json()["id"])
    run = register.get("analyst", path).json()
    assert (run["status"], run["progress"], run["report"]) == ("ready", 100, "national-quarterly")
    file = register.get("analyst", path + "download/", format="csv")
    assert hashlib.sha256(b"".join(file.streaming_content)).hexdigest() == run["file_sha256"]
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    refused(register.get("analyst", path + "download/", format="docx"), 400, "unsupported_format")
    listed = register.get("analyst", "reports/national-quarterly/runs/").json()["results"]
    assert [row["id"] for row in listed] == [run["id"], register.run.pk]


def test_a_report_or_a_period_that_is_not_there(register: Register) -> None:
    refused(register.get("analyst", "reports/weekly/"), 404, "not_found")
    refused(register.get("analyst", "reports/weekly/runs/"), 404, "not_found")
    refused(register.post("analyst", "reports/weekly/runs/", {"period": "2025Q4"}), 404, "not_found")
    for period in ("1999Q1", "\x00", {"a": 1}, None):
        answer = register.post("analyst", "reports/national-quarterly/runs/", {"period": period})
        assert "period" in refused(answer, 400, "invalid")["errors"]


def test_the_same_request_under_the_same_key_has_its_effect_once(register: Register) -> None:
    headers = {"Idempotency-Key": "a1"}
    first, again = (register.upload("owner", "plain.csv", headers) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again["Location"] == first["Location"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    for other in (
        register.upload("owner", "bom.csv", headers),
        register.upload("owner", "plain.csv", headers, period="2025Q3"),
        register.post("owner", f"submissions/{register.draft.pk}/attest/", **headers),
    ):
        refused(other, 422, "idempotency_key_reused")
    # Without a key it is the same draft, as long as it stands: a double click files nothing twice.
    assert register.upload("owner", "plain.csv").json()["id"] == first.json()["id"]
    register.post("owner", f"submissions/{first.json()['id']}/withdraw/")
    assert register.upload("owner", "plain.csv").json()["id"] != first.json()["id"]
    refused(register.upload("owner", "plain.csv", {"Idempotency-Key": "x" * 256}), 400, "invalid_idempotency_key")


def test_every_write_honours_the_key_and_each_user_has_its_own(register: Register) -> None:
    for who, path, body in (
        ("owner", f"submissions/{register.draft.pk}/attest/", {"amendment_reason": "A card was left out."}),
        ("regulator", f"submissions/{register.draft.pk}/return/", {"comment": "Why?"}),
        ("regulator", f"submissions/{register.submitted.pk}/accept/", {}),
        ("analyst", "reports/national-quarterly/runs/", {"period": "2025Q3"}),
    ):
        headers = {"Idempotency-Key": path}
        first, again = (register.post(who, path, body, **headers) for _ in range(2))
        assert first.status_code in (200, 202)
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert again["Idempotent-Replayed"] == "true"
    assert ReportRun.objects.filter(period="2025Q3").count() == 1
    assert DeterminationRequest.objects.count() == 1


def test_what_is_refused_keeps_no_key(register: Register) -> None:
    path = f"submissions/{register.accepted.pk}/accept/"
    refused(register.post("regulator", path, **{"Idempotency-Key": "k"}), 409, "wrong_status")
    assert not IdempotencyKey.objects.exists()


def test_what_was_worked_out_for_a_published_centre_says_that_nobody_filed_it(register: Register) -> None:
    published = Centre.objects.get(code="SC-CD-01")
    submission = cast.file(published, cast.period(), ascend=9, provenance="illustrative")
    determine(period=cast.period(), cause="test")
    told = register.get("analyst", f"submissions/{submission.pk}/").json()
    assert (told["provenance"], told["is_filing"]) == ("illustrative", False)
    assert (told["submitted_at"], told["decided_at"]) == (None, None)
    (one,) = register.get("analyst", "determinations/?centre=SC-CD-01&mandate=CN-2025").json()["results"]
    assert one["provenance"] == "illustrative"
    assert register.get("analyst", f"submissions/{register.accepted.pk}/").json()["is_filing"]
