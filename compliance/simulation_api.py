"""REST: rules that are tried before they are issued."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import once
from accounts.models import Role, Scope
from accounts.rest import Body, CodeField, Resource
from centres.models import ReportingPeriod
from compliance import simulate
from compliance.api import ShareField
from compliance.change_wording import change_in_words
from compliance.models import Mandate, Provision, SimulatedChange, Simulation, SimulationStatus
from compliance.provision_api import ObjectPart, refused
from compliance.provision_faults import WrongProvision
from compliance.simulation_forms import rules_to_try
from compliance.simulation_page import changes_seen

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class AnsweredSerializer(serializers.Serializer[Any]):
    """What the engine answered, in short."""

    outcome = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    low = ShareField(help_text="The least share that what is known allows.")
    high = ShareField(help_text="The greatest share that what is known allows.")
    comparator = serializers.CharField(allow_null=True)
    threshold = ShareField()


class SimulatedChangeSerializer(serializers.ModelSerializer[SimulatedChange]):
    centre = serializers.CharField(source="centre.code")
    region = serializers.CharField(source="centre.region_id")
    provenance = serializers.CharField(source="centre.provenance")
    now = AnsweredSerializer(source="answer_before", allow_null=True, help_text="What stands; null: not determined.")
    then = AnsweredSerializer(source="answer_after", help_text="What the rule that is tried comes to.")
    why = serializers.SerializerMethodField(help_text="In words, in the reader's language.")

    class Meta:
        model = SimulatedChange
        fields = ("centre", "region", "provenance", "now", "then", "why")

    def get_why(self, change: SimulatedChange) -> str:
        return change_in_words(change.answer_before, change.answer_after)


class CountSerializer(serializers.Serializer[Any]):
    region = serializers.CharField()
    outcome = serializers.CharField(help_text="Empty: not determined.")
    now = serializers.IntegerField(help_text="Centres that stand so today.")
    then = serializers.IntegerField(help_text="Centres that would, by the rule that is tried.")


class CurveSerializer(serializers.Serializer[Any]):
    """How many centres comply at each whole percent, from 0 to 100."""

    at_least = serializers.ListField(child=serializers.IntegerField())
    over = serializers.ListField(child=serializers.IntegerField())
    known = serializers.IntegerField(help_text="Centres whose share is known.")
    unknown = serializers.IntegerField(help_text="Centres whose share cannot be told.")


class CurvesSerializer(serializers.Serializer[Any]):
    units = CurveSerializer()
    compute = CurveSerializer()


class SimulationSerializer(serializers.ModelSerializer[Simulation]):
    mandate = serializers.CharField(source="mandate.code")
    provision = serializers.IntegerField(
        source="provision_id", allow_null=True, help_text="The one that the rule is of; null: a rule of its own."
    )
    is_changed = serializers.BooleanField(help_text="Whether the rule says anything else than that provision.")
    period = serializers.CharField(source="period_id")
    regions = serializers.ListField(
        source="region_codes", child=serializers.CharField(), allow_null=True, help_text="Null: the whole country."
    )
    rule = serializers.DictField()

    class Meta:
        model = Simulation
        fields: tuple[str, ...] = (
            "key", "mandate", "provision", "is_changed", "period", "regions", "rule", "status", "asked_at", "known_at",
        )  # fmt: skip


class ResultSerializer(serializers.Serializer[Any]):
    as_of = serializers.DateField(help_text="The day that is asked about: the period's last.")
    is_open = serializers.BooleanField(help_text="Whether the period was still open, so that all of it can change.")
    judged = serializers.IntegerField(help_text="Centres that were judged and that file.")
    illustrative = serializers.IntegerField(
        help_text="Centres judged beside them that never filed: in no count and no curve, only among `changes`."
    )
    changed = serializers.IntegerField(help_text="Centres that file and whose outcome changes.")
    without_history = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of centres of which nothing is known on that day."
    )
    counts = CountSerializer(many=True)
    curves = CurvesSerializer()
    compute_of_accelerators = serializers.BooleanField(
        help_text="Whether the curve by compute counts accelerator cards alone, since of others it is not stated."
    )


class WholeSimulationSerializer(SimulationSerializer):
    result = ResultSerializer(allow_null=True, help_text="Null as long as it is not done.")
    changes = serializers.SerializerMethodField(
        help_text="The centres whose outcome changes; those that never filed are marked by their `provenance`."
    )

    class Meta(SimulationSerializer.Meta):
        fields = (*SimulationSerializer.Meta.fields, "result", "changes")

    @extend_schema_field(SimulatedChangeSerializer(many=True))
    def get_changes(self, simulation: Simulation) -> Any:
        seen = changes_seen(simulation, self.context["request"].user)
        return SimulatedChangeSerializer(seen, many=True).data


class SimulationFilters(filters.FilterSet):
    mandate = filters.CharFilter(field_name="mandate__code")
    period = filters.CharFilter(field_name="period_id")
    status = filters.ChoiceFilter(choices=SimulationStatus.choices)


class Simulations(Resource):
    """What was tried, the latest first: counts beside today's, how many comply at each threshold, and who changes."""

    queryset = Simulation.objects.select_related("mandate")
    filterset_class = SimulationFilters
    ordering = "-pk"
    lookup_field = "key"
    lookup_value_regex = _UUID

    def get_serializer_class(self) -> type[SimulationSerializer]:
        return SimulationSerializer if self.action == "list" else WholeSimulationSerializer


class RuleToTryField(serializers.PrimaryKeyRelatedField[Provision]):
    """A provision of the mandate that is asked about, by its number: one that the caller may try."""

    queryset = Provision.objects.all()

    def get_queryset(self) -> QuerySet[Provision]:
        mandate = self.context["view"].kwargs["code"]
        return rules_to_try(self.context["request"].user).filter(mandate__code=mandate)


class TrialBody(Body):
    period = CodeField(slug_field="code", queryset=ReportingPeriod.objects.all())
    rule = ObjectPart(allow_null=True, help_text="The provision as the engine reads it.")
    provision = RuleToTryField(
        required=False,
        help_text=(
            "The provision of the mandate that the rule is of, as it stands or changed: what was decided by hand under "
            "it holds as long as the scope is its own, and who may not read it may not read what is tried of it."
        ),
    )


class Trials(Resource):
    """Rules that are tried as provisions of a mandate."""

    queryset = Simulation.objects.all()
    serializer_class = WholeSimulationSerializer
    scopes = {"create": Scope.BUILD}

    @extend_schema(request=TrialBody, responses={201: WholeSimulationSerializer})
    def create(self, request: Request, code: str) -> Response:
        """Judge a rule over a period, where the caller is a regulator, beside what stands; it touches nothing."""
        mandate = get_object_or_404(Mandate.objects.visible_to(self.user), code=code)
        self.require_role(Role.REGULATOR)
        asked = self.read_body(TrialBody)

        def act() -> Response:
            try:
                tried = simulate.simulate(by=self.user, mandate=mandate, **asked)
            except WrongProvision as wrong:
                raise refused(wrong) from wrong
            url = request.build_absolute_uri(reverse("api:simulation-detail", args=[tried.key]))
            return Response(self.get_serializer(tried).data, status=201, headers={"Location": url})

        return once(request, self.user, act)
