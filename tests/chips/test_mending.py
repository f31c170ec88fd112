"""A faulty file is mended in the page or in the file, and nothing of it is lost on the way."""

import io
from typing import Any

import openpyxl
import pytest
from django.test import Client

from centres.models import Centre, Operator
from chips import uploads
from chips.models import Submission, Upload
from tests import cast
from tests.chips.filing import seen, send

pytestmark = pytest.mark.django_db
MESSY = "芯片型号,数量,用途\n昇腾910X,120,训练\n昇腾910X,30,训练\nH800,12张,推里\n".encode()


def sent(filer: Client, content: bytes = MESSY, lines: int = 3, units: int = 162) -> Upload:
    send(filer, content, lines=lines, units=units)
    return Upload.objects.latest("pk")


def mend(filer: Client, upload: Upload, **fields: Any) -> Any:
    upload.refresh_from_db()
    answer = filer.post(f"/uploads/{upload.pk}/mend/", {"seen": uploads.fingerprint(upload)} | fields)
    return seen(filer, answer)


def test_one_answer_mends_all_cells_with_the_same_fault(filer: Client) -> None:
    upload = sent(filer)
    html = filer.get(f"/uploads/{upload.pk}/").content.decode()
    assert "2, 3" in html
    assert 'value="12"' in html
    answers = {"mend-0": "Ascend 910B", "mend-1-text": "12", "mend-2": "inference"}
    page = mend(filer, upload, **answers)
    draft = Submission.objects.get()
    assert (draft.line_count, draft.units, draft.status) == (3, 162, "draft")
    assert page.request["PATH_INFO"] == f"/submissions/{draft.pk}/"
    assert [(made["row"], made["column"], made["written"], made["corrected"]) for made in draft.corrections] == [
        (2, "chip_model", "昇腾910X", "Ascend 910B"),
        (3, "chip_model", "昇腾910X", "Ascend 910B"),
        (4, "quantity", "12张", "12"),
        (4, "workload", "推里", "inference"),
    ]
    # The page tells what was mended, by whom, and the original is as it was sent.
    assert "昇腾910X" in page.content.decode()
    original: Any = filer.get(f"/submissions/{draft.pk}/file/")
    assert b"".join(original.streaming_content) == MESSY


def test_what_is_mended_in_part_keeps_what_was_mended(filer: Client) -> None:
    upload = sent(filer)
    mend(filer, upload, **{"mend-0": "Ascend 910B"})
    upload.refresh_from_db()
    assert upload.report is not None
    assert (upload.status, len(upload.corrections), upload.report["error_count"]) == ("faulty", 2, 2)
    mend(filer, upload, **{"mend-0-text": "12", "mend-1": "inference"})
    assert Submission.objects.get().units == 162


def test_undo_reads_the_file_as_it_was_sent(filer: Client) -> None:
    upload = sent(filer)
    mend(filer, upload, **{"mend-0": "Ascend 910B", "mend-1-text": "12", "mend-2": "inference"})
    draft = Submission.objects.get()
    seen(filer, filer.post(f"/uploads/{upload.pk}/undo/"))
    upload.refresh_from_db()
    draft.refresh_from_db()
    assert (upload.status, upload.corrections, draft.status) == ("faulty", [], "withdrawn")


def test_two_who_mend_at_once_do_not_mix_their_answers(filer: Client) -> None:
    upload = sent(filer)
    shown = uploads.fingerprint(upload)
    mend(filer, upload, **{"mend-0": "Ascend 910B"})
    # The first answer in this form was meant for the models, and would now fall on a quantity.
    answer = filer.post(f"/uploads/{upload.pk}/mend/", {"seen": shown, "mend-0-text": "H800"}, follow=True)
    assert "Somebody mended it meanwhile" in answer.content.decode()
    upload.refresh_from_db()
    assert len(upload.corrections) == 2


def test_any_cell_of_a_draft_can_be_corrected_by_its_place(filer: Client) -> None:
    upload = sent(filer, b"chip_model,quantity\nH800,12\nA100,3\n", lines=2, units=15)
    first = Submission.objects.get()
    mend(filer, upload, row=3, column="quantity", text="30", declared_lines=2, declared_units=42)
    second = Submission.objects.latest("pk")
    first.refresh_from_db()
    assert (first.status, second.status, second.units) == ("withdrawn", "draft", 42)
    assert second.corrections[0]["written"] == "3"


