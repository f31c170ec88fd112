"""Who may call a page: the first line of a view says it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails

from accounts.models import Role, User

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of somebody who is signed in: pages that are public do not use it."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def takes_bodies_of(largest: int) -> Callable[[View[P]], View[P]]:
    """Let the view be sent `largest` bytes; `accounts.middleware.BoundedBodies` refuses what is larger unread."""

    def decorate(view: View[P]) -> View[P]:
        view.__dict__["largest_body"] = largest
        return view

    return decorate


def for_roles(*roles: Role) -> Callable[[View[P]], View[P]]:
    """Let only users in one of `roles` call the view; others are told that their role does not allow it.

    Which objects they may call it for is the business of `visible_to`.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def allowed(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if isinstance(request.user, AnonymousUser) or request.user.role not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return allowed

    return decorate
