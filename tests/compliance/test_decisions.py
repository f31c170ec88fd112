"""Decisions that have centres determined anew: shown with their effects, then taken, as one run."""

import hashlib
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from centres.models import Centre, CentreRecord, Operator
from chips.catalogue import adopt
from chips.models import Adoption, ChipModel, Claim, Figure
from compliance.determine import determine
from compliance.models import CurrentDetermination, DeterminationRun, OutcomeChange
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def where(owner: Operator) -> Centre:
    """A centre that meets "at least 50%" with just half of its cards."""
    made = cast.centre(owner=owner)
    cast.file(made, cast.period(), ascend=500, h800=500)
    determine(period=cast.period(), cause="test")
    return made


@pytest.fixture
def foreign() -> Claim:
    """A claim that Ascend 910B is designed abroad."""
    model = ChipModel.objects.get(name="Ascend 910B")
    return model.claims.create(figure=Figure.DESIGNER_COUNTRY, value="US", source="a test", confidence="reported")


def outcome(where: Centre, mandate: str = "SH-2023") -> str:
    return CurrentDetermination.objects.get(centre=where, mandate__code=mandate, period=cast.period()).outcome


def looked_at(client: Client, address: str, form: dict[str, str]) -> dict[str, str]:
    """What takes what `form` says, after a look at what it would change."""
    shown = client.post(address, form | {"step": "show"})
    assert shown.status_code == 200
    return form | {"step": "take", "seen": shown.context["form"].seal}


def looked_at_claim(client: Client, address: str, form: dict[str, str]) -> dict[str, str]:
    """What lets a claim count as `form` says, after a look at what that would change."""
    shown = client.get(address, {"from_on": form["from_on"]})
    assert shown.status_code == 200
    return form | {"step": "take", "seen": shown.context["seen"]}


def test_a_catalogue_decision_shows_whom_it_flips_and_then_has_just_them_determined(
    client: Client, where: Centre, regulator: User, foreign: Claim
) -> None:
    untouched = cast.centre("SH-02", owner=where.operator)
    cast.file(untouched, cast.period(), h800=1)
    client.force_login(regulator)
    address = reverse("decide-chip", args=[foreign.chip_model_id, foreign.pk])
    decision = {"from_on": "2025-10-01", "reason": "the teardown of a card"}
    shown = client.get(address, {"from_on": "2025-10-01"})
    assert shown.status_code == 200
    assert where.name_en in shown.content.decode()
    assert outcome(where) == "compliant"
    assert client.post(address, looked_at_claim(client, address, decision)).status_code == 302
    run = DeterminationRun.objects.get()
    assert run.subject["model"] == "Ascend 910B"
    assert [(r.period_id, r.centres) for r in run.requests.all()] == [("2025Q4", [where.pk])]
    cast.fulfil_all(run)
    assert outcome(where) == "non_compliant"
    page = client.get(reverse("determination-run", args=[run.pk])).content.decode()
    assert where.name_en in page
    assert "Done." in page


def test_a_catalogue_decision_before_the_day_touches_nobody(
    client: Client, where: Centre, regulator: User, foreign: Claim
) -> None:
    client.force_login(regulator)
    address = reverse("decide-chip", args=[foreign.chip_model_id, foreign.pk])
    client.post(address, looked_at_claim(client, address, {"from_on": "2026-01-01", "reason": "from next year on"}))
    assert not DeterminationRun.objects.exists()
    assert Adoption.objects.filter(claim=foreign).exists()


