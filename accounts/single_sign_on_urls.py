from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.socialaccount.views import LoginCancelledView, LoginErrorView
from django.urls import path

from accounts.single_sign_on import PROVIDER, come_back, telling_where_nobody_answers
from accounts.views import page

KNOWN = {"provider_id": PROVIDER}

urlpatterns = [
    path("sign-in/sso/", telling_where_nobody_answers(openid_connect.login), KNOWN, name="openid_connect_login"),
    path("sign-in/sso/callback/", telling_where_nobody_answers(come_back), KNOWN, name="openid_connect_callback"),
    path("sign-in/sso/cancelled/", page(LoginCancelledView, "sign_on_failed"), name="socialaccount_login_cancelled"),
    path("sign-in/sso/failed/", page(LoginErrorView, "sign_on_failed"), name="socialaccount_login_error"),
]
