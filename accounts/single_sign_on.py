"""Signing in by another system (OpenID Connect), where the settings name one: for accounts that are here already."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.asking import asked_by_register
from accounts.models import User

logger = logging.getLogger(__name__)

# What addresses call the one system that there is.
PROVIDER = "sso"


class SignOn(SocialLogin):
    """Somebody whom the other system has signed in: known by what it calls them, the first time by the mail address
    that it vouches for. Until they are signed in here, too, they are nobody: the register looks up whose account it is.
    """

    account: SocialAccount
    # What allauth's own way to find an account by its address leaves behind, which is not gone here.
    _did_authenticate_by_email = None

    @asked_by_register()
    def lookup(self) -> None:
        """Find whose account it is, and keep what the other system calls them; nothing else that it told is kept."""
        called = {"provider": self.account.provider, "uid": self.account.uid}
        known = SocialAccount.objects.filter(**called).first()
        user = known.user if known else _vouched_for(self)
        if user is None:
            return
        if known is None:
            # Of two at once one is first.
            known, _ = SocialAccount.objects.get_or_create(**called, defaults={"user": user})
        # Not saved, as allauth would: neither what was withdrawn meanwhile nor what was removed comes back.
        self.account, self.user = known, known.user

    @property
    def is_existing(self) -> bool:
        """Whether `lookup` has found an account: to ask for it again, they would have to be shown it."""
        return self.user is not None and self.user.pk is not None


class _OtherSystem(OpenIDConnectOAuth2Adapter):
    def complete_login(self, *args: Any, **more: Any) -> SignOn:
        try:
            read = super().complete_login(*args, **more)
        except (AttributeError, KeyError, TypeError, ValueError, ImproperlyConfigured) as error:
            # allauth tells so in many ways of claims that name nobody, or by a name that is too long.
            raise OAuth2Error("The other system does not say who was signed in.") from error
        return SignOn(read.user, read.account, email_addresses=read.email_addresses, provider=read.provider)


class SignOnAdapter(DefaultSocialAccountAdapter):
    """Nobody gets an account by another system, and a second factor is asked for as of everybody."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if not sociallogin.is_existing:
            raise ImmediateHttpResponse(render(request, "accounts/sign_on_unknown.html", status=403))
        # People sign in by it, whatever else was asked for: nobody joins another account of theirs to the one here.
        sociallogin.state["process"] = AuthProcess.LOGIN

    def on_authentication_error(self, request: HttpRequest, provider: Any, *args: Any, **more: Any) -> None:
        logger.warning("The other system to sign in by failed: %s", more.get("exception") or more.get("error"))
        raise ImmediateHttpResponse(render(request, "accounts/sign_on_failed.html", status=502))


@login_not_required
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the other system sends people back to: allauth's view, which makes a `SignOn` of its answer."""
    answer: HttpResponse = OAuth2CallbackView.adapter_view(_OtherSystem(request, provider_id))(request)
    return answer


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


def _vouched_for(sociallogin: SocialLogin) -> User | None:
    """The one account with a mail address that the other system has proven; of two nobody knows which."""
    proven = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
    found = [user for email in proven for user in User.objects.filter(email__iexact=email, is_active=True)[:2]]
    return found[0] if len({user.pk for user in found}) == 1 and found else None
