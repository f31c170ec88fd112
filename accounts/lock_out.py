"""After some failures to show who one is, an account is locked for a while for the address that they came from."""

from datetime import datetime
from typing import Any

from allauth.core import context
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.addresses import address_of
from accounts.models import User


def name_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The account that is tried: capital letters and small ones are one account here, so that each counts."""
    named = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(named).lower()[:150]


def is_locked(request: HttpRequest, user: User) -> bool:
    """Whether `user` is locked for the address of `request`; the answer to it then says so."""
    credentials = {"username": user.username}
    locked: bool = not AxesProxyHandler.is_allowed(request, credentials)
    if locked:
        request.__dict__ |= {"axes_locked_out": True, "axes_credentials": credentials}
    return locked


def note_failure(request: HttpRequest, user: User) -> None:
    """Count that somebody failed to show that they are `user`."""
    user_login_failed.send(sender=__name__, credentials={"username": user.username}, request=request)


def is_password_of(user: User, password: str) -> bool:
    """Whether who is signed in as `user` gave its password once more; a wrong one counts, and none is looked at while
    the account is locked."""
    request = context.request
    if is_locked(request, user):
        return False
    if user.check_password(password):
        return True
    note_failure(request, user)
    return False


def note_wrong_code(sender: Any, request: HttpRequest, user: User, **signal: Any) -> None:
    """A wrong code of a second factor counts like a wrong password."""
    note_failure(request, user)


def ends_at(request: HttpRequest, name: str) -> datetime:
    """When the account called `name` opens again, at the latest, for the address of `request`."""
    tried = AccessAttempt.objects.filter(username=name, ip_address=address_of(request))
    last = tried.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    return (last or timezone.now()) + settings.AXES_COOLOFF_TIME


def answer_locked(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """The answer to who is locked out: until when, as a page, or as problem details where the API was asked."""
    until = ends_at(request, name_tried(request, credentials))
    wait = str(max(1, round((until - timezone.now()).total_seconds())))
    if not request.path.startswith("/api/"):
        page = render(request, "accounts/locked.html", {"until": until}, status=429)
        page.headers["Retry-After"] = wait
        return page
    body = {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": _("That was wrong too often from this address. The account opens again for it later."),
        "code": "locked_out",
        "ends_at": until.isoformat(),
    }
    return JsonResponse(body, status=429, headers={"Retry-After": wait}, content_type="application/problem+json")
