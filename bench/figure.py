"""One measured figure, held against another of the same run."""

from typing import TypedDict


class Figure(TypedDict):
    name: str
    value: float
    unit: str
    against: str
    against_value: float
    ratio: float
    goal: str
    met: bool
    size: str
