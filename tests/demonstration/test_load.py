"""The demonstration in the register: whole, marked, judged, and loaded once."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from centres.models import Centre, CentreRecord, Operator, Provenance
from chips.models import InventoryLine, Submission, SubmissionStatus
from chips.originals import original
from chips.submissions import FaultyFile, Incoming, store_all
from compliance import effects, provision_faults, provisions
from compliance.exemptions import check_terms
from compliance.models import CurrentDetermination, Exemption, ExemptionRequest, Provision
from demonstration import load, users
from demonstration.illustrative import MARK_EN, MARK_ZH
from demonstration.store import CannotLoad, determine_periods, store_country
from reports.models import ReportRun
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded() -> None:
    load.load_demonstration(centres=24, quarters=2)


def outcome(code: str, mandate: str) -> str:
    return CurrentDetermination.objects.get(centre__code=code, mandate__code=mandate, period="2025Q4").outcome


def printed(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("loaded")
def test_half_is_enough_for_shanghai_and_not_for_the_country() -> None:
    assert outcome("SH-PD-01", "SH-2023") == "compliant"
    assert outcome("SH-PD-01", "CN-2025") == "non_compliant"
    found = CurrentDetermination.objects.get(centre__code="SH-PD-01", mandate__code="CN-2025", period="2025Q4")
    assert (found.determination.units_domestic, found.determination.units_foreign) == (500, 500)


@pytest.mark.usefixtures("loaded")
def test_all_of_it_is_marked_and_nothing_is_a_filing() -> None:
    for model in (Centre, Operator, Submission):
        assert not model.objects.filter(provenance=Provenance.FILED).exists()
    assert Submission.objects.exclude(centre__provenance=Provenance.SYNTHETIC).values(
        "provenance"
    ).distinct().get() == {"provenance": Provenance.ILLUSTRATIVE}
    assert not Submission.objects.filter(created_by__isnull=False).exists()
    assert not Submission.objects.filter(submitted_by__isnull=False).exists()


@pytest.mark.usefixtures("loaded")
def test_the_illustrative_inventories_are_worked_out_from_the_adopted_figures_and_say_so() -> None:
    lines = {
        (line.submission.centre.code, line.chip_model.name, line.status): line
        for line in InventoryLine.objects.filter(
            submission__provenance=Provenance.ILLUSTRATIVE, submission__period="2025Q4"
        ).select_related("submission__centre", "chip_model")
    }
    # 150P by 0.32 and by 0.128 PFLOPS a card, 1,000P by 0.256, cut to whole cards.
    assert {key: line.quantity for key, line in lines.items()} == {
        ("JX-JJ-01", "Ascend 910B", "in_service"): 468,
        ("JX-JJ-01", "R200", "in_service"): 1171,
        ("SC-CD-01", "Ascend 910", "in_service"): 3906,
        ("GS-QY-01", "Ascend 910B", "installing"): 10_000,
        ("GS-QY-01", "Ascend 910B", "planned"): 30_000,
    }
    assert all(line.note.startswith(MARK_EN) and MARK_ZH in line.note for line in lines.values())
    kept = original(lines["JX-JJ-01", "R200", "in_service"].submission.file_sha256).read_text(encoding="utf-8")
    assert kept.startswith(f'"{MARK_EN}')


@pytest.mark.usefixtures("loaded")
def test_every_original_is_kept_and_nothing_is_left_beside_it(places: Path) -> None:
    kept = {path.name for path in (places / "files").rglob("*") if path.is_file()}
    assert kept == set(Submission.objects.filter(nil=False).values_list("file_sha256", flat=True))
    assert {original(sha256).stat().st_mode & 0o777 for sha256 in kept} == {0o600}
    assert not list((places / "files").glob("incoming-*"))


def may_sign_in(entry: dict[str, str]) -> bool:
    """Whether what is told of a user opens the register's pages to them."""
    client = Client()
    client.post("/accounts/sign-in/", {"login": entry["name"], "password": entry["password"]})
    if "code" in entry:
        client.post("/accounts/sign-in/second-factor/", {"code": entry["code"]})
    return client.get("/mandates/SH-2023/").status_code == 200


