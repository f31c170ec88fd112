"""What is determined can be made again, to the byte, whatever was learned since; what was tampered with is named."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from centres.models import Centre, CentreRecord, Operator
from centres.reference import DATA
from chips.catalogue import adopt, load_chips
from chips.models import ChipModel, ChipRevision, Figure
from chips.receipts import lines_sha256
from compliance import known, provisions
from compliance import reproduce as module
from compliance.determine import determine, store
from compliance.facts import Facts, facts_of_period
from compliance.inputs import NAMED
from compliance.models import Determination, Exemption, HandDecision, Mandate, Provision
from compliance.reproduce import reproduce, reproduce_all
from compliance.wording import record_in_words
from tests import cast
from tests.compliance.filed import inventory
from tests.compliance.written import approved

pytestmark = pytest.mark.django_db


@pytest.fixture
def where(owner: Operator) -> Centre:
    made = cast.centre(owner=owner)
    cast.file(made, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test", centres=[made])
    return made


def determination(where: Centre, mandate: str = "CN-2025") -> Determination:
    found = Determination.objects.select_related(*NAMED).filter(centre=where, provision__mandate__code=mandate)
    return found.earliest("pk")


@contextmanager
def no_triggers() -> Iterator[Any]:
    """A cursor past every guard of the database, as only who owns it has one."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("SET session_replication_role = origin")


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is as if it never was: a record that is gone leaves keys that the commit would refuse."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def run(*arguments: Any, **options: Any) -> tuple[int, str, str]:
    out, error = StringIO(), StringIO()
    try:
        call_command("reproduce", *arguments, stdout=out, stderr=error, **options)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), error.getvalue()
    return 0, out.getvalue(), error.getvalue()


def exempted(where: Centre) -> Exemption:
    return Exemption.objects.create(
        centre=where, mandate=Mandate.objects.get(code="CN-2025"), from_on=date(2025, 1, 1), to_on=date(2025, 12, 31),
        threshold="0.4", reason="a test", granted_by=cast.regulator("granting"), granted_at=timezone.now(),
        **cast.proposed(),
    )  # fmt: skip


