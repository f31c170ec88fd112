"""Where each address leads."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include("config.api")),
    path("accounts/", include("accounts.urls")),
    path("", include("centres.people_urls")),
    path("", include("centres.administration_urls")),
    path("trail/", include("accounts.trail.urls")),
    path("", include("chips.urls")),
    path("", include("chips.timeliness_urls")),
    path("", include("chips.history_urls")),
    path("", include("compliance.urls")),
    path("", include("compliance.provision_urls")),
    path("", include("compliance.exemption_urls")),
    path("", include("compliance.hand_decision_urls")),
    path("", include("compliance.share_urls")),
    path("", include("compliance.simulation_urls")),
    path("", include("compliance.outlook_urls")),
    path("", include("compliance.plan_urls")),
    path("", include("reports.urls")),
]

if settings.OIDC_SERVER_URL:
    urlpatterns.append(path("accounts/", include("accounts.single_sign_on_urls")))

handler500 = "config.errors.answer_defect"
