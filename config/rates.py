"""How often one address and one account may ask: what is more is refused with when to come back.

`limits` counts in the broker's server, so that all processes count together, by one script that adds and reads: the
throttles of the REST framework read and then write, so that requests at once slip through, and know no pages. It counts
by fixed windows, one write a request, where sliding ones take twice as long. While that server is away each process
counts for itself: the register goes on, and so do its limits.

What counts says how many in a window were too many. The trail is told of the first, the tenth, the hundredth and so on:
of all processes together one write each, and of the rest the database is asked for the session alone.
"""

import ipaddress
import logging
import time
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from limits import parse
from limits.storage import MemoryStorage, RedisStorage, Storage
from redis.exceptions import RedisError
from rest_framework.request import Request

from accounts.problems import CONTENT_TYPE, Problem
from accounts.trail.middleware import tell_of_refusal

logger = logging.getLogger(__name__)

# Asked by supervisors and load balancers, every few seconds and perhaps from everybody's address.
_PROBES = ("/healthz", "/readyz")
_SAFE = ("GET", "HEAD", "OPTIONS")
# The server is asked again so many seconds after it was found to be away: each try costs a wait.
_AWAY = 15


class Excess(NamedTuple):
    """Somebody asked more often than they may."""

    # What is counted: "address", "account", "writes", "sign-ins" or "tokens".
    counted: str
    # How often it may be.
    rate: str
    # How many were refused in this window, with this one.
    refused: int
    # In how many whole seconds the next is allowed.
    wait: int


class _Counter:
    """Counts in the broker's server; in this process while that is away."""

    def __init__(self, url: str, prefix: str = "originmark:rate") -> None:
        self.shared = RedisStorage(url, key_prefix=prefix, socket_timeout=1, socket_connect_timeout=1)
        self.own = MemoryStorage()
        self.own_turn = Lock()
        self.away_until = 0.0

    def excess(self, rate: str, counted: str, who: str) -> Excess | None:
        """Count one request; None where it is allowed."""
        if time.monotonic() >= self.away_until:
            try:
                return _excess(self.shared, rate, counted, who)
            except (RedisError, OSError) as error:
                self.away_until = time.monotonic() + _AWAY
                logger.warning("Requests are counted by each process for itself: %s", error)
        # It adds and reads in two steps: of two at once neither would be the first that is refused.
        with self.own_turn:
            return _excess(self.own, rate, counted, who)


def _excess(storage: Storage, rate: str, counted: str, who: str) -> Excess | None:
    # As a limiter of `limits` does it, which keeps to itself how many there were.
    limit = parse(rate)
    key = limit.key_for(counted, who)
    number = storage.incr(key, limit.get_expiry())
    if number <= limit.amount:
        return None
    wait = max(1, round(storage.get_expiry(key) - time.time()))
    return Excess(counted, rate, number - limit.amount, wait)


@cache
def _counter(url: str) -> _Counter:
    return _Counter(url)


def excess_of(rate: str, counted: str, who: str) -> Excess | None:
    """Count one request of `who` under `rate` (such as ``60/minute``; nothing: none); None where it is allowed."""
    return _counter(settings.REDIS_URL).excess(rate, counted, who) if rate else None


def excess_of_address(request: HttpRequest) -> Excess | None:
    """Count a request of whoever has its address; None where it is allowed."""
    return excess_of(settings.RATE_PER_ADDRESS, "address", network_of(request.META.get("REMOTE_ADDR", "")))


def excess_of_account(request: HttpRequest | Request) -> Excess | None:
    """Count a request of who is signed in, and a write besides; None where it is allowed.

    Where nobody is signed in, a write is counted by its address: that is how passwords are tried.
    """
    is_write = request.method not in _SAFE
    if request.user.is_authenticated:
        who = str(request.user.pk)
        excess = excess_of(settings.RATE_PER_ACCOUNT, "account", who)
        return excess or (excess_of(settings.RATE_OF_WRITES, "writes", who) if is_write else None)
    return _excess_of_sign_ins(request) if is_write else None


def _excess_of_sign_ins(request: HttpRequest | Request, counted: str = "sign-ins") -> Excess | None:
    return excess_of(settings.RATE_OF_SIGN_INS, counted, network_of(request.META.get("REMOTE_ADDR", "")))


def tell_some(request: HttpRequest, excess: Excess) -> None:
    """Have the trail tell of the refusal of `request` where it is the first of its window, the tenth, and so on: how
    many came is known by its digits, and who asks too often costs little."""
    is_told = str(excess.refused).rstrip("0") == "1"
    tell_of_refusal(request, excess._asdict() if is_told else None)


def network_of(address: str) -> str:
    """Whose address it is: of IPv6 the 64 bits that one customer is given whole."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((read, 64), strict=False)) if read.version == 6 else str(read)


class TooOften(Problem):
    """A refusal that says in how many seconds it is none any more."""

    def __init__(self, wait: int) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, "throttled", told(wait))
        self.wait = wait


def told(wait: int) -> str:
    """What is said to who asks too often."""
    text = _("Too many requests in a short time. Nothing of this one was done; ask again in %(wait)d s.")
    return text % {"wait": wait}


class Rates:
    """Counts by address before all but the session is looked up, and pages by account before their views begin.

    Tokens that are none are counted as passwords that are tried are, and apart from them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path not in _PROBES and (excess := excess_of_address(request)):
            return _refused(request, excess)
        response = self.get_response(request)
        if response.status_code == HTTPStatus.UNAUTHORIZED and "Authorization" in request.headers:
            # Apart from passwords: whoever shares an address with a forgotten script signs in still.
            excess = _excess_of_sign_ins(request, "tokens")
            return _refused(request, excess) if excess else response
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if hasattr(view, "cls") or request.path in _PROBES:
            return None
        excess = excess_of_account(request)
        return _refused(request, excess) if excess else None


def _refused(request: HttpRequest, excess: Excess) -> HttpResponse:
    """The refusal in the asker's form; without a query, since who asks too often is to cost little."""
    tell_some(request, excess)
    status, wait = HTTPStatus.TOO_MANY_REQUESTS, excess.wait
    answer: HttpResponse
    if request.path.startswith("/api/"):
        problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": told(wait)}
        answer = JsonResponse(problem | {"code": "throttled"}, status=status, content_type=CONTENT_TYPE)
    else:
        answer = render(request, "config/too_often.html", {"told": told(wait)}, status=status)
        # A part of a page that loads itself: the whole page says it instead.
        answer.headers["HX-Refresh"] = "true"
    answer.headers["Retry-After"] = str(wait)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
