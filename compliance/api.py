"""REST: mandates, and the changes of outcomes under them."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest import Resource
from compliance.models import Mandate, Outcome, OutcomeChange
from compliance.shares import decimal_of, parts_of, percent_of


class MandateSerializer(serializers.ModelSerializer[Mandate]):
    class Meta:
        model = Mandate
        fields = ("code", "title_en", "title_zh", "issuer", "issued_on", "source", "link", "confidence")


class Mandates(Resource):
    """The rules that centres must meet; what they ask for stands in their provisions."""

    queryset = Mandate.objects.all()
    serializer_class = MandateSerializer
    ordering = "code"
    lookup_field = "code"
    lookup_value_regex = "[A-Z0-9-]+"


# `OpenApiTypes.DECIMAL` is a number, which is not exact.
DECIMAL_TEXT = {"type": "string", "format": "decimal"}


class ShareSerializer(serializers.Serializer[Any]):
    """A share, exact; its percent is cut to four places and never rounded."""

    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    percent = serializers.CharField()


@extend_schema_field(ShareSerializer(allow_null=True))
class ShareField(serializers.Field[Any, Any, Any, Any]):
    """The engine's ``"13/25"`` as a share."""

    def to_representation(self, value: str) -> dict[str, Any]:
        numerator, denominator = parts_of(value)
        return {"numerator": numerator, "denominator": denominator, "percent": percent_of(value)}


@extend_schema_field(DECIMAL_TEXT)
class ExactDecimalField(serializers.Field[Any, Any, Any, Any]):
    """The engine's ``"1/2"`` as an exact decimal."""

    def to_representation(self, value: str) -> str:
        return decimal_of(value)


class OutcomeChangeSerializer(serializers.ModelSerializer[OutcomeChange]):
    centre = serializers.CharField(source="centre.code")
    mandate = serializers.CharField(source="mandate.code")
    period = serializers.CharField(source="period_id")
    before = serializers.IntegerField(source="before_id", allow_null=True, help_text="The determination until then.")
    after = serializers.IntegerField(source="after_id", allow_null=True, help_text="The determination from then on.")

    class Meta:
        model = OutcomeChange
        fields = (
            "id", "centre", "mandate", "period", "before", "after", "outcome_before", "outcome_after", "recorded_at",
        )  # fmt: skip


class OutcomeChangeFilters(filters.FilterSet):
    centre = filters.CharFilter(field_name="centre__code")
    mandate = filters.CharFilter(field_name="mandate__code")
    period = filters.CharFilter(field_name="period_id")
    outcome_after = filters.ChoiceFilter(choices=Outcome.choices)


class OutcomeChanges(Resource):
    """Every change of an outcome, in the order in which it was recorded: whoever reads on from a cursor misses none."""

    queryset = OutcomeChange.objects.select_related("centre", "mandate")
    serializer_class = OutcomeChangeSerializer
    filterset_class = OutcomeChangeFilters
