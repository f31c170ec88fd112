"""A period is determined from what was filed, once, in a fixed number of queries."""

import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.asking import asked_by_register
from centres.models import Centre, CentreRecord, ReportingPeriod
from chips.catalogue import adopt
from chips.models import ChipModel, Figure
from compliance.determine import determine
from compliance.engine import answer
from compliance.models import Determination, Exemption, Mandate
from compliance.reproduce import reproduce
from tests import cast, walls
from tests.cast import centre, file

pytestmark = pytest.mark.django_db


@pytest.fixture
def period() -> ReportingPeriod:
    return ReportingPeriod.objects.get(code="2025Q4")


def outcomes(where: Centre, period: ReportingPeriod) -> dict[str, str]:
    return {j.mandate: j.outcome for j in determine(period=period, cause="test", centres=[where]).judgements}


def test_exactly_half_meets_shanghais_rule_and_not_the_nationwide_one(period: ReportingPeriod) -> None:
    where = centre()
    submission = file(where, period, ascend=500, h800=500)
    determine(period=period, cause="test", centres=[where])
    kept = {one.provision.mandate.code: one for one in Determination.objects.filter(centre=where)}
    answers = {code: one.answer for code, one in kept.items()}
    assert (answers["SH-2023"]["outcome"], answers["SH-2023"]["low"]) == ("compliant", "1/2")
    assert (answers["CN-2025"]["outcome"], answers["CN-2025"]["replace"]) == ("non_compliant", 1)
    assert answers["CN-2025-NEW"]["outcome"] == "out_of_scope"
    assert all((one.submission, one.outcome) == (submission, one.answer["outcome"]) for one in kept.values())
    assert len(kept["CN-2025"].chip_revisions) == 2


def test_what_stands_is_not_made_again(period: ReportingPeriod) -> None:
    where = centre()
    file(where, period, ascend=1)
    assert all(j.is_new for j in determine(period=period, cause="test").judgements)
    count = Determination.objects.count()
    assert not any(j.is_new for j in determine(period=period, cause="test").judgements)
    assert Determination.objects.count() == count


def test_an_amendment_supersedes_and_the_old_determination_stays(period: ReportingPeriod) -> None:
    where = centre()
    file(where, period, ascend=1, h800=9)
    assert outcomes(where, period)["SH-2023"] == "non_compliant"
    file(where, period, ascend=9, h800=1)
    assert outcomes(where, period)["SH-2023"] == "compliant"
    kept = Determination.objects.filter(centre=where, provision__mandate__code="SH-2023").order_by("pk")
    assert [d.outcome for d in kept] == ["non_compliant", "compliant"]


def test_a_centre_that_filed_nothing_or_only_a_draft_is_not_reported(period: ReportingPeriod) -> None:
    where = centre()
    file(where, period, status="submitted", ascend=1)
    assert outcomes(where, period)["SH-2023"] == "not_reported"


def test_a_catalogue_decision_makes_a_new_determination(period: ReportingPeriod) -> None:
    where = centre()
    file(where, period, ascend=1)
    assert outcomes(where, period)["SH-2023"] == "compliant"
    model = ChipModel.objects.get(name="Ascend 910B")
    claim = model.claims.create(figure=Figure.DESIGNER_COUNTRY, value="US", source="a test", confidence="reported")
    adopt(model=model, claims=[claim], from_on=date(2025, 1, 1), decided_by="a regulator", reason="a test")
    assert outcomes(where, period)["SH-2023"] == "non_compliant"


def test_an_exemption_is_shown_as_one_and_ends_when_it_is_revoked(period: ReportingPeriod) -> None:
    where = centre()
    file(where, period, h800=1)
    exemption = Exemption.objects.create(
        centre=where, mandate=Mandate.objects.get(code="SH-2023"), from_on=date(2025, 1, 1), to_on=date(2025, 12, 31),
        reason="a test", **cast.proposed(), granted_by=cast.regulator(), granted_at=timezone.now(),
    )  # fmt: skip
    assert outcomes(where, period)["SH-2023"] == "exempt"
    exemption.revoked_at, exemption.revoked_by = timezone.now(), exemption.granted_by
    exemption.revoked_from_on, exemption.revocation_reason = date(2025, 12, 31), "a test"
    exemption.save()
    assert outcomes(where, period)["SH-2023"] == "non_compliant"
    # What it covered until then was covered.
    assert outcomes(where, ReportingPeriod.objects.get(code="2025Q3"))["SH-2023"] == "exempt"


