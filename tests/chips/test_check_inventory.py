"""The command that tells an operator, or a script, what an upload would be told."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chips.models import InventoryLine, Submission
from tests.chips.intake.test_uploads import UPLOADS

pytestmark = pytest.mark.django_db


def run(file: str, *arguments: str, centre: str = "SC-CD-01", period: str = "2025Q4") -> str:
    out = StringIO()
    call_command("check_inventory", UPLOADS / file, *arguments, centre=centre, period=period, stdout=out)
    return out.getvalue()


def test_a_good_file_is_said_to_be_good_and_nothing_is_stored() -> None:
    found = json.loads(run("gbk_excel.csv", "--json"))
    assert (found["ok"], found["lines"], found["units"]) == (True, 2, 160)
    assert found["file"]["encoding"] == "gb18030"
    assert not Submission.objects.exists()
    assert not InventoryLine.objects.exists()


def test_a_faulty_file_ends_with_1_and_names_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            "check_inventory", UPLOADS / "unknown_chip.csv", "--json", centre="SC-CD-01", period="2025Q4", stdout=out
        )
    assert ended.value.code == 1
    (error,) = json.loads(out.getvalue())["errors"]
    assert (error["code"], error["row"], error["value"]) == ("unknown_chip", 3, "Ascend 910X")
    assert "Ascend 910B" in error["hint"]


@pytest.mark.parametrize("wrong", [{"centre": "NO-01"}, {"period": "2025Q5"}])
def test_a_centre_or_period_that_does_not_exist_ends_with_2(wrong: dict[str, str]) -> None:
    with pytest.raises(CommandError) as ended:
        run("plain.csv", **wrong)
    assert ended.value.returncode == 2