@pytest.mark.parametrize(("lines", "units", "shown"), [(4, 162, ("3", "4")), (3, 163, ("162", "163"))])
def test_what_was_declared_is_held_against_what_is_read(
    filer: Client, lines: int, units: int, shown: tuple[str, str]
) -> None:
    content = MESSY.replace("昇腾910X".encode(), b"H20").replace("12张".encode(), b"12").replace("推里".encode(), b"")
    upload = sent(filer, content, lines=lines, units=units)
    assert upload.status == "faulty"
    html = filer.get(f"/uploads/{upload.pk}/").content.decode()
    assert all(number in html for number in shown)
    assert "declared_" in html
    assert not Submission.objects.exists()
    mend(filer, upload, declared_lines=3, declared_units=162)
    assert Submission.objects.get().units == 162


def test_a_sender_who_declares_nothing_is_asked(filer: Client) -> None:
    answer = send(filer, "plain.csv", lines="", units="")
    assert answer.status_code == 422
    assert "Say how many you send" in answer.content.decode()
    assert not Upload.objects.exists()


def test_cells_can_be_pasted(filer: Client) -> None:
    cells = "芯片型号\t数量\r\n昇腾910B\t120\r\nH800\t40\r\n"
    asked = {"period": "2025Q4", "cells": cells, "declared_lines": 2, "declared_units": 160}
    seen(filer, filer.post("/centres/SH-01/file/", asked))
    draft = Submission.objects.get()
    assert (draft.units, draft.file_name) == (160, "pasted.tsv")


def test_the_marked_workbook_can_be_mended_and_sent_again(filer: Client) -> None:
    upload = sent(filer)
    answer: Any = filer.get(f"/uploads/{upload.pk}/errors.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    sheet = book.worksheets[0]
    assert {cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment} >= {"A2", "A3", "B4", "C4"}
    sheet["A2"], sheet["A3"], sheet["B4"], sheet["C4"] = "昇腾910B", "昇腾910B", 12, "推理"
    again = io.BytesIO()
    book.save(again)
    send(filer, again.getvalue(), name="errors.xlsx", lines=3, units=162)
    assert Submission.objects.get().units == 162


def test_what_was_read_otherwise_than_written_is_told(filer: Client) -> None:
    send(filer, '芯片型号,数量\n昇腾910b,"1,200"\n昇腾910b,3\n'.encode(), lines=2, units=1203)
    html = filer.get(f"/submissions/{Submission.objects.get().pk}/").content.decode()
    assert "Read otherwise than it was written" in html
    assert "→ Huawei (HiSilicon) Ascend 910B" in html
    assert "→ 1200" in html


def test_a_discarded_upload_is_kept_and_read_no_more(filer: Client) -> None:
    upload = sent(filer)
    filer.post(f"/uploads/{upload.pk}/discard/")
    upload.refresh_from_db()
    assert upload.status == "discarded"
    assert uploads.read(upload.pk) is None
    assert "Discarded" in filer.get(f"/uploads/{upload.pk}/").content.decode()
    late = mend(filer, upload, row=2, column="chip_model", text="H800")
    assert "sent or discarded meanwhile" in late.content.decode()


UPLOAD_PAGES = ["", "file/", "errors.xlsx"]
UPLOAD_STEPS = ["mend/", "undo/", "retry/", "discard/"]


@pytest.mark.parametrize("page", [*UPLOAD_PAGES, *UPLOAD_STEPS])
@pytest.mark.parametrize("who", ["rival", "regulator", "analyst"])
def test_a_faulty_file_is_as_secret_as_a_filing(filer: Client, rival: Operator, who: str, page: str) -> None:
    upload = sent(filer)
    other = Client()
    other.force_login(
        cast.user("other", cast.Role.OPERATOR, acts_for=rival) if who == "rival" else getattr(cast, who)()
    )
    call = other.get if page in UPLOAD_PAGES else other.post
    found = [call(f"/uploads/{key}/{page}") for key in (upload.pk, 999_999)]
    assert found[0].status_code == found[1].status_code == (404 if who == "rival" else 403)
    assert cast.told(found[0], upload.pk) == cast.told(found[1], 999_999)
    upload.refresh_from_db()
    assert (upload.status, upload.corrections) == ("faulty", [])


@pytest.mark.parametrize(
    ("step", "field"),
    [("mend", "mend-0-text"), ("mend", "mend-0"), ("mend", "text"), ("mend", "row"), ("mend", "declared_units")],
)
@pytest.mark.parametrize("text", ["\x00", "a\x00b", "9" * 30, "x" * 20_000, "\ud800", "𝕏\u202e"])
def test_nothing_that_is_typed_breaks_the_page(filer: Client, step: str, field: str, text: str) -> None:
    upload = sent(filer)
    answer = mend(filer, upload, **{"column": "quantity", "row": "2", field: text.encode(errors="replace").decode()})
    assert answer.status_code in (200, 422)
    upload.refresh_from_db()
    assert upload.status in ("faulty", "read")


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "x" * 5_000])
def test_no_reason_and_no_comment_breaks_the_page(filer: Client, where: Centre, text: str) -> None:
    cast.file(where, cast.period("2025Q3"), ascend=120, h800=39)
    send(filer, "gbk_excel.csv")
    draft = Submission.objects.get(status="draft")
    filer.post(f"/submissions/{draft.pk}/confirm/", {"reason-does_not_add_up:1": text})
    assert not draft.confirmations.exists()
    submitted = cast.file(where, cast.period(), status="submitted", ascend=1)
    reviewer = Client()
    reviewer.force_login(cast.regulator())
    answer = reviewer.post(f"/submissions/{submitted.pk}/return/", {"comment": "No.", "line-2": text}, follow=True)
    assert "Say what is to be corrected" in answer.content.decode()
    submitted.refresh_from_db()
    assert submitted.status == "submitted"


