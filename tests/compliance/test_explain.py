"""A determination explains itself: its arithmetic, each line, each fact's source, on the page and in the API."""

import json
import tracemalloc
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from centres.models import Centre, Operator
from chips.catalogue import adopt
from chips.models import ChipClass, ChipModel, Figure, InventoryLine, Submission, Vendor
from chips.submissions import next_keys
from compliance.arithmetic import arithmetic_of, bound_in_words, sum_in_words
from compliance.determine import determine
from compliance.engine import answer
from compliance.exemptions import revoke
from compliance.models import Determination, HandDecision, Mandate
from compliance.shares import percent_of
from tests import cast
from tests.compliance.engine.documents import document, line
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db


def determined(where: Centre, mandate: str = "CN-2025") -> Determination:
    determine(period=cast.period(), cause="test", centres=[where])
    return Determination.objects.get(centre=where, provision__mandate__code=mandate, current__isnull=False)


def told(client: Client, made: Determination, **query: str) -> dict[str, Any]:
    response = client.get(f"/api/v1/determinations/{made.pk}/explanation/", query)
    assert response.status_code == 200
    found: dict[str, Any] = json.loads(response.getvalue())
    return found


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(cast.analyst())
    return client


@pytest.mark.parametrize(
    ("comparator", "said"),
    [
        ("at_least", "500 × 2 ≥ 1,000 × 1, that is 1,000 ≥ 1,000, so the threshold is met."),
        ("over", "500 × 2 ≤ 1,000 × 1, that is 1,000 ≤ 1,000, so the threshold is not passed."),
    ],
)
def test_half_is_held_against_the_threshold_in_plain_words(comparator: str, said: str) -> None:
    asked = document(line(500), line(500, designer="US"), comparator=comparator)
    reckoned = arithmetic_of(asked, answer(asked))
    assert reckoned is not None
    assert sum_in_words(reckoned) == "500 domestic + 500 foreign + 0 of unknown origin = 1,000 units of chips."
    assert bound_in_words(reckoned.low, reckoned).endswith(said)
    with translation.override("zh-hans"):
        assert "500 × 2" in bound_in_words(reckoned.low, reckoned)


@pytest.mark.parametrize(
    ("domestic", "shown", "is_met", "is_passed"),
    [(4_999_999, "49.9999", False, False), (5_000_000, "50.0000", True, False), (5_000_001, "50.0000", True, True)],
)
def test_no_share_is_shown_rounded_up_to_a_threshold_that_it_does_not_reach(
    domestic: int, shown: str, is_met: bool, is_passed: bool
) -> None:
    for comparator, is_due in (("at_least", is_met), ("over", is_passed)):
        asked = document(line(domestic), line(10_000_000 - domestic, designer="US"), comparator=comparator)
        reply = answer(asked)
        reckoned = arithmetic_of(asked, reply)
        assert reckoned is not None
        assert (percent_of(reply["low"]), reckoned.low.is_met) == (shown, is_due)
        assert f"{shown}%" in bound_in_words(reckoned.low, reckoned)


def test_computing_power_is_reckoned_in_whole_decimals() -> None:
    asked = document(line(3, compute="0.1"), line(7, designer="US", compute="0.123456789"))
    asked["provision"]["metric"] = "compute"
    reckoned = arithmetic_of(asked, answer(asked))
    assert reckoned is not None
    assert sum_in_words(reckoned) == (
        "0.3 domestic + 0.864197523 foreign + 0 of unknown origin = 1.164197523 TFLOPS dense FP16."
    )


