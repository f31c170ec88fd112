"""REST: what was determined of centres under mandates, why, and whether it can be made again."""

from collections.abc import Iterable
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.problems import Problem
from accounts.rest import FlagFilter, Resource, invalid_parameter, streamed
from chips.catalogue_api import ClaimSerializer, RevisionSerializer
from chips.models import Claim
from compliance import telling
from compliance.api import ExactDecimalField, ShareField, ShareSerializer
from compliance.explain import NotExplained, explain
from compliance.inputs import NAMED
from compliance.models import Determination, Outcome
from compliance.provisional import Provisional, reasons_of
from compliance.reproduce import reproduce, told

ALL, NONE = "all", "none"
_LINES = OpenApiParameter(
    "lines", enum=[ALL, NONE], description="Without the lines: both lists of them are null. All where not given."
)


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
    provisional = serializers.SerializerMethodField(
        help_text="Why it may still become another by what is under way; empty where it is final."
    )
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
            "as_of", "known_at", "is_current", "provisional", "outcome",
            "reason", "comparator", "threshold", "low", "high", "replace", "add", "shortfall",
            "units_domestic", "units_foreign", "units_unknown",
            "compute_domestic", "compute_foreign", "compute_unknown",
            "submission", "centre_record", "chip_revisions", "exemptions", "hand_decision", "cause", "digest",
        )  # fmt: skip

    def get_is_current(self, determination: Determination) -> bool:
        return hasattr(determination, "current")

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Provisional.choices)))
    def get_provisional(self, determination: Determination) -> list[str]:
        return list(self.context["provisional"][determination.pk])


