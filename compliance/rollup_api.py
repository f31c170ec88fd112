"""REST: shares and counts summed over the centres of regions, by whatever the caller names."""

import base64
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Answer, Pages, invalid_parameter
from centres.converters import as_code
from centres.models import CentreKind, Ownership
from chips.models import Workload
from compliance.api import DECIMAL_TEXT, ShareSerializer
from compliance.looks import Look, decimal_text
from compliance.rollup_sums import KEYS, LOOKED_AT, Asked, Key, latest_period, rows
from compliance.shares import cut_percent

CHOICES = {"kind": CentreKind.values, "ownership": Ownership.values, "workload": Workload.values}
LONGEST_CURSOR = 1000


@extend_schema_field(DECIMAL_TEXT)
class SumField(serializers.Field[Fraction, Any, str, Any]):
    """An exact sum as a decimal text."""

    def to_representation(self, value: Fraction) -> str:
        return decimal_text(value)


@extend_schema_field(ShareSerializer(allow_null=True))
class FractionField(serializers.Field[Fraction, Any, dict[str, Any], Any]):
    """A fraction as a share."""

    def to_representation(self, value: Fraction) -> dict[str, Any]:
        percent = cut_percent(value.numerator, value.denominator)
        return {"numerator": value.numerator, "denominator": value.denominator, "percent": percent}


class CountedSerializer(serializers.Serializer[Look]):
    """Sums by origin, and the share as an interval that unknown origins leave open."""

    domestic = SumField()
    foreign = SumField()
    unknown = SumField()
    low = FractionField(help_text="With every unknown origin foreign; null where nothing has a figure.")
    high = FractionField(help_text="With every unknown origin domestic; null where nothing has a figure.")


class LookSerializer(CountedSerializer):
    units = serializers.IntegerField(help_text="All units, with a figure of the measure or without.")
    units_without_figure = serializers.IntegerField(source="units_without")
    units_contested = serializers.IntegerField(help_text="Units of models on whose computing power sources differ.")


class LooksSerializer(serializers.Serializer[Any]):
    population = serializers.ChoiceField(choices=LOOKED_AT, source="population.code")
    units = LookSerializer()
    compute = LookSerializer(help_text="TFLOPS dense FP16 of the units with a figure.")
    value = LookSerializer(help_text="CNY of the units whose price was reported.")


class RollupSerializer(serializers.Serializer[Any]):
    """A key is null where the row is summed over all of its values."""

    period = serializers.CharField(source="key.period")
    region = serializers.CharField(source="key.region", allow_null=True)
    mandate = serializers.CharField(source="key.mandate", allow_null=True)
    kind = serializers.CharField(source="key.kind", allow_null=True)
    ownership = serializers.CharField(source="key.ownership", allow_null=True)
    workload = serializers.CharField(source="key.workload", allow_null=True)
    looks = LooksSerializer(
        many=True, allow_null=True, help_text="At what is in service, whatever a mandate counts; null with a mandate."
    )
    outcomes = serializers.DictField(
        child=serializers.IntegerField(), allow_null=True, help_text="Centres by outcome; null without a mandate."
    )
    units = CountedSerializer(allow_null=True, help_text="Units that the mandate counts; null without a mandate.")
    compute = CountedSerializer(allow_null=True, help_text="TFLOPS of them; null without a mandate.")


@extend_schema_serializer(many=False)
class RollupListSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Always null: the list is read from its beginning.")
    results = RollupSerializer(many=True)


class Rollups(Answer):
    """Shares and counts of the regions that the caller sees whole."""

    parameters = {"get": ("by", *KEYS, "cursor", "page_size")}

    @extend_schema(
        operation_id="rollups_list",
        responses=RollupListSerializer,
        parameters=[
            OpenApiParameter(
                "by", description=f"What rows are told apart by: of {', '.join(KEYS)}, divided by commas; else region."
            ),
            OpenApiParameter("period", description="As 2025Q4; the latest where it is not told apart by."),
            OpenApiParameter("region", description="The code of a province, as 31."),
            OpenApiParameter("mandate", description="With a mandate, outcomes and what it counts; else what there is."),
            *(OpenApiParameter(key, enum=values) for key, values in CHOICES.items()),
            OpenApiParameter("cursor"),
            OpenApiParameter("page_size", int),
        ],
    )
    def get(self, request: Request) -> Response:
        size = Pages().get_page_size(request)
        found = rows(self.user, self._asked(request.query_params))
        if cursor := request.query_params.get("cursor"):
            last = _key_of(cursor).order
            found = [row for row in found if row.key.order > last]
        following = self._following(request, found[size - 1].key) if len(found) > size else None
        results = RollupSerializer(found[:size], many=True).data
        return Response({"next": following, "previous": None, "results": results})

    def _asked(self, query: Mapping[str, str]) -> Asked:
        named = query.get("by", "region").split(",")
        if any(name not in KEYS for name in named) or len(set(named)) < len(named):
            raise invalid_parameter("by", _("Name each of %(keys)s at most once.") % {"keys": ", ".join(KEYS)})
        chosen = {key: as_code(query[key]) for key in ("period", "region", "mandate") if key in query}
        for key, values in CHOICES.items():
            if key in query and query[key] not in values:
                raise invalid_parameter(key, _("There is no such value."))
            chosen |= {key: query[key]} if key in query else {}
        if "period" not in (*named, *chosen):
            chosen["period"] = latest_period(self.user) or ""
        by = frozenset((*named, *chosen))
        if {"mandate", "workload"} <= by:
            raise invalid_parameter("workload", _("What a mandate counts is not told apart by workload."))
        return Asked(by, chosen)

    def _following(self, request: Request, last: Key) -> str:
        query = request.query_params.copy()
        query["cursor"] = base64.urlsafe_b64encode(json.dumps(last).encode()).decode()
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _key_of(cursor: str) -> Key:
    """The key that a cursor of ours names."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor)) if len(cursor) <= LONGEST_CURSOR else None
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != len(KEYS) or not all(isinstance(v, str | None) for v in key):
        raise invalid_parameter("cursor", _("This is no cursor of this list."))
    return Key(*key)
