"""What the REST API tells of a submission, and the fields that each step takes."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts import lock_out
from accounts.models import ApiToken, Role
from accounts.rest import (
    Body,
    CodeField,
    WholeNumberField,
)
from centres.models import Centre, Provenance, ReportingPeriod
from chips.declaration import CURRENT
from chips.forms import clean_name
from chips.intake.cells import GREATEST_QUANTITY
from chips.intake.check import GREATEST_LINES
from chips.intake.faults import Fault
from chips.models import (
    InventoryLine,
    Submission,
    SubmissionStatus,
)
from chips.plausibility import Question
from chips.submissions import (
    LONGEST_COMMENT,
    questions_with_reasons,
)


class FaultSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    row = serializers.IntegerField(allow_null=True)
    column = serializers.CharField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    hint = serializers.CharField(allow_null=True)


class QuestionSerializer(serializers.Serializer[Any]):
    """What does not add up of one chip model, against the centre's last accepted quarter; units in stock."""

    key = serializers.CharField()
    code = serializers.CharField()
    chip_model = serializers.CharField()
    message = serializers.CharField()
    opening = serializers.IntegerField()
    acquired = serializers.IntegerField()
    retired = serializers.IntegerField()
    closing = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)


class CorrectionSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    column = serializers.CharField()
    written = serializers.CharField(allow_null=True, help_text="What stands in the file; null until that is read.")
    corrected = serializers.CharField(allow_blank=True)
    by = serializers.CharField(required=False, help_text="Who mended it; analysts are not told.")
    at = serializers.DateTimeField()


class LineCommentSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    comment = serializers.CharField()


class DeclarationSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    en = serializers.CharField()
    zh = serializers.CharField()


def question_told(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "code": question.code,
        "chip_model": question.chip_name,
        "message": question.worded(get_language() or "en")["message"],
        **question.params,
    }


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    centre = serializers.CharField(source="centre.code")
    period = serializers.CharField(source="period_id")
    is_filing = serializers.SerializerMethodField(
        help_text="False for what was worked out from publications: nobody filed, submitted or accepted it."
    )
    amendment_reason = serializers.SerializerMethodField(help_text="Why it was amended; null for an analyst.")
    decision_comment = serializers.SerializerMethodField(help_text="Why it was returned; null for an analyst.")

    class Meta:
        model = Submission
        fields: tuple[str, ...] = (
            "id", "centre", "period", "version", "status", "nil", "provenance", "is_filing", "file_name", "file_sha256",
            "line_count", "units", "lines_sha256", "accession_number", "amendment_reason", "created_at", "received_at",
            "submitted_at", "decided_at", "decision_comment", "repudiated_at",
        )  # fmt: skip

    def get_is_filing(self, submission: Submission) -> bool:
        return submission.provenance != Provenance.ILLUSTRATIVE

    def to_representation(self, submission: Submission) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(submission)
        if not told["is_filing"]:
            told |= {"received_at": None, "submitted_at": None, "decided_at": None}
        return told

    def get_amendment_reason(self, submission: Submission) -> str | None:
        return None if self.context["request"].user.role == Role.ANALYST else submission.amendment_reason

    def get_decision_comment(self, submission: Submission) -> str | None:
        return submission.comment_for(self.context["request"].user)


class OneSubmissionSerializer(SubmissionSerializer):
    """A submission with what the check warned of: too much for a list."""

    warnings = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField(
        help_text="What does not add up; without a reason it is open, and stands against attesting. Empty for analysts."
    )
    line_comments = serializers.SerializerMethodField(help_text="What is to be corrected of lines; empty for analysts.")
    corrections = serializers.SerializerMethodField(help_text="What was mended of the file's cells before it was sent.")
    declaration = serializers.SerializerMethodField(help_text="What a draft is attested with; null of what was sent.")

    class Meta(SubmissionSerializer.Meta):
        fields = (
            *SubmissionSerializer.Meta.fields,
            "corrections",
            "warnings",
            "questions",
            "line_comments",
            "declaration",
        )

    @extend_schema_field(CorrectionSerializer(many=True))
    def get_corrections(self, submission: Submission) -> list[dict[str, Any]]:
        hidden = {"by"} if self.context["request"].user.role == Role.ANALYST else set()
        return [{key: made[key] for key in made if key not in hidden} for made in submission.corrections]

    @extend_schema_field(DeclarationSerializer(allow_null=True))
    def get_declaration(self, submission: Submission) -> dict[str, str] | None:
        return CURRENT._asdict() if submission.status == SubmissionStatus.DRAFT else None

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, submission: Submission) -> list[dict[str, Any]]:
        if self.context["request"].user.role == Role.ANALYST:
            return []
        return [question_told(question) | {"reason": reason} for question, reason in questions_with_reasons(submission)]

    @extend_schema_field(LineCommentSerializer(many=True))
    def get_line_comments(self, submission: Submission) -> list[dict[str, Any]]:
        return [] if submission.comment_for(self.context["request"].user) is None else submission.line_comments

    @extend_schema_field(FaultSerializer(many=True))
    def get_warnings(self, submission: Submission) -> list[dict[str, Any]]:
        return [Fault.from_data(fault).worded(get_language() or "en") for fault in submission.warnings]


