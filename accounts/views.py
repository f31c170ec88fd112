"""Signing in, and the language that pages speak."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import User


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """The sign-in page; who signs in meets the language that they chose last."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        if isinstance(user, User):
            _speak(response, user.language)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
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
        _speak(response, chosen)
        if isinstance(request.user, User):
            request.user.language = chosen
            request.user.save(update_fields=["language"])
    return response


def _speak(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=31_536_000, secure=settings.SECURE, samesite="Lax"
    )
