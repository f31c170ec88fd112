"""REST: the codes that the check of an inventory can give."""

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role
from accounts.rest import Answer
from chips.help import finding_codes
from chips.intake.faults import Kind


class FindingCodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable: what clients can rely on.")
    message = serializers.CharField(help_text="In the reader's language; an ellipsis where a fault names something.")

    def get_fields(self) -> dict[str, Any]:
        # The word cannot be written as a class attribute.
        kinds = serializers.ChoiceField(choices=[kind.value for kind in Kind])
        fields = super().get_fields()
        return {"code": fields["code"], "class": kinds, "message": fields["message"]}


class FindingCodes(Answer):
    """Every code that the check of an inventory can give, with its class; across centres for regulators only."""

    @extend_schema(responses=FindingCodeSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The codes by their classes: structure and validity stop a file, plausibility is to be confirmed."""
        found = finding_codes(get_language() or "en", to_regulator=self.user.role == Role.REGULATOR)
        return Response([{"code": known.code, "class": known.kind, "message": known.message} for known in found])
