"""The register's addresses with those of another system to sign in by, which the settings of the tests do not name."""

from django.urls import include, path

from config.urls import handler500 as handler500
from config.urls import urlpatterns as registered

urlpatterns = [*registered, path("accounts/", include("accounts.single_sign_on_urls"))]
