from collections.abc import Callable

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.socialaccount.views import LoginCancelledView, LoginErrorView
from django.http import HttpResponse
from django.urls import path

from accounts.single_sign_on import PROVIDER, telling_where_nobody_answers
from accounts.urls import looked_up_by_register
from accounts.views import page

KNOWN = {"provider_id": PROVIDER}


def _by_other_system(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    return looked_up_by_register(telling_where_nobody_answers(view))


urlpatterns = [
    path("sign-in/sso/", _by_other_system(openid_connect.login), KNOWN, name="openid_connect_login"),
    path("sign-in/sso/callback/", _by_other_system(openid_connect.callback), KNOWN, name="openid_connect_callback"),
    path("sign-in/sso/cancelled/", page(LoginCancelledView, "sign_on_failed"), name="socialaccount_login_cancelled"),
    path("sign-in/sso/failed/", page(LoginErrorView, "sign_on_failed"), name="socialaccount_login_error"),
]