def asked_as(token: str) -> str:
    """As whom the API takes who asks with `token`."""
    return str(Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/me/").json()["username"])


@pytest.mark.usefixtures("loaded")
def test_its_users_can_sign_in_and_the_operator_has_work_to_do(places: Path) -> None:
    listed = json.loads(printed("demo_users", "--json"))
    entries = {entry["role"]: entry for entry in listed}
    assert (len(listed), entries.keys()) == (len(Role.values), set(Role.values))
    assert {role for role, entry in entries.items() if "code" in entry} == {Role.REGULATOR, Role.ADMINISTRATOR}
    assert (places / "demo-users.json").stat().st_mode & 0o777 == 0o600
    for entry in entries.values():
        assert may_sign_in(entry)
        assert asked_as(entry["token"]) == entry["name"]
    assert User.objects.get(username="regulator").all_regions
    own = Centre.objects.visible_to(User.objects.get(role=Role.OPERATOR))
    assert sorted(own.values_list("code", flat=True)) == entries["operator"]["centres"]
    assert own.count() == 3
    last = Submission.objects.filter(period="2025Q4")
    assert own.exclude(submissions__in=last).count() == 1
    assert own.filter(submissions__in=last.filter(status=SubmissionStatus.RETURNED)).count() == 1
    judged = CurrentDetermination.objects.filter(centre__in=own, mandate__code="CN-2025", period="2025Q4")
    assert "out_of_scope" not in judged.values_list("outcome", flat=True)


@pytest.mark.usefixtures("loaded")
def test_a_draft_waits_for_the_regulator_who_did_not_write_it() -> None:
    first, second = (
        entry for entry in json.loads(printed("demo_users", "--json", "--all")) if "regulator" in entry["name"]
    )
    assert may_sign_in(second)
    waiting = Provision.objects.under_way().get()
    assert (waiting.stage, waiting.written_by) == ("proposed", User.objects.get(username=second["name"]))
    assert "approve" not in provisions.steps_open(waiting, User.objects.get(username=second["name"]))
    assert "approve" in provisions.steps_open(waiting, User.objects.get(username=first["name"]))
    assert list(provision_faults.faults_of(provisions.document_of(waiting))) == []
    assert effects.of_provision(waiting).flips


@pytest.mark.usefixtures("loaded")
def test_its_periods_are_determined_and_their_reports_asked_for() -> None:
    assert set(CurrentDetermination.objects.values_list("period", flat=True)) == {"2025Q3", "2025Q4"}
    assert set(ReportRun.objects.values_list("period", flat=True)) == {"2025Q3", "2025Q4"}


@pytest.mark.usefixtures("loaded")
def test_a_second_load_does_nothing_but_replace_a_file_of_passwords_that_was_lost(places: Path) -> None:
    before = (Submission.objects.count(), users.kept_in().read_text())
    assert "nothing was loaded" in printed("load_demonstration")
    assert (Submission.objects.count(), users.kept_in().read_text()) == before
    users.kept_in().unlink()
    with pytest.raises(CommandError, match="is missing"):
        call_command("demo_users")
    call_command("load_demonstration", stdout=StringIO())
    assert "regulator" in printed("demo_users")


def test_a_file_that_does_not_pass_the_check_stores_nothing_of_any() -> None:
    where, quarter = cast.centre("SH-01"), cast.period()
    files = (b"model,quantity\nH800,8\n", b"model,quantity\nH900,8\n")
    incoming = [
        Incoming(
            Submission(
                centre=where, period=quarter, version=number, status="submitted", file_name=f"{number}.csv",
                created_at=timezone.now(), submitted_at=timezone.now(),
            ),
            content,
        )
        for number, content in enumerate(files, start=1)
    ]  # fmt: skip
    with pytest.raises(FaultyFile, match="unknown_chip"):
        store_all(incoming)
    assert not Submission.objects.exists()
    assert not InventoryLine.objects.exists()
    store_all(incoming[:1])
    assert Submission.objects.get().units == 8


def test_demo_users_refuses_where_no_demonstration_is_loaded() -> None:
    with pytest.raises(CommandError, match="not loaded here"):
        call_command("demo_users", "--json")


def test_it_refuses_beside_centres_that_file_and_writes_nothing() -> None:
    cast.centre("SH-01")
    for command in ("load_demonstration", "generate_country"):
        with pytest.raises(CommandError, match="1 centres that file"):
            call_command(command)
    assert not Centre.objects.filter(provenance=Provenance.SYNTHETIC).exists()
    assert not User.objects.exists()


def test_it_refuses_to_take_over_a_user_s_name() -> None:
    cast.analyst()
    with pytest.raises(CannotLoad, match="a user analyst already"):
        load.load_demonstration(centres=4, quarters=1)


def written() -> list[tuple[object, ...]]:
    """All that a country comes to: its names, its files by their hashes, and its outcomes."""
    return [
        *Operator.objects.filter(provenance="synthetic").order_by("uscc").values_list("uscc", "name_en", "name_zh"),
        *Centre.objects.filter(provenance="synthetic").order_by("code").values_list("code", "name_zh", "region_code"),
        *CentreRecord.objects.order_by("centre__code", "from_on").filter(centre__provenance="synthetic").values_list(
            "centre__code", "from_on", "recorded_at", "progress", "capacity"
        ),
        *Submission.objects.order_by("centre__code", "period", "version").values_list(
            "centre__code", "period", "version", "status", "file_name", "file_sha256", "submitted_at", "decided_at"
        ),
        *CurrentDetermination.objects.order_by("centre__code", "period", "mandate__code").values_list(
            "centre__code", "period", "mandate__code", "outcome", "determination__digest"
        ),
    ]  # fmt: skip


@pytest.fixture
def generated() -> list[list[tuple[object, ...]]]:
    """What the same country comes to twice, and another once."""
    found = []
    for seed in (1, 1, 2):
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before")
            stored = store_country(seed=seed, centres=12, quarters=2)
            determine_periods(stored.periods)
            found.append(written())
            cursor.execute("ROLLBACK TO SAVEPOINT before")
    return found


def test_the_same_seed_writes_the_same_country_to_the_byte(generated: list[list[tuple[object, ...]]]) -> None:
    first, second, other = generated
    assert first == second
    assert not {row for row in first if len(row) == 8} & {row for row in other if len(row) == 8}


def test_generate_country_says_what_it_made_and_makes_no_second_beside_it() -> None:
    said = printed("generate_country", "--centres", "12", "--quarters", "2", "--seed", "5")
    assert "12 synthetic centres" in said
    assert "2025Q3 to 2025Q4" in said
    assert CurrentDetermination.objects.filter(centre__provenance="synthetic", period="2025Q4").exists()
    with pytest.raises(CommandError, match="stands in this database already"):
        call_command("generate_country")


def test_generate_country_tells_no_more_quarters_than_there_are() -> None:
    with pytest.raises(CommandError, match="1 to 12 can be told"):
        call_command("generate_country", "--quarters", "13")


def test_two_centres_are_exempt_one_of_them_in_part() -> None:
    load.load_demonstration(centres=90, quarters=1)
    whole, in_part = Exemption.objects.order_by("threshold").reverse()
    assert (whole.threshold, outcome(whole.centre.code, "CN-2025")) == (None, "exempt")
    assert outcome(in_part.centre.code, "CN-2025") == "compliant"
    assert in_part.granted_by == User.objects.get(username="regulator")


@pytest.mark.usefixtures("loaded")
def test_the_operator_asks_for_an_exemption_and_the_regulator_finds_it_waiting(client: Client) -> None:
    (asked,) = ExemptionRequest.objects.waiting()
    assert asked.asked_by == User.objects.get(role=Role.OPERATOR)
    check_terms(
        mandate=asked.mandate, from_on=asked.from_on, to_on=asked.to_on, threshold=asked.threshold, reason=asked.reason
    )
    client.force_login(User.objects.get(username="regulator"))
    assert f"/exemptions/requests/{asked.pk}/" in client.get("/exemptions/").content.decode()
