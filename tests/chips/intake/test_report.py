"""What a report keeps of how a file was read, and that it can be kept itself."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from chips.intake.check import Normalisation, Report
from chips.intake.sandbox import check_file, read_rows
from tests.chips.intake.reading import ENDS_ON, read, typed


def test_what_was_read_otherwise_than_written_is_told_with_its_rows(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(
        tmp_path / "a.csv",
        "型号,厂商,数量,用途,状态,购置日期,取得方式,单价\n"
        '昇腾910b,华为,"1,200",训练,In-Service,2024/3/5,采购,"1,200.50"\n'
        " 昇腾910b ,华为,１２,Training,in_service,2024-03-05,purchased,1200.50\n"
        "ascend 910b,,12,,,,,1200\n"
        "Nvidia h800,nvidia,007,推理,在用,2024年3月5日,leased,１２\n",
    )
    _, report = read(path, catalogue)
    assert report.ok
    huawei = "Huawei (HiSilicon)"
    assert set(report.normalisations) == {
        Normalisation("chip_model", "昇腾910b", f"{huawei} Ascend 910B", 2),
        Normalisation("vendor", "华为", huawei, 2),
        Normalisation("quantity", "1,200", "1200", 1),
        Normalisation("quantity", "１２", "12", 1),
        Normalisation("quantity", "007", "7", 1),
        Normalisation("workload", "训练", "training", 1),
        Normalisation("workload", "推理", "inference", 1),
        Normalisation("status", "In-Service", "in_service", 1),
        Normalisation("status", "在用", "in_service", 1),
        Normalisation("acquired_on", "2024/3/5", "2024-03-05", 1),
        Normalisation("acquired_on", "2024年3月5日", "2024-03-05", 1),
        Normalisation("acquisition", "采购", "purchased", 1),
        Normalisation("unit_price_cny", "1,200.50", "1200.50", 1),
        Normalisation("unit_price_cny", "１２", "12", 1),
    }
    assert report.normalisations[0].rows == 2
    assert "normalisations" not in report.worded("en")


def test_numbers_and_dates_of_a_workbook_are_read_as_they_stand(catalogue: dict[str, Any], tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["chip_model", "quantity", "acquired_on", "unit_price_cny"])
    sheet.append(["H800", 120, ENDS_ON, 120000.5])
    book.save(tmp_path / "a.xlsx")
    _, report = read(tmp_path / "a.xlsx", catalogue)
    assert (report.ok, report.normalisations) == (True, [])


def test_the_most_frequent_200_are_kept(
    catalogue: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chips.intake.memory.REMEMBERED", 50)
    many = "".join(f"H800,{number:05}\n" for number in range(1, 2000))
    path = typed(tmp_path / "a.csv", "型号,数量\n" + many + "H800,01999\n" * 3)
    _, report = read(path, catalogue)
    assert len(report.normalisations) == 200
    assert report.normalisations[0] == Normalisation("quantity", "01999", "1999", 4)


def test_a_report_comes_back_from_json_as_it_was(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(tmp_path / "a.csv", "型号,数量,x\n昇腾910b,1,\n昇腾910b,1,\nnope,y,\n")
    report = check_file(path, name="a.csv", catalogue=catalogue, ends_on=ENDS_ON)
    assert (report.errors and report.warnings and report.normalisations) != []
    again = Report.from_data(json.loads(json.dumps(report.as_data())))
    assert again == report
    assert again.worded("zh-hans") == report.worded("zh-hans")


def test_the_reading_tells_how_far_it_is(catalogue: dict[str, Any], tmp_path: Path) -> None:
    path = typed(tmp_path / "a.csv", "型号,数量\n" + "H800,1\n" * 400_000)
    told: list[tuple[int, float | None]] = []
    how: dict[str, Any] = {"name": "a.csv", "catalogue": catalogue, "ends_on": ENDS_ON}
    reading = read_rows(path, **how, submission=1, on_progress=lambda *progress: told.append(progress))
    with reading as (rows, report):
        count = sum(1 for _ in rows)
        assert report().lines == count == 400_000
    assert told == sorted(told)
    assert all(0 < lines <= 400_000 and fraction is not None and 0 < fraction <= 1 for lines, fraction in told)
    assert told
    before = len(told)
    book = Path(__file__).parents[2] / "uploads" / "book.xlsx"
    assert check_file(book, **how, on_progress=lambda *progress: told.append(progress)).ok
    assert told[before] == (0, None)