def test_the_centre_counts_as_it_was_on_the_day_that_is_asked_about() -> None:
    where = centre(ownership="private")
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 10, 1), recorded_at=timezone.now(), region_code="31", kind="intelligent",
        ownership="local_soe", status="operating",
    )  # fmt: skip
    third, fourth = (ReportingPeriod.objects.get(code=code) for code in ("2025Q3", "2025Q4"))
    assert outcomes(where, third)["CN-2025"] == "out_of_scope"
    assert outcomes(where, fourth)["CN-2025"] == "not_reported"


def test_the_number_of_queries_does_not_grow_with_the_centres(period: ReportingPeriod) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            determine(period=period, cause="test")
        return len(captured)

    for number in range(2):
        file(centre(f"SH-0{number}"), period, ascend=1, h800=number + 1)
    few = queries()
    for number in range(2, 20):
        file(centre(f"SH-{number}"), period, ascend=1, h800=number + 1)
    # Savepoint and its release, the lock, records, submissions, provisions, exemptions, decisions by hand, revisions,
    # unrevised chips, the lines by COPY, centres without history, what stands, the role that fills, COPY and
    # what was set before; regions, stocks by model, what is current with its changes, closed centres, and four of
    # rollups.
    assert queries() == few == 24


def test_the_command_prints_the_engines_answer(period: ReportingPeriod) -> None:
    file(centre(), period, ascend=3, h800=2)
    out = StringIO()
    call_command("determine", "--json", period="2025Q4", centre="SH-01", mandate="SH-2023", stdout=out)
    (reply,) = map(json.loads, out.getvalue().splitlines())
    assert (reply["centre"], reply["mandate"], reply["outcome"], reply["low"]) == (
        "SH-01",
        "SH-2023",
        "compliant",
        "3/5",
    )
    assert set(answer_keys()) < set(reply)


def answer_keys() -> list[str]:
    from tests.compliance.engine.documents import document

    return list(answer(document()))


@pytest.mark.parametrize("wrong", [{"period": "2025Q9"}, {"centre": "NO-01"}, {"mandate": "NO"}])
def test_the_command_names_what_does_not_exist(wrong: dict[str, str]) -> None:
    with pytest.raises(CommandError, match=next(iter(wrong.values()))) as ended:
        call_command("determine", **({"period": "2025Q4"} | wrong))
    assert ended.value.returncode == 2


def test_a_determination_of_a_day_to_come_uses_nothing_recorded_later(period: ReportingPeriod) -> None:
    where = centre()
    file(where, period, ascend=1)
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 1, 1), recorded_at=timezone.now() + timedelta(hours=1), region_code="31",
        kind="general", ownership="private", status="operating",
    )  # fmt: skip
    assert outcomes(where, period)["SH-2023"] == "compliant"


@pytest.mark.parametrize("error", [RuntimeError("no answer"), KeyboardInterrupt()])
def test_what_goes_wrong_while_rows_are_made_is_told_as_what_it_is(
    period: ReportingPeriod, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*args: Any) -> None:
        raise error

    file(centre("SH-01"), period, ascend=1)
    monkeypatch.setattr("compliance.determine._Rows.of", fail)
    with pytest.raises(type(error)), transaction.atomic():
        determine(period=period, cause="test")
    assert not Determination.objects.exists()


def test_a_threshold_of_a_millionth_is_written_out(period: ReportingPeriod) -> None:
    where = centre("SH-01")
    file(where, period, ascend=1, h800=9)
    Exemption.objects.create(
        centre=where, mandate=Mandate.objects.get(code="SH-2023"), from_on=date(2025, 1, 1), to_on=date(2026, 12, 31),
        threshold=Decimal("0.0000001"), reason="Tried.", proposed_by=cast.regulator(), proposed_at=timezone.now(),
        granted_by=cast.regulator("another"), granted_at=timezone.now(),
    )  # fmt: skip
    determine(period=period, cause="test")
    made = Determination.objects.get(centre=where, provision__mandate__code="SH-2023", period=period)
    assert (made.outcome, made.answer["threshold"]) == ("compliant", "1/10000000")
    assert reproduce(made).is_reproduced


def test_what_filling_sets_holds_no_longer_than_it(period: ReportingPeriod) -> None:
    file(centre(), period, ascend=1)

    def stands() -> tuple[str, str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('role'), current_setting('work_mem')")
            found: tuple[str, str] = cursor.fetchone()
            return found

    with walls.within(), transaction.atomic(), asked_by_register():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '7MB'")
        determine(period=period, cause="test")
        assert stands() == ("originmark_app", "7MB")
    assert Determination.objects.exists()
