"""Where each address under /api/v1/ leads, and the pages that describe them."""

from typing import Any

from csp.constants import NONCE, SELF
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path, re_path
from django.views.decorators.http import require_safe
from drf_spectacular import authentication
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter

from accounts.api import Me
from accounts.rest import Answer
from centres.api import Centres, Operators, Periods, Regions
from chips.catalogue_api import Chips, Vendors
from chips.help_api import FindingCodes
from chips.submission_api import Submissions
from chips.timeliness_api import Timeliness
from chips.upload_api import InventoryTemplate, Uploads
from compliance.api import Mandates, OutcomeChanges
from compliance.determination_api import Determinations
from compliance.exemption_api import Exemptions
from compliance.outlook_api import Outlooks
from compliance.plan_api import CentrePlan
from compliance.provision_api import Provisions
from compliance.rollup_api import Rollups
from compliance.simulation_api import Simulations, Trials
from reports.api import ReportRuns, Reports, RunsOfReport


class SessionScheme(authentication.SessionScheme):
    target_class = "accounts.rest.SessionAuthentication"


@extend_schema(exclude=True)
class Schema(Answer, SpectacularAPIView):
    """The OpenAPI description of this API."""

    renderer_classes = [OpenApiJsonRenderer2]


@extend_schema(exclude=True)
class Missing(Answer):
    """Whatever else is asked for under the API's address."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound

    def check_parameters(self, request: Request) -> None:
        """What is not there has no parameters that could be wrong."""


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API to try out, by Swagger UI."""
    return render(request, "config/api_docs.html")


# It writes its style sheet in the browser, under a number that holds for this one answer.
@require_safe
@csp_update({"style-src": [SELF, NONCE]})
def redoc(request: HttpRequest) -> HttpResponse:
    """The API to read, by Redoc."""
    return render(request, "config/api_redoc.html")


def describe_refusals(result: dict[str, Any], **generation: Any) -> dict[str, Any]:
    """Add to the OpenAPI description what holds for every operation: problems, and idempotency keys on writes."""
    text = {"type": "string"}
    fault = {"type": "object", "properties": {"code": text, "message": text}}
    result["components"]["schemas"]["Problem"] = {
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "code": text | {"description": "Stable: what clients can rely on."},
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": fault}},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": text | {"minLength": 1, "maxLength": 255},
        "description": "Sent again with the same key, the same request has its effect once and the same answer.",
    }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                # Another refusal can have the same status: of a key, say, that was used before.
                if status.startswith("4"):
                    response["content"] |= problem
            operation["responses"]["default"] = {"description": "A refusal.", "content": problem}
            if method == "post":
                operation.setdefault("parameters", []).append(key)
    return result


router = SimpleRouter()
router.register("regions", Regions, "region")
router.register("operators", Operators, "operator")
router.register("centres", Centres, "centre")
router.register("periods", Periods, "period")
router.register("vendors", Vendors, "vendor")
router.register("chips", Chips, "chip")
router.register("submissions", Submissions, "submission")
router.register("timeliness", Timeliness, "timeliness")
router.register("uploads", Uploads, "upload")
router.register("mandates", Mandates, "mandate")
router.register("determinations", Determinations, "determination")
router.register("outcome-changes", OutcomeChanges, "outcome-change")
router.register("exemptions", Exemptions, "exemption")
router.register("outlooks", Outlooks, "outlook")
router.register("simulations", Simulations, "simulation")
router.register("reports", Reports, "report")
router.register("report-runs", ReportRuns, "report-run")

# Files by their names: without the slash that the router puts behind every address.
KEY = "<int:pk>"
files = [
    path(f"submissions/{KEY}/errors.xlsx", Submissions.as_view({"get": "errors"}), name="submission-errors"),
    path(f"submissions/{KEY}/receipt.json", Submissions.as_view({"get": "receipt"}), name="submission-receipt-json"),
    path(f"submissions/{KEY}/receipt.pdf", Submissions.as_view({"get": "receipt_pdf"}), name="submission-receipt-pdf"),
    path(f"uploads/{KEY}/errors.xlsx", Uploads.as_view({"get": "errors"}), name="upload-errors"),
]

app_name = "api"
urlpatterns = [
    *files,
    path("", include(router.urls)),
    path("centres/<code:code>/plan/", CentrePlan.as_view(), name="centre-plan"),
    path(
        "mandates/<slug:code>/provisions/",
        Provisions.as_view({"get": "list", "post": "create"}),
        name="mandate-provisions",
    ),
    path(f"mandates/<slug:code>/provisions/{KEY}/", Provisions.as_view({"get": "retrieve"}), name="mandate-provision"),
    path("mandates/<slug:code>/simulate/", Trials.as_view({"post": "create"}), name="mandate-simulate"),
    path("reports/<slug:report>/runs/", RunsOfReport.as_view({"get": "list", "post": "create"}), name="report-runs"),
    path("rollups/", Rollups.as_view(), name="rollup-list"),
    path("finding-codes/", FindingCodes.as_view(), name="finding-codes"),
    path("inventory-template.xlsx", InventoryTemplate.as_view(), name="inventory-template"),
    path("me/", Me.as_view(), name="me"),
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("redoc/", redoc, name="redoc"),
    re_path("", Missing.as_view(), name="missing"),
]
