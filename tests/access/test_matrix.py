"""Every address, every method, everybody: what `matrix.py` says, and that what is another's is what is not there."""

import json
from collections.abc import Iterator

import pytest

from accounts.models import Membership, Role
from tests import cast
from tests.access.asking import (
    API,
    BY_LINK,
    METHODS,
    Answer,
    Asker,
    Route,
    address,
    by_session,
    by_token,
    is_owned,
    keys_of,
    routes,
    told,
)
from tests.access.estates import Estate, House
from tests.access.matrix import NEVER_ASKED, ROWS, WHO, Row
from tests.access.scopes import listen

pytestmark = pytest.mark.django_db

ROUTES = {route.name: route for route in routes()}
# To whom nothing of an estate may show, by the estate's mark.
HIDDEN = {
    "Quartzmark": ("anonymous", "rival", "administrator"),
    "Basaltmark": ("anonymous", "files", "attests", "provinces", "administrator"),
}
# Whoever holds a link is told for whom it is; whoever may read the trail reads what happened to everybody.
FOR_ITS_READERS = (*BY_LINK, "trail", "trail-export", "trail-whole")
# Administrators are told of every person, and which operators there are that they can act for.
FOR_ADMINISTRATORS = ("administration", "api:operator-")
SIGNED_IN = [who for who in WHO if who != "anonymous"]


@pytest.fixture(scope="module")
def askers(house: House) -> dict[str, Asker]:
    return {who: by_session(house.people[who]) if who in house.people else Asker() for who in WHO}


class Answers:
    """What everybody is answered by session, kept: whoever asks the same again is answered the same."""

    def __init__(self, house: House, askers: dict[str, Asker]) -> None:
        self.house, self.askers = house, askers
        self.kept: dict[tuple[str, str, str], tuple[str, Answer]] = {}

    def ask(self, who: str, row: Row, estate: Estate | None) -> tuple[str, Answer]:
        """Where `who` asks for what `estate` has there, or for what never was there, and what the answer is now."""
        answer = asked(self.house, row, self.askers[who], estate)
        self.kept[self._key(who, row, estate)] = answer
        return answer

    def known(self, who: str, row: Row, estate: Estate | None) -> tuple[str, Answer]:
        """The same, asked once."""
        return self.kept.get(self._key(who, row, estate)) or self.ask(who, row, estate)

    @staticmethod
    def _key(who: str, row: Row, estate: Estate | None) -> tuple[str, str, str]:
        return who, repr(row), estate.sign.mark if estate else ""


@pytest.fixture(scope="module")
def answers(house: House, askers: dict[str, Asker]) -> Answers:
    return Answers(house, askers)


def asked(house: House, row: Row, asker: Asker, estate: Estate | None) -> tuple[str, Answer]:
    path = address(house, ROUTES[row.route], estate, row.state)
    return path, asker.ask(row.method, path)


def hides(who: str, estate: Estate) -> bool:
    return who in HIDDEN[estate.sign.mark]


def is_administrators(row: Row, who: str) -> bool:
    return who == "administrator" and row.route.startswith(FOR_ADMINISTRATORS)


def shows(answer: Answer, estate: Estate) -> bool:
    return estate.sign.mark.casefold() in answer.content.decode(errors="replace").casefold()


