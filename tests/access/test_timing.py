"""Nor does the time tell: what is another's is refused as soon as what is not there."""

from collections.abc import Callable
from statistics import median
from time import perf_counter, sleep

import pytest

from accounts.models import User
from tests.access.asking import Answer, Asker, address, by_session, by_token
from tests.access.estates import House
from tests.access.test_matrix import ROUTES, hidden_rows

pytestmark = pytest.mark.django_db

# Seconds between the middle answers.
GREATEST = 0.005
# So often each is asked in turn; and again, where noise made it look as if one took longer.
TIMES, GREATEST_TIMES = 3, 180


@pytest.mark.parametrize(("who", "by"), [("files", by_session), ("files", by_token), ("provinces", by_session)])
def test_what_is_anothers_is_refused_as_soon_as_what_is_not_there(
    house: House, who: str, by: Callable[[User], Asker]
) -> None:
    asker, told = by(house.people[who]), []
    for row, hidden in hidden_rows(house, who):
        # A token opens no page; and what a role is refused without a look is timed of one role.
        if (by is by_token and not row.route.startswith("api:")) or (who == "provinces" and row.cells[who] == "403"):
            continue
        ways = [address(house, ROUTES[row.route], estate, row.state) for estate in (hidden, None)]
        if (apart := _apart(asker, row.method, ways)) >= GREATEST:
            told.append(f"{row}: {apart * 1000:.1f} ms apart")
    assert not told, "\n".join(told)


def test_an_answer_that_takes_longer_is_found() -> None:
    class Slow(Asker):
        def ask(self, method: str, address: str, data: bytes | None = None, of: str = "") -> Answer:
            sleep(2 * GREATEST if address == "there" else 0)
            return Answer(404, b"", {})

    assert _apart(Slow(), "GET", ["there", "missing"]) >= GREATEST


def _apart(asker: Asker, method: str, ways: list[str]) -> float:
    """How far the middle times of both are apart, in seconds."""
    taken: list[list[float]] = [[], []]
    apart = GREATEST
    while apart >= GREATEST and len(taken[0]) < GREATEST_TIMES:
        for _ in range(TIMES):
            for times, path in zip(taken, ways, strict=True):
                began = perf_counter()
                asker.ask(method, path)
                times.append(perf_counter() - began)
        apart = abs(median(taken[0]) - median(taken[1]))
    return apart
