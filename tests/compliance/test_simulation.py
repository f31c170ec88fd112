"""A rule is tried before it is issued: it tells what issuing then comes to, and touches nothing."""

import csv
import io
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg2.sql import SQL, Identifier
from pytest_django import Settings

from accounts.asking import asked_by_register
from accounts.models import Role, User
from centres.models import Centre, CentreRecord, Provenance
from compliance import simulate, tasks
from compliance.determine import determine
from compliance.engine import answer
from compliance.facts import facts_of_period
from compliance.hand_decisions import decide
from compliance.models import (
    CurrentDetermination,
    Exemption,
    Mandate,
    OutcomeChange,
    Provision,
    Simulation,
    SimulationStatus,
)
from compliance.simulation_page import totals
from compliance.trial import weighed_by
from demonstration.store import determine_periods, store_country
from tests import cast, walls

pytestmark = pytest.mark.django_db

ANYBODY: dict[str, Any] = dict.fromkeys(
    ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
)


_CONTENT = SQL("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t")


def rule_of(mandate: str, **changed: Any) -> dict[str, Any]:
    return Mandate.objects.get(code=mandate).provisions.issued().earliest("from_on").rule | changed


def steps(threshold: str, comparator: str = "at_least", from_on: str = "2025-01-01") -> list[dict[str, str]]:
    return [{"from": from_on, "comparator": comparator, "threshold": threshold}]


def tried(by: User, mandate: str, rule: dict[str, Any], quarter: str = "2025Q4") -> Simulation:
    known = Mandate.objects.get(code=mandate)
    return simulate.simulate(by=by, mandate=known, rule=rule, period=cast.period(quarter))


def waiting(by: User, mandate: str = "SH-2023", **changed: Any) -> Simulation:
    known = Mandate.objects.get(code=mandate)
    return simulate.request_simulation(by=by, mandate=known, rule=rule_of(mandate, **changed), period=cast.period())


def result_of(simulation: Simulation) -> dict[str, Any]:
    assert simulation.result is not None
    return simulation.result


def counted(simulation: Simulation, when: str) -> dict[tuple[str, str], int]:
    return {(c["region"], c["outcome"]): c[when] for c in result_of(simulation)["counts"] if c[when]}


def standing(mandate: str, quarter: str = "2025Q4") -> dict[tuple[str, str], int]:
    """The outcomes that stand, by region, of centres that file or are made up."""
    found: dict[tuple[str, str], int] = {}
    current = CurrentDetermination.objects.filter(period=quarter, mandate__code=mandate)
    for one in current.exclude(centre__provenance=Provenance.ILLUSTRATIVE):
        found[one.region_id, one.outcome] = found.get((one.region_id, one.outcome), 0) + 1
    return found


