"""How the matrix asks: every address there is, for an estate's things or for what was never there, by anybody."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import quote

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.http import int_to_base36

from accounts import invitations
from accounts.models import User
from chips.models import Claim
from tests import cast
from tests.access.estates import MANDATE, Estate, House
from tests.accounts.other_system import URLCONF

API = "/api/v1/"
SIGN_IN = "/accounts/sign-in/"
# As long as what they stand for: what is answered must not tell by its length either.
MISSING_CODE, MISSING_KEY = "MISSINGARK-01", "00000000-0000-4000-8000-000000000000"
MISSING_NUMBER = 987654321
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# They say whether the servers answer, and nothing of anybody.
UNASKED = ("healthz", "readyz")
# Where links lead that come by mail: holding one is the right to follow it.
BY_LINK = ("invitation", "account_reset_password_from_key")
_MANDATE_ROUTES = ("mandate", "provision-write", "provision-repeal", "api:mandate-")
# Of which of an estate's submissions a step is asked: of the one that it can be taken with.
_STATE_OF_STEP = dict.fromkeys(("confirm", "attest", "withdraw"), "draft") | dict.fromkeys(
    ("accept", "return"), "submitted"
)


class Answer(NamedTuple):
    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def cell(self) -> str:
        """As the matrix writes it: ``in`` is led to the sign-in page."""
        led_in = self.status == 302 and self.headers.get("Location", "").startswith(SIGN_IN)
        return "in" if led_in else str(self.status)


@dataclass
class Asker:
    """Somebody who asks, by a session as a browser does or by a token as a program does; neither: anonymous."""

    user: User | None = None
    cookies: str = ""
    token: str = ""
    client: Client = field(default_factory=Client)
    # Called after each request, before what it changed is taken back.
    noticed: Callable[[], object] = bool

    def ask(self, method: str, address: str, data: bytes | None = None, of: str = "") -> Answer:
        """What is answered; whatever it changes is taken back. A form is empty but for `data`."""
        # What an address is asked for with is read by GET alone.
        address = address if method == "GET" else address.split("?")[0]
        # Signing out, say, is of one request.
        self.client.cookies = SimpleCookie(self.cookies)
        headers = {"Authorization": f"Token {self.token}"} if self.token else {}
        is_json = address.startswith(API) and not (method == "POST" and address == f"{API}submissions/")
        kind = of or ("application/json" if is_json else "multipart/form-data; boundary=x")
        body = data if data is not None else b"{}" if is_json else b"--x--\r\n"
        with transaction.atomic():
            response: Any = self.client.generic(
                method, address, b"" if method == "GET" else body, content_type=kind, headers=headers
            )
            content = b"".join(response) if response.streaming else response.content
            self.noticed()
            transaction.set_rollback(True)
        return Answer(response.status_code, content, dict(response.headers))


def by_session(user: User, *, shown: Sequence[str] = ("password", "mfa"), minutes_ago: int = 0) -> Asker:
    """A session in which `user` showed by these who they are, so long ago."""
    client = Client()
    client.force_login(user)
    session, at = client.session, time.time() - 60 * minutes_ago
    session["account_authentication_methods"] = [{"method": method, "at": at} for method in shown]
    session.save()
    return Asker(user, client.cookies.output(header="", sep=";"), client=client)


def by_token(user: User) -> Asker:
    return Asker(user, token=cast.token(user))


class Route(NamedTuple):
    """An address of the resolver: its name, and the names of what stands in it."""

    name: str
    parameters: tuple[str, ...]


def routes() -> list[Route]:
    """Every address there is, pages and API; those of signing in by another system among them."""
    return sorted({one for one in _walked(get_resolver(URLCONF).url_patterns, "") if one.name not in UNASKED})


def _walked(patterns: list[Any], namespace: str) -> Iterator[Route]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _walked(one.url_patterns, f"{one.namespace}:" if one.namespace else namespace)
        elif isinstance(one, URLPattern):
            assert one.name, f"{one.pattern} has no name."
            assert isinstance(one.pattern, RoutePattern | RegexPattern)
            is_route = isinstance(one.pattern, RoutePattern)
            names = one.pattern.converters if is_route else one.pattern.regex.groupindex
            yield Route(namespace + one.name, tuple(names))


def address(house: House, route: Route, estate: Estate | None, state: str = "") -> str:
    """Where `route` leads for what `estate` has, in `state` where it has several; None: for what was never there.

    The quarter or provision for which a centre is named is everybody's, and there: an answer that comes sooner where
    there is none tells nothing of a centre.
    """
    if route.name == "api:missing":
        return f"{API}no/such/thing"
    public = {"period_code", "provision_id"} if "code" in route.parameters else set()
    keys = {
        name: _key(house, route.name, name, estate or house.quartz if name in public else estate, state)
        for name in route.parameters
    }
    return reverse(route.name, kwargs=keys) + _query(route.name, estate)


def is_owned(house: House, route: Route) -> bool:
    """Whether what it leads to is one operator's, whoever asks; a link that was sent is whose who holds it."""
    return route.name not in BY_LINK and address(house, route, house.quartz) != address(house, route, house.basalt)


