from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.socialaccount.views import LoginCancelledView, LoginErrorView
from django.urls import path

from accounts.asking import asked_by_register
from accounts.single_sign_on import PROVIDER, telling_where_nobody_answers
from accounts.views import page

KNOWN = {"provider_id": PROVIDER}

# allauth looks the account up in several places between the other system's answer and the moment it signs in: there
# the register asks, until `AccountAdapter.login`, and pages are drawn only when it has ceased to.
_come_back = asked_by_register()(openid_connect.callback)

urlpatterns = [
    path("sign-in/sso/", telling_where_nobody_answers(openid_connect.login), KNOWN, name="openid_connect_login"),
    path("sign-in/sso/callback/", telling_where_nobody_answers(_come_back), KNOWN, name="openid_connect_callback"),
    path("sign-in/sso/cancelled/", page(LoginCancelledView, "sign_on_failed"), name="socialaccount_login_cancelled"),
    path("sign-in/sso/failed/", page(LoginErrorView, "sign_on_failed"), name="socialaccount_login_error"),
]
