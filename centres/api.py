"""REST: regions, operators, centres and reporting periods."""

from functools import cached_property
from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.rest import AS_OF, KNOWN_AT, Resource, key_filter, moment_of
from centres.models import Centre, CentreRecord, Operator, Ownership, Provenance, Region, ReportingPeriod

AT_A_MOMENT = {"list": ("as_of", "known_at"), "retrieve": ("as_of", "known_at")}
at_a_moment = extend_schema_view(
    list=extend_schema(parameters=[AS_OF, KNOWN_AT]), retrieve=extend_schema(parameters=[AS_OF, KNOWN_AT])
)


class RegionSerializer(serializers.ModelSerializer[Region]):
    class Meta:
        model = Region
        fields = ("code", "iso", "name_en", "name_zh", "short_zh", "macro_region", "tile_col", "tile_row", "hub")


class Regions(Resource):
    """The provinces by their GB/T 2260 codes, with their places on the equal-tile map."""

    queryset = Region.objects.all()
    serializer_class = RegionSerializer
    lookup_value_regex = "[1-9][0-9]"


class OperatorSerializer(serializers.ModelSerializer[Operator]):
    class Meta:
        model = Operator
        fields = ("id", "name_en", "name_zh", "uscc", "ownership", "provenance")


class OperatorFilters(filters.FilterSet):
    uscc = filters.CharFilter()
    ownership = filters.ChoiceFilter(choices=Ownership.choices)
    provenance = filters.ChoiceFilter(choices=Provenance.choices)


class Operators(Resource):
    """The reporting legal entities."""

    queryset = Operator.objects.all()
    serializer_class = OperatorSerializer
    filterset_class = OperatorFilters


class OperatorNameSerializer(serializers.ModelSerializer[Operator]):
    class Meta:
        model = Operator
        fields = ("id", "name_en", "name_zh")


class CentreRecordSerializer(serializers.ModelSerializer[CentreRecord]):
    class Meta:
        model = CentreRecord
        fields = (
            "from_on", "recorded_at", "kind", "ownership", "state_funded", "commissioned_on", "progress", "capacity",
            "power", "status",
        )  # fmt: skip


class CentreSerializer(serializers.ModelSerializer[Centre]):
    operator = OperatorNameSerializer(allow_null=True)
    region = serializers.CharField(source="region_id")
    record = serializers.SerializerMethodField(help_text="What rules read of the centre; null where nothing was known.")

    class Meta:
        model = Centre
        fields = (
            "code", "name_en", "name_zh", "operator", "region", "region_code", "provenance", "source", "confidence",
            "record",
        )  # fmt: skip

    # One for all rows of a list.
    @cached_property
    def _of_record(self) -> CentreRecordSerializer:
        return CentreRecordSerializer()

    @extend_schema_field(CentreRecordSerializer(allow_null=True))
    def get_record(self, centre: Any) -> dict[str, Any] | None:
        return self._of_record.to_representation(centre.record[0]) if centre.record else None


class CentreFilters(filters.FilterSet):
    operator = key_filter("operator_id")
    region = filters.CharFilter(field_name="region_id")
    provenance = filters.ChoiceFilter(choices=Provenance.choices)


@at_a_moment
class Centres(Resource):
    """The computing centres, each with its record as of a day and as known at an instant."""

    queryset = Centre.objects.select_related("operator")
    serializer_class = CentreSerializer
    filterset_class = CentreFilters
    parameters = AT_A_MOMENT
    ordering = "code"
    lookup_field = "code"
    lookup_value_regex = "[A-Z0-9-]+"

    def get_queryset(self) -> QuerySet[Any]:
        holding = CentreRecord.objects.visible_to(self.user).as_of(*moment_of(self.request))
        return super().get_queryset().prefetch_related(Prefetch("records", queryset=holding, to_attr="record"))


class PeriodSerializer(serializers.ModelSerializer[ReportingPeriod]):
    class Meta:
        model = ReportingPeriod
        fields = ("code", "starts_on", "ends_on", "due_on")


class Periods(Resource):
    """The quarters for which centres report, in Asia/Shanghai."""

    queryset = ReportingPeriod.objects.all()
    serializer_class = PeriodSerializer
    lookup_value_regex = "20[0-9]{2}Q[1-4]"
