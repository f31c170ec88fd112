"""A second factor beside the password: regulators and administrators reach nothing before they have shown one."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User

# What a second factor is shown with; recovery codes stand in for one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Pages that lead to having one, or away.
_ON_THE_WAY = frozenset(
    {
        "account_logout",
        "account_change_password",
        "account_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_view_recovery_codes",
    }
)


def has_one(user: User) -> bool:
    """Whether `user` can show a second factor."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def with_one(accounts: Iterable[User]) -> set[int]:
    """The keys of those of `accounts` that can show a second factor; one query."""
    return set(Authenticator.objects.filter(user__in=accounts, type__in=FACTORS).values_list("user", flat=True))


def is_due(request: HttpRequest) -> bool:
    """Whether the session that asks must show a second factor before anything else."""
    user = request.user
    return isinstance(user, User) and user.needs_second_factor and not _was_shown(request, user)


def _was_shown(request: HttpRequest, user: User) -> bool:
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def note_as_shown(sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **signal: Any) -> None:
    """Who has just set a factor up has shown it: with its code, or with a touch of the key."""
    if authenticator.type in FACTORS:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)


class SecondFactorFirst:
    """Leads a session that must show a second factor to where it does, from wherever it wanted to go.

    REST resources refuse in their own form (`accounts.rest.SessionAuthentication`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match and request.resolver_match.url_name
        is_open = not getattr(view, "login_required", True)
        if is_open or hasattr(view, "cls") or name in _ON_THE_WAY or not is_due(request):
            return None
        user = request.user
        if not (isinstance(user, User) and has_one(user)):
            address = reverse("mfa_index")
        else:
            back = request.get_full_path() if request.method == "GET" else reverse("dashboard")
            address = f"{reverse('mfa_reauthenticate')}?{urlencode({'next': back})}"
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)
