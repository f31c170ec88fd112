"""The way of a filing, as the operator walks it from template to receipt, and as the regulator decides it."""

import base64
import hashlib
import io
import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import openpyxl
import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from centres.models import Centre, Operator
from chips import filing_views, submissions, uploads
from chips.intake.columns import meanings
from chips.models import Submission, Upload
from compliance.determine import determine
from tests import cast
from tests.browser.conftest import Visitor
from tests.chips.intake.test_old_and_open_formats import WORKBOOKS
from tests.chips.intake.test_uploads import MANIFEST, UPLOADS

MESSY = """芯片型号,数量,用途,采购日期,备注
昇腾910b,1200,训练,2025/3/1,一期
昇腾 910X,64,训练,2025/5/1,
昇腾 910X,32,训练,2025/5/2,
H800,约120张,训练,2025/6/1,
"""
READING = 30_000


@pytest.fixture
def where(transactional_db: None, owner: Operator) -> Centre:
    return cast.centre(owner=owner)


@pytest.fixture
def filer(transactional_db: None, owner: Operator) -> User:
    return cast.user("filer", cast.Role.OPERATOR, acts_for=owner)


# Steps, found by what they are and not by their words, so that both languages walk them.


def in_language(page: Page, language: str) -> Page:
    if language != "en":
        page.locator(f"button[name=language][value={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    return page


def send(page: Page) -> None:
    page.locator("#filing button[type=submit]").click()


def counted(page: Page) -> tuple[str, str]:
    return page.locator("#id_declared_lines").input_value(), page.locator("#id_declared_units").input_value()


def drop(page: Page, path: Path) -> None:
    """Let go of a file over the field, as from a folder's window."""
    content = base64.b64encode(path.read_bytes()).decode()
    transfer = page.evaluate_handle(
        """([name, content]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], name));
            return transfer;
        }""",
        [path.name, content],
    )
    page.locator("[data-drop]").dispatch_event("drop", {"dataTransfer": transfer})


def sign(page: Page) -> None:
    page.locator("#id_full_name").fill("王晓明")
    page.locator("#id_password").fill(cast.PASSWORD)
    page.locator("form.signing button[type=submit]").click()


def saved(page: Page, link: Locator) -> bytes:
    with page.expect_download() as download:
        link.click()
    return Path(download.value.path()).read_bytes()


def submission_of(page: Page) -> Submission:
    return Submission.objects.get(pk=page.url.split("/submissions/")[1].split("/")[0])


def read_in(where: Centre, by: User, content: bytes, name: str = "inventory.csv") -> Upload:
    """An upload that was sent and read, without a page."""
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        upload = uploads.receive(
            path=Path(file.name), name=name, centre=where, period=cast.period(), sent_by=by,
            received_at=timezone.now(), ring=False,
        )  # fmt: skip
    uploads.read(upload.pk)
    upload.refresh_from_db()
    return upload


def filed(where: Centre, by: User, content: bytes = b"chip_model,quantity\nH800,30\nAscend 910B,10\n") -> Submission:
    draft = read_in(where, by, content).submission
    assert draft is not None
    reasons = {question.key: "Bought lately." for question, _ in submissions.questions_with_reasons(draft)}
    submissions.confirm(draft, reasons, by=by)
    return submissions.attest(draft, by=by, full_name="Wang Xiaoming", amendment_reason="More came.")


def test_the_pages_own_count_is_the_registers(visit: Visitor, where: Centre, filer: User) -> None:
    page = visit(filer)
    page.goto("/centres/SH-01/file/")
    told = page.locator("#counted")
    found, expected = {}, {}
    for entry in MANIFEST:
        if not entry.get("lines"):
            continue
        expected[entry["file"]] = (str(entry["lines"]), str(entry["units"]))
        told.evaluate("(told) => { told.textContent = ''; }")
        page.locator("#id_file").set_input_files(UPLOADS / entry["file"])
        expect(told).not_to_be_empty()
        found[entry["file"]] = counted(page)
    assert len(found) > 30
    assert found == expected
    # A quote within a cell is a sign like any.
    page.get_by_text("Or paste cells").click()
    page.locator("#id_cells").fill('型号\t数量\t备注\nH800\t3\t19" rack\nH20\t4\t"two\nlines, one ""cell"""\n')
    expect(page.locator("#id_declared_units")).to_have_value("7")
    assert counted(page) == ("2", "7")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.usefixtures("worker")
def test_from_the_template_to_the_receipt(
    visit: Visitor, where: Centre, filer: User, language: str, tmp_path: Path
) -> None:
    cast.file(where, cast.period("2025Q3"), ascend=100, h800=40)
    page = in_language(visit(filer), language)
    page.locator("main a[href*='/centres/SH-01/']").first.click()
    page.locator("main a[href*='/centres/SH-01/file/']").first.click()
    page.locator("#id_period").select_option("2025Q4")
    expect(page.locator("#template[href$='period=2025Q4']")).to_be_visible()
    book = openpyxl.load_workbook(io.BytesIO(saved(page, page.locator("#template"))))
    sheet: Any = book.worksheets[0]
    quantity = meanings([str(cell.value or "") for cell in sheet[3]]).index("quantity") + 1
    assert sorted(sheet.cell(row, quantity).value for row in (4, 5)) == [40, 100]
    grown = next(row for row in (4, 5) if sheet.cell(row, quantity).value == 100)
    sheet.cell(grown, quantity).value = 120
    path = tmp_path / "2025Q4 台账.xlsx"
    book.save(path)

    drop(page, path)
    expect(page.locator("#id_declared_units")).to_have_value("160")
    assert counted(page) == ("2", "160")
    send(page)
    page.wait_for_url("**/submissions/*/", timeout=READING)
    expect(page.locator("#prospects")).to_contain_text("75.0000%")
    expect(page.locator("#prospects .outcome-compliant").first).to_be_visible()
    expect(page.locator("#changes, #differences").first).to_contain_text("120")
    draft = submission_of(page)
    assert (draft.status, draft.line_count, draft.units) == ("draft", 2, 160)
    # Twenty cards more, and nothing says when they came: whoever signs says why first.
    for reason in page.locator("[name^=reason-]").all():
        reason.fill("到货二十张")
    page.locator("#questions button").click()
    page.locator("main a[href$='/attest/']").click()

    expect(page.locator("blockquote")).to_contain_text("真实" if language == "zh-hans" else "true")
    page.locator("#id_full_name").fill("王晓明")
    page.locator("#id_password").fill("not mine")
    page.locator("form.signing button[type=submit]").click()
    expect(page.locator(".invalid-feedback")).to_have_count(1)
    sign(page)
    page.wait_for_url("**/receipt/")
    draft.refresh_from_db()
    assert draft.status == "submitted"
    assert draft.accession_number is not None
    expect(page.get_by_role("heading", level=1)).to_contain_text(draft.accession_number)
    expect(page.locator("main")).to_contain_text("王晓明")
    receipt = json.loads(saved(page, page.locator("a.btn[href$='received.json']")))
    assert receipt["file"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (receipt["lines"]["count"], receipt["lines"]["units"]) == (2, 160)
    lines = saved(page, page.locator("a[href$='lines.jsonl']"))
    assert receipt["lines"]["sha256"] == hashlib.sha256(lines).hexdigest()
    assert saved(page, page.locator("a.btn[href$='received.pdf']")).startswith(b"%PDF")


@pytest.mark.parametrize("way", ["gbk_excel.csv", "book.xlsx", "pasted cells"])
@pytest.mark.usefixtures("worker")
def test_a_file_and_pasted_cells_are_counted_and_become_a_draft(
    visit: Visitor, where: Centre, filer: User, way: str
) -> None:
    page = visit(filer)
    page.goto("/centres/SH-01/file/?period=2025Q4")
    if way == "pasted cells":
        page.get_by_text("Or paste cells").click()
        page.get_by_label("Cells copied from a spreadsheet").fill("型号\t数量\n昇腾910B\t120\nH800\t40\n")
    else:
        page.locator("#id_file").set_input_files(UPLOADS / way)
    expect(page.get_by_label("Lines that you send")).to_have_value("2")
    expect(page.get_by_label("Cards that you send")).to_have_value("160")
    send(page)
    page.wait_for_url("**/submissions/*/", timeout=READING)
    expect(page.locator("#lines tbody tr")).to_have_count(2)


@pytest.mark.parametrize("name", ["book.xls", "book.ods"])
@pytest.mark.usefixtures("worker")
def test_what_the_page_cannot_count_its_sender_does(visit: Visitor, where: Centre, filer: User, name: str) -> None:
    page = visit(filer)
    page.goto("/centres/SH-01/file/?period=2025Q4")
    page.locator("#id_file").set_input_files(WORKBOOKS / name)
    expect(page.locator("#counted")).to_have_text("This page cannot count this kind of file: type the two numbers in.")
    assert counted(page) == ("", "")
    page.get_by_label("Lines that you send").fill("2")
    page.get_by_label("Cards that you send").fill("161")
    send(page)
    expect(page.locator("#faults")).to_contain_text("declared_units_differ", timeout=READING)
    # What was said is asked for where it is told that it differs.
    page.locator("#id_declared_units").fill("160")
    page.get_by_role("button", name="Mend and read again").click()
    page.wait_for_url("**/submissions/*/", timeout=READING)
    assert submission_of(page).units == 160


@pytest.mark.usefixtures("worker")
def test_a_messy_file_is_mended_in_the_page(visit: Visitor, where: Centre, filer: User, tmp_path: Path) -> None:
    path = tmp_path / "messy.csv"
    path.write_text(MESSY, encoding="gb18030")
    page = visit(filer)
    page.goto("/centres/SH-01/file/?period=2025Q4")
    page.locator("#id_file").set_input_files(path)
    expect(page.get_by_label("Cards that you send")).to_have_value("1416")
    send(page)
    # Two rows with the same fault are one question.
    rows = page.locator("#mending tbody tr")
    expect(rows).to_have_count(2, timeout=READING)
    chip, quantity = rows.filter(has_text="unknown_chip"), rows.filter(has_text="not_an_integer")
    expect(chip.locator("td").first).to_have_text("3, 4")
    content = saved(page, page.get_by_role("link", name="Download with faults marked"))
    marked = openpyxl.load_workbook(io.BytesIO(content))
    assert "昇腾 910X" in {cell.value for row in marked.worksheets[0].iter_rows() for cell in row}
    chip.locator("select").select_option("Ascend 910B")
    expect(quantity.locator("input")).to_have_value("120")
    page.get_by_role("button", name="Mend and read again").click()
    page.wait_for_url("**/submissions/*/", timeout=READING)
    draft = submission_of(page)
    assert (draft.line_count, draft.units) == (4, 1416)
    expect(page.locator("#lines")).to_contain_text("Ascend 910B")
    corrections = page.locator("#corrections")
    corrections.locator("summary").click()
    expect(corrections).to_contain_text("约120张")
    assert [(one["row"], one["column"]) for one in draft.corrections] == [
        (3, "chip_model"), (4, "chip_model"), (5, "quantity"),
    ]  # fmt: skip


def test_faults_are_told_in_chinese(visit: Visitor, where: Centre, filer: User) -> None:
    upload = read_in(where, filer, (UPLOADS / "unknown_chip.csv").read_bytes())
    page = in_language(visit(filer), "zh-hans")
    page.goto(f"/uploads/{upload.pk}/")
    expect(page.locator("#faults")).to_contain_text("目录中没有该芯片型号。")


def test_what_was_sent_is_found_again(visit: Visitor, where: Centre, filer: User) -> None:
    page = visit(filer)
    page.goto("/centres/SH-01/file/?period=2025Q4")
    page.locator("#id_file").set_input_files(UPLOADS / "plain.csv")
    expect(page.get_by_label("Lines that you send")).to_have_value("2")
    send(page)
    # Nobody reads it yet.
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.context.close()

    page = visit(filer)
    page.get_by_role("link", name="is being read").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    upload = Upload.objects.get()
    uploads.read(upload.pk)
    # The page that waits goes on by itself.
    page.wait_for_url("**/submissions/*/")
    page.context.close()

    page = visit(filer)
    page.get_by_role("link", name="the draft of Centre SH-01").click()
    expect(page.locator("#lines tbody tr")).to_have_count(2)


@pytest.mark.usefixtures("worker")
def test_a_large_file_shows_how_far_it_is_and_ends_by_itself(
    visit: Visitor, where: Centre, filer: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page in between is what is tried here.
    monkeypatch.setattr(filing_views, "_WAITED", 0)
    path = tmp_path / "large.csv"
    path.write_text("chip_model,quantity,note\n" + "".join(f"Ascend 910B,1,rack {n}\n" for n in range(900_000)))
    page = visit(filer)
    page.goto("/centres/SH-01/file/?period=2025Q4")
    page.locator("#id_file").set_input_files(path)
    expect(page.get_by_label("Lines that you send")).to_have_value("900000", timeout=READING)
    send(page)
    expect(page.locator("progress.reading[value]:not([value='0'])")).to_be_visible(timeout=READING)
    page.wait_for_url("**/submissions/*/", timeout=4 * READING)
    expect(page.locator("main")).to_contain_text("900,000")


@pytest.mark.usefixtures("worker")
def test_returned_with_a_comment_on_a_line_corrected_and_accepted(
    visit: Visitor, where: Centre, filer: User, tmp_path: Path
) -> None:
    first = filed(where, filer)
    regulator = visit(cast.regulator())
    regulator.get_by_role("link", name="Review", exact=True).click()
    regulator.locator("main tbody").get_by_role("link", name="Centre SH-01").click()
    expect(regulator.locator("#lines tbody tr")).to_have_count(2)
    regulator.get_by_label("Comment on row 2").fill("Twenty of these were retired.")
    regulator.get_by_label("What is to be corrected").fill("Look at the H800.")
    regulator.get_by_role("button", name="Return for correction").click()
    expect(regulator.get_by_role("status")).to_have_text("Returned for correction.")

    operator = visit(filer)
    operator.get_by_role("link", name="it was returned").click()
    expect(operator.get_by_role("note")).to_contain_text("Look at the H800.")
    expect(operator.locator("#row-2")).to_contain_text("Twenty of these were retired.")
    operator.get_by_role("link", name="File a corrected version").click()
    path = tmp_path / "corrected.csv"
    path.write_text("chip_model,quantity\nH800,10\nAscend 910B,10\n")
    operator.locator("#id_file").set_input_files(path)
    expect(operator.locator("#id_declared_units")).to_have_value("20")
    send(operator)
    operator.wait_for_url("**/submissions/*/", timeout=READING)
    operator.get_by_role("link", name="Go on to attest").click()
    sign(operator)
    operator.wait_for_url("**/receipt/")
    second = submission_of(operator)
    assert (second.version, second.pk != first.pk) == (2, True)

    regulator.get_by_role("link", name="Changed since").click()
    regulator.locator("main tbody").get_by_role("link", name="Centre SH-01").click()
    expect(regulator.locator("main")).to_contain_text("Twenty of these were retired.")
    late = visit(cast.user("other", cast.Role.REGULATOR, all_regions=True))
    late.goto(f"/submissions/{second.pk}/")
    regulator.get_by_role("button", name="Accept").click()
    expect(regulator.get_by_role("status")).to_contain_text("Accepted.")
    late.get_by_role("button", name="Accept").click()
    expect(late.get_by_role("status")).to_contain_text("Nothing was done: regulator decided it at")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status, second.decided_by and second.decided_by.username) == (
        "returned", "accepted", "regulator",
    )  # fmt: skip


def tab_to(page: Page, selector: str) -> list[str]:
    """Press Tab until what `selector` names has the focus; what had it on the way."""
    way: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        way.append(page.evaluate("document.activeElement.id || document.activeElement.tagName.toLowerCase()"))
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return way
    raise AssertionError(f"{selector} is not reached: {way}")


@pytest.mark.usefixtures("worker")
def test_a_filing_needs_no_mouse(visit: Visitor, where: Centre, filer: User) -> None:
    page = visit(filer)
    # From here on the browser's own window stays away, however soon the key is pressed.
    page.on("filechooser", lambda chooser: None)
    page.goto("/centres/SH-01/file/?period=2025Q4")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    way = tab_to(page, "#id_file")
    assert [name for name in way if name.startswith(("id_", "template"))] == ["id_period", "template", "id_file"]
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(UPLOADS / "plain.csv")
    expect(page.locator("#id_declared_units")).to_have_value("160")
    way = tab_to(page, "#filing button[type=submit]")
    assert [name for name in way if name.startswith("id_")] == ["id_declared_lines", "id_declared_units", "id_nil"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/submissions/*/**", timeout=READING)
    tab_to(page, "a[href$='/attest/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/attest/**")
    tab_to(page, "#id_full_name")
    page.keyboard.type("Wang Xiaoming")
    page.keyboard.press("Tab")
    page.keyboard.type(cast.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipt/**")
    assert submission_of(page).status == "submitted"


def test_a_filing_that_is_not_theirs_is_repudiated(visit: Visitor, where: Centre, filer: User) -> None:
    submission = filed(where, filer)
    page = visit(filer)
    page.goto(f"/submissions/{submission.pk}/receipt/")
    page.get_by_role("link", name="This was not sent by us").click()
    page.get_by_label("What happened").fill("Nobody of ours sent this.")
    page.get_by_label("Your password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Repudiate it").click()
    expect(page.get_by_role("note")).to_contain_text("Nobody of ours sent this.")
    regulator = visit(cast.regulator())
    regulator.goto(f"/submissions/{submission.pk}/")
    expect(regulator.get_by_role("note")).to_contain_text("Nobody of ours sent this.")
    expect(regulator.get_by_role("button", name="Accept")).to_have_count(0)


def test_a_regulator_sees_who_has_not_filed_and_moves_a_day(visit: Visitor, where: Centre, filer: User) -> None:
    filed(where, filer)
    cast.centre("GD-01", region_code="4401")
    page = visit(cast.regulator())
    page.get_by_role("link", name="Timeliness").click()
    page.locator("select[name=period]").select_option("2025Q4")
    page.wait_for_url("**period=2025Q4**")
    guangdong = page.locator("#regions tr", has=page.get_by_role("link", name="Guangdong"))
    expect(guangdong.locator("td").nth(3)).to_have_text("1")
    guangdong.locator("td").nth(3).get_by_role("link").click()
    expect(page.locator("#centres tbody tr")).to_have_count(1)
    exported = saved(page, page.locator("#centres").get_by_role("link", name="CSV")).decode("utf-8-sig")
    assert "GD-01" in exported
    assert "SH-01" not in exported
    page.locator("#centres").get_by_role("link", name="Set the days").click()
    page.locator("[name=due_on]").fill("2031-01-15")
    page.locator("[name=reason]").fill("Its building was flooded.")
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("status")).to_contain_text("Recorded.")
    expect(page.locator("#centres")).to_contain_text("2031-01-15")


def test_what_changed_between_two_versions_is_a_click_away(visit: Visitor, where: Centre, filer: User) -> None:
    reviewer = cast.regulator()
    submissions.accept(filed(where, filer), by=reviewer)
    submissions.accept(filed(where, filer, b"chip_model,quantity\nH800,10\nAscend 910B,10\nH20,5\n"), by=reviewer)
    page = visit(reviewer)
    page.goto("/centres/SH-01/?period=2025Q4")
    page.get_by_role("link", name="The inventory as it was known on a day").click()
    expect(page.locator("#versions tbody tr")).to_have_count(2)
    page.get_by_label("From version").select_option(index=1)
    page.get_by_label("To version").select_option(index=0)
    page.get_by_role("button", name="What changed?").click()
    expect(page.locator("tr.difference-added")).to_contain_text("H20")
    changed = page.locator("tr.difference-changed")
    expect(changed.locator("del")).to_have_text("30")
    expect(changed.locator("ins")).to_have_text("10")


@pytest.fixture
def pages(where: Centre, owner: Operator, filer: User) -> dict[str, list[str]]:
    """The addresses of every page of the way, by who opens it, with much on each."""
    reviewer = cast.user("reviewer", cast.Role.REGULATOR, all_regions=True)
    cast.file(where, cast.period("2025Q3"), ascend=1000, h800=10)
    other = cast.centre("SH-02", owner=owner)
    serials = ";".join(f"SN-2025-{number:06}" for number in range(10))
    content = (
        "芯片型号,厂商,数量,用途,使用状态,采购日期,取得方式,单价(元),序列号,备注\n"
        "昇腾910b,华为,20,训练,在用,2025/3/1,采购,120000.50,,二期机房，B区，与一期共用配电设施\n"
        f"h800,英伟达,10,推理,在用,2025年4月1日,采购,250000,{serials},\n"
    ).encode()
    corrected = content.replace("推理".encode(), "训练".encode())
    first = filed(where, filer, content)
    submissions.return_for_correction(
        first, by=reviewer, comment="Look again.", line_comments={2: "Where is the rest?"}
    )
    draft = read_in(where, filer, corrected).submission
    faulty = read_in(where, filer, MESSY.encode(), name="a-rather-long-name-of-an-inventory-2025Q4-final(2).csv")
    waiting = filed(other, filer, content)
    accepted = submissions.accept(filed(cast.centre("SH-03", owner=owner), filer), by=reviewer)
    amended = filed(accepted.centre, filer, b"chip_model,quantity\nH800,10\nAscend 910B,10\nH20,5\n")
    submissions.accept(amended, by=reviewer)
    determine(period=cast.period(), cause="test")
    assert draft is not None
    return {
        "filer": [
            "/", "/centres/SH-01/file/", f"/uploads/{faulty.pk}/", f"/submissions/{draft.pk}/",
            f"/submissions/{draft.pk}/attest/", f"/submissions/{first.pk}/", f"/submissions/{waiting.pk}/receipt/",
            f"/submissions/{waiting.pk}/repudiate/", "/timeliness/?period=2025Q4", "/help/inventory/",
        ],
        "reviewer": [
            "/review/", f"/submissions/{waiting.pk}/", f"/submissions/{first.pk}/changes/",
            "/timeliness/?period=2025Q4", "/timeliness/2025Q4/term/", "/centres/SH-03/inventory/?period=2025Q4",
            f"/centres/SH-03/differences/?from={accepted.pk}&to={amended.pk}",
        ],
    }  # fmt: skip


TOO_WIDE = """[...document.querySelectorAll(".table-responsive")]
    .filter((frame) => frame.scrollWidth > frame.clientWidth + 1).map((frame) => frame.closest("[id]").id)"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("username", ["filer", "reviewer"])
def test_every_page_of_the_way_stands_on_a_phone_and_on_a_desk(
    visit: Visitor, pages: dict[str, list[str]], username: str, language: str
) -> None:
    page = in_language(visit(User.objects.get(username=username)), language)
    for address in pages[username]:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
        # Only tables may be wider than a phone, each within a frame of its own; none is wider than a desk.
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.evaluate(TOO_WIDE) == [], address
