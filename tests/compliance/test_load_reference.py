"""The reference data loads whole, once, or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from centres.models import Centre, CentreRecord, Operator, Provenance, Region
from centres.reference import DATA
from chips.models import Adoption, Alias, ChipModel, ChipRevision, Claim, Figure, MarketTotal, Vendor
from compliance.determine import determine
from compliance.models import CurrentDetermination, DeterminationRequest, DeterminationRun, Mandate, Provision
from compliance.requests import fulfil
from tests import cast

pytestmark = pytest.mark.django_db
TABLES = (
    MarketTotal,
    Region,
    Vendor,
    ChipModel,
    Alias,
    Claim,
    Adoption,
    ChipRevision,
    Mandate,
    Provision,
    Centre,
    CentreRecord,
)


@pytest.fixture(autouse=True)
def _empty(db: None) -> None:
    """Begin with no reference data; the test's own transaction brings it back."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(table._meta.db_table for table in TABLES)} CASCADE")


def load(data: Path = DATA, **how: bool) -> str:
    out = StringIO()
    call_command("load_reference", data=data, stdout=out, **how)
    return out.getvalue()


def counts() -> dict[str, int]:
    return {table.__name__: table._default_manager.count() for table in TABLES}


def test_it_loads_everything_that_is_published() -> None:
    said = load()
    for part in (
        "34 regions",
        "22 vendors",
        "69 chip models",
        "469 claims",
        "17 export controls",
        "11 published market totals",
        "3 mandates",
        "8 publicly",
    ):
        assert part in said
    assert (counts()["Region"], counts()["Vendor"], counts()["ChipModel"], counts()["Mandate"]) == (34, 22, 69, 3)
    assert set(Centre.objects.values_list("provenance", flat=True)) == {Provenance.ILLUSTRATIVE}


def test_a_second_load_writes_nothing() -> None:
    load()
    before = counts()
    load()
    assert counts() == before


def test_the_two_rules_differ_by_their_comparator() -> None:
    load()
    rules = {p.mandate.code: p.rule for p in Provision.objects.select_related("mandate")}
    assert rules["SH-2023"]["steps"][0] == {"from": "2025-01-01", "comparator": "at_least", "threshold": "0.5"}
    assert rules["CN-2025"]["steps"][0]["comparator"] == "over"
    assert rules["CN-2025"]["scope"]["ownership"] == ["central_soe", "local_soe"]
    assert rules["CN-2025-NEW"]["scope"]["progress_under"] == "30"


def test_what_needs_a_licence_counts_from_its_day_and_names_the_measure() -> None:
    load()
    revision = ChipRevision.objects.filter(chip_model__name="H20").latest("pk")
    claim = Claim.objects.get(pk__in=revision.claims, figure=Figure.EXPORT_CONTROLLED_ON)
    assert claim.value == "2025-04-09"
    assert "Letter to Nvidia of 9 April 2025" in claim.source
    assert not Claim.objects.filter(chip_model__name="L20", figure=Figure.EXPORT_CONTROLLED_ON).exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("regions.csv", "31,CN-SH", "3x,CN-SH", "regions.csv, line 10, column code"),
        ("vendors.csv", "established", "certain", "vendors.csv, line 16, column confidence"),
        ("chip_claims.csv", "tdp_w,280", "tdp_w,1e9", "chip_claims.csv, line 2, column value"),
        ("chips.csv", "Huawei (HiSilicon),Ascend 910,", "Huawai,Ascend 910,", "chips.csv, line 2, column vendor"),
        ("export_controls.csv", "2025-04-15", "2025-04-31", "export_controls.csv, line 17, column controlled_on"),
        ("export_controls.csv", "Nvidia,H20,", "Nvidia,H21,", "export_controls.csv, line 16, column model"),
        ("mandates.csv", "at_least,0.5", "at_least,1.5", "mandates.csv, line 2, column threshold"),
        ("market.csv", "4000000,100", "4000000,101", "market.csv, line 5, column share_percent"),
        ("centres.csv", ",6210,", ",9910,", "centres.csv, line 2, column region"),
    ],
)
def test_a_faulty_row_is_named_and_nothing_is_loaded(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CommandError, match=said):
        load(tmp_path)
    assert not any(counts().values())


