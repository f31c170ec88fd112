"""REST: the catalogue of chips, and what operators filed."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import once
from accounts.models import Role
from accounts.problems import Problem
from accounts.rest import (
    Body,
    CodeField,
    FlagFilter,
    JSONParser,
    Nothing,
    Resource,
    invalid_parameter,
    key_filter,
    moment_of,
    sealed_file,
)
from centres.api import AT_A_MOMENT, at_a_moment
from centres.models import Centre, Provenance, ReportingPeriod
from chips import uploads
from chips.catalogue import contested_figures, doubts
from chips.errors_workbook import XLSX, errors_of_submission
from chips.intake.cells import GREATEST_QUANTITY
from chips.intake.check import GREATEST_LINES
from chips.intake.faults import Fault
from chips.intake.formats import MIB
from chips.models import (
    ChipClass,
    ChipModel,
    ChipRevision,
    Claim,
    InventoryLine,
    Receipt,
    ReceiptKind,
    Submission,
    SubmissionStatus,
    Vendor,
)
from chips.originals import original
from chips.plausibility import Question
from chips.receipt_pdf import receipt_pdf
from chips.submissions import (
    LONGEST_COMMENT,
    OpenQuestions,
    ReasonMissing,
    SameAsAccepted,
    Superseded,
    TooLateToRepudiate,
    WrongStatus,
    accept,
    attest,
    confirm,
    questions_with_reasons,
    repudiate,
    return_for_correction,
    store_nil_draft,
    withdraw,
)
from chips.timeliness import Locked, require_open, why_locked


class VendorSerializer(serializers.ModelSerializer[Vendor]):
    class Meta:
        model = Vendor
        fields = (
            "id", "name", "name_zh", "designer_country", "parent_country", "us_entity_list_on", "source", "confidence",
        )  # fmt: skip


class Vendors(Resource):
    """Who designs chips, and where."""

    is_reference = True
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
        fields = ("id", "figure", "value", "source", "confidence", "read_on")


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

    def get_contested_figures(self, chip: ChipModel) -> list[str]:
        return sorted(contested_figures(chip))

    @extend_schema_field(RevisionSerializer(allow_null=True))
    def get_revision(self, chip: Any) -> dict[str, Any] | None:
        return RevisionSerializer(chip.revision[0]).data if chip.revision else None

    @extend_schema_field(AdoptedFigureSerializer(many=True))
    def get_figures(self, chip: Any) -> list[dict[str, Any]]:
        adopted = set(chip.revision[0].claims) if chip.revision else set()
        contested = contested_figures(chip)
        return [
            ClaimSerializer(claim).data | {"is_contested": claim.figure in contested}
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

    is_reference = True
    queryset = ChipModel.objects.select_related("vendor").prefetch_related("aliases", "claims")
    serializer_class = ChipSerializer
    filterset_class = ChipFilters
    parameters = AT_A_MOMENT

    def get_serializer_class(self) -> type[ChipSerializer]:
        return ChipWithHistorySerializer if self.action == "retrieve" else ChipSerializer

    def get_queryset(self) -> QuerySet[Any]:
        moment = moment_of(self.request)
        known = ChipRevision.objects.filter(recorded_at__lte=moment.known_at).order_by("from_on", "recorded_at", "pk")
        found = super().get_queryset()
        if self.action == "retrieve":
            found = found.prefetch_related(Prefetch("revisions", queryset=known, to_attr="known_revisions"))
        holding = ChipRevision.objects.as_of(*moment)
        return found.prefetch_related(Prefetch("revisions", queryset=holding, to_attr="revision"))


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


def _question(question: Question) -> dict[str, Any]:
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

    def get_decision_comment(self, submission: Submission) -> str | None:
        return submission.comment_for(self.context["request"].user)


class OneSubmissionSerializer(SubmissionSerializer):
    """A submission with what the check warned of: too much for a list."""

    warnings = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField(
        help_text="What does not add up; without a reason it is open, and stands against attesting. Empty for analysts."
    )
    line_comments = serializers.SerializerMethodField(help_text="What is to be corrected of lines; empty for analysts.")

    class Meta(SubmissionSerializer.Meta):
        fields = (*SubmissionSerializer.Meta.fields, "corrections", "warnings", "questions", "line_comments")

    @extend_schema_field(QuestionSerializer(many=True))
    def get_questions(self, submission: Submission) -> list[dict[str, Any]]:
        if self.context["request"].user.role == Role.ANALYST:
            return []
        return [_question(question) | {"reason": reason} for question, reason in questions_with_reasons(submission)]

    @extend_schema_field(OpenApiTypes.OBJECT)
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
        return ReportingPeriod.objects.begun(timezone.localdate())


class UploadBody(Body):
    centre = CodeField(slug_field="code", queryset=Centre.objects.all())
    period = BegunPeriodField(slug_field="code", queryset=ReportingPeriod.objects.all())
    file = serializers.FileField(required=False, allow_empty_file=True, help_text="CSV or a workbook, 50 MiB at most.")
    declared_lines = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=GREATEST_LINES,
        help_text="How many lines you send; a difference is an error.",
    )
    declared_units = serializers.IntegerField(
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


class AttestBody(Body):
    """The signature. Who asks by a token has shown its secret with this request; a session asks for the password."""

    full_name = serializers.CharField(required=False, min_length=2, max_length=100, help_text="Of who attests.")
    password = serializers.CharField(required=False, trim_whitespace=False, help_text="Of who attests, once more.")
    amendment_reason = serializers.CharField(
        required=False, max_length=LONGEST_COMMENT, help_text="Due where an accepted inventory is amended."
    )
    confirmations = ConfirmationBody(
        required=False, many=True, help_text="Reasons for what does not add up; see `questions`."
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        request = self.context["request"]
        password = data.pop("password", None)
        if not isinstance(request.auth, Token):
            missing = {name: _("Due from who signs in a session.") for name in ("full_name",) if name not in data}
            if password is None:
                missing["password"] = _("Due from who signs in a session.")
            if missing:
                raise serializers.ValidationError(missing, code="required")
        if password is not None and not request.user.check_password(password):
            raise serializers.ValidationError({"password": _("This is not your password.")}, code="invalid")
        return data


class RepudiateBody(Body):
    reason = serializers.CharField(max_length=LONGEST_COMMENT)


class LineCommentBody(Body):
    row = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    comment = serializers.CharField(max_length=500)


class ReturnBody(Body):
    comment = serializers.CharField(max_length=LONGEST_COMMENT)
    line_comments = LineCommentBody(many=True, required=False, help_text="What is to be corrected of single lines.")


class SubmissionFilters(filters.FilterSet):
    centre = filters.CharFilter(field_name="centre__code")
    period = filters.CharFilter(field_name="period_id")
    status = filters.ChoiceFilter(choices=SubmissionStatus.choices)
    nil = FlagFilter()
    provenance = filters.ChoiceFilter(choices=Provenance.choices)


_KIND = OpenApiParameter("kind", enum=ReceiptKind.values, description="Of what: “received” where not given.")

NIL_RETURN: dict[str, Any] = {
    "ok": True,
    "file": None,
    "lines": 0,
    "units": 0,
    "error_count": 0,
    "errors": [],
    "warnings": [],
}


class Submissions(Resource):
    """What operators filed: versions of a centre's inventory for a period, from draft to decision."""

    queryset = Submission.objects.select_related("centre")
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilters
    parameters = {"receipt": ("kind",), "receipt_pdf": ("kind",)}
    paged = frozenset({"list", "lines"})

    def get_serializer_class(self) -> type[SubmissionSerializer]:
        return SubmissionSerializer if self.action == "list" else OneSubmissionSerializer

    @property
    def largest_body(self) -> int:
        # A file within the limit, and the rest of its form.
        return 51 * MIB if self.action == "create" else super().largest_body

    def get_parsers(self) -> list[BaseParser]:
        return [MultiPartParser()] if self.action_map.get("post") == "create" else [JSONParser()]

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        # The reader takes a path; a file is never held in memory.
        request.upload_handlers = [TemporaryFileUploadHandler(request)]
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(request=UploadBody, responses={201: UploadedSerializer, 422: CheckSerializer})
    def create(self, request: Request) -> Response:
        """Upload an inventory, or a nil return, as the next version's draft; a faulty file stores no line."""
        self.require_role(Role.OPERATOR)
        # The whole request was read for its fields: this is the instant of its last byte.
        received_at, body = timezone.now(), self.read_body(UploadBody)
        return once(request, self.user, lambda: self._store(received_at=received_at, **body))

    def _store(
        self,
        *,
        received_at: datetime,
        centre: Centre,
        period: ReportingPeriod,
        nil: bool,
        file: TemporaryUploadedFile | None = None,
        **declared: int,
    ) -> Response:
        submission: Submission | None
        try:
            if file is None:
                require_open(centre, period, received_at)
                found = NIL_RETURN
                submission = store_nil_draft(
                    centre=centre, period=period, created_by=self.user, received_at=received_at
                )
            else:
                upload = uploads.receive(
                    path=Path(file.temporary_file_path()),
                    name=file.name or "",
                    centre=centre,
                    period=period,
                    sent_by=self.user,
                    received_at=received_at,
                    ring=False,
                    **declared,
                )
                report, submission = uploads.read_now(upload)
                found = report.worded(get_language() or "en")
        except Locked as error:
            raise _locked(error) from error
        except uploads.BeingRead as error:
            raise Problem(
                409, "being_read", _("The same file was sent before and is being read; ask again.")
            ) from error
        except OSError as error:
            raise Problem(
                507, "storage_full", _("The file could not be kept. Nothing was stored; try later.")
            ) from error
        if submission is None:
            link = self.request.build_absolute_uri(reverse("api:upload-errors", args=[upload.pk]))
            return Response(found, status=422, headers={"Link": f'<{link}>; rel="related"'})
        url = self.request.build_absolute_uri(reverse("api:submission-detail", args=[submission.pk]))
        return Response(found | {"id": submission.pk, "url": url}, status=201, headers={"Location": url})

    @extend_schema(responses=LineSerializer(many=True), filters=False)
    @action(detail=True)
    def lines(self, request: Request, pk: str) -> Response:
        """The lines, under the row numbers that the operator's spreadsheet shows."""
        lines = self.get_object().lines.select_related("chip_model__vendor").order_by("row")
        models = lines.order_by().values_list("chip_model", flat=True).distinct()
        return self.answer_page(lines, LineSerializer, doubts=doubts(models))

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """The original file, byte for byte; a nil return has none."""
        submission = self.get_object()
        if submission.nil:
            raise NotFound
        sha256 = submission.file_sha256
        path = original(sha256)
        return sealed_file(
            request, path, sha256=sha256, name=submission.file_name, content_type="application/octet-stream"
        )

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    def errors(self, request: Request, pk: str) -> HttpResponseBase:
        """The file again as a workbook, with what was noticed marked in its cells; a nil return has none."""
        submission = self.get_object()
        if submission.nil:
            raise NotFound
        return errors_of_submission(submission, get_language() or "en")

    @extend_schema(parameters=[_KIND], responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=True)
    def receipt(self, request: Request, pk: str) -> HttpResponseBase:
        """The receipt, word for word as it was issued; a submission that nobody attested has none."""
        return HttpResponse(self._receipt().body.encode(), content_type="application/json")

    @extend_schema(parameters=[_KIND], responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def receipt_pdf(self, request: Request, pk: str) -> HttpResponseBase:
        """The receipt to print and keep, in both languages."""
        found = self._receipt()
        headers = {"Content-Disposition": f'attachment; filename="{found.submission.accession_number}.pdf"'}
        return HttpResponse(receipt_pdf(json.loads(found.body)), content_type="application/pdf", headers=headers)

    def _receipt(self) -> Receipt:
        submission = self.get_object()
        # It names who signed: for the operator and its regulators.
        if self.user.role == Role.ANALYST:
            raise NotFound
        kind = self.request.query_params.get("kind", ReceiptKind.RECEIVED)
        if kind not in ReceiptKind.values:
            raise invalid_parameter("kind", _("A receipt is “received” or “accepted”."))
        found = submission.receipts.filter(kind=kind).first()
        if found is None:
            raise NotFound
        return found

    @extend_schema(request=AttestBody, responses=OneSubmissionSerializer)
    @action(detail=True, methods=["post"])
    def attest(self, request: Request, pk: str) -> Response:
        """Send a draft to the regulator under the declaration; its receipt follows."""
        at = timezone.now()

        def act(
            submission: Submission,
            full_name: str = "",
            amendment_reason: str = "",
            confirmations: Sequence[dict[str, str]] = (),
        ) -> Submission:
            confirm(submission, {given["key"]: given["reason"] for given in confirmations}, by=self.user)
            name = full_name or self.user.get_full_name() or self.user.username
            return attest(submission, by=self.user, full_name=name, amendment_reason=amendment_reason, at=at)

        return self._step(Role.OPERATOR, AttestBody, act)

    @extend_schema(request=RepudiateBody, responses=OneSubmissionSerializer)
    @action(detail=True, methods=["post"])
    def repudiate(self, request: Request, pk: str) -> Response:
        """Say that what was filed in the operator's name is not its own."""
        return self._step(
            Role.OPERATOR, RepudiateBody, lambda submission, reason: repudiate(submission, by=self.user, reason=reason)
        )

    @extend_schema(request=Nothing, responses=OneSubmissionSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Accept what was submitted: it stands for its centre, which is determined at once."""
        return self._step(Role.REGULATOR, Nothing, lambda submission: accept(submission, by=self.user))

    @extend_schema(request=ReturnBody, responses=OneSubmissionSerializer)
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def return_for_correction(self, request: Request, pk: str) -> Response:
        """Return what was submitted, saying why."""
        return self._step(
            Role.REGULATOR,
            ReturnBody,
            lambda submission, comment, line_comments=(): return_for_correction(
                submission,
                by=self.user,
                comment=comment,
                line_comments={said["row"]: said["comment"] for said in line_comments},
            ),
        )

    @extend_schema(request=Nothing, responses=OneSubmissionSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back what no regulator has decided yet."""
        return self._step(Role.OPERATOR, Nothing, lambda submission: withdraw(submission, by=self.user))

    def _step(self, role: Role, body: type[Body], step: Callable[..., Submission]) -> Response:
        submission = self.get_object()
        self.require_role(role)
        fields = self.read_body(body)

        def act() -> Response:
            try:
                return Response(self.get_serializer(step(submission, **fields)).data)
            except WrongStatus as error:
                status = error.submission.status
                message = _("The status of this submission, “%(status)s”, does not allow this step.")
                label = error.submission.get_status_display()
                raise Problem(409, "wrong_status", message % {"status": label}, submission_status=status) from error
            except Superseded as error:
                message = _("Version %(version)s came later; decide that one.") % {"version": error.later.version}
                raise Problem(409, "superseded", message, later=error.later.pk) from error
            except Locked as error:
                raise _locked(error) from error
            except OpenQuestions as error:
                raise _open_questions(error) from error
            except ReasonMissing as error:
                message = _("Version %(version)s was accepted: say in amendment_reason why it is amended.")
                raise Problem(409, "reason_missing", message % {"version": error.amended.version}) from error
            except SameAsAccepted as error:
                message = _(
                    "The lines are those of version %(version)s, which was accepted: there is nothing to amend."
                )
                raise Problem(409, "not_different", message % {"version": error.amended.version}) from error
            except TooLateToRepudiate as error:
                raise Problem(409, "too_late", _("The days within which it could be repudiated are over.")) from error

        return once(self.request, self.user, act)


def _locked(error: Locked) -> Problem:
    return Problem(409, "period_locked", why_locked(error.term), locks_on=error.term.locks_on)


def _open_questions(error: OpenQuestions) -> Problem:
    message = _("Some lines do not add up: correct them, or confirm each question with a reason.")
    return Problem(409, "open_questions", message, questions=[_question(question) for question in error.questions])
