"""REST: the catalogue of chips, and what is claimed of them."""

from functools import cached_property
from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest import (
    Resource,
    key_filter,
    moment_of,
)
from centres.api import AT_A_MOMENT, at_a_moment
from chips.catalogue import contested_figures
from chips.models import (
    ChipClass,
    ChipModel,
    ChipRevision,
    Claim,
    Vendor,
)


class VendorSerializer(serializers.ModelSerializer[Vendor]):
    class Meta:
        model = Vendor
        fields = (
            "id", "name", "name_zh", "designer_country", "parent_country", "us_entity_list_on", "source", "confidence",
        )  # fmt: skip


class Vendors(Resource):
    """Who designs chips, and where."""

    queryset = Vendor.objects.all()
    serializer_class = VendorSerializer


class VendorNameSerializer(serializers.ModelSerializer[Vendor]):
    class Meta:
        model = Vendor
        fields = ("id", "name", "name_zh")


class RevisionSerializer(serializers.ModelSerializer[ChipRevision]):
    class Meta:
        model = ChipRevision
        fields = ("id", "from_on", "recorded_at", "designer_country", "fabricator_country", "compute", "claims")


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    class Meta:
        model = Claim
        fields = ("id", "figure", "value", "source", "confidence", "read_on", "recorded_at")


class AdoptedFigureSerializer(ClaimSerializer):
    is_contested = serializers.BooleanField(help_text="Whether the claims about this figure differ.")

    class Meta:
        model = Claim
        fields = ("figure", "value", "source", "confidence", "is_contested")


class ChipSerializer(serializers.ModelSerializer[ChipModel]):
    vendor = VendorNameSerializer()
    aliases = serializers.SlugRelatedField[Any](slug_field="text", many=True, read_only=True)
    contested_figures = serializers.SerializerMethodField(help_text="The figures about which claims differ.")
    revision = serializers.SerializerMethodField(help_text="The revision that holds; null where none did yet.")
    figures = serializers.SerializerMethodField(help_text="The claims that the revision adopts, one a figure.")

    class Meta:
        model = ChipModel
        fields: tuple[str, ...] = (
            "id", "vendor", "name", "aliases", "chip_class", "launched_on", "dies", "workload", "source", "confidence",
            "contested_figures", "revision", "figures",
        )  # fmt: skip

    # One each for all rows of a list: making them anew for every claim took most of the time of an answer.
    @cached_property
    def _of_revision(self) -> RevisionSerializer:
        return RevisionSerializer()

    @cached_property
    def _of_claim(self) -> ClaimSerializer:
        return ClaimSerializer()

    def get_contested_figures(self, chip: ChipModel) -> list[str]:
        return sorted(contested_figures(chip))

    @extend_schema_field(RevisionSerializer(allow_null=True))
    def get_revision(self, chip: Any) -> dict[str, Any] | None:
        return self._of_revision.to_representation(chip.revision[0]) if chip.revision else None

    @extend_schema_field(AdoptedFigureSerializer(many=True))
    def get_figures(self, chip: Any) -> list[dict[str, Any]]:
        adopted = set(chip.revision[0].claims) if chip.revision else set()
        contested = contested_figures(chip)
        return [
            self._of_claim.to_representation(claim) | {"is_contested": claim.figure in contested}
            for claim in chip.claims.all()
            if claim.pk in adopted
        ]


class ChipWithHistorySerializer(ChipSerializer):
    claims = ClaimSerializer(many=True, help_text="All that is said of the model, adopted or not.")
    revisions = RevisionSerializer(many=True, source="known_revisions", help_text="As far as they were known.")

    class Meta:
        model = ChipModel
        fields = (*ChipSerializer.Meta.fields, "claims", "revisions")


class ChipFilters(filters.FilterSet):
    vendor = key_filter("vendor_id")
    name = filters.CharFilter()
    chip_class = filters.ChoiceFilter(choices=ChipClass.choices)


@at_a_moment
class Chips(Resource):
    """The chip models, each with the figures adopted for it as of a day and as known at an instant."""

    queryset = ChipModel.objects.select_related("vendor").prefetch_related("aliases", "claims")
    serializer_class = ChipSerializer
    filterset_class = ChipFilters
    parameters = AT_A_MOMENT

    def get_serializer_class(self) -> type[ChipSerializer]:
        return ChipWithHistorySerializer if self.action == "retrieve" else ChipSerializer

    def get_queryset(self) -> QuerySet[Any]:
        moment = moment_of(self.request)
        revisions = ChipRevision.objects.visible_to(self.user)
        known = revisions.filter(recorded_at__lte=moment.known_at).order_by("from_on", "recorded_at", "pk")
        found = super().get_queryset()
        if self.action == "retrieve":
            found = found.prefetch_related(Prefetch("revisions", queryset=known, to_attr="known_revisions"))
        holding = revisions.as_of(*moment)
        return found.prefetch_related(Prefetch("revisions", queryset=holding, to_attr="revision"))
