"""REST: what is expected of each centre for a period, and what came."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Resource, invalid_parameter
from centres.converters import as_code
from centres.models import Centre, ReportingPeriod
from chips.timeliness import Filed, FilingState, Ledger, Row


class TimelinessSerializer(serializers.Serializer[Row]):
    centre = serializers.CharField(source="centre.code")
    period = serializers.SerializerMethodField()
    region = serializers.CharField(source="region.code")
    state = serializers.ChoiceField(choices=FilingState.choices)
    filed = serializers.ChoiceField(choices=Filed.choices)
    is_late = serializers.BooleanField(
        allow_null=True, help_text="Whether what was filed first came after the due date; null where nothing was filed."
    )
    filed_at = serializers.DateTimeField(allow_null=True, help_text="When what was filed first came.")
    submission = serializers.IntegerField(
        source="submission_id", allow_null=True, help_text="That of which the state speaks."
    )
    due_on = serializers.DateField(help_text="The day counts whole, in Asia/Shanghai.")
    locks_on = serializers.DateField(
        allow_null=True, help_text="The last day on which can be filed, which counts whole; null: it never locks."
    )
    is_locked = serializers.BooleanField()
    opens_on = serializers.DateField(allow_null=True, help_text="Where the centre opened within the period.")
    closes_on = serializers.DateField(allow_null=True, help_text="Where the centre closed within the period.")

    def get_period(self, row: Row) -> str:
        return str(self.context["period"].code)


_PERIOD = OpenApiParameter(
    "period", OpenApiTypes.STR, description="As 2025Q4; where not given, the one that ended last."
)


@extend_schema_view(
    list=extend_schema(
        parameters=[
            _PERIOD,
            OpenApiParameter("region", OpenApiTypes.STR, description="The code of a province, as 31."),
            OpenApiParameter("state", OpenApiTypes.STR, enum=FilingState.values),
            OpenApiParameter("centre", OpenApiTypes.STR, description="The code of a centre."),
        ]
    ),
    retrieve=extend_schema(parameters=[_PERIOD]),
)
class Timeliness(Resource):
    """What is expected for a period: a row for every centre that was there on any day of it."""

    queryset = Centre.objects.all()
    serializer_class = TimelinessSerializer
    parameters = {"list": ("period", "region", "state", "centre"), "retrieve": ("period",)}
    ordering = "code"
    lookup_field = "code"
    lookup_value_regex = "[A-Z0-9-]+"

    @cached_property
    def period(self) -> ReportingPeriod:
        asked, today = self.request.query_params.get("period"), timezone.localdate()
        periods = ReportingPeriod.objects.visible_to(self.user)
        if asked is None:
            found = periods.filter(ends_on__lt=today).order_by("-code").first()
        else:
            found = periods.begun(today).filter(code=as_code(asked)).first()
        if found is None:
            raise invalid_parameter("period", _("This is no period that has begun."))
        return found

    def get_queryset(self) -> QuerySet[Any]:
        centres = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return centres
        query = self.request.query_params
        state = query.get("state")
        if state is not None and state not in FilingState.values:
            raise invalid_parameter("state", _("There is no such state."))
        if "region" in query:
            centres = centres.filter(region=as_code(query["region"]))
        if "centre" in query:
            centres = centres.filter(code=as_code(query["centre"]))
        ledger = Ledger(centres, self.period, timezone.now(), FilingState(state) if state else None)
        return ledger.expected_centres().order_by(self.ordering)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        rows = self._rows([centre.pk for centre in page or ()])
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        centre: Centre = self.get_object()
        rows = self._rows([centre.pk])
        if not rows:
            raise Http404
        return Response(self.get_serializer(rows[0]).data)

    def _rows(self, keys: Sequence[int]) -> Sequence[Row]:
        return Ledger(Centre.objects.visible_to(self.user).filter(pk__in=keys), self.period, timezone.now()).rows()

    def get_serializer_context(self) -> dict[str, Any]:
        context = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):
            context["period"] = self.period
        return context