def _query(route: str, estate: Estate | None) -> str:
    """What an address is asked for with, where it is nothing without it."""
    if route == "inventory-differences":
        before, after = (estate.accepted.pk, estate.submitted.pk) if estate else (MISSING_NUMBER, MISSING_NUMBER)
        return f"?from={before}&to={after}"
    if route == "inventory-template":
        return "?period=2025Q4"
    if route == "api:inventory-template":
        return f"?centre={estate.centre.code if estate else MISSING_CODE}&period=2025Q4"
    return ""


def _key(house: House, route: str, name: str, estate: Estate | None, state: str) -> Any:
    if name in ("kind", "step"):
        return "close" if route.startswith("administration-") else {"kind": "received", "step": "propose"}[name]
    if estate is None:
        return _never_there(route, name)
    if name == "pk" and route.startswith("api:"):
        return _key_in_api(house, route, estate, state)
    return _key_in_pages(house, route, name, estate, state)


def _never_there(route: str, name: str) -> Any:
    if name == "key" or (name == "pk" and "simulation" in route):
        return MISSING_KEY
    if name == "pk" and route.startswith(("api:region", "api:period")):
        return "99" if "region" in route else "2099Q1"
    if name == "uidb36":
        return int_to_base36(MISSING_NUMBER)
    named = {"code": MISSING_CODE, "period_code": "2099Q1", "report": "no-such-report", "id": "no-such-report"}
    return named.get(name, MISSING_NUMBER)


def _key_in_pages(house: House, route: str, name: str, estate: Estate, state: str) -> Any:
    match name:
        case "code":
            return MANDATE if route.startswith(_MANDATE_ROUTES) else estate.centre.code
        case "period_code":
            return "2025Q3"
        case "chip_id":
            return Claim.objects.earliest("pk").chip_model_id
        case "claim_id":
            return Claim.objects.earliest("pk").pk
        case "submission_id":
            return getattr(estate, state or _STATE_OF_STEP.get(route, "accepted")).pk
        case "request_id":
            return (estate.exemption_request if route.startswith("exemption-request") else estate.opening).pk
        case "run_id":
            return (house.report_run if route.startswith("report") else estate.run).pk
        case "provision_id":
            return (estate.hand_decision.provision if route.startswith("hand-decision") else house.provision).pk
        case "exemption_id":
            return getattr(estate, state or "exemption").pk
        case "key":
            return _secret(route, estate)
        case "uidb36":
            return user_pk_to_url_str(estate.files)
        case "pk":
            return estate.security_key.pk
        case "report" | "id":
            return "national-quarterly"
    found: dict[str, Any] = {
        "upload_id": estate.faulty,
        "determination_id": estate.determination,
        "movement_id": estate.movement,
        "membership_id": estate.membership,
        "account_id": estate.files,
        "invitation_id": estate.invitation,
        "session_id": estate.session,
        "token_id": estate.token,
    }
    return found[name].pk


def _secret(route: str, estate: Estate) -> Any:
    """What nobody guesses who was not told."""
    if route == "invitation":
        return invitations.key_of(estate.invitation)
    if route == "account_reset_password_from_key":
        return default_token_generator.make_token(estate.files)
    if route == "account_confirm_email":
        return EmailConfirmationHMAC(estate.new_address).key
    return estate.simulation.key


def _key_in_api(house: House, route: str, estate: Estate, state: str) -> Any:
    resource = route.removeprefix("api:")
    step = resource.removeprefix("submission-")
    found: dict[str, Any] = {
        "region": "31",
        "period": "2025Q4",
        "vendor": 1,
        "chip": 1,
        "operator": estate.operator.pk,
        "upload": estate.faulty.pk,
        "submission": getattr(estate, state or _STATE_OF_STEP.get(step, "accepted")).pk
        if state != "proposal"
        else None,
        "determination": estate.determination.pk,
        "outcome-change": estate.outcome_change.pk,
        "outlook": estate.outlook.pk,
        "exemption": getattr(estate, state or "exemption").pk,
        "simulation": estate.simulation.key,
        "report-run": house.report_run.pk,
        "mandate-provision": house.provision.pk,
    }
    return found[max((name for name in found if resource.startswith(name)), key=len)]


_SHARED = re.compile(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": "|nonce=")[\w=+/-]+')
# What a browser brings back from another system that it is sent to, drawn anew each time.
_BROUGHT_BACK = re.compile(r"(?<=[?&])(state|nonce|code_challenge)=[^&]*")


def told(answer: Answer, *keys: object) -> tuple[int, bytes, str, str]:
    """What an answer says, without the keys that were asked for and the tokens that no two answers share."""
    content, location = _SHARED.sub(b"", answer.content), _BROUGHT_BACK.sub("", answer.headers.get("Location", ""))
    for key in keys:
        content = content.replace(str(key).encode(), b"")
        location = location.replace(str(key), "")
    return answer.status, content, answer.headers.get("Content-Type", ""), location


def keys_of(address: str) -> list[str]:
    """What an answer about an address may repeat, longest first: the address, and what is long enough to be a key."""
    path, _, query = address.partition("?")
    parts = [part for part in re.split(r"[/?&=]", address) if len(part) > 8]
    named = {address, path, query, *parts}
    return sorted(
        {form for one in named for form in (one, escape(one), quote(one), quote(one, ""))} - {""}, key=len, reverse=True
    )
