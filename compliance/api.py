"""REST: mandates with their provisions, and the determinations made under them."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import FlagFilter, Resource
from compliance.explain import explain
from compliance.models import Determination, Mandate, Outcome, Provision
from compliance.shares import decimal_of, parts_of, percent_of


class MandateSerializer(serializers.ModelSerializer[Mandate]):
    class Meta:
        model = Mandate
        fields = ("code", "title_en", "title_zh", "issuer", "issued_on", "source", "confidence")


class ProvisionSerializer(serializers.ModelSerializer[Provision]):
    mandate = serializers.CharField(source="mandate.code")
    rule = serializers.DictField(help_text="The provision as the engine reads it.")

    class Meta:
        model = Provision
        fields = ("id", "mandate", "from_on", "recorded_at", "issued_at", "rule", "legal_text", "citation")


class Mandates(Resource):
    """The rules that centres must meet, each with its dated provisions."""

    is_reference = True
    queryset = Mandate.objects.all()
    serializer_class = MandateSerializer
    ordering = "code"
    lookup_field = "code"
    lookup_value_regex = "[A-Z0-9-]+"
    paged = frozenset({"list", "provisions"})

    @extend_schema(responses=ProvisionSerializer(many=True), filters=False)
    @action(detail=True)
    def provisions(self, request: Request, code: str) -> Response:
        """The provisions that were issued; what is still being written is nobody's to read here."""
        issued = self.get_object().provisions.filter(issued_at__isnull=False).select_related("mandate")
        return self.answer_page(issued.order_by("pk"), ProvisionSerializer)


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


@extend_schema_field(OpenApiTypes.DECIMAL)
class ExactDecimalField(serializers.Field[Any, Any, Any, Any]):
    """The engine's ``"1/2"`` as an exact decimal."""

    def to_representation(self, value: str) -> str:
        return decimal_of(value)


class DeterminationSerializer(serializers.ModelSerializer[Determination]):
    centre = serializers.CharField(source="centre.code")
    region = serializers.CharField(source="centre.region_id")
    mandate = serializers.CharField(source="provision.mandate.code")
    mandate_confidence = serializers.CharField(source="provision.mandate.confidence")
    provenance = serializers.CharField(
        source="centre.provenance", help_text="“illustrative”: worked out from publications; the centre never filed."
    )
    provision = serializers.IntegerField(source="provision_id")
    period = serializers.CharField(source="period_id")
    is_current = serializers.SerializerMethodField(help_text="Whether no later determination has taken its place.")
    reason = serializers.CharField(source="answer.reason", allow_null=True)
    comparator = serializers.CharField(source="answer.comparator", allow_null=True)
    threshold = ShareField(source="answer.threshold")
    low = ShareField(source="answer.low", help_text="The least share that what is known allows.")
    high = ShareField(source="answer.high", help_text="The greatest share that what is known allows.")
    replace = serializers.IntegerField(source="answer.replace", allow_null=True)
    add = serializers.IntegerField(source="answer.add", allow_null=True)
    shortfall = ExactDecimalField(source="answer.shortfall", allow_null=True)
    submission = serializers.IntegerField(source="submission_id", allow_null=True)
    centre_record = serializers.IntegerField(source="centre_record_id")

    class Meta:
        model = Determination
        fields = (
            "id", "centre", "provenance", "region", "mandate", "mandate_confidence", "provision", "period",
            "as_of", "known_at", "is_current", "outcome",
            "reason", "comparator", "threshold", "low", "high", "replace", "add", "shortfall",
            "units_domestic", "units_foreign", "units_unknown",
            "compute_domestic", "compute_foreign", "compute_unknown",
            "submission", "centre_record", "chip_revisions", "exemptions", "cause", "digest",
        )  # fmt: skip

    def get_is_current(self, determination: Determination) -> bool:
        return hasattr(determination, "current")


class ExplainedLineSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="The row in the operator's file.")
    line = serializers.DictField()
    origin = serializers.ChoiceField(choices=["domestic", "foreign", "unknown"])
    excluded = serializers.CharField(allow_null=True, help_text="Why the line is not counted; null where it is.")
    is_uncertain = serializers.BooleanField(help_text="Whether it counts cannot be told from what is known.")
    doubts = serializers.ListField(
        child=serializers.CharField(), help_text="What is contested or to be verified of the chip, in words."
    )


class ExplanationSerializer(serializers.Serializer[Any]):
    provenance = serializers.CharField(
        help_text="“illustrative”: worked out from publications; the centre never filed."
    )
    document = serializers.DictField()
    answer = serializers.DictField()
    lines = ExplainedLineSerializer(many=True)
    is_reproduced = serializers.BooleanField(
        help_text="Whether the document, made again from what the determination names, gives the same answer."
    )


class DeterminationFilters(filters.FilterSet):
    centre = filters.CharFilter(field_name="centre__code")
    mandate = filters.CharFilter(field_name="provision__mandate__code")
    period = filters.CharFilter(field_name="period_id")
    outcome = filters.ChoiceFilter(choices=Outcome.choices)
    region = filters.CharFilter(field_name="centre__region_id")
    is_current = FlagFilter(
        field_name="current", lookup_expr="isnull", exclude=True, help_text="False: those that were superseded."
    )

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        # What is asked about is what stands; what stood before is asked for by name.
        known = {name: data[name] for name in data or {}}
        super().__init__({"is_current": "true"} | known, *args, **kwargs)


class Determinations(Resource):
    """What was determined of centres under mandates; the list shows what stands now."""

    queryset = Determination.objects.select_related("centre", "provision__mandate", "current")
    serializer_class = DeterminationSerializer
    filterset_class = DeterminationFilters

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True)
    def explanation(self, request: Request, pk: str) -> Response:
        """Why it says what it says: the document that was judged, the answer, and what became of each line."""
        determination = self.get_object()
        told = explain(determination)._asdict() | {"provenance": determination.centre.provenance}
        return Response(ExplanationSerializer(told).data)
