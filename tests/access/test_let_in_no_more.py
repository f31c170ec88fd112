"""Who is let in no more: by a session whose account was closed, or by a token that is over, whatever their role.

They are answered as who was never let in, to the byte and to the header: by no token, or by one that never was.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from itertools import chain
from typing import NamedTuple

import pytest
from django.utils import timezone

from accounts.models import ApiToken, Membership, Role, User
from tests import cast
from tests.access.asking import API, METHODS, Answer, Asker, Route, address, by_session, by_token, routes, told
from tests.access.estates import House
from tests.access.matrix import ROWS, WHO

pytestmark = pytest.mark.django_db

ROUTES = {route.name: route for route in routes()}
# Who files and who attests, regulators of two provinces and of the country, an analyst and an administrator.
ROLES = [who for who in WHO if who not in ("anonymous", "rival")]
NEVER = "om_never"
# Of an answer that may be kept, but no longer than from now on: it names the instant. Where it leads is told apart.
_APART = ("Expires", "Location")

Said = tuple[tuple[int, bytes, str, str], Mapping[str, str]]


class Place(NamedTuple):
    """Where something is asked for, and how; in which state what it leads to is."""

    method: str
    route: str
    state: str = ""


IN_MATRIX = [Place(row.method, row.route, row.state) for row in ROWS]
# What answers nobody but that there is no such method.
OTHERS = [place for route in ROUTES for method in METHODS if (place := Place(method, route)) not in set(IN_MATRIX)]


def said(answer: Answer) -> Said:
    return told(answer), {name: value for name, value in answer.headers.items() if name not in _APART}


@pytest.fixture(scope="module")
def stranger(house: House) -> Callable[[str, str, bool], Said]:
    """What is said, by method, address and whether a token came along, to who was never let in: asked for once."""

    @cache
    def ask(method: str, path: str, has_token: bool) -> Said:
        return said(Asker(token=NEVER if has_token else "").ask(method, path))

    return ask


def twin(user: User) -> User:
    """Another of the same role, who sees what `user` does."""
    made = cast.user(
        f"{user.username}-twin", Role(user.role), all_regions=user.all_regions, region_codes=user.region_codes
    )  # fmt: skip
    for one in user.memberships.all():
        Membership.objects.create(user=made, operator_id=one.operator_id, from_on=one.from_on, is_lead=one.is_lead)
    return made


def let_in_no_more(user: User) -> tuple[Asker, list[Asker]]:
    """A session of `user`, whose account was closed since; a token of it, and one revoked and one over of a twin.

    That a session ends and tokens are revoked as an account is closed is left out: what is closed opens nothing by
    what was forgotten, either.
    """
    session, of_closed = by_session(user), by_token(user)
    other = twin(user)
    revoked, over = by_token(other), by_token(other)
    for asker in (session, of_closed, revoked, over):
        assert asker.ask("GET", f"{API}me/").status == 200
    now, (first, second) = timezone.now(), other.api_tokens.order_by("pk")
    ApiToken.objects.filter(pk=first.pk).update(revoked_at=now)
    ApiToken.objects.filter(pk=second.pk).update(created_at=now - timedelta(days=2), ends_at=now - timedelta(seconds=1))
    User.objects.filter(pk=user.pk).update(is_active=False)
    return session, [of_closed, revoked, over]


def askers_at(path: str, number: int, session: Asker, tokens: list[Asker]) -> Iterator[Asker]:
    """Who asks at `path`, the so manieth: the session, and one token by turns, so that every kind is asked by two
    roles everywhere; of a page, which takes no tokens, both at once."""
    token = tokens[number % len(tokens)]
    if path.startswith(API):
        yield from (session, token)
    else:
        yield Asker(token=token.token, cookies=session.cookies, client=session.client)


@pytest.mark.parametrize("who", ROLES)
def test_they_are_answered_as_who_was_never_let_in(
    house: House, stranger: Callable[[str, str, bool], Said], who: str
) -> None:
    session, tokens = let_in_no_more(house.people[who])
    # Every role asks for what the matrix has, and for what there is besides one role each.
    turn = ROLES.index(who)
    places = chain(IN_MATRIX, OTHERS[turn :: len(ROLES)])
    wrong = []
    for number, place in enumerate(places, start=turn):
        route: Route = ROUTES[place.route]
        path = address(house, route, house.quartz, place.state)
        for asker in askers_at(path, number, session, tokens):
            answer = asker.ask(place.method, path)
            if said(answer) != stranger(place.method, path, path.startswith(API) and bool(asker.token)):
                by = "token" if asker.token and path.startswith(API) else "session"
                wrong.append(f"{place} by {by}: {answer.cell} {answer.content[:200]!r}")
    assert not wrong, "\n".join(wrong)


def test_of_the_api_a_token_that_opens_nothing_is_told_the_same_wherever_it_asks(
    house: House, stranger: Callable[[str, str, bool], Said]
) -> None:
    answered = set()
    for place in IN_MATRIX:
        path = address(house, ROUTES[place.route], house.quartz, place.state)
        if path.startswith(API):
            (status, content, kind, _), headers = stranger(place.method, path, True)
            if status != 302:
                answered.add((status, json.dumps(json.loads(content)), kind, headers["WWW-Authenticate"]))
    assert len(answered) == 1
    assert answered.pop()[0] == 401
