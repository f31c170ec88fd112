"""Signing in by another system (OpenID Connect), where the settings name one: for accounts that are here already."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.asking import asked_by_register
from accounts.models import User
from accounts.trail.middleware import tell_of_refusal
from accounts.trail.models import EventKind
from accounts.trail.notes import note

logger = logging.getLogger(__name__)

# What addresses call the one system that there is.
PROVIDER = "sso"
# Where the other system says that its parts are.
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
# By which OAuth says why there is no token.
_ERROR_CODE = re.compile(r'"error"\s*:\s*"(\w{1,40})"', re.ASCII)
# How allauth, and what it stands on, fail at an answer that is none.
_NONSENSE = (ArithmeticError, AttributeError, ImproperlyConfigured, LookupError, RecursionError, TypeError, ValueError)


class SignOn(SocialLogin):
    """Somebody whom the other system has signed in: known by what it calls them, the first time by the mail address
    that it vouches for. Until they are signed in here, too, they are nobody: the register looks up whose account it is.
    """

    account: SocialAccount
    # What allauth's own way to find an account by its address leaves behind, which is not gone here.
    _did_authenticate_by_email = None
    # Whose account the address is of, where they come by it as somebody else of the other system.
    anothers: User | None = None

    @asked_by_register()
    @transaction.atomic
    def lookup(self) -> None:
        """Find whose account it is, and keep what the other system calls them; nothing else that it told is kept."""
        called = {"provider": self.account.provider, "uid": self.account.uid}
        known = SocialAccount.objects.filter(**called).first()
        if known is None and (found := _vouched_for(self)) is not None:
            # Of two at once one is first, and the other finds who was.
            user = User.objects.select_for_update(no_key=True).get(pk=found.pk)
            others = SocialAccount.objects.filter(provider=self.account.provider, user=user).exclude(**called)
            if others.exists():
                # An address that was given to another person is no proof of being the first.
                self.anothers = user
                return
            known, _ = SocialAccount.objects.get_or_create(**called, defaults={"user": user})
        if known is not None:
            # Not saved, as allauth would: neither what was withdrawn meanwhile nor what was removed comes back.
            self.account, self.user = known, known.user

    @property
    def is_existing(self) -> bool:
        """Whether `lookup` has found an account: to ask for it again, they would have to be shown it."""
        return self.user is not None and self.user.pk is not None


@contextmanager
def _understood() -> Iterator[None]:
    """Whatever cannot be made sense of here the other system has failed at; raises `OAuth2Error`."""
    try:
        yield
    except _NONSENSE as error:
        # The error itself may repeat a token.
        raise OAuth2Error(f"What it answers makes no sense ({type(error).__name__}).") from error


class _OtherSystem(OpenIDConnectOAuth2Adapter):
    """What the other system answers, each answer held against what it should be: allauth takes it for that."""

    @_understood()
    def get_client(self, *args: Any, **more: Any) -> OAuth2Client:
        for name in _ADDRESSES:
            if urlsplit(self.openid_config[name]).scheme not in ("http", "https"):
                raise ValueError(name)
        return super().get_client(*args, **more)

    @_understood()
    def get_access_token_data(self, *args: Any, **more: Any) -> Any:
        try:
            return super().get_access_token_data(*args, **more)
        except OAuth2Error as error:
            # allauth repeats the whole answer, which may hold a token, to the log.
            code = _ERROR_CODE.search(str(error))
            raise OAuth2Error(f"It gives no token ({code[1] if code else 'and does not say why'}).") from error

    @_understood()
    def parse_token(self, data: Any) -> SocialToken:
        """The access token alone: who comes is asked for by it, once, and it is not kept until it ends."""
        token = data["access_token"]
        if not (token and token.isascii() and token.isprintable()):
            raise ValueError("access_token")
        return SocialToken(token=token)

    @_understood()
    def complete_login(self, *args: Any, **more: Any) -> SignOn:
        read = super().complete_login(*args, **more)
        # Said twice, by the token and when asked, of whom it must be the same.
        named = {told["sub"] for told in read.account.extra_data.values()}
        if named != {read.account.uid}:
            raise ValueError("sub")
        if not all(name.isprintable() for name in (*named, *(address.email for address in read.email_addresses))):
            raise ValueError("PostgreSQL cannot look it up.")
        return SignOn(read.user, read.account, email_addresses=read.email_addresses, provider=read.provider)


class SignOnAdapter(DefaultSocialAccountAdapter):
    """Nobody gets an account by another system, and a second factor is asked for as of everybody."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if isinstance(sociallogin, SignOn) and sociallogin.anothers is not None:
            raise ImmediateHttpResponse(_refused(request, sociallogin.anothers))
        if not sociallogin.is_existing:
            raise ImmediateHttpResponse(render(request, "accounts/sign_on_unknown.html", status=403))
        # People sign in by it, whatever else was asked for: nobody joins another account of theirs to the one here.
        sociallogin.state["process"] = AuthProcess.LOGIN

    def on_authentication_error(self, request: HttpRequest, provider: Any, *args: Any, **more: Any) -> None:
        # What this browser was not sent there for is none of the other system's doing.
        status = 502 if "state" in more.get("extra_context", {}) else 400
        raise ImmediateHttpResponse(_failed(request, more.get("exception") or more.get("error"), status=status))


def telling_where_nobody_answers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`view`, with a page where the other system is away, or answers what is none of it."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        # All that `requests` raises is an `OSError`: nobody there, no certificate, no JSON.
        except (OSError, OAuth2Error) as error:
            return _failed(request, error)

    return told


@login_not_required
@require_POST
@telling_where_nobody_answers
def lead_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead who wants to be signed in on to the other system."""
    provider = get_adapter(request).get_provider(request, provider_id)
    provider.oauth2_adapter_class = _OtherSystem
    answer: HttpResponse = provider.redirect_from_request(request)
    return answer


@login_not_required
@require_GET
@telling_where_nobody_answers
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the other system sends people back to: allauth's view, which makes a `SignOn` of its answer."""
    answer: HttpResponse = OAuth2CallbackView.adapter_view(_OtherSystem(request, provider_id))(request)
    return answer


def is_known(account: User) -> bool:
    """Whether somebody of the other system signs in to `account`."""
    return SocialAccount.objects.filter(user=account).exists()


def _failed(request: HttpRequest, error: Any, status: int = 502) -> HttpResponse:
    # An answer may be as long as it likes.
    logger.warning("The other system to sign in by failed: %.300s", error)
    return render(request, "accounts/sign_on_failed.html", status=status)


def _refused(request: HttpRequest, account: User) -> HttpResponse:
    """Tell who comes that somebody else of the other system has `account`; the trail tells it of that account."""
    told = {"status": 403, "known_as": "another"}
    note(EventKind.REFUSED, subject=User._meta.db_table, key=str(account.pk), details=told)
    tell_of_refusal(request, None)
    return render(request, "accounts/sign_on_anothers.html", status=403)


def _vouched_for(sociallogin: SocialLogin) -> User | None:
    """The one account with a mail address that the other system has proven; of two nobody knows which."""
    proven = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
    found = [user for email in proven for user in User.objects.filter(email__iexact=email, is_active=True)[:2]]
    return found[0] if len({user.pk for user in found}) == 1 and found else None