def test_nothing_that_is_learned_later_changes_what_is_made_again(where: Centre) -> None:
    exemption = exempted(where)
    determine(period=cast.period(), cause="test", centres=[where])
    cast.file(where, cast.period(), ascend=1)
    model = ChipModel.objects.get(name="H800")
    claim = model.claims.create(figure=Figure.DESIGNER_COUNTRY, value="CN", source="a test", confidence="reported")
    adopt(model=model, claims=[claim], from_on=date(2020, 1, 1), decided_by="a regulator", reason="a test")
    CentreRecord.objects.create(
        centre=where, from_on=date(2024, 1, 1), recorded_at=timezone.now(), region_code="1101", kind="general",
        ownership="private", status="operating",
    )  # fmt: skip
    exemption.revoked_at, exemption.revoked_by = timezone.now(), exemption.granted_by
    exemption.revoked_from_on, exemption.revocation_reason = date(2025, 1, 1), "a test"
    exemption.save()
    found = list(reproduce_all(Determination.objects.all()))
    # Three mandates, and the nationwide one anew under its lower threshold.
    assert [one.determination_id for one in found] == list(
        Determination.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert len(found) == 4
    assert all(one.is_reproduced for one in found), [one.differences for one in found]
    made = determine(period=cast.period(), cause="test", centres=[where])
    assert made.made
    assert run(is_all=True)[0] == 0


@pytest.mark.parametrize("adopted_on", [None, date(2026, 1, 1)])
def test_a_model_of_which_nothing_was_known_on_that_day_keeps_its_name(
    owner: Operator, tmp_path: Path, adopted_on: date | None
) -> None:
    """Whether it was never said where it comes from, or only for a later day."""
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    published = (tmp_path / "chips.csv").read_text(encoding="utf-8")

    def publish(chip_class: str) -> None:
        row = f"Nvidia,Unheard-of,{chip_class},,,,,,,training,,to_verify\n"
        (tmp_path / "chips.csv").write_text(published + row, encoding="utf-8")
        load_chips(tmp_path)

    publish("accelerator")
    model = ChipModel.objects.get(name="Unheard-of")
    if adopted_on:
        claim = model.claims.create(figure=Figure.DESIGNER_COUNTRY, value="US", source="a test", confidence="reported")
        adopt(model=model, claims=[claim], from_on=adopted_on, decided_by="a regulator", reason="a test")
    where = cast.centre(owner=owner)
    inventory(where, {"chip": "Unheard-of", "quantity": 3}, {"quantity": 2})
    determine(period=cast.period(), cause="test", centres=[where])
    made = determination(where)
    assert (made.outcome, made.answer["high"]) == ("undetermined", "3/5")
    reader = Client()
    reader.force_login(cast.analyst())
    said = reader.get(f"/determinations/{made.pk}/").content.decode()
    assert "The catalogue knew nothing of this model on that day" in said
    assert "not in the catalogue on that day" in said
    publish("storage")
    ChipModel.objects.filter(pk=model.pk).update(name="Renamed")
    assert reproduce(made).differences == []
    # The corrected class counts for what is determined from now on.
    determine(period=cast.period(), cause="test", centres=[where])
    latest = Determination.objects.filter(centre=where, provision__mandate__code="CN-2025").latest("pk")
    assert latest.pk != made.pk
    assert run(is_all=True)[0] == 0


def test_a_model_that_nobody_recorded_before_it_was_renamed_keeps_its_name(owner: Operator) -> None:
    vendor = ChipModel.objects.get(name="H800").vendor
    model = ChipModel.objects.create(vendor=vendor, name="Unheard-of", chip_class="accelerator", workload="training")
    claim = model.claims.create(figure=Figure.DESIGNER_COUNTRY, value="US", source="a test", confidence="reported")
    where = cast.centre(owner=owner)
    inventory(where, {"chip": "Unheard-of"})
    determine(period=cast.period(), cause="test", centres=[where])
    adopt(model=model, claims=[claim], from_on=date(2026, 1, 1), decided_by="a regulator", reason="a test")
    ChipModel.objects.filter(pk=model.pk).update(name="Renamed", chip_class="cpu")
    assert reproduce(determination(where)).differences == []
    assert not determine(period=cast.period(), cause="test", centres=[where]).made


def stored_late(facts: Facts) -> list[dict[str, Any]]:
    """What the command tells once `facts` are judged as if they were what is known now."""
    store(facts._replace(known_at=timezone.now()), cause="test")
    return [json.loads(line) for line in run(is_all=True, as_json=True)[1].splitlines()]


def test_a_determination_that_names_another_version_than_was_accepted_is_found(where: Centre) -> None:
    before = facts_of_period(cast.period(), [where])
    cast.file(where, cast.period(), ascend=600, h800=400)
    with no_triggers() as cursor:
        now = timezone.now()
        cursor.execute(
            "UPDATE compliance_determination SET known_at = %s WHERE id = %s", [now, determination(where).pk]
        )
    (found,) = map(json.loads, run(is_all=True, as_json=True)[1].splitlines())
    latest = facts_of_period(cast.period(), [where]).submissions[where.pk]
    kept = before.submissions[where.pk]
    assert found["differences"] == [{"part": "submission_id", "kept": kept, "made_again": latest}]


@pytest.mark.parametrize("what", ["exemptions", "hand_decision_id", "centre_record_id", "provision_id"])
def test_a_determination_that_misses_what_was_known_is_found(owner: Operator, what: str) -> None:
    where = cast.centre(owner=owner)
    cast.file(where, cast.period(), ascend=500, h800=500)
    before = facts_of_period(cast.period(), [where])
    by = cast.regulator()
    if what == "exemptions":
        exempted(where)
    elif what == "hand_decision_id":
        new = Provision.objects.get(mandate__code="CN-2025-NEW")
        HandDecision.objects.create(
            centre=where, provision=new, ruling="released", from_on=date(2025, 1, 1), reason="a test", decided_by=by,
            decided_at=timezone.now(),
        )  # fmt: skip
    elif what == "centre_record_id":
        recorded = {"region_code": "3101", "kind": "general", "ownership": "private", "status": "operating"}
        CentreRecord.objects.create(centre=where, from_on=date(2025, 1, 1), recorded_at=timezone.now(), **recorded)
    else:
        provisions.issue(provision=approved(by, cast.regulator("other")), by=by)
    told = stored_late(before)
    assert told
    assert {difference["part"] for one in told for difference in one["differences"]} == {what}
    made = Determination.objects.select_related(*NAMED).get(pk=told[0]["determination"])
    assert [one.part for one in reproduce(made).differences] == [what]


def test_what_was_being_recorded_is_not_missed_where_the_next_names_it(
    where: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = facts_of_period(cast.period(), [where])
    exempted(where)
    made = determination(where)
    with no_triggers() as cursor:
        cursor.execute("UPDATE compliance_determination SET known_at = %s WHERE id = %s", [timezone.now(), made.pk])
    assert before.exemptions == {}
    assert [one.part for one in reproduce(determination(where)).differences] == ["exemptions"]
    determine(period=cast.period(), cause="test", centres=[where])
    assert run(is_all=True)[0] == 0
    # Long before, it would have been seen.
    monkeypatch.setattr(known, "WRITTEN_WITHIN", timedelta(0))
    assert [one.part for one in reproduce(determination(where)).differences] == ["exemptions"]


TAMPERED: dict[str, tuple[str, set[str]]] = {
    "the outcome as it is listed": (
        "UPDATE compliance_determination SET outcome = 'compliant' WHERE id = %(determination)s",
        {"outcome"},
    ),
    "the stored answer": (
        'UPDATE compliance_determination SET answer = answer::jsonb || \'{"low": "51/100"}\' '
        "WHERE id = %(determination)s",
        {"answer/low"},
    ),
    "a key of the answer taken away": (
        "UPDATE compliance_determination SET answer = answer::jsonb - 'shortfall' WHERE id = %(determination)s",
        {"answer/shortfall"},
    ),
    "the digest": (
        "UPDATE compliance_determination SET digest = repeat('0', 64) WHERE id = %(determination)s",
        {"digest"},
    ),
    "a measured column": (
        "UPDATE compliance_determination SET units_domestic = 501 WHERE id = %(determination)s",
        {"units_domestic"},
    ),
    "the computing power that was measured": (
        "UPDATE compliance_determination SET compute_foreign = compute_foreign + 0.000000001 "
        "WHERE id = %(determination)s",
        {"compute_foreign"},
    ),
    "the day": (
        "UPDATE compliance_determination SET as_of = '2025-12-30' WHERE id = %(determination)s",
        {"as_of"},
    ),
    "a line that decides nothing": (
        "UPDATE chips_inventoryline SET workload = 'mixed' WHERE submission_id = %(submission)s AND \"row\" = 2",
        {"digest", "answer/digest"},
    ),
    "a revision": (
        "UPDATE chips_chiprevision SET fabricator_country = 'KR' WHERE id = %(revision)s",
        {"digest", "answer/digest"},
    ),
    "the record of the centre": (
        "UPDATE centres_centrerecord SET progress = 99 WHERE id = %(record)s",
        {"digest", "answer/digest"},
    ),
    "the rule": (
        "UPDATE compliance_provision SET rule = jsonb_set(rule, '{origin_rule}', '\"fabricator\"') "
        "WHERE id = %(provision)s",
        {"digest", "answer/digest"},
    ),
    "a revision that is gone": (
        "DELETE FROM chips_chiprevision WHERE id = %(revision)s",
        {"records", "digest", "answer/digest"},
    ),
    "a line that no engine takes": (
        "UPDATE chips_chiprevision SET compute = '1e9' WHERE id = %(revision)s",
        {"document"},
    ),
    "a record that is gone": ("DELETE FROM centres_centrerecord WHERE id = %(record)s", {"records"}),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_found_and_named(where: Centre, what: str) -> None:
    made = determination(where)
    statement, parts = TAMPERED[what]
    revision = ChipRevision.objects.get(pk__in=made.chip_revisions, name="Ascend 910B")
    with undone(), no_triggers() as cursor:
        names = {
            "determination": made.pk, "submission": made.submission_id, "record": made.centre_record_id,
            "provision": made.provision_id, "revision": revision.pk,
        }  # fmt: skip
        cursor.execute(statement, names)
        assert cursor.rowcount == 1
        status, out, error = run(is_all=True, as_json=True)
    told = {one["determination"]: one for one in map(json.loads, out.splitlines())}
    assert status == 1
    assert parts <= {difference["part"] for difference in told[made.pk]["differences"]}, told[made.pk]
    if what.startswith("a record"):
        return
    assert (told[made.pk]["centre"], told[made.pk]["mandate"], told[made.pk]["period"]) == (
        "SH-01",
        "CN-2025",
        "2025Q4",
    )
    if parts.isdisjoint({"digest", "document"}) or what in ("the digest", "the rule"):
        # Nobody else's are touched, and nothing else of it is.
        assert {difference["part"] for difference in told[made.pk]["differences"]} >= parts
        assert set(told) == {made.pk}
    assert f"3 determinations made again: {len(told)} of them differ" in error


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            'UPDATE chips_inventoryline SET quantity = 501 WHERE submission_id = %(submission)s AND "row" = 2',
            "the lines of submission",
        ),
        ("UPDATE chips_chiprevision SET designer_country = 'US' WHERE id = %(revision)s", "Ascend 910B"),
        ("UPDATE centres_centrerecord SET ownership = 'private' WHERE id = %(record)s", None),
    ],
)
def test_the_record_that_contradicts_what_was_kept_of_it_is_named(
    where: Centre, statement: str, named: str | None
) -> None:
    made = determination(where)
    assert made.submission is not None
    revision = ChipRevision.objects.get(pk__in=made.chip_revisions, name="Ascend 910B")
    with no_triggers() as cursor:
        # As it is for what was attested.
        digest = lines_sha256(made.submission)
        cursor.execute("UPDATE chips_submission SET lines_sha256 = %s WHERE id = %s", [digest, made.submission_id])
        assert reproduce(determination(where)).suspects == []
        names = {"submission": made.submission_id, "revision": revision.pk, "record": made.centre_record_id}
        cursor.execute(statement, names)
        one = reproduce(determination(where))
        status, out, _error = run(is_all=True)
    assert not one.is_reproduced
    assert status == 1
    if named is None:
        assert one.suspects == []
    else:
        assert len(one.suspects) == 1
        assert named in record_in_words(one.suspects[0])
        assert f"contradicts what was kept of it: {record_in_words(one.suspects[0])}" in out


