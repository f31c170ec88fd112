"""What is called the least is the least, and what is called impossible has no solution: against trying everything."""

import itertools
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.plan.integers import Clock, Program, Proof, Row, minimise

# Small numbers, and such as no integer of 64 bits holds.
numbers = st.builds(
    lambda n, size, rest, parts: Fraction(n * 10**size + rest, parts),
    st.integers(-9, 9), st.sampled_from([0, 12, 25]), st.integers(0, 3), st.sampled_from([1, 3, 100]),
)  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> Program:
    width = draw(st.integers(1, 4))
    several = st.lists(numbers, min_size=width, max_size=width)
    rows = st.builds(Row, several, numbers, st.booleans())
    upper = st.lists(st.integers(0, 4), min_size=width, max_size=width)
    return Program(draw(upper), draw(st.lists(rows, min_size=1, max_size=3)), draw(several))


def keeps(row: Row, values: tuple[int, ...]) -> bool:
    total = sum(c * v for c, v in zip(row.coefficients, values, strict=True))
    return total > row.at_least if row.is_strict else total >= row.at_least


def least_by_trying(program: Program) -> Fraction | None:
    costs = []
    for values in itertools.product(*(range(most + 1) for most in program.upper)):
        sums = [sum(c * v for c, v in zip(row.coefficients, values, strict=True)) for row in program.rows]
        kept = (
            s > row.at_least if row.is_strict else s >= row.at_least for s, row in zip(sums, program.rows, strict=True)
        )
        if all(kept):
            costs.append(sum((c * v for c, v in zip(program.costs, values, strict=True)), Fraction()))
    return min(costs, default=None)


@settings(max_examples=500, deadline=None)
@given(programs())
def test_it_agrees_with_trying_everything(program: Program) -> None:
    found, least = minimise(program, Clock(20)), least_by_trying(program)
    if found.proof == Proof.NONE:
        assert least is None
    elif found.proof == Proof.LEAST:
        assert found.cost == least
    elif found.proof == Proof.GAP:
        # Rounded, since it does not fit: what is found keeps the rows, and the bound is one.
        assert least is not None
        assert found.bound is not None
        assert found.cost is not None
        assert found.bound <= least <= found.cost
    small = all(abs(number) < 10**6 for row in program.rows for number in (*row.coefficients, row.at_least))
    if small and all(abs(cost) < 10**6 for cost in program.costs):
        assert found.proof in (Proof.LEAST, Proof.NONE)
