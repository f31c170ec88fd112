"""How often one address and one account may ask: what is more is refused with when to come back.

`limits` counts in the broker's server, so that all processes count together, by one script that adds and reads: the
throttles of the REST framework read and then write, so that requests at once slip through, and know no pages. It counts
by fixed windows, one write a request, where sliding ones take twice as long. While that server is away each process
counts for itself: the register goes on, and so do its limits.
"""

import ipaddress
import logging
import time
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError
from rest_framework.request import Request

from accounts.problems import CONTENT_TYPE, Problem

logger = logging.getLogger(__name__)

# Asked by supervisors and load balancers, every few seconds and perhaps from everybody's address.
_PROBES = ("/healthz", "/readyz")
_SAFE = ("GET", "HEAD", "OPTIONS")
# The server is asked again so many seconds after it was found to be away: each try costs a wait.
_AWAY = 15


class _Counter:
    """Counts in the broker's server; in this process while that is away."""

    def __init__(self, url: str, prefix: str = "originmark:rate") -> None:
        storage = RedisStorage(url, key_prefix=prefix, socket_timeout=1, socket_connect_timeout=1)
        self.shared = FixedWindowRateLimiter(storage)
        self.own = FixedWindowRateLimiter(MemoryStorage())
        self.away_until = 0.0

    def wait(self, rate: RateLimitItem, *who: str) -> int:
        """Count one request; in how many whole seconds the next is allowed, 0 where this one is."""
        if time.monotonic() >= self.away_until:
            try:
                return self._wait(self.shared, rate, who)
            except (RedisError, OSError) as error:
                self.away_until = time.monotonic() + _AWAY
                logger.warning("Requests are counted by each process for itself: %s", error)
        return self._wait(self.own, rate, who)

    def _wait(self, limiter: FixedWindowRateLimiter, rate: RateLimitItem, who: tuple[str, ...]) -> int:
        if limiter.hit(rate, *who):
            return 0
        return max(1, round(limiter.get_window_stats(rate, *who).reset_time - time.time()))


@cache
def _counter(url: str) -> _Counter:
    return _Counter(url)


def wait_of(rate: str, *who: str) -> int:
    """Count one request of `who` under `rate` (such as ``60/minute``; nothing: none): how many seconds they wait."""
    return _counter(settings.REDIS_URL).wait(parse(rate), *who) if rate else 0


def wait_of_address(request: HttpRequest) -> int:
    """Count a request of whoever has its address: how many seconds they wait."""
    return wait_of(settings.RATE_PER_ADDRESS, "address", network_of(request.META.get("REMOTE_ADDR", "")))


def wait_of_account(request: HttpRequest | Request) -> int:
    """Count a request of who is signed in, and a write besides: how many seconds they wait.

    Where nobody is signed in, a write is counted by its address: that is how passwords are tried.
    """
    is_write = request.method not in _SAFE
    if request.user.is_authenticated:
        who = str(request.user.pk)
        wait = wait_of(settings.RATE_PER_ACCOUNT, "account", who)
        return wait or (wait_of(settings.RATE_OF_WRITES, "writes", who) if is_write else 0)
    address = network_of(request.META.get("REMOTE_ADDR", ""))
    return wait_of(settings.RATE_OF_SIGN_INS, "sign-ins", address) if is_write else 0


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
    """Counts by address before anything is looked up, and pages by account before their views begin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path not in _PROBES and (wait := wait_of_address(request)):
            return _refused(request, wait)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if hasattr(view, "cls") or request.path in _PROBES:
            return None
        wait = wait_of_account(request)
        return _refused(request, wait) if wait else None


def _refused(request: HttpRequest, wait: int) -> HttpResponse:
    """The refusal in the asker's form; without a query, since who asks too often is to cost little."""
    status = HTTPStatus.TOO_MANY_REQUESTS
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
