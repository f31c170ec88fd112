"""The page of the way to comply: what it says, to whom, on which prices, and that it stores nothing."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from centres.models import Centre, Operator
from chips.catalogue import adopt
from chips.models import ChipModel, Claim
from compliance.engine import answer
from compliance.models import Exemption, Provision
from compliance.plan import planning
from compliance.plan.targets import inventory_of
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db

SOURCE = "=a list of prices"
PLAN = "/centres/SH-01/plan/"


def key_of(name: str) -> int:
    return ChipModel.objects.get(name=name).pk


def priced(name: str, price: str) -> None:
    """A price in the catalogue, adopted, and estimated by a source whose name a spreadsheet would run."""
    model = ChipModel.objects.get(name=name)
    claim = Claim.objects.create(
        chip_model=model, figure="price_cny", value=price, source=SOURCE, confidence="estimated"
    )
    adopt(model=model, claims=[claim], from_on=date(2025, 1, 1), decided_by="test", reason="test")


@pytest.fixture
def where(owner: Operator) -> Centre:
    """30 of 100 units domestic: Ascend 910B of 320 TFLOPS, and 70 H800 of 989 TFLOPS and 700 W."""
    made = cast.centre(owner=owner)
    inventory(
        made,
        {"chip": "Ascend 910B", "quantity": 30, "unit_price_cny": Decimal("123456.78")},
        {"chip": "H800", "quantity": 70, "unit_price_cny": Decimal("234567.89")},
    )
    return made


@pytest.fixture
def operator_client(client: Client, owner: Operator) -> Client:
    client.force_login(cast.user("filer", Role.OPERATOR, acts_for=owner))
    return client


def asked(client: Client, status: int = 200, **query: Any) -> str:
    response = client.get(PLAN, query)
    assert response.status_code == status, response.content.decode()
    return " ".join(response.content.decode().split())


def rows(client: Client, **query: Any) -> list[dict[str, str]]:
    response: Any = client.get(PLAN + "plan.csv", query)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def free(**more: Any) -> dict[str, Any]:
    """A question about the nationwide rule, whatever becomes of the computing power."""
    return {"target": "CN-2025", "computing_power": "free"} | more


def test_it_says_the_least_cards_and_asks_for_prices_where_the_catalogue_has_none(
    operator_client: Client, where: Centre
) -> None:
    html = asked(operator_client, target="CN-2025")
    # 51 of 100 are over half, as 71 of 141 are.
    assert "units to replace by domestic ones: 21; or domestic units to add: 41." in html
    assert "No price is known of any chip" in html
    assert "Type prices in" in html


def test_a_price_that_is_typed_in_makes_a_plan_that_the_engine_calls_compliant(
    operator_client: Client, where: Centre
) -> None:
    html = asked(operator_client, **free(**{f"price-{key_of('Ascend 910B')}": "110000.5"}))
    assert "2,310,010.5" in html
    assert "Proved: no mix" in html
    # With 21 bought it is enough to take 20 out, and nothing is moved without need.
    assert "50.4950% <span" in html
    assert "(51/101)" in html
    assert "typed in" in html
    # 21 cards of 310 W in the place of 20 of 700 W.
    assert "<dd>-7.49</dd>" in html
    plain = [(row["action"], row["chip_model"], row["units"], row["cost_cny"]) for row in rows(
        operator_client, **free(**{f"price-{key_of('Ascend 910B')}": "110000.5"})
    )]  # fmt: skip
    assert plain == [("buy", "Ascend 910B", "21", "2310010.5"), ("take out", "H800", "20", "")]


def test_a_price_of_the_catalogue_is_said_with_its_source_and_how_far_to_trust_it(
    operator_client: Client, where: Centre
) -> None:
    priced("Ascend 910B", "110000")
    priced("MLU370", "32000")
    html = asked(operator_client, **free())
    assert "672,000" in html
    assert SOURCE in html
    assert '<span class="badge doubt">estimated</span>' in html
    assert "contested: power, W" in html
    bought, taken = rows(operator_client, **free())
    assert (bought["unit_price_cny"], bought["price_source"], bought["price_confidence"]) == (
        "32000", f"'{SOURCE}", "estimated",
    )  # fmt: skip
    assert taken["units"] == "20"


def test_where_the_computing_power_must_not_fall_another_mix_is_cheapest(
    operator_client: Client, where: Centre
) -> None:
    priced("Ascend 910B", "110000")
    priced("MLU370", "32000")
    (added,) = rows(operator_client, **free(way="add"))
    assert (added["chip_model"], added["units"]) == ("MLU370", "41")
    kept = rows(operator_client, target="CN-2025", computing_power="kept")
    given = sum(int(row["units"]) * {"Ascend 910B": 320, "MLU370": 96}.get(row["chip_model"], 0) for row in kept)
    lost = sum(int(row["units"]) * 989 for row in kept if row["action"] == "take out")
    assert given >= lost


def test_what_stands_in_the_way_is_said_with_what_would_do(operator_client: Client, where: Centre) -> None:
    priced("Ascend 910B", "110000")
    html = asked(operator_client, **free(budget="2309999.99"))
    assert "No mix of the chips on offer complies within these limits; that is proved." in html
    assert "2,310,000 CNY would do, and nothing less" in html
    assert "2,310,000" in asked(operator_client, **free(budget="2310000"))
    html = asked(operator_client, **free(way="add", power="12.709"))
    assert "12.71 kW would do, and nothing less" in html
    assert "51" in asked(operator_client, **free(way="add", power="12.71"))
    html = asked(operator_client, **free(**{f"available-{key_of('Ascend 910B')}": "20"}))
    assert "What can be delivered stands in the way" in html
    assert rows(operator_client, **free(budget="1")) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("budget", "lots", "Enter a number."),
        ("budget", "-1", "greater than or equal to 0"),
        ("budget", "NaN", "Enter a number."),
        ("power", "1.2345", "no more than 3 decimal places"),
        ("way", "both", "not one of the available choices"),
        ("target", "CN-1999", "not one of the available choices"),
        ("classes", "abacus", "not one of the available choices"),
        ("price", "0", "greater than or equal to 0.01"),
        ("price", "1e3000000", "digits"),
        ("available", "1.5", "Enter a whole number."),
        ("available", "-1", "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field_and_there_is_no_plan(
    operator_client: Client, where: Centre, field: str, value: str, said: str
) -> None:
    name = f"{field}-{key_of('Ascend 910B')}" if field in ("price", "available") else field
    html = asked(operator_client, 422, **{name: value})
    assert html.count("invalid-feedback") == 1
    assert said in html
    assert "The cheapest mix" not in html
    assert operator_client.get(PLAN + "plan.csv", {name: value}).status_code == 404


def test_who_complies_is_told_how_many_cards_could_be_lost(operator_client: Client, owner: Operator) -> None:
    inventory(cast.centre(owner=owner), {"chip": "Ascend 910B", "quantity": 60}, {"chip": "H800", "quantity": 40})
    html = asked(operator_client, target="SH-2023")
    # 40 of 80 are half; of 79, 39 are not.
    assert "still would if 20 domestic cards were lost" in html
    assert "The cheapest mix" not in html
    # 41 of 81 are over half, 40 of 80 are not.
    assert "still would if 19 domestic cards were lost" in asked(operator_client, target="CN-2025")


def issued(where: Centre, threshold: str, from_on: date, **rule: Any) -> Provision:
    """A provision of the nationwide mandate to come."""
    known = Provision.objects.get(mandate__code="CN-2025")
    step = {"from": from_on.isoformat(), "comparator": "at_least", "threshold": threshold}
    now = timezone.now()
    return Provision.objects.create(
        mandate=known.mandate, from_on=from_on, recorded_at=now, issued_at=now, legal_text="More.",
        rule=known.rule | {"steps": [step]} | rule,
    )  # fmt: skip


def test_a_step_to_come_can_be_planned_for(operator_client: Client, where: Centre) -> None:
    issued(where, "0.6", date(2027, 1, 1))
    html = asked(operator_client, **free(target="CN-2025/2027-01-01", **{f"price-{key_of('Ascend 910B')}": "1"}))
    assert "CN-2025: at least 60%, from 1 January 2027 on" in html
    assert "units to replace by domestic ones: 30;" in html
    assert "(3/5)" in html


def test_by_compute_it_says_how_many_of_which_model_and_what_is_cheapest(
    operator_client: Client, where: Centre
) -> None:
    issued(where, "0.5", date(2026, 1, 1), metric="compute", population=Provision.objects.get(
        mandate__code="CN-2025-NEW").rule["population"])  # fmt: skip
    priced("Ascend 910B", "110000")
    priced("Ascend 910C", "185000")
    html = asked(operator_client, **free(target="CN-2025/2026-01-01"))
    # 9,600 of 78,830 TFLOPS are domestic, and 80 × 752 added to both are just over half.
    assert "The least that would do, of one model alone" in html
    cells = html.split('id="least"')[1].split("Ascend 910C</th>")[1].split("</tr>")[0]
    assert ">752</td>" in cells
    # In place of n: 9,600 + 752 n of 78,830 − 237 n.
    assert ">35</td>" in cells
    assert ">80</td>" in cells
    # 46 × 110,000 CNY is less than 35 × 185,000.
    bought = rows(operator_client, **free(target="CN-2025/2026-01-01"))[0]
    assert (bought["chip_model"], bought["units"]) == ("Ascend 910B", "46")


def test_by_designer_and_fabricator_only_what_is_made_at_home_is_on_offer(
    operator_client: Client, where: Centre
) -> None:
    issued(where, "0.5", date(2026, 1, 1), origin_rule="designer_and_fabricator")
    html = asked(operator_client, target="CN-2025/2026-01-01")
    assert f'name="price-{key_of("Ascend 910B")}"' in html
    # Designed in China, made in Taiwan; and of the last nobody knows where.
    for name in ("Ascend 910", "MLU590"):
        assert f'name="price-{key_of(name)}"' not in html
    assert f'name="price-{key_of("Ascend 910")}"' in asked(operator_client, target="CN-2025")


def test_an_exempt_centre_plans_for_the_day_after(operator_client: Client, where: Centre) -> None:
    mandate = Provision.objects.get(mandate__code="CN-2025").mandate
    Exemption.objects.create(
        centre=where, mandate=mandate, from_on=date(2025, 1, 1), to_on=date(2026, 6, 30), reason="Moving.",
        granted_by=cast.regulator(), granted_at=timezone.now(), **cast.proposed(),
    )  # fmt: skip
    html = asked(operator_client, target="CN-2025")
    assert "An exemption covers this day" in html
    assert "The cheapest mix" not in html
    html = asked(operator_client, target="CN-2025/2026-07-01")
    assert "CN-2025: over 50%, from 1 July 2026 on" in html
    assert "units to replace by domestic ones: 21;" in html


def test_a_line_without_the_figure_that_the_rule_weighs_by_is_named(operator_client: Client, owner: Operator) -> None:
    made = cast.centre(owner=owner)
    inventory(made, {"chip": "Ascend 910B", "quantity": 1}, {"chip": "MLU270", "quantity": 9})
    issued(made, "0.5", date(2026, 1, 1), metric="compute", population=Provision.objects.get(
        mandate__code="CN-2025-NEW").rule["population"])  # fmt: skip
    html = asked(operator_client, target="CN-2025/2026-01-01")
    assert "No plan can be reckoned while a line that counts lacks the figure" in html
    assert "MLU270" in html.split("that the rule weighs it by:")[1].split("</p>")[0]


def test_without_an_inventory_or_a_rule_it_says_so(operator_client: Client, owner: Operator) -> None:
    cast.centre(owner=owner)
    assert "No inventory of this centre was accepted yet." in asked(operator_client)
    private = cast.centre("SH-07", owner=owner, kind="general", ownership="private")
    inventory(private, {"chip": "H800", "quantity": 1})
    assert b"No rule asks anything of this centre" in operator_client.get("/centres/SH-07/plan/").content


def test_a_plan_that_the_engine_does_not_call_compliant_is_refused(
    operator_client: Client, where: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planning.planned_document

    def forgets_what_was_bought(document: dict, *rest: Any) -> dict:
        return made(document, *rest) | {"lines": document["lines"]}

    monkeypatch.setattr(planning, "planned_document", forgets_what_was_bought)
    query = free(**{f"price-{key_of('Ascend 910B')}": "1"})
    html = asked(operator_client, **query)
    assert "The plan that was found is refused" in html
    assert "Of these models no number is told" in html
    assert "Take out" not in html
    assert rows(operator_client, **query) == []


@pytest.mark.parametrize("who", ["regulator", "analyst", "regulator here"])
def test_regulators_and_analysts_see_what_the_operator_sees(client: Client, where: Centre, who: str) -> None:
    made = {
        "regulator": cast.regulator,
        "analyst": cast.analyst,
        "regulator here": lambda: cast.regional_regulator("31"),
    }
    client.force_login(made[who]())
    assert "domestic units to add: 41" in asked(client, target="CN-2025")


def test_a_rival_meets_what_a_wrong_address_meets(client: Client, where: Centre, rival: Operator) -> None:
    client.force_login(cast.user("other", Role.OPERATOR, acts_for=rival))
    for ending in ("plan/", "plan/plan.csv"):
        foreign, missing = client.get(f"/centres/SH-01/{ending}"), client.get(f"/centres/SH-99/{ending}")
        assert foreign.status_code == missing.status_code == 404
        assert cast.told(foreign, "SH-01") == cast.told(missing, "SH-99")
    client.force_login(cast.regional_regulator("11"))
    assert client.get(PLAN).status_code == 404
    client.force_login(cast.administrator())
    assert client.get(PLAN).status_code == 403


def test_what_others_paid_shows_nowhere(operator_client: Client, where: Centre, rival: Operator) -> None:
    theirs = cast.centre("SH-02", owner=rival)
    inventory(theirs, {"chip": "Ascend 910B", "quantity": 5, "unit_price_cny": Decimal("87654.32")})
    html = asked(operator_client, target="CN-2025")
    assert "87,654.32" not in html
    assert "87654.32" not in html
    # Nor is what the centre itself paid taken for what a card costs.
    assert "No price is known of any chip" in html


def test_it_only_reads_and_costs_the_same_for_any_number_of_lines(
    operator_client: Client, owner: Operator, where: Centre
) -> None:
    priced("Ascend 910B", "110000")
    large = cast.centre("SH-20", owner=owner)
    inventory(large, *({"chip": "H800", "quantity": 10 + row} for row in range(20)))
    counted = []
    for code in ("SH-01", "SH-20"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert operator_client.get(f"/centres/{code}/plan/").status_code == 200
        # What is copied out is kept as bytes.
        statements = [sql.decode() if isinstance(sql := query["sql"], bytes) else sql for query in queries]
        assert [sql for sql in statements if not sql.startswith(("SELECT", "\n"))] == []
        counted.append(len(statements))
    # Session, user, memberships, the centre; its last period, and of that the record, the inventory, who has no
    # history, provisions, exemptions, hand decisions, chip revisions, models without one, lines; provisions to come;
    # the models of the lines; the catalogue: revisions, models with vendors, claims; regions for the rule in words;
    # whether anything is synthetic.
    assert counted[0] == counted[1]


def test_targets_are_the_engines_own_answers(where: Centre) -> None:
    found = inventory_of(where)
    assert found is not None
    assert [target.key for target in found.targets] == ["CN-2025", "SH-2023"]
    assert all(target.answer == answer(target.document) for target in found.targets)