def test_no_claim_counts_that_was_not_looked_at(client: Client, where: Centre, regulator: User, foreign: Claim) -> None:
    client.force_login(regulator)
    address = reverse("decide-chip", args=[foreign.chip_model_id, foreign.pk])
    decision = {"from_on": "2025-10-01", "reason": "x"}
    seen = looked_at_claim(client, address, decision)["seen"]
    unseen = client.post(address, decision | {"from_on": "2020-01-01", "step": "take", "seen": seen})
    assert "Something was changed after you looked" in unseen.content.decode()
    # Nor is what anybody can reckon out of the fields taken for a look.
    reckoned = hashlib.sha256(b"2020-01-01").hexdigest()
    for form in ({}, {"step": "take"}, {"step": "take", "seen": reckoned}):
        assert client.post(address, decision | {"from_on": "2020-01-01"} | form).status_code == 200
    wrong = client.post(address, {"from_on": "2025-02-30", "reason": "x", "step": "take", "seen": seen})
    assert (wrong.status_code, "effects" in wrong.context) == (422, False)
    # What is shown is of the day that would be taken.
    without = client.post(f"{address}?from_on=2026-06-01", {"from_on": "2025-10-01", "step": "take", "seen": seen})
    assert (without.status_code, without.context["from_on"]) == (422, date(2025, 10, 1))
    assert where.name_en in without.content.decode()
    assert client.get(address, {"from_on": "soon"}).status_code == 422
    # Another decision of the same model, taken in between, has other revisions follow.
    before = looked_at_claim(client, address, decision)
    compute = foreign.chip_model.claims.create(
        figure=Figure.FP16_TFLOPS, value="1", source="a test", confidence="reported"
    )
    adopt(model=foreign.chip_model, claims=[compute], from_on=date(2025, 1, 1), decided_by="a test", reason="a test")
    assert client.post(address, before).status_code == 200
    assert not Adoption.objects.filter(claim=foreign).exists()
    assert client.post(address, looked_at_claim(client, address, decision)).status_code == 302


@pytest.mark.parametrize("who", ["owner", "regional", "analyst"])
def test_the_catalogue_is_decided_on_by_regulators_of_the_whole_country_alone(
    client: Client, where: Centre, foreign: Claim, who: str
) -> None:
    users = {
        "owner": lambda: cast.user("o", Role.OPERATOR, acts_for=where.operator),
        "regional": lambda: cast.regional_regulator("31"),
        "analyst": cast.analyst,
    }
    client.force_login(users[who]())
    address = reverse("decide-chip", args=[foreign.chip_model_id, foreign.pk])
    for answer in (client.get(address), client.post(address, {"from_on": "2025-10-01", "reason": "x"})):
        assert answer.status_code == 403
    assert client.post(reverse("write-claim", args=[foreign.chip_model_id]), {}).status_code == 403
    assert client.get(reverse("chip", args=[foreign.chip_model_id])).status_code == 200


def test_a_claim_is_added_with_its_source_and_refused_where_it_is_no_value(client: Client, regulator: User) -> None:
    model = ChipModel.objects.get(name="H800")
    client.force_login(regulator)
    address = reverse("write-claim", args=[model.pk])
    said = {"figure": "fp16_tflops", "value": "1e9", "source": "a data sheet", "confidence": "reported"}
    refused = client.post(address, said)
    assert refused.status_code == 422
    assert "A decimal number is due here" in refused.content.decode()
    assert client.post(address, said | {"value": "989.5"}).status_code == 302
    assert model.claims.filter(figure=Figure.FP16_TFLOPS, value="989.5", source="a data sheet").exists()
    assert not Adoption.objects.filter(claim__value="989.5").exists()


def record(where: Centre, **facts: Any) -> dict[str, Any]:
    known = {"from_on": "2025-10-01", "status": "operating", "kind": "intelligent", "ownership": "local_soe",
             "state_funded": "", "progress": "100", "region_code": "3101", "reason": "sold"}  # fmt: skip
    return known | facts


def test_what_is_recorded_of_a_centre_shows_whom_it_flips_before_it_is_written(
    client: Client, where: Centre, regulator: User
) -> None:
    client.force_login(regulator)
    address = reverse("record-centre", args=[where.code])
    assert client.get(address).status_code == 200
    shown = client.post(address, record(where, kind="general", step="show"))
    assert shown.status_code == 200
    assert "SH-2023" in shown.content.decode()
    assert where.records.count() == 1
    # What was not looked at is not taken.
    other = looked_at(client, address, record(where, kind="general")) | {"kind": "supercomputing"}
    unseen = client.post(address, other)
    assert unseen.status_code == 200
    assert "Something was changed after you looked" in unseen.content.decode()
    assert where.records.count() == 1
    assert client.post(address, looked_at(client, address, record(where, kind="general"))).status_code == 302
    written = where.records.order_by("pk").last()
    assert written is not None
    assert (written.kind, written.recorded_by, written.reason) == ("general", regulator, "sold")
    run = DeterminationRun.objects.get()
    cast.fulfil_all(run)
    assert outcome(where) == "out_of_scope"
    change = OutcomeChange.objects.filter(centre=where, mandate__code="SH-2023").first()
    assert change is not None
    assert (change.outcome_before, change.outcome_after) == ("compliant", "out_of_scope")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"progress": "100.01"}, "progress"),
        ({"region_code": "99"}, "region_code"),
        ({"region_code": "310"}, "region_code"),
        ({"reason": " "}, "reason"),
        ({"from_on": "2025-02-30"}, "from_on"),
        # Nothing would change.
        ({}, "from_on"),
    ],
)
def test_a_wrong_record_is_refused_at_its_field(
    client: Client, where: Centre, regulator: User, facts: dict[str, str], field: str
) -> None:
    client.force_login(regulator)
    answer = client.post(reverse("record-centre", args=[where.code]), record(where, step="take", **facts))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert where.records.count() == 1


