"""Who attests, decides or grants shows once more who they are, when they last did so some minutes ago."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from accounts import second_factor
from accounts.access import SignedInRequest, View
from accounts.models import User

P = ParamSpec("P")
_NOT_KEPT = ("password", "csrfmiddlewaretoken")


def asked_again(*methods: str) -> Callable[[View[P]], View[P]]:
    """Before the view answers one of `methods`, ask who is there where that was not shown lately.

    A form that was being sent is kept meanwhile, but for a password in it, and done when it was shown.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def asked(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method not in methods or was_shown_lately(request):
                return view(request, *args, **kwargs)
            if request.method == "POST":
                request.session[STATE_SESSION_KEY] = {"callback": f"{__name__}.go_on", "state": _kept(request)}
            back = request.path if request.method == "POST" else request.get_full_path()
            address = f"{_where_to_show(request)}?{urlencode({'next': back})}"
            # A part of a page cannot show it: the whole page goes there.
            return HttpResponse(headers={"HX-Redirect": address}) if request.htmx else HttpResponseRedirect(address)

        return asked

    return decorate


def _kept(request: HttpRequest) -> dict[str, Any]:
    """What was being sent to where, without a password in it."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name not in _NOT_KEPT]
    return {"path": request.path, "address": request.get_full_path(), "fields": fields}


def go_on(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """The page that sends on what waited: at once where there are scripts. allauth calls it when it was shown who is
    there; for anything else that somebody wanted then, what waited before is let go."""
    wanted = get_next_redirect_url(request)
    if wanted != state["path"]:
        return HttpResponseRedirect(wanted or reverse("dashboard"))
    return render(request, "accounts/go_on.html", state)


def was_shown_lately(request: HttpRequest) -> bool:
    """Whether the session showed who it is within `REAUTHENTICATION_MINUTES`: by the second factor of who has one."""
    user = request.user
    if not isinstance(user, User):
        return False
    records = get_authentication_records(request, user)
    if second_factor.has_one(user):
        records = [record for record in records if record.get("method") == "mfa"]
    latest = max((record["at"] for record in records), default=0)
    return time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def _where_to_show(request: SignedInRequest) -> str:
    """The page that asks; who has neither password nor second factor is led to setting one up."""
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    return methods[0]["url"] if methods else reverse("mfa_index")
