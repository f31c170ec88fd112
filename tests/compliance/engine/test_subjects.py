"""A centre asked many questions gets the answers, to the byte, that the same documents get one by one."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine import DocumentFault, KeptInventory, answer, checked_kind, question, subject
from tests.compliance.engine.documents import document, line

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["100%", "%s%%d", '"', "\\", "\t\n", "昇腾910B", "\u2028", "\x00", "", "é", "𠀀"]
)
days = st.sampled_from(["2023-12-31", "2024-01-01", "2025-12-31", "2026-01-01", None])
countries = st.sampled_from(["CN", "US", None])
lines = st.builds(
    line,
    st.one_of(st.integers(1, 9), st.integers(1, 10**12)),
    designer=countries,
    acquired_on=days,
    status=st.sampled_from(["in_service", "planned"]),
    compute=st.sampled_from(["0.1", "320", "000.0", "1.50", None]),
)
rules = st.fixed_dictionaries(
    {
        "metric": st.sampled_from(["units", "compute", "value"]),
        "origin_rule": st.sampled_from(["designer", "fabricator", "designer_and_fabricator"]),
        "population": st.fixed_dictionaries(
            {
                "classes": st.sampled_from([None, ["accelerator"]]),
                "workloads": st.sampled_from([None, ["training"]]),
                "statuses": st.sampled_from([None, ["in_service"]]),
                "acquired_from": st.sampled_from([None, "2024-01-01"]),
            }
        ),
        "steps": st.sampled_from(
            [
                [{"from": "2025-01-01", "comparator": "over", "threshold": "0.5"}],
                [{"from": "2027-01-01", "comparator": "at_least", "threshold": "0.75"}],
            ]
        ),
    }
)
exemptions = st.lists(
    st.fixed_dictionaries(
        {"from": days.filter(bool), "to": st.none(), "threshold": st.sampled_from([None, "0.1", "0.25"])}
    ),
    max_size=2,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(lines, texts, texts, countries, st.sampled_from(["0", "12.30", None])), max_size=6),
       st.lists(rules, min_size=1, max_size=3), exemptions, st.booleans(), texts)  # fmt: skip
def test_it_answers_as_document_by_document(
    drawn: list[tuple[dict[str, Any], str, str, str | None, str | None]],
    asked: list[dict[str, Any]],
    granted: list[dict[str, Any]],
    is_reported: bool,
    kind: str,
) -> None:
    told = [
        one | {"chip": chip, "workload": workload, "fabricator_country": fabricator, "unit_price": price}
        for one, chip, workload, fabricator, price in drawn
    ]
    whole = document(*told)
    whole |= {"reported": is_reported, "exemptions": granted}
    whole["centre"] |= {"kind": kind}
    inventory = KeptInventory(
        [checked_kind(one) for one in whole["lines"]],
        [str(one["quantity"]) for one in whole["lines"]],
        [json.dumps(one["acquired_on"]) for one in whole["lines"]],
        [json.dumps(one["unit_price"]) for one in whole["lines"]],
        min(filter(None, (one["acquired_on"] for one in whole["lines"])), default=""),
        max(filter(None, (one["acquired_on"] for one in whole["lines"])), default=""),
    )
    assert inventory.lines() == whole["lines"]
    whom = subject(whole["centre"], (lambda: inventory) if is_reported else None)
    if not is_reported:
        whole["lines"] = []
    for rule in asked:
        one = whole | {"provision": whole["provision"] | rule}
        answered = whom.answer(question(one["provision"], one["as_of"]), granted)
        assert answered.answer == answer(one)
        assert json.loads(answered.text()) == answer(one)


def test_whoever_changes_an_answer_changes_no_other() -> None:
    whole = document(line(1))
    whole["provision"]["steps"] = [{"from": "2999-01-01", "comparator": "over", "threshold": "0.5"}]
    answer(whole)["next_step"]["threshold"] = "0.99"
    assert answer(whole)["next_step"]["threshold"] == "0.5"


def test_whoever_changes_a_line_changes_no_kind() -> None:
    said = line(1)
    kind = checked_kind(said)
    said["chip"] = "another"
    assert KeptInventory([kind], ["1"], ["null"], ["null"], "", "").lines()[0]["chip"] != "another"


def test_half_a_character_is_refused_where_it_stands() -> None:
    rule = document()["provision"]
    rule["population"] = rule["population"] | {"classes": ["\ud800"]}
    with pytest.raises(DocumentFault) as refused:
        question(rule, "2025-12-31")
    assert (refused.value.code, refused.value.path) == ("bad_value", "/provision/population/classes/0")


def test_an_exemption_that_is_none_is_refused() -> None:
    whole = document()
    with pytest.raises(DocumentFault) as refused:
        subject(whole["centre"], None).answer(
            question(whole["provision"], whole["as_of"]), [{"from": "2025-01-01", "to": None, "threshold": "1E-7"}]
        )
    assert refused.value.path == "/exemptions/0/threshold"


@pytest.mark.parametrize("longer", range(3))
def test_no_line_of_a_column_that_is_longer_is_left_out_unsaid(longer: int) -> None:
    quantities, days, prices = columns = ["1"], ["null"], ["null"]
    columns[longer].append("7")
    with pytest.raises(ValueError, match="of one length"):
        KeptInventory([checked_kind(line())], quantities, days, prices, "", "")