def test_the_page_and_the_api_tell_the_sum_what_was_left_out_and_who_says_so(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner)
    inventory(
        where,
        {"chip": "Ascend 910B", "quantity": 500},
        {"chip": "H800", "quantity": 500},
        {"chip": "H800", "quantity": 30, "status": "planned"},
        {"chip": "H800", "quantity": 4, "status": "spare"},
        {"chip": "H800", "quantity": 2, "acquired_on": date(2026, 1, 1)},
    )
    made = determined(where)
    html = reader.get(f"/determinations/{made.pk}/").content.decode()
    for text in (
        "500 domestic + 500 foreign + 0 of unknown origin = 1,000 units of chips.",
        "500 × 2 ≤ 1,000 × 1",
        'left out: not in a status that the rule counts</th><td class="number">2</td><td class="number">34</td>',
        'left out: acquired after the day that is asked about</th><td class="number">1</td><td class="number">2</td>',
        f"no. {made.centre_record_id}, from",
        f"no. {made.chip_revisions[0]}, from",
    ):
        assert text in html, text
    assert "Whether the centre is state-funded is not known" in html
    found = told(reader, made)
    assert [(one["reason"], one["lines"], one["units"]) for one in found["left_out"]] == [
        ("status", 2, 34),
        ("acquired_after_as_of", 1, 2),
    ]
    assert answer(found["document"]) == found["answer"] == made.answer
    assert [(one["row"], one["excluded"], one["origin"]) for one in found["lines"]] == [
        (2, None, "domestic"), (3, None, "foreign"), (4, "status", "foreign"), (5, "status", "foreign"),
        (6, "acquired_after_as_of", "foreign"),
    ]  # fmt: skip
    assert {one["chip_revision"] for one in found["lines"]} == set(made.chip_revisions)
    ascend = next(chip for chip in found["chips"] if chip["name"] == "Ascend 910B")
    assert {"designer_country", "fp16_tflops"} <= {claim["figure"] for claim in ascend["claims"]}
    assert all(claim["confidence"] for claim in ascend["claims"])
    # The 910B's computing power is contested, and a rule that counts units does not read it.
    assert {"chip_model": ascend["chip_model"], "figure": "fp16_tflops"} in found["doubt"]["contested_unread"]


def test_a_model_of_which_nothing_was_known_on_that_day_is_said(reader: Client, owner: Operator) -> None:
    model = ChipModel.objects.create(
        vendor=Vendor.objects.all()[0], name="Newest", chip_class=ChipClass.ACCELERATOR, workload="mixed"
    )
    claim = model.claims.create(figure=Figure.DESIGNER_COUNTRY, value="CN", source="a test", confidence="reported")
    adopt(model=model, claims=[claim], from_on=date(2026, 1, 1), decided_by="a regulator", reason="a test")
    where = cast.centre(owner=owner)
    inventory(where, {"chip": "Newest", "quantity": 9}, {"chip": "H800", "quantity": 1})
    made = determined(where)
    assert made.outcome == "undetermined"
    html = reader.get(f"/determinations/{made.pk}/").content.decode()
    assert "The catalogue knew nothing of this model on that day: its origin and figures count as unknown." in html
    assert "It complies if at least 6 units of chips of unknown origin are domestic, and not otherwise." in html
    found = told(reader, made)
    assert [one["chip_revision"] is None for one in found["lines"]] == [True, False]
    assert found["doubt"]["unknown_origin"]["all_domestic"]["outcome"] == "compliant"
    assert found["doubt"]["unknown_origin"]["decisive"] == "6"
    assert found["is_reproduced"]


def test_the_rule_is_told_as_it_was_judged_by_hand(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner, status="building", progress=60, state_funded=True)
    cast.file(where, cast.period(), ascend=1)
    provision = determined(where, "CN-2025-NEW").provision
    HandDecision.objects.create(
        centre=where, provision=provision, ruling="applies", from_on=date(2025, 11, 1), reason="It was promised.",
        decided_by=cast.regulator(), decided_at=timezone.now(),
    )  # fmt: skip
    made = determined(where, "CN-2025-NEW")
    assert made.outcome == "compliant"
    html = reader.get(f"/determinations/{made.pk}/").content.decode()
    assert "The rule as it applies by that decision:" in html
    assert "less than 100% built" in html
    rule = told(reader, made)["rule"]
    assert rule["hand_decision"]["reason"] == "It was promised."
    assert rule["provision"] == provision.pk


