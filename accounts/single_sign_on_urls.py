"""Where people sign in by another system; allauth finds it by these names."""

from django.urls import path

from accounts.single_sign_on import PROVIDER, come_back, lead_on

KNOWN = {"provider_id": PROVIDER}

urlpatterns = [
    path("sign-in/sso/", lead_on, KNOWN, name="openid_connect_login"),
    path("sign-in/sso/callback/", come_back, KNOWN, name="openid_connect_callback"),
]
