"""Requests: who asks, for as long as the answer is made and read; and what was refused or taken away."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, cast

from django.conf import settings
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts import asking
from accounts.asking import Asking
from accounts.models import User
from accounts.trail.models import EventKind
from accounts.trail.notes import note

_END = object()
# Whoever holds one of these links may follow it: what makes it a key is not told.
_BY_LINK = re.compile(r"^(/people/join/|/accounts/password/forgotten/|/accounts/mail/confirm/)[^/]+(?=/$)")
_WITHOUT_KEY = r"\1…"
# Of a request: what else its refusal is told with.
_DETAILS = "_refusal_details"


class WhoIsAsking:
    """Stands behind the sessions, and before all that asks the database in somebody's name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with asking.asked_by(_of(request)):
            if (user := _signed_in(request)) is not None:
                asking.recognise(user.pk, user.role)
            response = self.get_response(request)
            _write_down(request, response)
            if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
                # It is read when all of this has returned.
                response.streaming_content = _told(cast(Iterator[bytes], response.streaming_content), asking.who())
        return response


def tell_of_refusal(request: HttpRequest, details: dict[str, Any] | None) -> None:
    """Have the trail say `details` of the refusal of `request`; None: say nothing of it, since it told of others."""
    setattr(request, _DETAILS, details)


def _of(request: HttpRequest) -> Asking:
    return Asking(
        channel="api" if request.path.startswith("/api/") else "page",
        address=request.META.get("REMOTE_ADDR", ""),
        place=f"{request.method} {_BY_LINK.sub(_WITHOUT_KEY, request.path)}",
        request=uuid.uuid4().hex,
    )


@asking.asked_by_register()
def _signed_in(request: HttpRequest) -> User | None:
    # Until that is known, nobody is shown even their own account.
    is_known = settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
    return request.user if is_known and isinstance(request.user, User) else None


def _write_down(request: HttpRequest, response: HttpResponseBase) -> None:
    if _is_refused(request, response):
        details = getattr(request, _DETAILS, {})
        if details is not None:
            note(EventKind.REFUSED, details={"status": response.status_code, **details})
    elif response.status_code == 200 and request.method != "HEAD":
        disposition = response.headers.get("Content-Disposition", "")
        if disposition.startswith("attachment"):
            # Before its first byte goes out.
            note(EventKind.DOWNLOAD, details={"as": disposition.partition(";")[2].strip()})


def _is_refused(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether somebody was refused: what another's is, or is not there, a token that is none, and what came too often,
    among it."""
    if response.status_code == 401:
        return "Authorization" in request.headers
    if response.status_code == 404:
        who = asking.who()
        return who is not None and who.user_id is not None and request.resolver_match is not None
    return response.status_code in (403, 429)


def _told(parts: Iterator[Any], who: Asking | None) -> Iterator[Any]:
    """`parts`, each made while `who` asks; in between the process may ask in another's name."""
    try:
        while True:
            with asking.asked_by(who):
                part = next(parts, _END)
            if part is _END:
                return
            yield part
    finally:
        if hasattr(parts, "close"):
            parts.close()
