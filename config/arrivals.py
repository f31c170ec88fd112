"""What a request says of its own body before anything reads it, and from where it comes."""

import ipaddress
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from accounts.problems import CONTENT_TYPE


class KnownLengths:
    """A body says how long it is: one that comes in chunks would else be taken for none, and a form for empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            told = _("A request says how long it is (Content-Length), and does not come in chunks.")
            return _refused(request, HTTPStatus.LENGTH_REQUIRED, "length_required", told)
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            told = _("The length of the request (Content-Length) is no number.")
            return _refused(request, HTTPStatus.BAD_REQUEST, "bad_request", told)
        return self.get_response(request)


def _refused(request: HttpRequest, status: HTTPStatus, code: str, told: str) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return HttpResponse(told + "\n", status=status, content_type="text/plain; charset=utf-8")
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": told, "code": code}
    return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)


class ClientAddress:
    """Behind proxies, the address of who asks is what the outermost of ours wrote down, and not what was sent to it.

    Each proxy adds to the end of ``X-Forwarded-For`` whom it was asked by: with ``PROXIES`` of them, it is so many from
    the end. Whatever stands before it the asker may have made up.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.PROXIES:
            passed_on = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            if len(passed_on) >= settings.PROXIES and _is_address(passed_on[-settings.PROXIES]):
                request.META["REMOTE_ADDR"] = passed_on[-settings.PROXIES]
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
