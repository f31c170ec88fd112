"""REST: the reports that there are, and their runs."""

from typing import Any, NamedTuple

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.idempotency import once
from accounts.models import Scope
from accounts.problems import Problem
from accounts.rest import Answer, Body, CodeField, Pages, Resource, sealed_file
from centres.models import ReportingPeriod
from reports import build
from reports.models import ReportRun, RunStatus, RunTrigger

FORMATS = ("csv",)


class Report(NamedTuple):
    id: str
    title: str | Promise
    schedule: str | Promise
    formats: tuple[str, ...]


REPORTS = {
    report.id: report
    for report in [
        Report(
            "national-quarterly",
            gettext_lazy("National quarterly report: a row per centre and mandate"),
            gettext_lazy("When the time to file for a period has ended"),
            FORMATS,
        )
    ]
}


def report_called(name: str) -> Report:
    if name not in REPORTS:
        raise NotFound
    return REPORTS[name]


class ReportSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    schedule = serializers.CharField(help_text="When a run begins of itself.")
    formats = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(many=False)
class ReportListSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ReportSerializer(many=True)


class Reports(Answer, GenericViewSet[Any]):
    """The reports that there are."""

    serializer_class = ReportSerializer
    pagination_class = None
    parameters = {"list": ("page_size",)}
    lookup_value_regex = "[a-z-]+"
    lookup_field = "id"

    @extend_schema(responses=ReportListSerializer, parameters=[OpenApiParameter("page_size", int)])
    def list(self, request: Request) -> Response:
        Pages().get_page_size(request)
        results = ReportSerializer(list(REPORTS.values()), many=True).data
        return Response({"next": None, "previous": None, "results": results})

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002 - the name of the address's part
        return Response(ReportSerializer(report_called(id)).data)


class RunSerializer(serializers.ModelSerializer[ReportRun]):
    report = serializers.SerializerMethodField()
    period = serializers.CharField(source="period_id")
    progress = serializers.IntegerField(help_text="Percent of the parts that are done, cut.")
    manifest = serializers.DictField(allow_null=True, help_text="What it was made of; null until it is ready.")

    class Meta:
        model = ReportRun
        fields = (
            "id", "report", "period", "trigger", "status", "progress", "parts", "parts_done", "requested_at",
            "known_at", "finished_at", "row_count", "file_sha256", "manifest",
        )  # fmt: skip

    def get_report(self, run: ReportRun) -> str:
        return "national-quarterly"


class RunFilters(filters.FilterSet):
    period = filters.CharFilter(field_name="period_id")
    status = filters.ChoiceFilter(choices=RunStatus.choices)
    trigger = filters.ChoiceFilter(choices=RunTrigger.choices)


class ReportRuns(Resource):
    """Buildings of a report, the latest first, with their progress; one that is ready never changes."""

    queryset = ReportRun.objects.all()
    serializer_class = RunSerializer
    filterset_class = RunFilters
    ordering = "-pk"
    parameters = {"download": ("format",)}

    @extend_schema(
        parameters=[OpenApiParameter("format", str, enum=FORMATS, description="CSV where not given.")],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    @action(detail=True)
    def download(self, request: Request, pk: str) -> HttpResponseBase:
        """The report as it was sealed; its SHA-256 stands in the run, and is the ETag."""
        run = self.get_object()
        if request.query_params.get("format", "csv") not in FORMATS:
            message = _("The report comes as %(formats)s.") % {"formats": ", ".join(FORMATS)}
            raise Problem(400, "unsupported_format", message, parameter="format", allowed=list(FORMATS))
        if run.status != RunStatus.READY:
            raise Problem(409, "not_ready", _("The report is not ready."), run_status=run.status)
        path = build.sealed_file(run)
        return sealed_file(
            request, path, sha256=run.file_sha256, name=run.file_name, content_type="text/csv; charset=utf-8"
        )


class RunBody(Body):
    period = CodeField(slug_field="code", queryset=ReportingPeriod.objects.all())


class RunsOfReport(ReportRuns):
    """The runs of one report."""

    scopes = {"create": Scope.BUILD}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        report_called(kwargs["report"])

    @extend_schema(request=RunBody, responses={202: RunSerializer})
    def create(self, request: Request, report: str) -> Response:
        """Ask for the report of a period; who asks while it is being built is shown that run."""
        if not self.user.sees_whole_country:
            raise Problem(403, "permission_denied", _("Your role does not allow this."))
        period = self.read_body(RunBody)["period"]

        def ask() -> Response:
            run = build.request_run(period=period, requested_by=self.user)
            url = request.build_absolute_uri(reverse("api:report-run-detail", args=[run.pk]))
            return Response(self.get_serializer(run).data, status=202, headers={"Location": url})

        return once(request, self.user, ask)
