"""Quarters as numbers that can be counted on, and back as they are written."""

from datetime import date, timedelta


def number_of(code: str) -> int:
    """``2025Q4`` as a number; the quarter after it is one more."""
    return 4 * int(code[:4]) + int(code[5]) - 1


def code_of(number: int) -> str:
    """The quarter that `number_of` makes `number` of."""
    return f"{number // 4}Q{number % 4 + 1}"


def last_day_of(number: int) -> date:
    """The last day of a quarter, on which it is judged."""
    following = number + 1
    return date(following // 4, 3 * (following % 4) + 1, 1) - timedelta(days=1)


def number_on(day: date) -> int:
    """The number of the quarter in which `day` lies."""
    return 4 * day.year + (day.month - 1) // 3
