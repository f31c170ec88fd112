"""Sessions that showed too little: not the second factor that their role needs, or long ago who they are."""

import pytest

from accounts.models import Role
from tests import cast
from tests.access.asking import Answer, Asker, by_session
from tests.access.estates import House
from tests.access.matrix import BEFORE_SECOND_FACTOR, ROWS, Row
from tests.access.test_matrix import asked, shows

pytestmark = pytest.mark.django_db
SET_UP, SHOW, AGAIN = "/accounts/second-factor/", "/accounts/again/code/", "/accounts/again/"


@pytest.mark.parametrize("has_one", [False, True], ids=["none set up", "not shown"])
@pytest.mark.parametrize("role", [Role.REGULATOR, Role.ADMINISTRATOR])
def test_without_the_second_factor_only_the_way_to_it_is_open(house: House, role: Role, has_one: bool) -> None:
    user = cast.user("half-way", role, all_regions=role == Role.REGULATOR)
    if has_one:
        cast.with_second_factor(user)
    asker = by_session(user, shown=["password"])
    wrong = []
    for row in ROWS:
        answer = asked(house, row, asker, house.quartz)[1]
        is_due = row.cells["anonymous"] in ("in", "401") and row.route not in BEFORE_SECOND_FACTOR + LEADING_ON
        # Whoever has one cannot set up another before showing it.
        may_ask = is_due or (has_one and row.route in BEFORE_SECOND_FACTOR)
        is_asked = _asks_for_factor(answer, SHOW if has_one else SET_UP)
        if is_asked < is_due or is_asked > may_ask:
            wrong.append(f"{row}: {answer.cell} {answer.headers.get('Location', '')}")
        if is_due and shows(answer, house.quartz) and answer.status != 302:
            wrong.append(f"{row} shows {house.quartz.sign.mark}")
    assert not wrong, "\n".join(wrong)


# Of signing in: whoever is signed in is led on from there.
LEADING_ON = ("mfa_authenticate",)


def _asks_for_factor(answer: Answer, address: str) -> bool:
    location = answer.headers.get("Location", "").split("?")[0]
    return (answer.status == 302 and location == address) or (
        answer.status == 403 and b'"second_factor_due"' in answer.content
    )


@pytest.mark.parametrize("who", ["files", "attests", "national"])
def test_what_weighs_much_asks_again_who_is_there_and_nothing_else_does(house: House, who: str) -> None:
    fresh, stale, wrong = by_session(house.people[who]), by_session(house.people[who], minutes_ago=61), []
    for row in ROWS:
        answer = asked(house, row, stale, house.quartz)[1]
        if row.asks_again:
            # Who may not do it at all, or for whom it is not there, is told that or asked: it is not done.
            is_right = _asks_again(answer) or answer.cell == row.cells[who] in ("403", "404")
        else:
            is_right = answer.cell == _now(house, row, fresh)
        if not is_right:
            wrong.append(f"{row}: {answer.cell} {answer.headers.get('Location', '')}")
    assert not wrong, "\n".join(wrong)


def _now(house: House, row: Row, fresh: Asker) -> str:
    return asked(house, row, fresh, house.quartz)[1].cell


def _asks_again(answer: Answer) -> bool:
    is_led = answer.status == 302 and answer.headers["Location"].startswith(AGAIN)
    return is_led or (answer.status == 403 and b'"reauthentication_due"' in answer.content)
