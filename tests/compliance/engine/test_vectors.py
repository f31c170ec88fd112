"""Every published document gets its published answer, in process and through the command."""

import json
import subprocess
import sys

import pytest

from compliance.engine import answer
from tests.compliance.engine.documents import document, line, vectors

VECTORS = vectors()


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 320


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["answer"]["outcome"])
def test_the_answer_is_the_published_one(vector: dict) -> None:
    assert answer(vector["document"]) == vector["answer"]


def test_the_command_answers_in_order_and_goes_on_after_a_fault() -> None:
    documents = [json.dumps(v["document"], ensure_ascii=False) for v in VECTORS]
    run = subprocess.run(
        [sys.executable, "-m", "compliance.engine"],
        input="\n".join([*documents[:5], "{", "", *documents[5:]]),
        capture_output=True,
        encoding="utf-8",
    )
    replies = [json.loads(reply) for reply in run.stdout.splitlines()]
    assert run.returncode == 1
    assert [r["error"]["code"] for r in replies[5:7]] == ["not_json", "not_json"]
    assert replies[:5] + replies[7:] == [v["answer"] for v in VECTORS]


def test_the_command_ends_well_where_all_is_well() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "compliance.engine"], input=json.dumps(document(line())), text=True, capture_output=True
    )
    assert (run.returncode, json.loads(run.stdout)["outcome"], run.stderr) == (0, "compliant", "")


def test_exactly_half_meets_at_least_and_not_over() -> None:
    lines = (line(500), line(500, designer="US"))
    shanghai, nationwide = answer(document(*lines)), answer(document(*lines, comparator="over"))
    assert (shanghai["outcome"], shanghai["replace"], shanghai["add"]) == ("compliant", 0, 0)
    assert (nationwide["outcome"], nationwide["replace"], nationwide["add"]) == ("non_compliant", 1, 1)
    assert nationwide["shortfall"] == "0/1"