def test_the_page_and_the_api_say_that_it_is_not_the_same(client: Client, where: Centre) -> None:
    made = determination(where)
    with no_triggers() as cursor:
        cursor.execute("UPDATE compliance_determination SET units_foreign = 9 WHERE id = %s", [made.pk])
    client.force_login(cast.analyst())
    for path in ("", "reproduce/"):
        html = client.get(f"/determinations/{made.pk}/{path}").content.decode()
        assert "not the same: tell those who run this register" in html
        assert '<th scope="row" class="code">units_foreign</th>' in html
    told = client.get(f"/api/v1/determinations/{made.pk}/reproduce/").json()
    assert not told["is_reproduced"]
    assert told["differences"] == [{"part": "units_foreign", "kept": "9", "made_again": "500"}]


def test_what_the_engine_refuses_is_said_where_it_was_to_be_explained(client: Client, where: Centre) -> None:
    made = determination(where)
    with no_triggers() as cursor:
        cursor.execute("UPDATE chips_chiprevision SET compute = '1e9' WHERE id = ANY(%s)", [made.chip_revisions])
    client.force_login(cast.analyst())
    page = client.get(f"/determinations/{made.pk}/")
    assert page.status_code == 200
    assert "This determination cannot be explained" in page.content.decode()
    answer = client.get(f"/api/v1/determinations/{made.pk}/explanation/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_reproduced")
    assert answer.json()["differences"][0]["part"] == "document"
    refused = client.get(f"/determinations/{made.pk}/explanation.json")
    assert (refused.status_code, "What differs" in refused.content.decode()) == (409, True)


