"""REST: exemptions of centres from mandates; regulators grant and revoke them."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import once
from accounts.models import Role
from accounts.problems import Problem
from accounts.rest import Body, CodeField, Resource
from centres.models import Centre
from compliance.api import ShareSerializer
from compliance.decision_forms import LONGEST_REASON
from compliance.exemptions import AlreadyRevoked, ExemptionState, WrongExemption, grant, revoke, with_states
from compliance.models import Exemption, Mandate
from compliance.shares import percent_of


class ExemptionSerializer(serializers.ModelSerializer[Exemption]):
    """Who decided is an office, and no person is named."""

    centre = serializers.CharField(source="centre.code")
    provenance = serializers.CharField(
        source="centre.provenance", help_text="“illustrative”: worked out from publications; the centre never filed."
    )
    region = serializers.CharField(source="centre.region_id")
    mandate = serializers.CharField(source="mandate.code")
    threshold = serializers.SerializerMethodField(
        help_text="The lower threshold that is still to be met; null: the centre is fully exempt."
    )
    ends_on = serializers.DateField(
        source="ends", help_text="The last day that it covers as it stands; before `from_on` where it covers none."
    )
    state = serializers.ChoiceField(choices=ExemptionState.choices, help_text="Today, in Asia/Shanghai.")

    class Meta:
        model = Exemption
        fields = (
            "id", "centre", "provenance", "region", "mandate", "from_on", "to_on", "ends_on", "threshold", "state",
            "reason", "granted_at", "revoked_from_on", "revoked_at", "revocation_reason",
        )  # fmt: skip

    @extend_schema_field(ShareSerializer(allow_null=True))
    def get_threshold(self, exemption: Exemption) -> dict[str, Any] | None:
        if exemption.threshold is None:
            return None
        share = Fraction(exemption.threshold)
        percent = percent_of(f"{share.numerator}/{share.denominator}")
        return {"numerator": share.numerator, "denominator": share.denominator, "percent": percent}


class ExemptionFilters(filters.FilterSet):
    centre = filters.CharFilter(field_name="centre__code")
    mandate = filters.CharFilter(field_name="mandate__code")
    region = filters.CharFilter(field_name="centre__region_id")
    state = filters.ChoiceFilter(choices=ExemptionState.choices)


class ExactField(serializers.DecimalField):
    """A decimal string such as ``"0.4"``: a JSON number with a point is not exact."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class GrantBody(Body):
    centre = CodeField(slug_field="code", queryset=Centre.objects.all())
    mandate = CodeField(slug_field="code", queryset=Mandate.objects.all())
    from_on = serializers.DateField()
    to_on = serializers.DateField(help_text="The last day that it covers.")
    threshold = ExactField(
        max_digits=10, decimal_places=9, allow_null=True,
        help_text="A decimal string above 0 and below what the mandate asks for in that time; null: fully exempt.",
    )  # fmt: skip
    reason = serializers.CharField(max_length=LONGEST_REASON)


class RevokeBody(Body):
    from_on = serializers.DateField(help_text="The first day that it covers no more.")
    reason = serializers.CharField(max_length=LONGEST_REASON)


class Exemptions(Resource):
    """What releases a centre from a mandate, or lowers its threshold, from a day to a day."""

    queryset = Exemption.objects.select_related("centre", "mandate")
    serializer_class = ExemptionSerializer
    filterset_class = ExemptionFilters

    def get_queryset(self) -> QuerySet[Any]:
        exemptions: Any = super().get_queryset()
        return with_states(exemptions, timezone.localdate())

    @extend_schema(request=GrantBody, responses={201: ExemptionSerializer})
    def create(self, request: Request) -> Response:
        """Grant an exemption; the centre is determined anew for the periods that it covers."""
        self.require_role(Role.REGULATOR)
        body = self.read_body(GrantBody)
        return self._once(lambda: grant(by=self.user, **body)[0], status=201)

    @extend_schema(request=RevokeBody, responses=ExemptionSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Let it cover nothing from a day on; what it covered before that day was covered."""
        exemption = self.get_object()
        self.require_role(Role.REGULATOR)
        body = self.read_body(RevokeBody)
        return self._once(lambda: revoke(exemption=exemption, by=self.user, **body)[0], status=200)

    def _once(self, decide: Callable[[], Exemption], *, status: int) -> Response:
        def act() -> Response:
            try:
                decided = decide()
            except WrongExemption as error:
                raise serializers.ValidationError({name: [said] for name, said in error.wrong.items()}) from error
            except AlreadyRevoked as error:
                day = error.exemption.revoked_from_on
                message = _("It is revoked already, from %(day)s on.") % {"day": day}
                raise Problem(409, "already_revoked", message, revoked_from_on=str(day)) from error
            url = self.request.build_absolute_uri(reverse("api:exemption-detail", args=[decided.pk]))
            headers = {"Location": url} if status == 201 else None
            found = self.get_queryset().get(pk=decided.pk)
            return Response(self.get_serializer(found).data, status=status, headers=headers)

        return once(self.request, self.user, act)
