"""REST: who is asking."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Answer


class MeSerializer(serializers.ModelSerializer[User]):
    regions = serializers.ListField(
        source="region_codes", child=serializers.CharField(), help_text="The provinces given to a regulator, by code."
    )
    operators = serializers.ListField(
        source="operator_ids", child=serializers.IntegerField(), help_text="The operators that the user acts for today."
    )

    class Meta:
        model = User
        fields = ("username", "role", "sees_whole_country", "all_regions", "regions", "operators", "language")


class Me(Answer):
    """Who is asking, in which role, for which regions or operators, in which language."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(MeSerializer(self.user).data)