class SupposedSerializer(serializers.Serializer[Any]):
    """What the engine answers where something is supposed to be otherwise."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)
    reason = serializers.CharField(allow_null=True)
    low = ShareSerializer(allow_null=True)
    high = ShareSerializer(allow_null=True)


class CaseSerializer(SupposedSerializer):
    value = serializers.CharField()
    claims = ClaimSerializer(many=True)


class ContestedSerializer(serializers.Serializer[Any]):
    chip_model = serializers.IntegerField()
    figure = serializers.CharField()
    counted = serializers.CharField(allow_null=True, help_text="The value that counted; null where none was known.")
    cases = CaseSerializer(many=True, help_text="The lowest and the highest claim of a number; of a country each.")


class ClaimedSinceSerializer(ClaimSerializer):
    class Meta:
        model = Claim
        fields = (*ClaimSerializer.Meta.fields, "chip_model")


class ContestedUnreadSerializer(serializers.Serializer[Any]):
    chip_model = serializers.IntegerField()
    figure = serializers.CharField()


class UnknownOriginSerializer(serializers.Serializer[Any]):
    units = serializers.IntegerField()
    lines = serializers.IntegerField()
    all_domestic = SupposedSerializer()
    all_foreign = SupposedSerializer()
    decisive = serializers.CharField(
        allow_null=True, help_text="The least of them, in what the rule counts, that must be domestic to comply."
    )
    in_words = serializers.CharField()


class DoubtSerializer(serializers.Serializer[Any]):
    """What unknown origins and contested figures could change, each answered by the engine."""

    unknown_origin = UnknownOriginSerializer(allow_null=True)
    contested = ContestedSerializer(many=True)
    worst = SupposedSerializer(allow_null=True, help_text="All contested figures at once, at the claims worst for it.")
    best = SupposedSerializer(allow_null=True, help_text="All contested figures at once, at the claims best for it.")
    contested_unread = ContestedUnreadSerializer(many=True, help_text="Contested too, and not read by the rule.")
    if_state_funded = SupposedSerializer(
        allow_null=True, help_text="Were it state-funded, where that is not known and the rule asks."
    )


class BoundSerializer(serializers.Serializer[Any]):
    domestic = serializers.CharField()
    total = serializers.CharField()
    domestic_times_denominator = serializers.CharField()
    total_times_numerator = serializers.CharField()
    is_met = serializers.BooleanField()
    in_words = serializers.CharField()


class ArithmeticSerializer(serializers.Serializer[Any]):
    """Weights in units, TFLOPS dense FP16 or CNY, exact, and both bounds of the share against the threshold."""

    metric = serializers.ChoiceField(choices=["units", "compute", "value"])
    domestic = serializers.CharField()
    foreign = serializers.CharField()
    unknown = serializers.CharField()
    maybe_domestic = serializers.CharField(help_text="Of lines of which it is not known whether they count.")
    maybe_foreign = serializers.CharField()
    maybe_unknown = serializers.CharField()
    in_words = serializers.CharField()
    low = BoundSerializer()
    high = BoundSerializer()


class HandDecisionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    ruling = serializers.CharField()
    from_on = serializers.DateField()
    reason = serializers.CharField()


class RuleSerializer(serializers.Serializer[Any]):
    """The rule as the centre was judged by it, in words; the document holds it as the engine reads it."""

    in_words = serializers.CharField()
    mandate = serializers.CharField()
    provision = serializers.IntegerField()
    from_on = serializers.DateField()
    citation = serializers.CharField()
    confidence = serializers.CharField()
    hand_decision = HandDecisionSerializer(allow_null=True, help_text="What was decided by hand of the centre.")


class LeftOutSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()
    lines = serializers.IntegerField()
    units = serializers.IntegerField()
    in_words = serializers.CharField()


class KnownChipSerializer(serializers.Serializer[Any]):
    chip_model = serializers.IntegerField()
    vendor = serializers.CharField()
    name = serializers.CharField()
    revision = RevisionSerializer(allow_null=True, help_text="Null: the catalogue knew nothing of it on that day.")
    claims = ClaimSerializer(many=True, help_text="What the revision rests on.")


class RecordSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    from_on = serializers.DateField()
    recorded_at = serializers.DateTimeField()
    state_funded = serializers.BooleanField(allow_null=True, help_text="Null: not known, and read as no.")


class SourceSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField()
    status = serializers.CharField(help_text="Today: what it rests on may have been repudiated since.")
    accession_number = serializers.CharField(allow_null=True)
    lines_sha256 = serializers.CharField(allow_null=True)


class GrantedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    from_on = serializers.DateField()
    to_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The last day that it covered, as known when this was determined.")
    revoked_since_from_on = serializers.DateField(
        allow_null=True, help_text="The day from which it covers nothing, where it was revoked since."
    )
    threshold = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class ExplainedLineSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="The row in the operator's file.")
    chip_model = serializers.IntegerField()
    chip_revision = serializers.IntegerField(allow_null=True)
    line = serializers.DictField()
    origin = serializers.ChoiceField(choices=["domestic", "foreign", "unknown"])
    excluded = serializers.CharField(allow_null=True, help_text="Why the line is not counted; null where it is.")
    is_uncertain = serializers.BooleanField(help_text="Whether it counts cannot be told from what is known.")
    doubts = serializers.ListField(
        child=serializers.CharField(), help_text="What is contested or to be verified of the chip, in words."
    )


class DifferenceSerializer(serializers.Serializer[Any]):
    """A part that comes out otherwise: its digest, its outcome, a key of its answer, or a measured column."""

    part = serializers.CharField()
    kept = serializers.JSONField()
    made_again = serializers.JSONField()


class ExplanationSerializer(serializers.Serializer[Any]):
    provenance = serializers.CharField(
        help_text="“illustrative”: worked out from publications; the centre never filed."
    )
    provisional = serializers.ListField(child=serializers.ChoiceField(choices=Provisional.choices))
    sentence = serializers.CharField(help_text="What it says, in the caller's language.")
    rule = RuleSerializer()
    answer = serializers.DictField(help_text="What the engine answered, as it is kept.")
    arithmetic = ArithmeticSerializer(allow_null=True, help_text="Null where there is no share.")
    left_out = LeftOutSerializer(many=True, help_text="What was not counted, by the reason.")
    doubt = DoubtSerializer(help_text="By what sources said until it was determined.")
    claimed_since = ClaimedSinceSerializer(
        many=True, help_text="What was claimed of its chips only since, and is in nothing else of this."
    )
    chips = KnownChipSerializer(many=True)
    centre_record = RecordSerializer()
    submission = SourceSerializer(allow_null=True)
    exemptions = GrantedSerializer(many=True)
    is_reproduced = serializers.BooleanField(
        help_text="Whether the document, made again from what the determination names, gives the same answer."
    )
    differences = DifferenceSerializer(many=True, help_text="What comes out otherwise, where anything does.")
    document = serializers.DictField(help_text="What the engine was asked.")
    lines = ExplainedLineSerializer(many=True, allow_null=True)


class NamedRecordSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="`lines` of a submission, or `chip_revision`.")
    key = serializers.IntegerField()
    name = serializers.CharField()


class ReproductionSerializer(serializers.Serializer[Any]):
    determination = serializers.IntegerField()
    centre = serializers.CharField()
    mandate = serializers.CharField()
    period = serializers.CharField()
    is_reproduced = serializers.BooleanField()
    digest = serializers.CharField(allow_null=True, help_text="Of the document as made again; null where none can be.")
    differences = DifferenceSerializer(many=True)
    suspects = NamedRecordSerializer(many=True, help_text="Records that contradict what was kept of them elsewhere.")


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

    queryset = Determination.objects.select_related("current", *NAMED)
    serializer_class = DeterminationSerializer
    filterset_class = DeterminationFilters
    parameters = {"explanation": ("lines",)}

    def get_serializer(self, found: Any = None, *args: Any, many: bool = False, **kwargs: Any) -> Any:
        shown: Iterable[Determination] = (found or ()) if many else filter(None, [found])
        kwargs["context"] = {**self.get_serializer_context(), "provisional": reasons_of(shown, now=timezone.now())}
        return DeterminationSerializer(found, *args, many=many, **kwargs)

    @extend_schema(responses=ExplanationSerializer, parameters=[_LINES])
    @action(detail=True)
    def explanation(self, request: Request, pk: str) -> HttpResponseBase:
        """Why it says what it says: the document that was judged, the answer, and what became of each line."""
        lines = request.query_params.get("lines", ALL)
        if lines not in (ALL, NONE):
            raise invalid_parameter("lines", _("Lines are asked for by “all” or “none”."))
        determination = self.get_object()
        try:
            explanation = explain(determination)
        except NotExplained as error:
            message = _("What it names is no longer such that it can be made again.")
            differences = told(error.reproduction)["differences"]
            raise Problem(409, "not_reproduced", message, differences=differences) from error
        provisional = reasons_of([determination], now=timezone.now())[determination.pk]
        known = telling.told(explanation, determination, provisional)
        parts = telling.written(explanation, known, with_lines=lines == ALL)
        return streamed(request, parts, etag=telling.etag_of(known, with_lines=lines == ALL))

    @extend_schema(responses=ReproductionSerializer)
    @action(detail=True)
    def reproduce(self, request: Request, pk: str) -> Response:
        """Make it again of the records that it names, and compare all that is kept of it; nothing is changed."""
        one = reproduce(self.get_object())
        return Response(told(one) | {"digest": one.answer and one.answer["digest"]})
