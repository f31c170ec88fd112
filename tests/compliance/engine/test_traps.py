"""Traps of arithmetic, measured elsewhere: each would flip a verdict where it were fallen into."""

from typing import Any

import pytest

from compliance.engine.answer import answer
from tests.compliance.engine.documents import document, line


def outcome(*lines: dict[str, Any], metric: str = "units", threshold: str = "0.5") -> str:
    asked = document(*lines, threshold=threshold)
    asked["provision"]["metric"] = metric
    return str(answer(asked)["outcome"])


def of(compute: str, designer: str = "CN") -> dict[str, Any]:
    return line(1, compute=compute, designer=designer)


@pytest.mark.parametrize("half", [10**7, 10**12])
def test_one_card_under_half_of_any_number_is_under_half(half: int) -> None:
    assert outcome(line(half - 1), line(half, designer="US")) == "non_compliant"
    assert outcome(line(half), line(half, designer="US")) == "compliant"


def test_a_share_that_a_float_takes_for_half_is_none() -> None:
    domestic, foreign = "49999999999999999", "50000000000000001"
    assert int(domestic) / (int(domestic) + int(foreign)) == 0.5
    assert outcome(of(domestic), of(foreign, "US"), metric="compute") == "non_compliant"


def test_tenths_add_up() -> None:
    assert sum([0.1] * 10) < 1
    assert outcome(*(of("0.1") for _ in range(10)), of("1", "US"), metric="compute") == "compliant"
    assert 0.7 + 0.1 < 0.8
    assert outcome(of("0.7"), of("0.1"), of("0.2", "US"), metric="compute", threshold="0.8") == "compliant"
