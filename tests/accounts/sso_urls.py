"""The register's addresses where another system signs people in, which the settings of the tests do not name: those
of `config.urls` as it is read where they do."""

import runpy

from django.test import override_settings

with override_settings(OIDC_SERVER_URL="https://login.example.org"):
    _read = runpy.run_module("config.urls")

urlpatterns, handler500 = _read["urlpatterns"], _read["handler500"]