class LineSerializer(serializers.ModelSerializer[InventoryLine]):
    chip = serializers.IntegerField(source="chip_model_id")
    chip_model = serializers.CharField(source="chip_model.name")
    vendor = serializers.CharField(source="chip_model.vendor.name")
    doubts = serializers.SerializerMethodField(help_text="What is contested or to be verified of the chip, in words.")

    class Meta:
        model = InventoryLine
        fields = (
            "row", "chip", "chip_model", "vendor", "quantity", "workload", "status", "acquired_on", "acquisition",
            "unit_price_cny", "serial_numbers", "note", "doubts",
        )  # fmt: skip

    def get_doubts(self, line: InventoryLine) -> list[str]:
        found: dict[int, list[str]] = self.context["doubts"]
        return found.get(line.chip_model_id, [])


class BegunPeriodField(CodeField):
    """A period that has begun: for one to come nothing can be filed."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(starts_on__lte=timezone.localdate())


class UploadBody(Body):
    centre = CodeField(slug_field="code", queryset=Centre.objects.all())
    period = BegunPeriodField(slug_field="code", queryset=ReportingPeriod.objects.all())
    file = serializers.FileField(required=False, allow_empty_file=True, help_text="CSV or a workbook, 50 MiB at most.")
    declared_lines = WholeNumberField(
        required=False,
        min_value=0,
        max_value=GREATEST_LINES,
        help_text="How many lines you send; a difference is an error.",
    )
    declared_units = WholeNumberField(
        required=False,
        min_value=0,
        max_value=GREATEST_LINES * GREATEST_QUANTITY,
        help_text="How many cards you send, the sum of all quantities; a difference is an error.",
    )
    nil = serializers.BooleanField(required=False, default=False, help_text="That there are no chips; without a file.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["nil"] and "file" in data:
            raise serializers.ValidationError({"file": _("A nil return comes without a file.")}, code="not_allowed")
        if data["nil"] and (declared := {"declared_lines", "declared_units"} & data.keys()):
            message = _("A nil return has neither lines nor cards.")
            raise serializers.ValidationError(dict.fromkeys(declared, message), code="not_allowed")
        if not data["nil"] and "file" not in data:
            raise serializers.ValidationError({"file": _("Give a file, or nil=true.")}, code="required")
        return data


class ReadFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    format = serializers.CharField(allow_null=True)
    encoding = serializers.CharField(allow_null=True)
    delimiter = serializers.CharField(allow_null=True)
    sheet = serializers.CharField(allow_null=True)
    header_row = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField()


class CheckSerializer(serializers.Serializer[Any]):
    """The object of `check_inventory`."""

    ok = serializers.BooleanField()
    file = ReadFileSerializer(allow_null=True, help_text="Null for a nil return.")
    lines = serializers.IntegerField()
    units = serializers.IntegerField()
    error_count = serializers.IntegerField()
    # A field by this name hides nothing: declared fields are no attributes. The contract names it so.
    errors = FaultSerializer(many=True)  # type: ignore[assignment]
    warnings = FaultSerializer(many=True)


class UploadedSerializer(CheckSerializer):
    id = serializers.IntegerField()
    url = serializers.URLField()


class ConfirmationBody(Body):
    key = serializers.CharField(max_length=60, help_text="The key of a question.")
    reason = serializers.CharField(max_length=500)


class SignedBody(Body):
    """A signature. Who asks by a token has shown its secret with this request; a session is asked for the password."""

    # What else a session must say.
    due_in_session: tuple[str, ...] = ()
    password = serializers.CharField(required=False, trim_whitespace=False, help_text="Of who signs, once more.")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        request = self.context["request"]
        if not isinstance(request.auth, ApiToken):
            missing = [name for name in (*self.due_in_session, "password") if name not in data]
            if missing:
                message = _("Due from who signs in a session.")
                raise serializers.ValidationError(dict.fromkeys(missing, message), code="required")
        password = data.pop("password", None)
        if password is not None and not lock_out.is_password_of(request.user, password):
            raise serializers.ValidationError({"password": _("This is not your password.")}, code="invalid")
        return data


class AttestBody(SignedBody):
    """The declaration of a draft, signed: its text stands at the draft."""

    due_in_session = ("full_name", "declaration")
    full_name = serializers.CharField(required=False, max_length=100, help_text="Of who attests.")
    declaration = serializers.CharField(required=False, help_text="The version of the declaration that was read.")
    amendment_reason = serializers.CharField(
        required=False, max_length=LONGEST_COMMENT, help_text="Due where an accepted inventory is amended."
    )
    confirmations = ConfirmationBody(
        required=False, many=True, help_text="Reasons for what does not add up; see `questions`."
    )

    def validate_full_name(self, name: str) -> str:
        try:
            return clean_name(name)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error

    def validate_declaration(self, version: str) -> str:
        if version != CURRENT.version:
            raise serializers.ValidationError(_("The declaration has changed since: read it again."))
        return version


class RepudiateBody(SignedBody):
    reason = serializers.CharField(max_length=LONGEST_COMMENT)


class LineCommentBody(Body):
    row = WholeNumberField(min_value=1, max_value=2**31 - 1)
    comment = serializers.CharField(max_length=500)


class ReturnBody(Body):
    comment = serializers.CharField(max_length=LONGEST_COMMENT)
    line_comments = LineCommentBody(many=True, required=False, help_text="What is to be corrected of single lines.")
