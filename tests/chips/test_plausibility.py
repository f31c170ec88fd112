"""Whether a draft adds up: the numbers just under, at and over what raises a question."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chips.models import ChipModel, Submission
from chips.plausibility import Question, code_of, questions
from tests import cast
from tests.chips.inventories import line, store


@pytest.mark.parametrize(
    ("opening", "acquired", "retired", "retired_before", "closing", "code"),
    [
        # What stood stands.
        (100, 0, 0, 0, 100, None),
        (100, 0, 0, 0, 99, "does_not_add_up"),
        (100, 0, 0, 0, 101, "does_not_add_up"),
        # Bought and retired: 100 + 20 - 30 = 90.
        (100, 20, 30, 0, 90, None),
        (100, 20, 30, 0, 89, "does_not_add_up"),
        (100, 20, 30, 0, 91, "does_not_add_up"),
        # Retired units listed for good (30 then, 40 now: 10 are new) or only those since the last quarter (40 are).
        (100, 0, 40, 30, 90, None),
        (100, 0, 40, 30, 60, None),
        (100, 0, 40, 30, 91, "does_not_add_up"),
        (100, 0, 40, 30, 89, "does_not_add_up"),
        (100, 0, 40, 30, 61, "does_not_add_up"),
        # Those that were retired are back.
        (100, 0, 0, 30, 130, None),
        (100, 0, 0, 30, 131, "does_not_add_up"),
        # Gone without a word, or with one.
        (100, 0, 0, 0, 0, "model_gone"),
        (1, 0, 0, 0, 0, "model_gone"),
        (100, 0, 0, 30, 0, "model_gone"),
        (100, 0, 100, 0, 0, None),
        (100, 0, 99, 0, 0, "does_not_add_up"),
        (100, 0, 1, 0, 0, "does_not_add_up"),
        # Ten times as many, or a tenth, whether it adds up or not.
        (10, 89, 0, 0, 99, None),
        (10, 90, 0, 0, 100, "tenfold"),
        (10, 91, 0, 0, 101, "tenfold"),
        (10, 0, 0, 0, 100, "tenfold"),
        (100, 0, 89, 0, 11, None),
        (100, 0, 90, 0, 10, "tenfold"),
        (100, 0, 91, 0, 9, "tenfold"),
        # New, with the days on which it was bought and without.
        (0, 50, 0, 0, 50, None),
        (0, 0, 0, 0, 50, "does_not_add_up"),
        (0, 49, 0, 0, 50, "does_not_add_up"),
        (0, 51, 0, 0, 50, "does_not_add_up"),
        (0, 0, 0, 0, 0, None),
    ],
)
def test_what_raises_a_question(
    opening: int, acquired: int, retired: int, retired_before: int, closing: int, code: str | None
) -> None:
    found = code_of(opening=opening, acquired=acquired, retired=retired, retired_before=retired_before, closing=closing)
    assert found == code


def asked(before: list[Any], now: list[Any], quarter: str = "2025Q3") -> list[tuple[str, dict[str, int]]]:
    where = cast.centre()
    store(where, before, quarter=quarter, status="accepted")
    return [(one.code, one.params) for one in questions(store(where, now))]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("acquired_on", "code"),
    [
        # The last accepted quarter ended on 30 September, the draft's on 31 December.
        ("2025-09-30", "does_not_add_up"),
        ("2025-10-01", None),
        ("2025-12-31", None),
        ("2026-01-01", "does_not_add_up"),
        (None, "does_not_add_up"),
    ],
)
def test_what_was_bought_since_the_last_quarter_and_up_to_the_end_of_this(
    acquired_on: str | None, code: str | None
) -> None:
    added = line(quantity=20, status="installing", acquired_on=acquired_on)
    found = asked([line(quantity=100)], [line(quantity=100), added])
    acquired = 0 if code else 20
    assert found == ([(code, {"opening": 100, "acquired": acquired, "retired": 0, "closing": 120})] if code else [])


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "stands"), [
    ("in_service", True), ("installing", True), ("spare", True), ("planned", False), ("retired", False),
])  # fmt: skip
def test_what_stands_in_the_centre_is_counted(status: str, stands: bool) -> None:
    retired = 100 if status == "retired" else 0
    found = asked([line(quantity=100)], [line(quantity=100, status=status)])
    assert found == ([("model_gone", {"opening": 100, "acquired": 0, "retired": 0, "closing": 0})]
                     if not stands and not retired else [])  # fmt: skip


@pytest.mark.django_db
def test_one_question_a_model_in_the_order_of_their_names() -> None:
    found = asked([line("h800", 5), line("ascend", 7)], [line("h800", 60), line("h800", 1, status="planned")])
    assert [code for code, _ in found] == ["model_gone", "tenfold"]


@pytest.mark.django_db
def test_a_nil_return_after_a_stock_asks_where_it_went() -> None:
    assert asked([line(quantity=100)], []) == [
        ("model_gone", {"opening": 100, "acquired": 0, "retired": 0, "closing": 0})
    ]


@pytest.mark.django_db
def test_a_stock_after_a_nil_return_asks_whence_it_came() -> None:
    assert asked([], [line(quantity=100)]) == [
        ("does_not_add_up", {"opening": 0, "acquired": 0, "retired": 0, "closing": 100})
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["submitted", "returned", "draft"])
def test_a_first_inventory_is_asked_nothing(status: str) -> None:
    where = cast.centre()
    store(where, [line(quantity=1)], quarter="2025Q3", status=status)
    # Of a later quarter, of this one, or of another centre: none of it was before.
    store(where, [line(quantity=1)], quarter="2026Q1", status="accepted")
    store(where, [line(quantity=1)], status="accepted")
    store(cast.centre("SH-02"), [line(quantity=1)], quarter="2025Q3", status="accepted")
    assert questions(store(where, [line(quantity=1000)])) == []


@pytest.mark.django_db
def test_it_is_held_against_the_last_version_of_the_last_quarter() -> None:
    where = cast.centre()
    for quarter, quantity in (("2025Q1", 10), ("2025Q2", 20), ("2025Q2", 30)):
        store(where, [line(quantity=quantity)], quarter=quarter, status="accepted")
    assert questions(store(where, [line(quantity=30)])) == []
    (asked_of,) = questions(store(where, [line(quantity=20)]))
    assert asked_of.params["opening"] == 30


@pytest.mark.django_db
def test_a_question_has_a_key_that_stays_and_words_in_both_languages() -> None:
    where = cast.centre()
    store(where, [line(quantity=1234)], quarter="2025Q3", status="accepted")
    (question,) = questions(store(where, []))
    chip = ChipModel.objects.get(name="Ascend 910B")
    assert (question.key, question.chip_name) == (f"model_gone:{chip.pk}", "Huawei (HiSilicon) Ascend 910B")
    english, chinese = (question.worded(language) for language in ("en", "zh-hans"))
    assert english["code"] == "model_gone"
    assert english["value"] == "Huawei (HiSilicon) Ascend 910B"
    assert "1234" in english["message"]
    assert english["message"].isascii()
    assert "1234" in chinese["message"]
    assert not chinese["message"].isascii()


@pytest.mark.parametrize("code", ["model_gone", "tenfold", "does_not_add_up"])
def test_every_code_is_in_the_registry(code: str) -> None:
    params = {"opening": 1, "acquired": 2, "retired": 3, "closing": 4}
    assert Question(code, 1, "Huawei (HiSilicon) Ascend 910B", params).worded("en")["message"]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [2, 20])
def test_it_costs_two_queries_however_many_lines(count: int) -> None:
    where = cast.centre()
    store(where, [line(quantity=one) for one in range(1, count + 1)], quarter="2025Q3", status="accepted")
    draft = store(where, [line("h800", quantity=one) for one in range(1, count + 1)])
    draft = Submission.objects.select_related("period").get(pk=draft.pk)
    # The last accepted submission; the units of both by model.
    with CaptureQueriesContext(connection) as queries:
        assert len(questions(draft)) == 2
    assert len(queries) == 2
