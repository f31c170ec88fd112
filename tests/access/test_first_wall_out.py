"""The matrix once more, with every `visible_to` taken out: what the first wall forgets, the second holds."""

from collections.abc import Iterator

import pytest

from tests.access.asking import Asker, by_session, by_token, is_owned, keys_of, told
from tests.access.estates import House
from tests.access.matrix import ROWS, WHO
from tests.access.scopes import tables, take_out
from tests.access.test_matrix import FOR_ITS_READERS, ROUTES, SIGNED_IN, asked, hides, is_administrators, shows

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def without_first_wall(house: House) -> Iterator[None]:
    """`visible_to` holds nothing back from anybody."""
    with pytest.MonkeyPatch.context() as patch:
        take_out(patch, *tables())
        yield


@pytest.fixture(scope="module")
def askers(house: House) -> dict[str, Asker]:
    return {who: by_session(house.people[who]) if who in house.people else Asker() for who in WHO}


@pytest.mark.parametrize("who", SIGNED_IN)
def test_what_is_anothers_is_answered_like_what_is_not_there(
    without_first_wall: None, house: House, askers: dict[str, Asker], who: str
) -> None:
    wrong = []
    for row in ROWS:
        for hidden in (house.quartz, house.basalt):
            if not is_owned(house, ROUTES[row.route]) or is_administrators(row, who) or not hides(who, hidden):
                continue
            path, answer = asked(house, row, askers[who], hidden)
            missing_path, missing = asked(house, row, askers[who], None)
            if told(answer, *keys_of(path)) != told(missing, *keys_of(missing_path)):
                wrong.append(f"{row}: {answer.cell} for {path}, {missing.cell} for {missing_path}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", WHO)
def test_nothing_of_anothers_shows_anywhere(
    without_first_wall: None, house: House, askers: dict[str, Asker], who: str
) -> None:
    wrong = []
    own = house.basalt if who == "rival" else house.quartz
    for row in ROWS:
        path, answer = asked(house, row, askers[who], own)
        for estate in (house.quartz, house.basalt):
            is_told = (row.route in FOR_ITS_READERS and answer.status == 200) or is_administrators(row, who)
            left = answer._replace(content=told(answer, *keys_of(path))[1])
            if hides(who, estate) and not is_told and shows(left, estate):
                wrong.append(f"{row} shows {estate.sign.mark}: {answer.cell} for {path}")
    assert not wrong, "\n".join(wrong)


def test_a_token_opens_no_more_than_a_session(without_first_wall: None, house: House) -> None:
    rival = by_token(house.people["rival"])
    wrong = []
    for row in ROWS:
        if row.route.startswith("api:"):
            path, answer = asked(house, row, rival, house.quartz)
            left = answer._replace(content=told(answer, *keys_of(path))[1])
            if shows(left, house.quartz):
                wrong.append(f"{row} shows it: {answer.cell} for {path}")
    assert not wrong, "\n".join(wrong)