def test_a_correction_tells_what_stands_in_the_file(filer: Client) -> None:
    """And not what the register had made of it, nor an earlier correction."""
    content = '芯片型号,厂商,数量,用途\n昇腾910b,,"1,000",训练\nH800,,5,\n'.encode()
    upload = sent(filer, content, lines=2, units=1005)
    for text in ("1100", "1200"):
        mend(filer, upload, row=2, column="quantity", text=text, declared_lines=2, declared_units=int(text) + 5)
    mend(filer, upload, row=2, column="vendor", text="华为", declared_lines=2, declared_units=1205)
    draft = Submission.objects.get(status="draft")
    assert [(made["column"], made["written"], made["corrected"]) for made in draft.corrections] == [
        ("quantity", "1,000", "1200"),
        ("vendor", "", "华为"),
    ]


@pytest.mark.parametrize("row", [1, 4, 99_999])
def test_a_correction_of_no_line_is_left_out_and_told(filer: Client, row: int) -> None:
    upload = sent(filer, b"chip_model,quantity\nH800,12\nA100,3\n", lines=2, units=15)
    page = mend(filer, upload, row=row, column="quantity", text="30", declared_lines=2, declared_units=15)
    assert Submission.objects.get(status="draft").corrections == []
    assert "There is no line in this row" in page.content.decode()


def test_what_was_confirmed_is_kept_when_another_cell_is_mended(filer: Client, where: Centre) -> None:
    cast.file(where, cast.period("2025Q3"), ascend=120, h800=39)
    send(filer, "gbk_excel.csv")
    draft = Submission.objects.get(status="draft")
    ((question, _words, _reason),) = filer.get(f"/submissions/{draft.pk}/").context["questions"]
    filer.post(f"/submissions/{draft.pk}/confirm/", {f"reason-{question.key}": "A gift."})
    mend(filer, Upload.objects.get(), row=2, column="workload", text="推理", declared_lines=2, declared_units=160)
    again = Submission.objects.get(status="draft")
    assert again != draft
    assert [reason for _q, _w, reason in filer.get(f"/submissions/{again.pk}/").context["questions"]] == ["A gift."]


def test_a_draft_is_answered_by_its_own_page_when_a_correction_is_none(filer: Client) -> None:
    upload = sent(filer, b"chip_model,quantity\nH800,12\nA100,3\n", lines=2, units=15)
    page = mend(filer, upload, row="abc", column="quantity", text="30")
    assert "give a row, a column" in page.content.decode()
    assert Submission.objects.get().status == "draft"


@pytest.mark.parametrize("query", ["period=%00", "period=2025Q4%00", "period=", "period=1999Q1"])
def test_a_template_of_no_period_is_none(filer: Client, query: str) -> None:
    assert filer.get(f"/centres/SH-01/inventory-template.xlsx?{query}").status_code in (200, 404)
