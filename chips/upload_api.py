"""REST: files from their last byte to a draft, and the workbook to fill in."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Answer, Resource, invalid_parameter
from centres.converters import as_code
from centres.models import Centre, Operator, ReportingPeriod
from chips.allowance import usage_of
from chips.errors_workbook import XLSX, errors_of_upload
from chips.intake.check import Report
from chips.models import Upload, UploadStatus
from chips.originals import sent_file
from chips.submission_serializers import CheckSerializer, CorrectionSerializer
from chips.template import general_template, template_for


class UploadSerializer(serializers.ModelSerializer[Upload]):
    centre = serializers.CharField(source="centre.code")
    period = serializers.CharField(source="period_id")
    corrections = CorrectionSerializer(many=True, help_text="What was mended of the file's cells.")
    check = serializers.SerializerMethodField(help_text="The object of `check_inventory`; null until it is read.")

    class Meta:
        model = Upload
        fields = (
            "id", "centre", "period", "status", "received_at", "file_name", "file_sha256", "declared_lines",
            "declared_units", "lines_read", "percent_read", "corrections", "submission", "check",
        )  # fmt: skip

    @extend_schema_field(CheckSerializer(allow_null=True))
    def get_check(self, upload: Upload) -> dict[str, Any] | None:
        return Report.from_data(upload.report).worded(get_language() or "en") if upload.report else None


class UsageSerializer(serializers.Serializer[Any]):
    """What one operator uses of what it may."""

    operator = serializers.IntegerField()
    used_bytes = serializers.IntegerField(help_text="Of its files that are kept; one that was sent again is kept once.")
    quota_bytes = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Files that wait to be read or are being read.")
    most_waiting = serializers.IntegerField()


class UploadFilters(filters.FilterSet):
    centre = filters.CharFilter(field_name="centre__code")
    period = filters.CharFilter(field_name="period_id")
    status = filters.ChoiceFilter(choices=UploadStatus.choices)


class Uploads(Resource):
    """Files that were sent, faulty ones too: for the people of their centre alone."""

    queryset = Upload.objects.select_related("centre")
    serializer_class = UploadSerializer
    filterset_class = UploadFilters

    @extend_schema(responses=UsageSerializer(many=True), filters=False)
    @action(detail=False, pagination_class=None)
    def usage(self, request: Request) -> Response:
        """How much of the files of each of the caller's own operators is kept, and how many wait."""
        operators = Operator.objects.visible_to(self.user).filter(pk__in=self.user.operator_ids).order_by("pk")
        return Response([{"operator": one.pk, **usage_of(one)._asdict()} for one in operators])

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """The file as it was sent, byte for byte."""
        upload = self.get_object()
        return sent_file(request, upload.file_sha256, upload.file_name)

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    def errors(self, request: Request, pk: str) -> HttpResponseBase:
        """The file again as a workbook, with its faults marked in their cells."""
        return errors_of_upload(self.get_object(), get_language() or "en")


_CENTRE = OpenApiParameter("centre", description="Code of a centre: its last accepted lines are filled in.")
_PERIOD = OpenApiParameter("period", description="The period to file for, such as 2025Q4; due with a centre.")


class InventoryTemplate(Answer):
    """The workbook to fill in, with drop-down lists of the catalogue, in the reader's language."""

    parameters = {"get": ("centre", "period")}

    @extend_schema(parameters=[_CENTRE, _PERIOD], responses={(200, XLSX): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """The template, of a centre and a period where these are given."""
        language = get_language() or "en"
        centre, period = (request.query_params.get(name) for name in ("centre", "period"))
        if centre is None and period is None:
            content = general_template(language)
        else:
            content = template_for(self._centre(centre), self._period(period), language)
        headers = {"Content-Disposition": 'attachment; filename="inventory-template.xlsx"'}
        return HttpResponse(content, content_type=XLSX, headers=headers)

    def _centre(self, code: str | None) -> Centre:
        found = Centre.objects.visible_to(self.user).filter(code=as_code(code)).first()
        if found is None:
            raise invalid_parameter("centre", _("There is no such centre."))
        return found

    def _period(self, code: str | None) -> ReportingPeriod:
        found = (
            ReportingPeriod.objects.visible_to(self.user).begun(timezone.localdate()).filter(code=as_code(code)).first()
        )
        if found is None:
            raise invalid_parameter("period", _("There is no such period, or it has not begun."))
        return found
