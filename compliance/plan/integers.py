"""The exact minimum of a sum over whole numbers, with the proof that nothing costs less, or the gap to it.

Solved by CP-SAT, which reckons in integers of 64 bits. A row that needs more is rounded twice: inwards, so that what
is found keeps the exact row, and outwards, so that what is proved of the wider program holds of the exact one.
"""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm
from time import monotonic
from typing import NamedTuple

from ortools.sat.python import cp_model

# No sum in a program that is handed to the solver reaches it.
LARGEST = 2**61


class Proof(StrEnum):
    """What is known of the minimum."""

    LEAST = "least"
    # A solution, and a bound under it: time ended before they met.
    GAP = "gap"
    NONE = "none"
    UNKNOWN = "unknown"


class Row(NamedTuple):
    """That the sum of coefficient × variable is `at_least` so much, or more where it `is_strict`."""

    coefficients: Sequence[Fraction]
    at_least: Fraction
    is_strict: bool = False


class Program(NamedTuple):
    """Whole variables from 0 to `upper`, the rows that they keep, and what is to be least: `costs` × variables."""

    upper: Sequence[int]
    rows: Sequence[Row]
    costs: Sequence[Fraction]


class Minimum(NamedTuple):
    """`values` cost `cost`, and it is proved that nothing costs less than `bound`; None where there is none."""

    proof: Proof
    values: tuple[int, ...] | None = None
    cost: Fraction | None = None
    bound: Fraction | None = None


class Clock:
    """How much of a number of seconds is left, beginning now."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._end - monotonic())


class _Whole(NamedTuple):
    """A program in integers that fit: its rows, its costs in parts of `unit`, and whether any was rounded."""

    rows: list[tuple[list[int], int]]
    costs: list[int]
    unit: Fraction
    is_rounded: bool


def minimise(program: Program, clock: Clock) -> Minimum:
    """The least solution of `program` that is found before `clock` runs out; the same on any machine but for time."""
    inner = _whole(program, inwards=True)
    values, bound, is_none = _solve(program.upper, inner, clock)
    if inner.is_rounded:
        outer = _whole(program, inwards=False)
        _values, bound, is_none = _solve(program.upper, outer, clock)
    if values is None:
        return Minimum(Proof.NONE if is_none else Proof.UNKNOWN)
    cost = sum((c * v for c, v in zip(program.costs, values, strict=True)), Fraction())
    return Minimum(Proof.LEAST if bound == cost else Proof.GAP, values, cost, bound)


def _whole(program: Program, *, inwards: bool) -> _Whole:
    rows, is_rounded = [], False
    for row in program.rows:
        coefficients, least = _in_integers(row)
        parts = _parts_of_one(coefficients, program.upper, least)
        if parts > 1:
            is_rounded = True
            coefficients = [_divided(c, parts, up=not inwards) for c in coefficients]
            least = _divided(least, parts, up=inwards)
        rows.append((coefficients, least))
    scale = lcm(*(cost.denominator for cost in program.costs))
    costs = [int(cost * scale) for cost in program.costs]
    divisor = gcd(*costs) or 1
    costs = [cost // divisor for cost in costs]
    parts = _parts_of_one(costs, program.upper, 0)
    # Rounded down, what is least of the rounded is no more than what is least.
    return _Whole(rows, [cost // parts for cost in costs], Fraction(divisor * parts, scale), is_rounded or parts > 1)


def _in_integers(row: Row) -> tuple[list[int], int]:
    """The same row over integers without a common divisor, and never strict."""
    scale = lcm(*(c.denominator for c in row.coefficients), row.at_least.denominator)
    coefficients = [int(c * scale) for c in row.coefficients]
    least, divisor = int(row.at_least * scale), gcd(*coefficients) or 1
    # The sum is a multiple of the divisor: what it must exceed, it exceeds by one of those.
    quotient, remainder = divmod(least, divisor)
    return [c // divisor for c in coefficients], quotient + 1 if row.is_strict else quotient + (remainder > 0)


def _parts_of_one(coefficients: Sequence[int], upper: Sequence[int], least: int) -> int:
    """By how much a row must be divided to fit."""
    reach = sum(abs(c) * max(1, u) for c, u in zip(coefficients, upper, strict=True)) + abs(least)
    return reach // LARGEST + 1


def _divided(value: int, parts: int, *, up: bool) -> int:
    return -(-value // parts) if up else value // parts


def _solve(upper: Sequence[int], whole: _Whole, clock: Clock) -> tuple[tuple[int, ...] | None, Fraction | None, bool]:
    """The best values found, what nothing costs less than, and whether it is proved that there is no solution."""
    model = cp_model.CpModel()
    variables = [model.new_int_var(0, most, f"x{place}") for place, most in enumerate(upper)]
    for coefficients, least in whole.rows:
        model.add(cp_model.LinearExpr.weighted_sum(variables, coefficients) >= least)
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, whole.costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_time_in_seconds = clock.left()
    status = solver.solve(model)
    if status == cp_model.MODEL_INVALID:
        raise ValueError(f"The solver refuses the program: {model.validate()}")
    if status == cp_model.INFEASIBLE:
        return None, None, True
    bound = solver.response_proto.inner_objective_lower_bound * whole.unit
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return tuple(solver.value(variable) for variable in variables), bound, False
    return None, bound, False