def test_a_centre_that_moves_is_its_new_regulators_and_the_past_stays(
    client: Client, where: Centre, regulator: User
) -> None:
    client.force_login(regulator)
    address = reverse("record-centre", args=[where.code])
    client.post(address, looked_at(client, address, record(where, region_code="3201")))
    where.refresh_from_db()
    assert (where.region_id, where.region_code) == ("32", "3201")
    assert where.records.order_by("pk")[0].region_code == "3101"


TABLE = """code,from_on,reason,progress,state_funded
SH-01,2025-10-01,seen on site,25,true
SH-02,2025-10-01,seen on site,?,
"""


def test_a_table_records_many_centres_or_none(client: Client, where: Centre, regulator: User) -> None:
    cast.centre("SH-02", owner=where.operator)
    client.force_login(regulator)
    address = reverse("record-table")
    wrong = TABLE.replace("25,", "25%,").replace("SH-02", "SH-99")
    refused = client.post(address, {"table": wrong, "step": "take"})
    assert refused.status_code == 422
    assert [(fault.line, fault.column) for fault in refused.context["faults"]] == [(2, "progress"), (3, "code")]
    assert CentreRecord.objects.filter(centre__code__startswith="SH").count() == 2
    shown = client.post(address, {"table": TABLE, "step": "show"})
    assert shown.status_code == 200
    assert "CN-2025-NEW" in shown.content.decode()
    assert client.post(address, {"table": TABLE, "step": "take"}).status_code == 200
    assert not DeterminationRun.objects.exists()
    assert client.post(address, looked_at(client, address, {"table": TABLE})).status_code == 302
    found = CentreRecord.objects.filter(from_on=date(2025, 10, 1)).order_by("centre__code")
    assert [(r.centre.code, r.progress, r.state_funded) for r in found] == [("SH-01", 25, True), ("SH-02", None, None)]
    assert DeterminationRun.objects.get().subject == {"centres": 2}


def test_what_a_blank_cell_comes_to_is_what_was_looked_at(client: Client, where: Centre, regulator: User) -> None:
    client.force_login(regulator)
    address = reverse("record-table")
    table = {"table": "code,from_on,reason,kind\nSH-01,2025-11-01,seen on site,general\n"}
    seen = looked_at(client, address, table)
    other = reverse("record-centre", args=[where.code])
    client.post(other, looked_at(client, other, record(where, ownership="private")))
    unseen = client.post(address, seen)
    assert "Something was changed after you looked" in unseen.content.decode()
    assert where.records.count() == 2
    # A reason can be put into better words.
    seen = looked_at(client, address, table)
    better = seen | {"table": seen["table"].replace("seen on site", "Seen on site.")}
    assert client.post(address, better).status_code == 302
    written = where.records.get(from_on=date(2025, 11, 1))
    assert (written.kind, written.ownership, written.reason) == ("general", "private", "Seen on site.")


def test_a_table_names_only_centres_that_are_the_regulators(client: Client, where: Centre) -> None:
    cast.centre("SH-02")
    client.force_login(cast.regional_regulator("44"))
    refused = client.post(reverse("record-table"), {"table": TABLE, "step": "take"})
    assert {fault.column for fault in refused.context["faults"]} == {"code"}
    assert client.get(reverse("record-centre", args=[where.code])).status_code == 404


def test_rows_of_one_centre_follow_each_other(where: Centre, regulator: User, client: Client) -> None:
    table = "code,from_on,reason,ownership,kind\nSH-01,2025-11-01,second,,general\nSH-01,2025-10-01,first,private,\n"
    client.force_login(regulator)
    address = reverse("record-table")
    client.post(address, looked_at(client, address, {"table": table}))
    first, second = where.records.filter(from_on__gte=date(2025, 10, 1)).order_by("from_on")
    assert (first.ownership, first.kind) == ("private", "intelligent")
    assert (second.ownership, second.kind) == ("private", "general")
