"""REST: the provisions of a mandate; regulators of the whole country write drafts."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import once
from accounts.problems import Problem
from accounts.rest import Body, Resource
from compliance import provisions
from compliance.models import Mandate, Provision, ProvisionStage
from compliance.provision_faults import WrongProvision
from compliance.reading import fault_in_words


class ProvisionSerializer(serializers.ModelSerializer[Provision]):
    """Who wrote and who approved it is an office's, and no person is named."""

    mandate = serializers.CharField(source="mandate.code")
    stage = serializers.ChoiceField(
        choices=ProvisionStage.choices, help_text="What is not issued is read by regulators of the whole country alone."
    )
    rule = serializers.DictField(help_text="The provision as the engine reads it; without steps it is a repeal.")
    case_by_case = serializers.DictField(
        allow_null=True, help_text="The scope of those that are decided by hand where the rule's own leaves them out."
    )

    class Meta:
        model = Provision
        fields = (
            "id", "mandate", "stage", "from_on", "recorded_at", "issued_at", "rule", "case_by_case", "legal_text",
            "legal_text_zh", "citation", "link",
        )  # fmt: skip


@extend_schema_field(OpenApiTypes.STR)
class TextPart(serializers.Field[Any, Any, Any, Any]):
    """A text of a provision, taken as it comes: what is wrong with it is told as of every other part."""

    def to_internal_value(self, data: Any) -> Any:
        return data


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectPart(serializers.Field[Any, Any, Any, Any]):
    """A part of a provision that is an object, taken as it comes."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class DraftBody(Body):
    from_on = TextPart(allow_null=True, help_text="The day from which it is to hold, such as 2027-01-01.")
    rule = ObjectPart(allow_null=True, help_text="The provision as the engine reads it; without steps it is a repeal.")
    case_by_case = ObjectPart(
        allow_null=True,
        default=None,
        help_text="A scope, of those that are decided by hand where the rule's own leaves them out; null: nobody.",
    )
    legal_text = TextPart(allow_null=True, help_text="In English.")
    legal_text_zh = TextPart(allow_null=True, default="", help_text="In Chinese.")
    citation = TextPart(allow_null=True, default="", help_text="Issuer, document number, article.")
    link = TextPart(allow_null=True, default="", help_text="Where the text was published.")


class Provisions(Resource):
    """The provisions of a mandate, in the order in which they were written."""

    queryset = Provision.objects.select_related("mandate")
    serializer_class = ProvisionSerializer

    def get_queryset(self) -> QuerySet[Any]:
        found: Any = super().get_queryset()
        return found.filter(mandate=self._mandate())

    @extend_schema(request=DraftBody, responses={201: ProvisionSerializer})
    def create(self, request: Request, code: str) -> Response:
        """Write a draft; nothing is in force by it before another has approved it and it is issued."""
        mandate = self._mandate()
        if not provisions.may_write(self.user):
            raise Problem(403, "permission_denied", _("Your role does not allow this."))
        document = self.read_body(DraftBody)

        def act() -> Response:
            try:
                written = provisions.write(mandate=mandate, by=self.user, document=document)
            except WrongProvision as wrong:
                raise refused(wrong) from wrong
            url = request.build_absolute_uri(reverse("api:mandate-provision", args=[mandate.code, written.pk]))
            return Response(self.get_serializer(written).data, status=201, headers={"Location": url})

        return once(request, self.user, act)

    def _mandate(self) -> Mandate:
        return get_object_or_404(Mandate.objects.visible_to(self.user), code=self.kwargs.get("code"))


def refused(wrong: WrongProvision) -> Problem:
    """The refusal of what is no provision: code, path and sentence of its first fault, and all of them."""
    faults = [{"code": f.code, "path": _answerable(f.path), "message": fault_in_words(f)} for f in wrong.faults]
    first = faults[0]
    return Problem(400, first["code"], first["message"], path=first["path"], faults=faults)


def _answerable(path: str) -> str:
    """`path` without what no answer can carry: half of a surrogate pair in the name of a key."""
    return path.encode(errors="replace").decode()
