"""Quarters begin and end in Asia/Shanghai, to the instant."""

from datetime import UTC, date, datetime

import pytest

from centres.periods import UnknownPeriod, closes_at, quarter


@pytest.mark.parametrize(
    ("code", "starts_on", "ends_on"),
    [
        ("2024Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("2024Q2", date(2024, 4, 1), date(2024, 6, 30)),
        ("2025Q3", date(2025, 7, 1), date(2025, 9, 30)),
        ("2025Q4", date(2025, 10, 1), date(2025, 12, 31)),
    ],
)
def test_a_quarter_has_its_days(code: str, starts_on: date, ends_on: date) -> None:
    assert (quarter(code).starts_on, quarter(code).ends_on) == (starts_on, ends_on)


def test_the_last_quarter_closes_when_the_year_ends_in_shanghai() -> None:
    assert closes_at(quarter("2025Q4")) == datetime(2025, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize("code", ["2025Q5", "2025q4", "2025", "２０２５Q4", "2025Q4 "])
def test_what_names_no_quarter_is_refused(code: str) -> None:
    with pytest.raises(UnknownPeriod, match="2025Q4"):
        quarter(code)