@pytest.mark.django_db(transaction=True)
def test_what_a_later_load_changes_is_determined_anew(owner: Operator, tmp_path: Path) -> None:
    assert "Run" not in load()
    assert not DeterminationRun.objects.exists()
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    where, untouched = cast.centre(owner=owner), cast.centre("SH-02", owner=owner)
    cast.file(where, cast.period(), ascend=500, h800=500)
    cast.file(untouched, cast.period(), ascend=1)
    determine(period=cast.period(), cause="test")
    assert "Run" not in load(tmp_path)

    def rewrite(name: str, before: str, after: str) -> None:
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert before in text
        (tmp_path / name).write_text(text.replace(before, after), encoding="utf-8")

    # A correction of a chip touches whoever filed it.
    rewrite("chips.csv", "Nvidia,H800,accelerator", "Nvidia,H800,storage")
    said = load(tmp_path)
    (run,) = DeterminationRun.objects.all()
    assert f"Run {run.pk} determines anew whom this touches: catalogue decision." in said
    assert (run.subject["model"], run.requested_by) == ("H800", None)
    assert [(r.period_id, r.centres) for r in run.requests.all()] == [("2025Q4", [where.pk])]

    # A centre that is new is told of, though it is there no longer.
    rewrite("centres.csv", "GS-QY-02,", "GS-QY-99,")
    assert "GS-QY-99: not determined -> " in load(tmp_path, effects=True)
    rewrite("centres.csv", "GS-QY-99,", "GS-QY-02,")

    # A mandate that is new touches everybody, in the quarters in which it holds.
    published = (tmp_path / "mandates.csv").read_text(encoding="utf-8").rstrip("\n").split("\n")
    row = next(line for line in published if line.startswith("SH-2023"))
    (tmp_path / "mandates.csv").write_text("\n".join([*published, row.replace("SH-2023", "SH-2024")]) + "\n", "utf-8")
    # Whose outcome it would change is told before, and nothing is written.
    before = counts()
    said = load(tmp_path, effects=True)
    assert "2025Q4 SH-2024 SH-01: not determined -> compliant\n" in said
    assert "2025Q4 SH-2024 BJ-01: not determined -> out_of_scope\n" in said
    assert "not determined -> compliant: 2\nOutcomes that would change: 2, and 8 of centres that never filed." in said
    assert "Judged: centres that file 2, quarters 1. Nothing was loaded." in said
    assert counts() == before
    assert DeterminationRun.objects.count() == 1
    said = load(tmp_path)
    run = DeterminationRun.objects.latest("pk")
    assert f"Run {run.pk} determines anew whom this touches: provision issued." in said
    assert [(r.period_id, r.centres, r.mandate and r.mandate.code) for r in run.requests.all()] == [
        ("2025Q4", None, "SH-2024")
    ]
    for request in DeterminationRequest.objects.all():
        assert fulfil(request.pk)
    assert CurrentDetermination.objects.filter(centre=where, mandate__code="SH-2024").exists()
    assert "Run" not in load(tmp_path)


@contextmanager
def done_before_it_is_read(data: Path, done: Callable[[], object]) -> Iterator[None]:
    """By the time that the first file of `data` is read, which is after everybody was judged as things stand, another
    has `done` something and committed it."""
    path = data / "regions.csv"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    os.mkfifo(path)

    def write() -> None:
        try:
            # Opened once it is opened to be read.
            with path.open("w", encoding="utf-8") as file:
                done()
                file.write(text)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        try:
            yield
        finally:
            # Where nobody read it, nobody waits for that any longer.
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        written.result(30)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """What ships, loaded, and a centre that complies."""
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    load(tmp_path)
    cast.file(cast.centre(), cast.period(), ascend=9, h800=1)
    determine(period=cast.period(), cause="test")
    return tmp_path


@pytest.mark.django_db(transaction=True)
def test_what_others_record_meanwhile_is_no_effect_of_a_load(data: Path) -> None:
    where = Centre.objects.get(code="SH-01")
    with done_before_it_is_read(data, lambda: cast.file(where, cast.period(), ascend=1, h800=9)):
        said = load(data, effects=True)
    assert "Outcomes that would change: 0, and 0 of centres that never filed. Judged: centres that file 1," in said
    assert where.submissions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_where_another_writes_what_it_would_write_it_is_to_be_asked_again(data: Path) -> None:
    renamed = Region.objects.filter(code="31")
    with (
        done_before_it_is_read(data, lambda: renamed.update(name_en="Elsewhere")),
        pytest.raises(CommandError, match="Ask again"),
    ):
        load(data, effects=True)
    assert renamed.filter(name_en="Elsewhere").exists()
