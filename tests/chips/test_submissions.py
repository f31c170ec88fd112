"""A file is stored whole, with its original, or not at all."""

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import Settings

from centres.models import Centre, ReportingPeriod
from chips.models import InventoryLine, Submission
from chips.originals import original
from chips.submissions import attest, store_draft, withdraw
from tests import cast
from tests.chips.intake.test_uploads import MANIFEST, UPLOADS

pytestmark = pytest.mark.django_db


def store(path: Path) -> Submission | None:
    report, submission = store_draft(
        path=path,
        name=path.name,
        centre=Centre.objects.get(code="SC-CD-01"),
        period=ReportingPeriod.objects.get(code="2025Q4"),
        created_by=None,
    )
    assert report.ok == (submission is not None)
    return submission


@pytest.mark.parametrize("case", MANIFEST, ids=lambda case: case["file"])
def test_an_upload_is_stored_as_the_manifest_says_or_not_at_all(case: dict, settings: Settings) -> None:
    submission = store(UPLOADS / case["file"])
    assert InventoryLine.objects.count() == case["lines"]
    assert sum(InventoryLine.objects.values_list("quantity", flat=True)) == case["units"]
    if submission is None:
        assert not Submission.objects.exists()
        assert not Path(settings.FILES_DIR).exists()
        return
    assert (submission.line_count, submission.units, submission.status) == (case["lines"], case["units"], "draft")
    assert hashlib.sha256(original(submission.file_sha256).read_bytes()).hexdigest() == submission.file_sha256


def test_every_column_is_stored_as_it_was_checked(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text(
        "型号,数量,用途,状态,购置日期,取得方式,单价,序列号,备注\n"
        '昇腾910B,2,推理,备用,2024-03-05,租赁,120000.50,"a""\\b;c,d","一行\n二行 \\N"\n'
        "H800,1,,,,,,,\n",
        encoding="utf-8",
    )
    submission = store(path)
    assert submission is not None
    first, second = submission.lines.select_related("chip_model").order_by("row")
    assert (first.row, first.chip_model.name, first.quantity) == (2, "Ascend 910B", 2)
    assert (first.workload, first.status, first.acquisition) == ("inference", "spare", "leased")
    assert (first.acquired_on, first.unit_price_cny) == (date(2024, 3, 5), Decimal("120000.50"))
    assert (first.serial_numbers, first.note) == (['a"\\b', "c,d"], "一行\n二行 \\N")
    assert (second.row, second.workload, second.status, second.acquisition) == (
        3,
        "unspecified",
        "in_service",
        "purchased",
    )
    assert (second.acquired_on, second.unit_price_cny, second.serial_numbers, second.note) == (None, None, [], "")


def test_versions_are_of_what_was_submitted_and_drafts_leave_no_gap() -> None:
    filer = cast.user("filer", cast.Role.OPERATOR)
    first, discarded, second = (store(UPLOADS / name) for name in ("plain.csv", "gbk_excel.csv", "bom.csv"))
    assert first is not None
    assert discarded is not None
    assert second is not None
    withdraw(discarded, by=filer)
    assert [attest(draft, by=filer, full_name="Wang").version for draft in (second, first)] == [1, 2]
    third = store(UPLOADS / "plain.csv")
    assert third is not None
    assert third.version == 3
    assert (first.lines.count(), second.lines.count()) == (2, 2)
