"""The workbook to fill in: what it is filled with is read back as it was, and it says what the reader says."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.utils import timezone

from centres.models import Operator
from chips.catalogue import for_intake
from chips.help import LABELS, columns
from chips.intake.cells import GREATEST_QUANTITY
from chips.intake.check import Check
from chips.intake.columns import COLUMNS, REQUIRED, meanings
from chips.intake.faults import CODES
from chips.intake.matching import Catalogue
from chips.models import ChipModel, InventoryLine, Submission, Vendor
from chips.submissions import next_keys
from chips.template import (
    HEADER_ROW,
    MOST_FILLED,
    KnownLine,
    KnownModel,
    general_template,
    inventory_template,
    last_accepted,
    template_for,
)
from tests import cast
from tests.chips.intake.conftest import catalogue as catalogue

LANGUAGES = ["en", "zh-hans"]
NOTES = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "_x0041_",
    "one\ntwo",
    "a\r\nb",
    "#N",
    '"quoted"',
    "合计",
]


def check(content: bytes, catalogue: dict[str, Any], tmp_path: Path) -> tuple[list[Any], Check]:
    path = tmp_path / "template.xlsx"
    path.write_bytes(content)
    read = Check(path, name=path.name, catalogue=Catalogue.from_dict(catalogue), ends_on=date(2026, 3, 31))
    return [line[1:] for line in read.lines()], read


def filed(centre: Any, quarter: str, lines: list[dict[str, Any]]) -> Submission:
    now = timezone.now()
    (key,) = next_keys(1)
    made = InventoryLine.objects.bulk_create(
        InventoryLine(submission_id=key, row=row, **line) for row, line in enumerate(lines, start=2)
    )
    return Submission.objects.create(
        pk=key, centre=centre, period=cast.period(quarter), version=1, status="accepted", file_name="inventory.csv",
        file_sha256="0" * 64, line_count=len(made), units=sum(line.quantity for line in made), created_at=now,
        submitted_at=now, decided_at=now,
    )  # fmt: skip


def line(model: ChipModel, **facts: Any) -> dict[str, Any]:
    known = {"quantity": 1, "workload": "unspecified", "status": "in_service", "acquisition": "purchased"}
    return {"chip_model": model, **known, **facts}


def every_kind_of_line() -> list[dict[str, Any]]:
    """A line a model of the catalogue, and lines with every value that a column can have."""
    chip = ChipModel.objects.get(name="Ascend 910B")
    lines = [line(model, quantity=number) for number, model in enumerate(ChipModel.objects.all(), start=1)]
    lines += [line(chip, workload=value) for value in ("training", "inference", "mixed")]
    lines += [line(chip, status=value) for value in ("installing", "spare", "planned", "retired")]
    lines += [line(chip, acquisition=value) for value in ("leased", "hosted")]
    lines += [line(chip, note=note) for note in NOTES]
    lines += [line(chip, unit_price_cny=Decimal(price)) for price in ("0.01", "120000.50", "123456789012345678.99")]
    lines += [line(chip, acquired_on=date(2024, 3, 5)), line(chip, status="planned", acquired_on=date(2027, 1, 1))]
    lines += [line(chip, quantity=3, serial_numbers=["00012345678901234567", "=SN-2", "-3"])]
    return lines


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_last_quarters_lines_are_read_back_as_they_were(language: str, owner: Operator, tmp_path: Path) -> None:
    centre = cast.centre(owner=owner)
    submission = filed(centre, "2025Q4", every_kind_of_line())
    lines, read = check(template_for(centre, cast.period("2026Q1"), language), for_intake(), tmp_path)
    assert read.report.errors == []
    assert {warning.code for warning in read.report.warnings} <= {"sheet_ignored", "duplicate_row"}
    assert lines == [
        (
            kept.chip_model_id, kept.quantity, kept.workload, kept.status, kept.acquired_on, kept.acquisition,
            kept.unit_price_cny, tuple(kept.serial_numbers), kept.note,
        )
        for kept in submission.lines.order_by("row")
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_of_two_models_of_one_name_the_vendor_decides(language: str, owner: Operator, tmp_path: Path) -> None:
    twins = [
        ChipModel.objects.create(
            vendor=Vendor.objects.get(name=name), name="Twin 1", chip_class="accelerator", workload="training"
        )
        for name in ("Biren", "Nvidia")
    ]
    centre = cast.centre(owner=owner)
    filed(centre, "2025Q4", [line(twin) for twin in twins])
    lines, read = check(template_for(centre, cast.period("2026Q1"), language), for_intake(), tmp_path)
    assert read.report.ok
    assert [found[0] for found in lines] == [twin.pk for twin in twins]


@pytest.mark.django_db
def test_the_last_accepted_period_before_this_one_is_filled_in(owner: Operator, rival: Operator) -> None:
    centre, other = cast.centre(owner=owner), cast.centre("SH-02", owner=rival)
    first = cast.file(centre, cast.period("2025Q2"), ascend=1)
    second = cast.file(centre, cast.period("2025Q3"), ascend=2)
    cast.file(centre, cast.period("2025Q3"), ascend=3, status="submitted")
    cast.file(centre, cast.period("2025Q4"), ascend=4, provenance="illustrative")
    cast.file(centre, cast.period("2026Q1"), ascend=5)
    cast.file(other, cast.period("2025Q4"), ascend=6)
    assert last_accepted(centre, cast.period("2026Q1")) == second
    assert last_accepted(centre, cast.period("2025Q3")) == first
    assert last_accepted(centre, cast.period("2025Q2")) is None


@pytest.mark.django_db
def test_too_many_lines_are_left_out_and_that_is_said(
    owner: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chips.template.MOST_FILLED", 1)
    centre = cast.centre(owner=owner)
    cast.file(centre, cast.period("2025Q4"), ascend=1, h800=1)
    content = template_for(centre, cast.period("2026Q1"), "en")
    sheet = opened(content, tmp_path).worksheets[0]
    assert "more than 1 lines" in sheet["A2"].value
    assert sheet.max_row == HEADER_ROW


@pytest.mark.django_db
def test_the_general_template_names_every_model_with_its_vendor(tmp_path: Path) -> None:
    guide = opened(general_template("zh-hans"), tmp_path).worksheets[1]
    named = {(row[6], row[7]) for row in guide.iter_rows(min_row=4, values_only=True) if row[6]}
    assert named == set(ChipModel.objects.values_list("name", "vendor__name_zh"))


def opened(content: bytes, tmp_path: Path) -> Any:
    path = tmp_path / "opened.xlsx"
    path.write_bytes(content)
    return openpyxl.load_workbook(path)


def made(language: str = "en", **facts: Any) -> bytes:
    known: dict[str, Any] = {
        "centre_label": "=HYPERLINK(1)",
        "period_label": "2026Q1",
        "catalogue_models": [KnownModel("=Ascend", "Huawei"), KnownModel("H800", "Nvidia")],
    }
    return inventory_template(language=language, **(known | facts))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_of_a_column_is_one_that_the_reader_knows(language: str, tmp_path: Path) -> None:
    sheet = opened(made(language), tmp_path).worksheets[0]
    header = [cell.value for cell in sheet[HEADER_ROW]]
    assert meanings(header) == list(COLUMNS)
    assert [name for name, text in zip(COLUMNS, header, strict=True) if text.endswith("*")] == list(REQUIRED)
    assert sheet.freeze_panes == f"A{HEADER_ROW + 1}"
    assert list(LABELS) == list(COLUMNS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_entries_are_held_against_the_readers_own_limits_and_words(language: str, tmp_path: Path) -> None:
    book = opened(made(language), tmp_path)
    sheet, guide = book.worksheets
    found = {str(checked.sqref).split("4:")[0]: checked for checked in sheet.data_validations.dataValidation}
    by_column = dict(zip(COLUMNS, (found[letter] for letter in "ABCDEFGHIJ"), strict=True))
    quantity = by_column["quantity"]
    assert (quantity.type, quantity.formula1, quantity.formula2) == ("whole", "1", str(GREATEST_QUANTITY))
    assert quantity.error == CODES["not_an_integer"].message(language)
    assert (by_column["acquired_on"].type, by_column["unit_price_cny"].type) == ("date", "decimal")
    for column in columns(language):
        checked = by_column[column.name]
        assert checked.prompt == column.text
        # What a spreadsheet takes; a longer text makes it call the workbook damaged.
        assert max(len(checked.prompt), len(checked.error or "")) <= 255
        assert max(len(checked.promptTitle), len(checked.errorTitle or "")) <= 32
        if column.allowed:
            assert listed(guide, checked.formula1) == list(column.allowed)
    assert listed(guide, by_column["chip_model"].formula1) == ["=Ascend", "H800"]
    assert listed(guide, by_column["vendor"].formula1) == ["Huawei", "Nvidia"]


def listed(guide: Any, formula: str) -> list[str]:
    title, _, where = formula.partition("!")
    assert title == f"'{guide.title}'"
    return [cell.value for (cell,) in guide[where.replace("$", "")]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_a_formula(language: str, tmp_path: Path) -> None:
    book = opened(made(language, lines=[KnownLine("=Ascend", "Huawei", 1, note="=1+1")]), tmp_path)
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert all(cell.quotePrefix for cell in cells if str(cell.value).startswith("="))


def test_more_serial_numbers_than_a_cell_holds_become_several_lines(catalogue: dict[str, Any], tmp_path: Path) -> None:
    serials = tuple(f"SERIAL-{number:09}" for number in range(5_000))
    content = made(lines=[KnownLine("Ascend 910B", "Huawei", len(serials), serial_numbers=serials)])
    lines, read = check(content, catalogue, tmp_path)
    assert read.report.ok
    assert sum(found[1] for found in lines) == 5_000
    assert tuple(serial for found in lines for serial in found[7]) == serials


def test_what_is_filled_in_is_bounded() -> None:
    assert MOST_FILLED == 20_000
