"""Signing in by another system (OpenID Connect), where the settings name one: for accounts that are here already."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse

from accounts.models import User

logger = logging.getLogger(__name__)

# What addresses call the one system that there is.
PROVIDER = "sso"


class SignOnAdapter(DefaultSocialAccountAdapter):
    """Who comes is known by what that system calls them; the first time, by the mail address that it vouches for.

    Nobody gets an account this way, and a second factor is asked for as of everybody.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing:
            return
        user = _vouched_for(sociallogin)
        if user is None:
            raise ImmediateHttpResponse(_drawn_later(request, "accounts/sign_on_unknown.html", status=403))
        # As `SocialLogin.connect` does, which would write the whole account back as it was read.
        sociallogin.user = sociallogin.account.user = user
        sociallogin.account.save()

    def on_authentication_error(self, request: HttpRequest, provider: Any, *args: Any, **more: Any) -> None:
        raise ImmediateHttpResponse(_drawn_later(request, "accounts/sign_on_failed.html", status=502))


def telling_where_nobody_answers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view` of allauth, with a page where the other system is away, or answers what is none of it."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        # All that `requests` raises is one: nobody there, no certificate, no JSON.
        except OSError as error:
            logger.warning("The other system to sign in by did not answer: %s", error)
            return render(request, "accounts/sign_on_failed.html", status=502)

    return told


def _drawn_later(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """A page that Django draws when the view has returned: in the name of who asks, no longer in the register's."""
    return TemplateResponse(request, template, status=status)


def _vouched_for(sociallogin: SocialLogin) -> User | None:
    """The one account with a mail address that the other system has proven; of two nobody knows which."""
    proven = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
    found = [user for email in proven for user in User.objects.filter(email__iexact=email, is_active=True)[:2]]
    return found[0] if len({user.pk for user in found}) == 1 and found else None
