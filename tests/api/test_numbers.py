"""A number is written in ASCII digits: what Python would read besides is refused, and refused at once."""

import time

import pytest

from tests.api.register import Register


@pytest.mark.parametrize("written", ["１００", "٣", "1_0", "1e2", "9" * 999, "1e1000000", "NaN", "-1", "0x10"])
@pytest.mark.parametrize("field", ["declared_lines", "declared_units"])
def test_what_only_resembles_a_number_is_refused(register: Register, field: str, written: str) -> None:
    started = time.perf_counter()
    answer = register.upload("owner", "plain.csv", **{field: written})
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("written", ["１", "٣", "1_0", "1e2", "9" * 999, "+5"])
def test_nor_is_it_the_number_of_an_object_or_the_size_of_a_page(register: Register, written: str) -> None:
    assert register.get("owner", f"submissions/{written}/").status_code == 404
    assert register.get("owner", "submissions/", page_size=written).status_code == 400
