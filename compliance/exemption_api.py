"""REST: exemptions of centres from mandates; one regulator proposes, another grants, either revokes."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
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
from compliance.effects import of_revocation
from compliance.effects_api import EffectsSerializer, told
from compliance.exemption_effects import effects_of, seal_of
from compliance.exemption_states import ExemptionState, with_states
from compliance.exemptions import (
    AlreadyRevoked,
    ChangedMeanwhile,
    NeverGranted,
    NoLongerProposed,
    OwnProposal,
    WrongExemption,
    approve,
    check_revoked_from,
    propose,
    revoke,
)
from compliance.models import Exemption, ExemptionStatus, Mandate
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
    status = serializers.ChoiceField(
        choices=ExemptionStatus.choices, help_text="Until it is granted it releases from nothing."
    )
    state = serializers.ChoiceField(choices=ExemptionState.choices, help_text="Today, in Asia/Shanghai.")

    class Meta:
        model = Exemption
        fields = (
            "id", "centre", "provenance", "region", "mandate", "from_on", "to_on", "ends_on", "threshold", "status",
            "state", "reason", "proposed_at", "granted_at", "revoked_from_on", "revoked_at", "revocation_reason",
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
    state = filters.ChoiceFilter(
        choices=ExemptionState.choices, help_text="Without one: those that were granted, however they stand."
    )


class ExactField(serializers.DecimalField):
    """A decimal string such as ``"0.4"``: a JSON number with a point is not exact."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ProposalBody(Body):
    centre = CodeField(slug_field="code", queryset=Centre.objects.all())
    mandate = CodeField(slug_field="code", queryset=Mandate.objects.all())
    from_on = serializers.DateField()
    to_on = serializers.DateField(help_text="The last day that it covers.")
    threshold = ExactField(
        max_digits=10, decimal_places=9, allow_null=True,
        help_text="A decimal string above 0 and below what the mandate asks for in that time; null: fully exempt.",
    )  # fmt: skip
    reason = serializers.CharField(max_length=LONGEST_REASON)


class SeenField(serializers.CharField):
    """That the effects were looked at, as they told it of themselves."""

    def __init__(self, **more: Any) -> None:
        told = "`seen` of its effects: nothing is done where it would change something else by now."
        super().__init__(required=False, max_length=64, help_text=told, **more)


class ApproveBody(Body):
    seen = SeenField()


class RevokeBody(Body):
    from_on = serializers.DateField(help_text="The first day that it covers no more.")
    reason = serializers.CharField(max_length=LONGEST_REASON)
    seen = SeenField()


class Exemptions(Resource):
    """What releases a centre from a mandate, or lowers its threshold, from a day to a day."""

    queryset = Exemption.objects.select_related("centre", "mandate")
    serializer_class = ExemptionSerializer
    filterset_class = ExemptionFilters
    parameters = {"effects": ("revoked_from",)}

    def get_queryset(self) -> QuerySet[Any]:
        exemptions: Any = super().get_queryset()
        if self.action == "list" and "state" not in self.request.query_params:
            exemptions = exemptions.granted()
        return with_states(exemptions, timezone.localdate())

    @extend_schema(request=ProposalBody, responses={201: ExemptionSerializer})
    def create(self, request: Request) -> Response:
        """Propose an exemption: it releases from nothing until another regulator grants it by ``approve``."""
        self.require_role(Role.REGULATOR)
        body = self.read_body(ProposalBody)
        return self._once(lambda: propose(by=self.user, **body), status=201)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "revoked_from", OpenApiTypes.DATE, description="The first day that it would cover no more."
            )
        ],
        responses=EffectsSerializer,
    )
    @action(detail=True)
    def effects(self, request: Request, pk: str) -> Response:
        """Whose outcome would change were it granted, or, with ``revoked_from``, revoked from that day on.

        Judged just now from what the register knows; nothing is stored.
        """
        exemption = self.get_object()
        self.require_role(Role.REGULATOR)
        day = self._revoked_from(exemption)
        found = effects_of(exemption) if day is None else of_revocation(exemption, from_on=day)
        return Response(told(found, self.user, seen=seal_of(exemption, found, day)))

    @extend_schema(request=ApproveBody, responses=ExemptionSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Grant what another proposed, knowing its ``effects``; the centre is determined anew for what it covers."""
        exemption = self.get_object()
        self.require_role(Role.REGULATOR)
        body = self.read_body(ApproveBody)
        return self._once(lambda: approve(exemption=exemption, by=self.user, **body)[0], status=200)

    @extend_schema(request=RevokeBody, responses=ExemptionSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Let it cover nothing from a day on, knowing its ``effects``; what it covered before that was covered."""
        exemption = self.get_object()
        self.require_role(Role.REGULATOR)
        body = self.read_body(RevokeBody)
        return self._once(lambda: revoke(exemption=exemption, by=self.user, **body)[0], status=200)

    def _revoked_from(self, exemption: Exemption) -> date | None:
        """The day from which it would be revoked; None where it would be granted. Raises what is neither."""
        if "revoked_from" not in self.request.query_params:
            if exemption.status != ExemptionStatus.PROPOSED:
                raise Problem(
                    409, "no_longer_proposed", _("It waits for nobody any more."), exemption_status=exemption.status
                )
            return None
        if exemption.granted_at is None:
            raise Problem(409, "never_granted", _("It was never granted."))
        if exemption.revoked_at is not None:
            message = _("It is revoked already, from %(day)s on.") % {"day": exemption.revoked_from_on}
            raise Problem(409, "already_revoked", message, revoked_from_on=str(exemption.revoked_from_on))
        try:
            day: date = serializers.DateField().run_validation(self.request.query_params["revoked_from"])
            check_revoked_from(exemption, day)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"revoked_from": error.detail}) from error
        except WrongExemption as error:
            raise serializers.ValidationError({"revoked_from": [error.wrong["from_on"]]}) from error
        return day

    def _once(self, decide: Callable[[], Exemption], *, status: int) -> Response:
        def act() -> Response:
            try:
                decided = decide()
            except WrongExemption as error:
                raise serializers.ValidationError({name: [said] for name, said in error.wrong.items()}) from error
            except OwnProposal as error:
                message = _("Whoever proposed it does not grant it: another regulator does.")
                raise Problem(409, "own_proposal", message) from error
            except NoLongerProposed as error:
                message = _("It waits for nobody any more.")
                raise Problem(409, "no_longer_proposed", message, exemption_status=error.exemption.status) from error
            except NeverGranted as error:
                raise Problem(409, "never_granted", _("It was never granted.")) from error
            except AlreadyRevoked as error:
                day = error.exemption.revoked_from_on
                message = _("It is revoked already, from %(day)s on.") % {"day": day}
                raise Problem(409, "already_revoked", message, revoked_from_on=str(day)) from error
            except ChangedMeanwhile as error:
                message = _("It would change something else by now than what was looked at. Nothing was done.")
                raise Problem(409, "changed_meanwhile", message) from error
            url = self.request.build_absolute_uri(reverse("api:exemption-detail", args=[decided.pk]))
            headers = {"Location": url} if status == 201 else None
            found = self.get_queryset().get(pk=decided.pk)
            return Response(self.get_serializer(found).data, status=status, headers=headers)

        return once(self.request, self.user, act)
