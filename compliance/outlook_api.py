"""REST: what is foreseen of centres, regions and the country, and how far past outlooks were off."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest import FlagFilter, Resource
from compliance.models import Outlook, OutlookBasis
from compliance.outlook.page import errors_for
from compliance.outlook.trend import HORIZON


class OutlookPointSerializer(serializers.Serializer[Any]):
    period = serializers.CharField()
    low = serializers.CharField(help_text="Percent, cut to four places.")
    expected = serializers.CharField(required=False, help_text="Of a quarter to come alone.")
    high = serializers.CharField()


class OutlookBySerializer(serializers.Serializer[Any]):
    """What one basis says by itself; quarters are empty where it is not met within the horizon."""

    expected = serializers.CharField(allow_blank=True)
    earliest = serializers.CharField(allow_blank=True)
    latest = serializers.CharField(allow_blank=True)
    points = OutlookPointSerializer(many=True)


class OutlookCountsSerializer(serializers.Serializer[Any]):
    asked = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Of how many no share is known.")
    without_path = serializers.IntegerField(help_text="Of how many today's share alone is known.")
    met = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text=f"For the period and {HORIZON} quarters on: at the low end, expected, at the high end.",
    )
    exempt = serializers.ListField(
        child=serializers.IntegerField(), required=False,
        help_text="For the same quarters: how many are exempt, and none of those that meet it.",
    )  # fmt: skip


class OutlookErrorSerializer(serializers.Serializer[Any]):
    quarters_ahead = serializers.IntegerField()
    outlooks = serializers.IntegerField()
    median_error = serializers.DecimalField(max_digits=9, decimal_places=4, help_text="In percentage points.")
    greatest_error = serializers.DecimalField(max_digits=9, decimal_places=4, help_text="In percentage points.")
    within = serializers.IntegerField(help_text="How many came to lie within the interval.")


class OutlookSerializer(serializers.ModelSerializer[Outlook]):
    centre = serializers.CharField(source="centre.code", default=None, allow_null=True)
    provenance = serializers.CharField(
        source="centre.provenance", default=None, allow_null=True,
        help_text="“illustrative”: worked out from publications; the centre never filed.",
    )  # fmt: skip
    region = serializers.SerializerMethodField(help_text="Null: the country.")
    scale = serializers.SerializerMethodField()
    mandate = serializers.CharField(source="mandate.code")
    provision = serializers.IntegerField(source="provision_id")
    period = serializers.CharField(source="period_id")
    past = OutlookPointSerializer(many=True)
    points = OutlookPointSerializer(many=True)
    planned = OutlookBySerializer(allow_null=True)
    trend = OutlookBySerializer(allow_null=True)
    centres = OutlookCountsSerializer(allow_null=True)
    past_errors = serializers.SerializerMethodField()

    class Meta:
        model = Outlook
        fields = (
            "id", "scale", "centre", "provenance", "region", "mandate", "provision", "period", "step_from",
            "comparator", "threshold", "basis", "is_exempt", "expected", "earliest", "latest", "falls_in", "past",
            "points", "planned", "trend", "units_due", "units_without_day", "centres", "past_errors", "made_at",
        )  # fmt: skip

    def get_region(self, outlook: Outlook) -> str | None:
        return outlook.centre.region_id if outlook.centre else outlook.region_id

    @extend_schema_field(serializers.ChoiceField(choices=["centre", "region", "country"]))
    def get_scale(self, outlook: Outlook) -> str:
        if outlook.centre_id:
            return "centre"
        return "region" if outlook.region_id else "country"

    @extend_schema_field(OutlookErrorSerializer(many=True))
    def get_past_errors(self, outlook: Outlook) -> list[dict[str, Any]]:
        known = self.context["errors"].get((outlook.mandate_id, self.get_scale(outlook)), [])
        return [dict(OutlookErrorSerializer(error).data) for error in known]


class OutlookFilters(filters.FilterSet):
    centre = filters.CharFilter(field_name="centre__code")
    region = filters.CharFilter(method="within", help_text="The sums of a region, and its centres.")
    mandate = filters.CharFilter(field_name="mandate__code")
    period = filters.CharFilter(field_name="period_id", help_text="From the end of which it is foreseen.")
    basis = filters.ChoiceFilter(choices=OutlookBasis.choices)
    is_sum = FlagFilter(field_name="centre", lookup_expr="isnull", help_text="Of a region or the country.")

    def within(self, queryset: QuerySet[Outlook], name: str, value: str) -> QuerySet[Outlook]:
        return queryset.filter(Q(region=value) | Q(centre__region=value))


class Outlooks(Resource):
    """When centres, regions and the country will meet the steps of mandates, each beside how wrong outlooks were."""

    queryset = Outlook.objects.select_related("centre", "mandate")
    serializer_class = OutlookSerializer
    filterset_class = OutlookFilters

    def get_serializer_context(self) -> dict[str, Any]:
        errors: dict[tuple[int, str], list[Any]] = {}
        if not getattr(self, "swagger_fake_view", False):
            for error in errors_for(self.user):
                errors.setdefault((error.mandate_id, error.scale), []).append(error)
        return {**super().get_serializer_context(), "errors": errors}