def test_what_differs_is_told_in_the_readers_language(client: Client, where: Centre) -> None:
    made = determination(where)
    assert made.submission is not None
    revisions = ChipRevision.objects.filter(pk__in=made.chip_revisions).order_by("pk")
    gone, contradicting = revisions[0], revisions[1]
    with no_triggers() as cursor:
        cursor.execute("UPDATE chips_submission SET lines_sha256 = 'x' WHERE id = %s", [made.submission_id])
        cursor.execute("DELETE FROM chips_chiprevision WHERE id = %s", [gone.pk])
        cursor.execute("UPDATE chips_chiprevision SET compute = '1e9' WHERE id = %s", [contradicting.pk])
        client.force_login(cast.analyst())
        path = f"/determinations/{made.pk}/reproduce/"
        client.post("/accounts/language/", {"language": "zh-hans", "next": "/"})
        page = client.get(path).content.decode()
    cell = "".join(page.split("<caption", 1)[1].split("</table>", 1)[0].split("<tbody>")[1:])
    for english in ("gone", "chip revision", "is not", "lines of"):
        assert english not in cell
    assert f"芯片型号修订 {gone.pk}" in cell
    assert "已不存在" in cell
    assert f"芯片型号修订 {contradicting.pk} {contradicting.name}" in page
    told = client.get(f"/api/v1{path}").json()
    assert told["differences"][0] == {"part": "records", "kept": f"chip_revision {gone.pk}", "made_again": None}
    assert told["suspects"] == [
        {
            "kind": "lines",
            "key": made.submission_id,
            "name": made.submission.accession_number or str(made.submission_id),
        },
        {"kind": "chip_revision", "key": contradicting.pk, "name": contradicting.name},
    ]


