"""One's own mail address, which another takes the place of by a link that is sent there.

Whoever holds the address can set the password: it is changed by somebody who showed lately who they are, and becomes
another only when the same person, signed in, follows the link. The address of before is told.
"""

from typing import Any

from allauth.account.models import EmailConfirmationHMAC
from allauth.account.views import ConfirmEmailView, EmailView
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.again import asked_again
from accounts.forms import waiting_of
from accounts.views import refusing

_METHODS = ["get", "head", "post", "options"]


class ChangeMail(EmailView):
    """The address, the one that waits for its link to be followed, and the way to another."""

    template_name = "accounts/mail.html"
    http_method_names = _METHODS
    form_invalid = refusing(EmailView.form_invalid)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Not what else allauth does here: to send, to remove, and to take an address that nobody has proven.
        response: HttpResponse = super(EmailView, self).post(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs) | {"waiting": waiting_of(self.request.user)}
        return context


class ConfirmMail(ConfirmEmailView):
    """Where the link leads: a button that makes the address one's own, for whose account it is and for nobody else."""

    template_name = "accounts/mail_confirm.html"
    http_method_names = _METHODS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # allauth lets in whoever holds the link, this page only who is signed in: an address that was mistyped is
        # some stranger's.
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        response: HttpResponse = super().get(request, key=key)
        if self.object is None:
            response.status_code = 404
        return response

    def get_object(self, queryset: Any = None) -> EmailConfirmationHMAC:
        confirmation: EmailConfirmationHMAC = super().get_object(queryset)
        if confirmation.email_address.user_id != self.request.user.pk:
            raise Http404
        return confirmation


change_mail = asked_again("POST")(ChangeMail.as_view())