def contents() -> dict[str, tuple[Any, ...]]:
    """Every table but those of simulations and of the trail, which tells of them: its rows, counted and digested."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if not table.startswith(("compliance_simul", "accounts_audit")):
                cursor.execute(_CONTENT.format(Identifier(table)))
                found[table] = cursor.fetchone()
    return found


@pytest.fixture
def country(settings: Settings, tmp_path: Path) -> None:
    """Sixty invented centres over the country, one of them exempt and two granted a lower threshold."""
    settings.FILES_DIR = tmp_path / "files"
    stored = store_country(seed=7, centres=60, quarters=2)
    granter = cast.user("granter", Role.REGULATOR, all_regions=True)
    reported = Centre.objects.filter(provenance=Provenance.SYNTHETIC, submissions__period="2025Q4").order_by("code")
    for where, threshold in zip(reported[:3], (None, Decimal("0.1"), Decimal("0.9")), strict=True):
        for mandate in Mandate.objects.all():
            Exemption.objects.create(
                centre=where, mandate=mandate, from_on=date(2025, 1, 1), to_on=date(2026, 12, 31), threshold=threshold,
                reason="a test", granted_by=granter, granted_at=timezone.now(), **cast.proposed(),
            )  # fmt: skip
    determine_periods(stored.periods)


TRIED: dict[str, Any] = {
    "a higher threshold": ("CN-2025", {"steps": steps("0.6")}),
    "another comparator": ("SH-2023", {"steps": steps("0.5", "over")}),
    "by compute, everywhere": ("CN-2025", {"metric": "compute", "scope": ANYBODY, "steps": steps("0.4")}),
    "by value": ("CN-2025", {"metric": "value", "scope": ANYBODY, "steps": steps("0.4")}),
    "by fabricator": ("CN-2025", {"origin_rule": "designer_and_fabricator", "scope": ANYBODY, "steps": steps("0.2")}),
    "what was acquired lately": (
        "CN-2025",
        {
            "scope": ANYBODY,
            "population": {
                "classes": ["accelerator"], "workloads": None, "statuses": ["in_service"],
                "acquired_from": "2025-01-01",
            },
        },
    ),
    "not in force yet": ("CN-2025", {"steps": steps("0.6", from_on="2027-01-01")}),
    "a repeal": ("CN-2025", {"steps": []}),
}  # fmt: skip


@pytest.mark.usefixtures("country")
def test_what_is_simulated_is_what_issuing_then_comes_to() -> None:
    by = cast.regulator()
    before = contents()
    made = {name: tried(by, mandate, rule_of(mandate, **changed)) for name, (mandate, changed) in TRIED.items()}
    assert contents() == before
    for name, (mandate, changed) in TRIED.items():
        found = made[name]
        assert counted(found, "now") == standing(mandate), name
        with transaction.atomic():
            happened = issued(found.mandate, rule_of(mandate, **changed))
            assert counted(found, "then") == standing(mandate), name
            transaction.set_rollback(True)
        changes = {c.centre_id: (c.outcome_before, c.outcome_after, c.answer_after) for c in found.changes.all()}
        assert changes == happened, name
        filing = Centre.objects.filter(pk__in=happened).exclude(provenance=Provenance.ILLUSTRATIVE)
        assert result_of(found)["changed"] == filing.count()


def issued(mandate: Mandate, rule: dict[str, Any]) -> dict[int, tuple[str, str, Any]]:
    """What becomes of whom where `rule` is issued and determined by: the outcomes before and after, and the answer."""
    Provision.objects.create(
        mandate=mandate, from_on=date(2025, 10, 1), recorded_at=timezone.now(), issued_at=timezone.now(), rule=rule,
        legal_text="a test",
    )  # fmt: skip
    last = OutcomeChange.objects.latest("pk").pk
    determine(period=cast.period(), cause="test")
    return {
        change.centre_id: (change.outcome_before, change.outcome_after, change.after and change.after.answer)
        for change in OutcomeChange.objects.filter(pk__gt=last).select_related("after")
    }


@pytest.mark.usefixtures("country")
@pytest.mark.parametrize(
    "name", ["by compute, everywhere", "by value", "a higher threshold", "what was acquired lately"]
)
def test_the_curve_is_what_the_engine_says_at_each_threshold(name: str) -> None:
    mandate, changed = TRIED[name]
    rule = rule_of(mandate, **changed)
    curves = result_of(tried(cast.regulator(), mandate, rule))["curves"]
    facts = facts_of_period(cast.period(), mandates=[Mandate.objects.get(code=mandate)])
    records = [record for record in facts.records if record.provenance != Provenance.ILLUSTRATIVE]
    for measure in ("units", "compute"):
        for comparator in ("at_least", "over"):
            for percent in (0, 1, 20, 33, 50, 67, 99, 100):
                asked = weighed_by(rule, measure) | {"steps": steps(f"{percent / 100:.2f}", comparator)}
                provision = Provision(mandate=Mandate.objects.get(code=mandate), rule=asked)
                complying = [
                    record for record in records if answer(facts.document(record, provision))["outcome"] == "compliant"
                ]
                assert curves[measure][comparator][percent] == len(complying), (measure, comparator, percent)
    assert curves["units"]["at_least"][0] == curves["units"]["known"] > 10


@pytest.mark.parametrize(
    ("metric", "classes", "counted"),
    [
        ("units", None, ["accelerator"]),
        ("value", ["accelerator", "cpu", "storage"], ["accelerator"]),
        ("units", ["accelerator"], ["accelerator"]),
        ("units", ["cpu"], ["cpu"]),
        ("compute", ["accelerator", "cpu"], ["accelerator", "cpu"]),
    ],
)
def test_by_compute_what_has_no_such_figure_is_left_out_where_the_rule_does_not_ask_for_it(
    metric: str, classes: list[str] | None, counted: list[str]
) -> None:
    rule = rule_of("SH-2023", metric=metric)
    rule["population"] = rule["population"] | {"classes": classes}
    assert weighed_by(rule, "compute")["population"]["classes"] == counted
    assert weighed_by(rule, "units")["population"]["classes"] == classes


def test_it_says_what_is_open_unknown_and_not_a_filing(client: Client) -> None:
    by = cast.regulator()
    Centre.objects.create(code="SH-90", name_en="x", name_zh="x", region_id="31", region_code="31")
    where = cast.centre("SH-01")
    cast.file(where, cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")
    found = tried(by, "SH-2023", rule_of("SH-2023", scope=ANYBODY, steps=steps("0.7")))
    result = result_of(found)
    assert result["without_history"] == ["SH-90"]
    # The eight reported centres change from out of scope, are told of and marked, and are in no count.
    assert (result["judged"], result["illustrative"], result["changed"]) == (1, 8, 1)
    assert [(t.outcome, t.now, t.then) for t in totals(result)] == [("compliant", 1, 0), ("non_compliant", 0, 1)]
    client.force_login(by)
    shown = client.get(f"/simulations/{found.key}/")
    assert [(kind["name"], kind["count"]) for kind in shown.context["kinds"]] == [("compliant-non_compliant", 1)]
    assert [change.centre.code for change in shown.context["changes"]] == ["SH-01"]
    assert {change.centre.provenance for change in shown.context["illustrative"]} == {"illustrative"}
    page = shown.content.decode()
    assert "SH-90" in page
    assert "illustrative, not a filing" in page
    assert "8 centres that never filed" in page
    assert "The rule asks for at least 70% in place of at least 50%. The share stays 60.0000%." in page


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), True),
        (datetime(2025, 12, 31, 16, 0, 0, tzinfo=UTC), False),
    ],
)
def test_an_open_period_is_said_to_be_open(monkeypatch: pytest.MonkeyPatch, now: datetime, is_open: bool) -> None:
    by = cast.regulator()
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert result_of(tried(by, "SH-2023", rule_of("SH-2023")))["is_open"] is is_open


def test_it_rests_on_what_was_known_when_it_began() -> None:
    where = cast.centre()
    cast.file(where, cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")
    CentreRecord.objects.create(
        centre=where, from_on=date(2025, 1, 1), recorded_at=timezone.now() + timedelta(hours=1), region_code="31",
        kind="general", ownership="private", status="operating",
    )  # fmt: skip
    assert not result_of(tried(cast.regulator(), "SH-2023", rule_of("SH-2023")))["changed"]


def test_a_rule_that_is_not_in_force_says_so(client: Client) -> None:
    by = cast.regulator()
    found = tried(by, "SH-2023", rule_of("SH-2023", steps=steps("0.6", from_on="2026-01-01")))
    client.force_login(by)
    page = client.get(f"/simulations/{found.key}/").content.decode()
    assert "No step of the rule is in force on 31 December 2025" in page


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("50", "0.5"), ("62.5", "0.625"), ("0", "0"), ("100", "1"), ("33.3333333", "0.333333333"), ("1e1", "0.1")],
)
def test_a_threshold_is_typed_in_percent_and_is_exact(client: Client, typed: str, expected: str) -> None:
    by = cast.regulator()
    client.force_login(by)
    provision = Provision.objects.issued().get(mandate__code="CN-2025")
    sent = {"provision": provision.pk, "period": "2025Q4", "comparator": "at_least", "threshold": typed}
    answered = client.post("/simulations/", sent)
    made = Simulation.objects.get()
    assert answered.headers["Location"] == f"/simulations/{made.key}/"
    step = max(made.rule["steps"], key=lambda step: step["from"])
    assert (step["comparator"], step["threshold"], step["from"]) == (
        "at_least",
        expected,
        provision.rule["steps"][0]["from"],
    )
    assert (made.provision, made.is_changed, made.status) == (provision, True, SimulationStatus.WAITING)
    assert made.region_codes is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"threshold": "100.1"}, "less than or equal to 100"),
        ({"threshold": "-1"}, "greater than or equal to 0"),
        ({"threshold": "0.00000001"}, "no more than 7 decimal places"),
        ({"threshold": "half"}, "Enter a number"),
        ({"rule": "{"}, "This is no JSON"),
        ({"rule": "[" * 100_000}, "at most 20000 characters"),
        ({"rule": "[" * 19_000}, "This is no JSON"),
        ({"rule": "{}"}, "/rule/metric: "),
        ({"period": "2025Q9"}, "Select a valid choice"),
        ({"provision": "x"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(client: Client, wrong: dict[str, str], said: str) -> None:
    client.force_login(cast.regulator())
    provision = Provision.objects.issued().get(mandate__code="CN-2025")
    refused = client.post("/simulations/", {"provision": str(provision.pk), "period": "2025Q4"} | wrong)
    assert (refused.status_code, Simulation.objects.count()) == (422, 0)
    assert said in refused.content.decode()


def test_a_rule_is_loaded_changed_and_tried(client: Client) -> None:
    client.force_login(cast.regulator())
    provision = Provision.objects.issued().get(mandate__code="CN-2025")
    loaded = client.get(f"/simulations/?provision={provision.pk}&period=2025Q3&load=1")
    form = loaded.context["form"]
    assert json.loads(form.initial["rule"]) == provision.rule
    changed = json.dumps(provision.rule | {"metric": "compute"})
    client.post("/simulations/", {"provision": provision.pk, "period": "2025Q3", "rule": changed})
    made = Simulation.objects.get()
    assert (made.rule["metric"], made.provision, made.is_changed) == ("compute", provision, True)
    assert made.period_id == "2025Q3"
    for missing in ("999999", "x", "9" * 40, "١"):
        assert client.get("/simulations/", {"provision": missing}).status_code == 404


def test_a_draft_is_tried_by_those_who_write_it_and_read_by_nobody_else(client: Client) -> None:
    national, regional, analyst = cast.regulator(), cast.regional_regulator("31"), cast.analyst()
    issued = Provision.objects.issued().get(mandate__code="SH-2023")
    draft = Provision.objects.create(
        mandate=issued.mandate, from_on=date(2026, 1, 1), recorded_at=timezone.now(),
        rule=rule_of("SH-2023", steps=steps("0.7")), legal_text="a test", written_by=national,
    )  # fmt: skip
    sent = {"provision": str(draft.pk), "period": "2025Q4"}
    client.force_login(regional)
    assert client.post("/simulations/", sent).status_code == 422
    assert client.get("/simulations/", {"provision": str(draft.pk)}).status_code == 404
    client.force_login(national)
    client.post("/simulations/", sent)
    # As it stands, with another threshold, and with the whole of it typed anew: it is read no more widely for that.
    client.post("/simulations/", sent | {"threshold": "61"})
    client.post("/simulations/", sent | {"rule": json.dumps(rule_of("SH-2023", scope=ANYBODY))})
    tried_of_it = list(Simulation.objects.order_by("pk"))
    assert [(made.provision, made.is_changed) for made in tried_of_it] == [(draft, False), (draft, True), (draft, True)]
    for made in tried_of_it:
        simulate.fulfil(made.pk)
    for who in (analyst, regional):
        client.force_login(who)
        listed = client.get("/simulations/").content.decode()
        for made in tried_of_it:
            assert client.get(f"/simulations/{made.key}/").status_code == 404
            assert str(made.key) not in listed
    client.force_login(analyst)
    Provision.objects.filter(pk=draft.pk).update(
        proposed_at=timezone.now(), approved_at=timezone.now(), approved_by=cast.user("other", Role.REGULATOR),
        issued_at=timezone.now(),
    )  # fmt: skip
    for made in tried_of_it:
        assert client.get(f"/simulations/{made.key}/").status_code == 200


def test_what_was_decided_by_hand_holds_under_another_threshold_and_not_under_another_scope(client: Client) -> None:
    by = cast.regulator()
    where = cast.centre("SH-01", state_funded=True, progress=50, status="building")
    cast.file(where, cast.period(), ascend=95, h800=5)
    provision = Provision.objects.get(mandate__code="CN-2025-NEW")
    decide(centre=where, provision=provision, ruling="applies", from_on=date(2025, 12, 1), reason="x", by=by)
    determine(period=cast.period(), cause="test")
    client.force_login(by)

    def tried_with(**changed: str) -> tuple[Any, str]:
        client.post("/simulations/", {"provision": str(provision.pk), "period": "2025Q4"} | changed)
        made = Simulation.objects.latest("pk")
        simulate.fulfil(made.pk)
        changes = [(change.outcome_before, change.outcome_after) for change in made.changes.filter(centre=where)]
        return changes, client.get(f"/simulations/{made.key}/").content.decode()

    changes, page = tried_with()
    assert (changes, "taken to hold" in page) == ([], False)
    changes, page = tried_with(threshold="90")
    assert changes == [("non_compliant", "compliant")]
    assert "was decided by hand under the provision is taken to hold under the changed rule, too" in page
    narrower = rule_of("CN-2025-NEW", scope=provision.rule["scope"] | {"progress_under": "20"})
    changes, page = tried_with(rule=json.dumps(narrower))
    assert changes == [("non_compliant", "out_of_scope")]
    assert "What was decided by hand under the provision is left out." in page


def test_what_nobody_restricted_shows_the_asker_s_provinces_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    regional = cast.regional_regulator("31")
    for code, region in (("SH-01", "3101"), ("GD-01", "4401")):
        cast.file(cast.centre(code, region_code=region), cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")
    simulation = waiting(regional, scope=ANYBODY, steps=steps("0.7"))
    # As if it were forgotten whose provinces it is about.
    monkeypatch.setattr(Simulation, "region_codes", property(lambda _: None, lambda *_: None))
    with walls.within(), asked_by_register():
        assert simulate.fulfil(simulation.pk)
    done = Simulation.objects.get(pk=simulation.pk)
    assert {count["region"] for count in result_of(done)["counts"]} == {"31"}
    assert [change.centre.code for change in done.changes.all()] == ["SH-01"]


def test_who_sees_what(client: Client) -> None:
    national, regional, analyst = cast.regulator(), cast.regional_regulator("31"), cast.analyst()
    beyond = cast.user("beyond", Role.REGULATOR, region_codes=["44"])
    owner = cast.user("owner", Role.OPERATOR, acts_for=cast.operator())
    where = cast.centre("SH-01")
    cast.centre("GD-01", region_code="4401")
    cast.file(where, cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")
    whole = tried(national, "SH-2023", rule_of("SH-2023", scope=ANYBODY, steps=steps("0.7")))
    part = tried(regional, "SH-2023", rule_of("SH-2023", scope=ANYBODY, steps=steps("0.7")))
    assert part.region_codes == ["31"]
    # A regional regulator tries it on its provinces alone.
    assert {count["region"] for count in result_of(part)["counts"]} == {"31"}
    assert [change.centre.code for change in part.changes.all()] == ["SH-01"]
    seen = {
        national: {whole, part}, analyst: {whole, part}, regional: {part}, beyond: set(), owner: set(),
        cast.administrator(): set(),
    }  # fmt: skip
    for who, known in seen.items():
        client.force_login(who)
        for one in (whole, part):
            for page in ("", "changes.csv"):
                assert client.get(f"/simulations/{one.key}/{page}").status_code == (200 if one in known else 404), who
        listed = client.get("/simulations/")
        assert listed.status_code == (200 if who.role in (Role.REGULATOR, Role.ANALYST) else 403)
        assert {one for one in (whole, part) if str(one.key) in listed.content.decode()} == known
        may_try = client.post("/simulations/", {}).status_code
        assert may_try == (422 if who.role == Role.REGULATOR else 403)
    # Offices are named, and no persons.
    client.force_login(analyst)
    for address in ("/simulations/", f"/simulations/{part.key}/"):
        shown = client.get(address).content.decode()
        assert "regulator for Shanghai" in shown
        assert "regional" not in shown
    client.force_login(owner)
    foreign, unknown = (cast.told(client.get(f"/simulations/{key}/"), key) for key in (whole.key, uuid.uuid4()))
    assert foreign == unknown


def test_the_changes_are_taken_away_as_csv_without_a_formula(client: Client) -> None:
    by = cast.regulator()
    where = cast.centre("SH-01")
    Centre.objects.filter(pk=where.pk).update(name_en="=1+1", name_zh="＝1")
    cast.file(where, cast.period(), ascend=6, h800=4)
    determine(period=cast.period(), cause="test")
    found = tried(by, "SH-2023", rule_of("SH-2023", steps=steps("0.7")))
    client.force_login(by)
    answered = client.get(f"/simulations/{found.key}/changes.csv")
    text = answered.getvalue().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["centre"], row["centre_name_en"], row["centre_name_zh"]) == ("SH-01", "'=1+1", "'＝1")
    assert (row["outcome_now"], row["outcome_then"]) == ("compliant", "non_compliant")
    assert (row["now_low_percent"], row["now_low_numerator"], row["now_low_denominator"]) == ("60.0000", "3", "5")
    assert (row["now_threshold"], row["then_threshold"], row["then_comparator"]) == ("0.5", "0.7", "at_least")


def test_one_kind_of_change_is_shown_and_pages_keep_it(client: Client) -> None:
    by = cast.regulator()
    for number in range(60):
        where = cast.centre(f"SH-{number}")
        cast.file(where, cast.period(), ascend=6 if number else 3, h800=4)
    determine(period=cast.period(), cause="test")
    found = tried(by, "SH-2023", rule_of("SH-2023", steps=steps("0.7"), scope=ANYBODY))
    client.force_login(by)
    page = client.get(f"/simulations/{found.key}/", {"change": "compliant-non_compliant"})
    assert page.context["changes"].paginator.count == 59
    assert "?change=compliant-non_compliant&amp;page=2" in page.content.decode()
    assert client.get(f"/simulations/{found.key}/", {"change": "no"}).context["changes"].paginator.count == 59


def test_it_waits_is_done_once_and_says_how_far_it_is(client: Client) -> None:
    by = cast.regulator()
    made = waiting(by)
    client.force_login(by)
    polled = {"HX-Request": "true", "HX-Target": "progress"}
    page = client.get(f"/simulations/{made.key}/").content.decode()
    assert "The rule is being tried." in page
    assert 'hx-trigger="every 1s"' in page
    assert client.get(f"/simulations/{made.key}/changes.csv").status_code == 404
    assert "<h1" not in client.get(f"/simulations/{made.key}/", headers=polled).content.decode()
    assert simulate.fulfil(made.pk)
    assert not simulate.fulfil(made.pk)
    assert client.get(f"/simulations/{made.key}/", headers=polled)["HX-Refresh"] == "true"
    assert "Stands today" in client.get(f"/simulations/{made.key}/").content.decode()


def test_what_nobody_took_is_swept_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[list[int]] = []
    monkeypatch.setattr(tasks.fulfil_simulation, "apply_async", lambda ids, **options: rung.append(ids))
    made = waiting(cast.regulator())
    tasks.sweep_simulations()
    assert not rung
    Simulation.objects.update(asked_at=timezone.now() - simulate.SWEPT_AFTER)
    tasks.sweep_simulations()
    assert rung == [[made.pk]]


def test_one_that_fails_five_times_says_so_and_can_be_begun_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    by, analyst = cast.regulator(), cast.analyst()
    made = waiting(by)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(simulate, "tried", broken)
        for _ in range(simulate.GREATEST_ATTEMPTS):
            with pytest.raises(RuntimeError, match="full"):
                simulate.fulfil(made.pk)
    assert not simulate.fulfil(made.pk)
    client.force_login(analyst)
    page = client.get(f"/simulations/{made.key}/").content.decode()
    assert "It could not be done in five attempts." in page
    # What went wrong is for those who run the register.
    assert "the disk is full" not in page
    assert client.post(f"/simulations/{made.key}/again/").status_code == 403
    client.force_login(by)
    assert "Try it again" in client.get(f"/simulations/{made.key}/").content.decode()
    client.post(f"/simulations/{made.key}/again/")
    made.refresh_from_db()
    assert (made.status, made.attempts) == (SimulationStatus.WAITING, 0)
    assert simulate.fulfil(made.pk)
    # Who asks again for what is done finds it done.
    client.post(f"/simulations/{made.key}/again/")
    made.refresh_from_db()
    assert made.status == SimulationStatus.READY


def test_nothing_was_tried_yet(client: Client) -> None:
    client.force_login(cast.analyst())
    assert "Nothing was tried yet" in client.get("/simulations/").content.decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(client: Client) -> None:
    by = cast.regulator()
    client.force_login(by)

    def grow(numbers: range) -> tuple[int, int, int]:
        for number in numbers:
            cast.file(cast.centre(f"SH-{number}"), cast.period(), ascend=6, h800=4)
        determine(period=cast.period(), cause="test")
        rule = rule_of("SH-2023", steps=steps("0.7"))
        with CaptureQueriesContext(connection) as captured:
            made = tried(by, "SH-2023", rule)
        return len(captured), queries(client, f"/simulations/{made.key}/"), queries(client, "/simulations/")

    few = grow(range(2))
    for _ in range(18):
        tried(by, "SH-2023", rule_of("SH-2023"))
    # Trying: the mandate and the period, a savepoint and its release, writing it, what is known (provisions, records,
    # submissions, exemptions, decisions by hand, revisions, unrevised chips, lines, centres without history), what
    # stands, the answers of what changes, the regions that prefixes name, the result, and the changes.
    # Its page: session and user, whether anything is synthetic, the simulation, regions twice, kinds of change,
    # changes counted and read. The list: session and user, synthetic, the latest period, rules and periods to choose,
    # simulations counted and read.
    assert grow(range(2, 20)) == few
    assert few[0] <= 24
    assert few[1] <= 12
    assert few[2] <= 10
