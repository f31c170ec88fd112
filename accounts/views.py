"""Signing in, the pages of one's own account, and the language that pages speak."""

from collections.abc import Callable
from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.totp.views import DeactivateTOTPView
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from django.views.generic import View

from accounts import asking
from accounts.models import User


def refusing(form_invalid: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """`form_invalid` of a view of allauth, answered with status 422, as everywhere in the register."""

    def refused(view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response = form_invalid(view, *args, **kwargs)
        if response.status_code == 200:
            response.status_code = 422
        return response

    return refused


def page(view: Any, template: str) -> Callable[..., HttpResponseBase]:
    """`view` of allauth as a page of the register, with the template of that name in `templates/accounts/`."""
    ours: dict[str, Any] = {"template_name": f"accounts/{template}.html"}
    if hasattr(view, "form_invalid"):
        ours["form_invalid"] = refusing(view.form_invalid)
    made: Any = type(view.__name__, (view,), ours)
    answer: Callable[..., HttpResponseBase] = made.as_view()
    return answer


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "accounts/sign_in.html"
    form_invalid = refusing(LoginView.form_invalid)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        other = settings.OIDC_NAME if settings.OIDC_SERVER_URL else ""
        context: dict[str, Any] = super().get_context_data(**kwargs) | {"other_system": other}
        return context


class SignInFactor(AuthenticateView):
    """The page that asks whoever gave a password for the second factor.

    Whose sign-in waits allauth looks up before the page begins, and which keys may answer when it draws it up: these
    the register asks for, as the page's forms do (`accounts.forms`), and nothing else here.
    """

    template_name = "accounts/sign_in_factor.html"
    form_invalid = refusing(AuthenticateView.form_invalid)
    dispatch = asking.asked_by_register()(AuthenticateView.dispatch)
    get = asking.asked_in_own_name()(AuthenticateView.get)
    post = asking.asked_in_own_name()(AuthenticateView.post)
    get_context_data = asking.asked_by_register()(AuthenticateView.get_context_data)


class AgainByKey(ReauthenticateWebAuthnView):
    """Show by a security key that it is still you; where that failed, the page says so, and what was kept waits."""

    template_name = "accounts/again_key.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs) | kwargs
        return context

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return response


class OneAfterTheOther(View):
    """Of two requests of one account at once the second finds what the first has done."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            if isinstance(request.user, User):
                User.objects.visible_to(request.user).select_for_update().get(pk=request.user.pk)
            return super().dispatch(request, *args, **kwargs)


class RemoveApp(OneAfterTheOther, DeactivateTOTPView):
    """Take the authenticator app away; allauth asks `can_delete_authenticator` whether another factor is left."""

    template_name = "accounts/app_remove.html"
    form_invalid = refusing(DeactivateTOTPView.form_invalid)


class RemoveKey(OneAfterTheOther, RemoveWebAuthnView):
    """Take a security key away, but for the last factor of who must have one."""

    template_name = "accounts/key_remove.html"
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = get_factor_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            messages.error(self.request, str(adapter.error_messages["cannot_delete_authenticator"]))
            return HttpResponseRedirect(reverse("mfa_index"))
        response: HttpResponse = super().form_valid(form)
        return response


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Speak the language in `language` from now on, and go back to `next`."""
    chosen, back = request.POST.get("language", ""), request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if chosen in dict(settings.LANGUAGES):
        speak(response, chosen)
        if isinstance(request.user, User):
            request.user.language = chosen
            request.user.save(update_fields=["language"])
    return response


def speak(response: HttpResponse, language: str) -> None:
    """Have the browser asked in `language` from now on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=31_536_000, secure=settings.SECURE, samesite="Lax"
    )