def test_a_button_makes_it_again_with_and_without_a_script(client: Client, where: Centre) -> None:
    made = determination(where)
    client.force_login(cast.analyst())
    path = f"/determinations/{made.pk}/reproduce/"
    assert path in client.get(f"/determinations/{made.pk}/").content.decode()
    whole, part = client.get(path), client.get(path, headers={"HX-Request": "true"})
    for answer in (whole, part):
        html = answer.content.decode()
        assert "the same, to the byte" in html
        assert html.count(made.digest) == 2
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert client.post(path).status_code == 405


def test_a_rival_can_make_nothing_again(client: Client, where: Centre, rival: Operator) -> None:
    client.force_login(cast.user("other", cast.Role.OPERATOR, acts_for=rival))
    key = determination(where).pk
    for path in ("reproduce/", "explanation.json"):
        foreign, missing = (client.get(f"/determinations/{one}/{path}") for one in (key, 999_999))
        assert foreign.status_code == missing.status_code == 404
        assert cast.told(foreign, key) == cast.told(missing, 999_999)


def test_it_is_made_again_in_batches_at_the_same_cost_however_many(
    owner: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert all(one.is_reproduced for one in reproduce_all(Determination.objects.all()))
        return len(captured)

    for number in range(2):
        cast.file(cast.centre(f"SH-0{number}", owner=owner), cast.period(), ascend=number + 1, h800=2)
    determine(period=cast.period(), cause="test")
    few = queries()
    for number in range(2, 20):
        cast.file(cast.centre(f"SH-{number}", owner=owner), cast.period(), ascend=number + 1, h800=2)
    determine(period=cast.period(), cause="test")
    # The keys of a batch, the determinations with what they name, revisions, lines, chip models (and exemptions, where
    # any are named); and the keys of the batch after it, of which there are none. For each of the two instants what was
    # known then: records of centres, submissions, provisions, exemptions, decisions by hand, revisions, and
    # lines.
    assert few == 6 + 7
    assert queries() == 6 + 2 * 7
    total = Determination.objects.count()
    # By so many lines in memory, too: three determinations of a centre rest on the same two.
    monkeypatch.setattr(module, "BATCH_LINES", 4)
    assert total == len(list(reproduce_all(Determination.objects.all())))
    assert queries() > few
    monkeypatch.setattr(module, "BATCH", 7)
    assert [one.determination_id for one in reproduce_all(Determination.objects.all())] == list(
        Determination.objects.order_by("pk").values_list("pk", flat=True)
    )


def test_the_command_takes_one_period_or_single_ones_and_tells_how_far_it_is(
    where: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compliance.management.commands import reproduce as command

    determine(period=cast.period("2025Q3"), cause="test", centres=[where])
    assert run(is_all=True)[0::2] == (0, "5 determinations made again: all the same, to the byte.\n")
    assert run(is_all=True, period="2025Q3")[2].startswith("2 determinations")
    made = determination(where)
    assert run(made.pk)[1:] == ("", "1 determinations made again: all the same, to the byte.\n")
    monkeypatch.setattr(command, "TOLD_AFTER", 2)
    assert "4 of 5 made again, 0 of them differ." in run(is_all=True)[2]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [((), {}), ((1,), {"is_all": True}), ((999_999,), {}), ((), {"is_all": True, "period": "2025Q9"})],
)
def test_the_command_names_what_does_not_exist(arguments: tuple[int, ...], options: dict[str, Any]) -> None:
    with pytest.raises(CommandError) as ended:
        run(*arguments, **options)
    assert ended.value.returncode == 2
