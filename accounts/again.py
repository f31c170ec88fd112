"""Who attests, decides or grants shows once more who they are, when they last did so some minutes ago."""

import time
from functools import wraps
from typing import ParamSpec

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts import second_factor
from accounts.access import SignedInRequest, View
from accounts.models import User

P = ParamSpec("P")


def asked_again(view: View[P]) -> View[P]:
    """Before the view writes, ask who is there where that was not shown lately.

    What was sent is kept meanwhile, and done when it was shown. A form with files cannot be kept so.
    """

    @wraps(view)
    def asked(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST" or was_shown_lately(request):
            return view(request, *args, **kwargs)
        answer = suspend_request(request, _where_to_show(request))
        # A part of a page cannot show it: the whole page goes there.
        return HttpResponse(headers={"HX-Redirect": answer.url}) if request.htmx else answer

    return asked


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