def test_every_address_stands_in_the_matrix() -> None:
    assert {row.route for row in ROWS} == ROUTES.keys()
    assert len({repr(row) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("who", WHO)
def test_everybody_is_answered_what_the_matrix_says(
    house: House, answers: Answers, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    wrong, heard = [], set[str]()
    listen(monkeypatch, heard)
    for row in ROWS:
        path, answer = answers.ask(who, row, house.quartz)
        if answer.cell != row.cells[who]:
            wrong.append(f"{row}: {answer.cell} and not {row.cells[who]} ({path})")
        if row.route.startswith("api:") and (refused := _wrong_form(answer)):
            wrong.append(f"{row}: {refused}")
        for estate in (house.quartz, house.basalt):
            if (row.route in FOR_ITS_READERS and answer.status == 200) or is_administrators(row, who):
                continue
            # An address is repeated where it is led on.
            if hides(who, estate) and shows(answer, estate) and not _only_repeats(answer, path, estate):
                wrong.append(f"{row} shows {estate.sign.mark}")
    assert not wrong, "\n".join(wrong)
    assert not heard & NEVER_ASKED.keys()
    assert "centres.Centre" in heard or who == "anonymous"


def _wrong_form(answer: Answer) -> str:
    """What an answer of the API lacks: no cache keeps it, and who is not signed in is told how to be."""
    if answer.cell == "401":
        code = json.loads(answer.content)["code"]
        kind = answer.headers["Content-Type"]
        told_how = (code, answer.headers.get("WWW-Authenticate"), kind)
        return "" if told_how == ("not_authenticated", "Token", "application/problem+json") else str(told_how)
    kept = answer.headers.get("Cache-Control")
    return "" if kept == "private, no-store" or answer.cell == "in" else f"Cache-Control is {kept}"


def _only_repeats(answer: Answer, path: str, estate: Estate) -> bool:
    left = answer._replace(content=told(answer, *keys_of(path))[1])
    return not shows(left, estate)


@pytest.mark.parametrize("who", SIGNED_IN)
def test_what_is_anothers_is_answered_like_what_is_not_there(house: House, answers: Answers, who: str) -> None:
    wrong = []
    for row, hidden in hidden_rows(house, who):
        path, answer = answers.known(who, row, hidden)
        missing_path, missing = answers.known(who, row, None)
        if told(answer, *keys_of(path)) != told(missing, *keys_of(missing_path)):
            wrong.append(f"{row}: {answer.cell} for {path}, {missing.cell} for {missing_path}")
    assert not wrong, "\n".join(wrong)


def hidden_rows(house: House, who: str) -> Iterator[tuple[Row, Estate]]:
    """The rows of what is somebody's, with the estates that are none of `who`'s."""
    for row in ROWS:
        if is_owned(house, ROUTES[row.route]) and not is_administrators(row, who):
            yield from ((row, estate) for estate in (house.quartz, house.basalt) if hides(who, estate))


def test_who_sees_both_is_answered_the_same_of_both_and_the_rival_as_the_matrix_says_of_its_own(
    house: House, answers: Answers
) -> None:
    same = {"rival": "files", "national": "national", "analyst": "analyst"}
    owned = [row for row in ROWS if is_owned(house, ROUTES[row.route])]
    wrong = [
        f"{row} as {who}: {answer.cell} and not {row.cells[like]}"
        for who, like in same.items()
        for row in owned
        if (answer := answers.known(who, row, house.basalt)[1]).cell != row.cells[like]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", SIGNED_IN)
def test_a_token_opens_of_the_api_what_a_session_does(house: House, answers: Answers, who: str) -> None:
    token, wrong = by_token(house.people[who]), []
    for row in ROWS:
        # The pages that describe the API are pages. Who attests in a browser gives the password once more.
        if not row.route.startswith("api:") or row.cells["anonymous"] == "in" or row.route == "api:submission-attest":
            continue
        path, of_session = answers.known(who, row, house.quartz)
        of_token = token.ask(row.method, path)
        is_same = of_token.cell == of_session.cell
        if is_same and row.method == "GET" and of_token.headers.get("Content-Type") == "application/json":
            is_same = of_token.content == of_session.content
        if not is_same:
            wrong.append(f"{row}: {of_token.cell} by token, {of_session.cell} by session")
    assert not wrong, "\n".join(wrong)


def test_a_token_opens_no_page(house: House) -> None:
    token = by_token(house.people["national"])
    pages = [row for row in ROWS if row.cells["anonymous"] != "401"]
    assert {repr(row): asked(house, row, token, house.quartz)[1].cell for row in pages} == {
        repr(row): row.cells["anonymous"] for row in pages
    }


def test_who_left_sees_no_more_of_it_from_the_next_request_on(house: House) -> None:
    user = cast.user("leaver", Role.OPERATOR, acts_for=house.quartz.operator)
    askers = [by_session(user), by_token(user)]
    assert [asker.ask("GET", f"{API}centres/{house.quartz.centre.code}/").status for asker in askers] == [200, 200]
    Membership.objects.filter(user=user).update(to_on="2025-12-31")
    wrong = []
    for row in ROWS:
        if row.method == "GET" and is_owned(house, ROUTES[row.route]):
            for asker in askers:
                path, answer = asked(house, row, asker, house.quartz)
                missing_path, missing = asked(house, row, asker, None)
                if told(answer, *keys_of(path)) != told(missing, *keys_of(missing_path)):
                    wrong.append(f"{row}: {answer.cell}, and {missing.cell} of what is not there")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_without_a_row_is_refused_to_everybody(house: House, askers: dict[str, Asker], method: str) -> None:
    stands = {row.route for row in ROWS if row.method == method}
    wrong = []
    for route in ROUTES.values():
        if route.name in stands:
            continue
        path = address(house, route, house.quartz)
        asked_by = ("files", "national", "analyst", "administrator", "anonymous")
        cells = {who: askers[who].ask(method, path).cell for who in asked_by}
        if "405" not in cells.values() or not set(cells.values()) <= {"405", "403", "404", "401", "in"}:
            wrong.append(f"{method} {route.name}: {cells}")
    assert not wrong, "\n".join(wrong)


MALFORMED = ("0", "-1", "1e9", "9" * 30, "%00", "..%2f1", "'%20OR%201=1--", "%EF%BC%91", "<b>", "null")


@pytest.mark.parametrize("who", ["files", "national"])
def test_a_key_that_is_none_leads_nowhere(house: House, askers: dict[str, Asker], who: str) -> None:
    wrong = []
    for row in ROWS:
        route: Route = ROUTES[row.route]
        if row.method != "GET" or not is_owned(house, route) or "?" in (path := address(house, route, house.quartz)):
            continue
        theirs = address(house, route, house.basalt)
        ours, other = path.split("/"), theirs.split("/")
        for key in MALFORMED:
            malformed = "/".join(key if a != b else a for a, b in zip(ours, other, strict=True))
            cell = askers[who].ask("GET", malformed).cell
            if cell != "404" and not (cell == "403" == row.cells[who]):
                wrong.append(f"{malformed}: {cell}")
    assert not wrong, "\n".join(wrong)
