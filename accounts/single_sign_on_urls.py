from allauth.socialaccount.views import LoginCancelledView, LoginErrorView
from django.urls import path

from accounts.single_sign_on import PROVIDER, come_back, lead_on
from accounts.views import page

KNOWN = {"provider_id": PROVIDER}

urlpatterns = [
    path("sign-in/sso/", lead_on, KNOWN, name="openid_connect_login"),
    path("sign-in/sso/callback/", come_back, KNOWN, name="openid_connect_callback"),
    path("sign-in/sso/cancelled/", page(LoginCancelledView, "sign_on_failed"), name="socialaccount_login_cancelled"),
    path("sign-in/sso/failed/", page(LoginErrorView, "sign_on_failed"), name="socialaccount_login_error"),
]