def test_a_superseded_determination_leads_to_what_stands(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner)
    cast.file(where, cast.period(), ascend=1)
    before = determined(where)
    cast.file(where, cast.period(), h800=1)
    after = determined(where)
    told_before, told_after = (reader.get(f"/determinations/{one.pk}/").content.decode() for one in (before, after))
    assert f'another took its place. <a href="/determinations/{after.pk}/">' in told_before
    assert "took its place" not in told_after


def test_lines_are_left_out_where_they_are_not_asked_for(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner)
    cast.file(where, cast.period(), ascend=1)
    made = determined(where)
    whole, short = told(reader, made), told(reader, made, lines="none")
    assert short.pop("lines") is None
    assert short["document"].pop("lines") is None
    assert len(whole.pop("lines")) == len(whole["document"].pop("lines")) == 1
    assert short == whole
    path = f"/api/v1/determinations/{made.pk}/explanation/"
    tags = {reader.get(path, query)["ETag"] for query in ({}, {"lines": "none"})}
    assert len(tags) == 2
    refused = reader.get(path, {"lines": "some"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")


def test_its_tag_changes_with_what_is_claimed_of_its_chips(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner)
    cast.file(where, cast.period(), ascend=1)
    path = f"/api/v1/determinations/{determined(where).pk}/explanation/"
    tag = reader.get(path)["ETag"]
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 304
    ChipModel.objects.get(name="Ascend 910B").claims.create(
        figure=Figure.DESIGNER_COUNTRY, value="US", source="a test", confidence="reported"
    )
    assert reader.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_the_download_is_what_the_api_answers(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner)
    cast.file(where, cast.period(), ascend=1)
    made = determined(where)
    response = reader.get(f"/determinations/{made.pk}/explanation.json")
    assert response["Content-Disposition"] == f'attachment; filename="SH-01-2025Q4-CN-2025-{made.pk}.json"'
    assert json.loads(response.getvalue()) == told(reader, made)


def test_what_is_claimed_later_is_told_apart_in_an_explanation_of_the_past(reader: Client, owner: Operator) -> None:
    where = cast.centre("SH-02", owner=owner)
    inventory(where, {"chip": "Ascend 910B"}, {"chip": "H800"})
    made = determined(where)
    model = ChipModel.objects.get(name="H800")
    before = told(reader, made)
    assert before["claimed_since"] == []
    said = {"figure": "designer_country", "value": "CN", "source": "a rumour", "confidence": "reported"}
    claim = model.claims.create(**said)
    model.claims.create(**said | {"figure": "memory_gb", "value": "1"})
    after = told(reader, made)
    (since,) = after.pop("claimed_since")
    assert (since["id"], since["chip_model"], since["source"]) == (claim.pk, model.pk, "a rumour")
    # All else is as it was.
    assert after == {key: value for key, value in before.items() if key != "claimed_since"}
    page = unescape(reader.get(f"/determinations/{made.pk}/").content.decode())
    assert "Contested: designer" not in page
    assert page.index("Claimed only since this was determined") < page.index("a rumour")
    # Of what is determined from now on it is told with the rest.
    cast.file(where, cast.period(), ascend=1, h800=2)
    latest = told(reader, determined(where))
    assert [one["figure"] for one in latest["doubt"]["contested"]] == ["designer_country"]
    assert latest["claimed_since"] == []


def test_the_page_costs_the_same_for_2_lines_and_for_20(reader: Client, owner: Operator) -> None:
    def queries(code: str, lines: int) -> int:
        where = cast.centre(code, owner=owner)
        names = list(ChipModel.objects.filter(chip_class="accelerator").values_list("name", flat=True)[:lines])
        inventory(where, *({"chip": name} for name in names))
        made = determined(where)
        with CaptureQueriesContext(connection) as captured:
            assert reader.get(f"/determinations/{made.pk}/").status_code == 200
        return len(captured)

    few = queries("SH-02", 2)
    # Session, user; the determination; which version waits; what stands in its place; revisions, lines, chip models'
    # names; models and their claims, twice (what they are, and what is doubtful of them), and what was claimed since;
    # regions; whether synthetic.
    # And what was known then: records of centres, submissions, provisions, exemptions, decisions by hand, revisions,
    # chip models without any, and lines.
    assert queries("SH-20", 20) == few <= 15 + 8


LINES = 50_000


def test_fifty_thousand_lines_are_told_in_bounded_memory(reader: Client, owner: Operator) -> None:
    where = cast.centre(owner=owner)
    (key,) = next_keys(1)
    models = list(ChipModel.objects.filter(chip_class="accelerator"))
    InventoryLine.objects.bulk_create(
        (
            InventoryLine(
                submission_id=key, row=row, chip_model=models[row % len(models)], quantity=1 + row % 7,
                workload="training", status="in_service", acquisition="purchased",
            )
            for row in range(2, LINES + 2)
        ),
        batch_size=5_000,
    )  # fmt: skip
    now = timezone.now()
    Submission.objects.create(
        pk=key, centre=where, period=cast.period(), version=1, status="accepted", file_name="inventory.csv",
        file_sha256="0" * 64, line_count=LINES, units=1, created_at=now, submitted_at=now, decided_at=now,
    )  # fmt: skip
    made = determined(where)
    response: Any = reader.get(f"/api/v1/determinations/{made.pk}/explanation/")
    # What is held to begin with is the document; what is written of it is let go, part by part.
    tracemalloc.start()
    size = largest = 0
    for part in response.streaming_content:
        size, largest = size + len(part), max(largest, len(part))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 20_000_000
    assert largest < 500_000
    assert peak < 4_000_000
    page = reader.get(f"/determinations/{made.pk}/?page=500").content.decode()
    assert "49,901 to 50,000 of 50,000" in page or "49901 to 50000 of 50000" in page


def test_what_was_revoked_or_repudiated_since_is_told_beside_what_was_known_then(reader: Client) -> None:
    where = cast.centre()
    filed = cast.file(where, cast.period(), ascend=400, h800=600)
    by, mandate = cast.regulator(), Mandate.objects.get(code="CN-2025")
    terms: dict[str, Any] = {"centre": where, "mandate": mandate, "threshold": None, "reason": "Moving."}
    days: dict[str, Any] = {"from_on": date(2025, 7, 1), "to_on": date(2026, 6, 30)}
    earlier, later = (cast.exempted(by=by, **terms, **days)[0] for _number in range(2))
    revoke(exemption=earlier, from_on=date(2026, 4, 1), reason="Why.", by=by)
    made = determined(where)
    revoke(exemption=later, from_on=date(2026, 2, 1), reason="Why.", by=by)
    at = timezone.now()
    Submission.objects.filter(pk=filed.pk).update(status="repudiated", repudiated_at=at, repudiation_reason="Not ours.")
    found = told(reader, made)
    assert [(one["id"], one["ends_on"], one["revoked_since_from_on"]) for one in found["exemptions"]] == [
        (earlier.pk, "2026-03-31", None),
        (later.pk, "2026-06-30", "2026-02-01"),
    ]
    assert found["submission"]["status"] == "repudiated"
    html = reader.get(f"/determinations/{made.pk}/").content.decode()
    assert f"no. {earlier.pk}, 2025-07-01 to 2026-03-31" in html
    assert f"no. {later.pk}, 2025-07-01 to 2026-06-30" in html
    assert html.count("revoked since, from 2026-02-01") == html.count("repudiated since") == 1
