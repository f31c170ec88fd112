"""One's own API tokens: made, shown once, revoked."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import tokens
from accounts.access import SignedInRequest
from accounts.again import asked_again
from accounts.forms import TokenForm
from accounts.models import ApiToken, Scope


@asked_again("POST")
@require_http_methods(["GET", "POST"])
def list_tokens(request: SignedInRequest) -> HttpResponse:
    """One's tokens, and the way to make another; its secret is in the answer to that, and nowhere else."""
    form = TokenForm(request.POST or None, user=request.user)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    secret = tokens.make(user=request.user, now=timezone.now(), **form.cleaned_data)
    return _page(request, TokenForm(user=request.user), secret=secret)


@require_POST
def revoke_token(request: SignedInRequest, token_id: int) -> HttpResponse:
    """Let one of one's tokens open nothing any more."""
    token = get_object_or_404(ApiToken.objects.visible_to(request.user), pk=token_id)
    tokens.revoke(token, timezone.now())
    messages.success(request, _("The token “%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect("tokens")


def _page(request: HttpRequest, form: TokenForm, *, secret: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    rows = [
        (token, [Scope(scope).label for scope in token.scopes], tokens.is_good(token, now))
        for token in tokens.listed(form.user)
    ]
    return render(request, "accounts/tokens.html", {"form": form, "rows": rows, "secret": secret}, status=status)
