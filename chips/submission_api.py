"""REST: what operators filed, and the steps that are taken of it."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import once
from accounts.models import Role, Scope
from accounts.problems import Problem
from accounts.rest import (
    Body,
    FlagFilter,
    JSONParser,
    Nothing,
    Resource,
    invalid_parameter,
)
from centres.models import Centre, Provenance, ReportingPeriod
from chips import allowance, readers, uploads
from chips.catalogue import doubts
from chips.declaration import CURRENT
from chips.errors_workbook import XLSX, errors_of_submission
from chips.intake.formats import MIB
from chips.models import (
    Receipt,
    ReceiptKind,
    Submission,
    SubmissionStatus,
)
from chips.originals import sent_file
from chips.receipt_pdf import receipt_pdf
from chips.receipts import DamagedOriginal
from chips.submission_serializers import (
    AttestBody,
    CheckSerializer,
    LineSerializer,
    OneSubmissionSerializer,
    RepudiateBody,
    ReturnBody,
    SubmissionSerializer,
    UploadBody,
    UploadedSerializer,
    question_told,
)
from chips.submissions import (
    OpenQuestions,
    ReasonMissing,
    SameAsAccepted,
    Superseded,
    TooLateToRepudiate,
    WrongStatus,
    accept,
    attest,
    confirm,
    repudiate,
    return_for_correction,
    store_nil_draft,
    withdraw,
)
from chips.timeliness import Locked, require_open, why_locked


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


class _ReadersBusy(Problem):
    """A refusal that says in how many seconds to try again."""

    wait = 10

    def __init__(self) -> None:
        detail = _("All readers are busy. Nothing of this file was stored; send it again in %(wait)d s.")
        super().__init__(503, "readers_busy", detail % {"wait": self.wait})


class Submissions(Resource):
    """What operators filed: versions of a centre's inventory for a period, from draft to decision."""

    queryset = Submission.objects.select_related("centre")
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilters
    parameters = {"receipt": ("kind",), "receipt_pdf": ("kind",)}
    paged = frozenset({"list", "lines"})
    scopes = dict.fromkeys(("create", "attest", "repudiate", "withdraw"), Scope.FILE)

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
        received_at, body = self.last_byte_at(), self.read_body(UploadBody)
        return once(request, self.user, lambda: self._store(received_at=received_at, **body))

    def last_byte_at(self) -> datetime:
        """The server's time when the request was in, whole."""
        # Its fields are not read before somebody asks for them.
        _ = self.request.data
        return timezone.now()

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
                with readers.a_reader():
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
        except allowance.TooManyWaiting as refusal:
            usage = {"waiting": refusal.usage.waiting, "most_waiting": refusal.usage.most_waiting}
            raise Problem(429, "too_many_waiting", allowance.why_refused(refusal), **usage) from refusal
        except allowance.QuotaReached as refusal:
            usage = {"used_bytes": refusal.usage.used_bytes, "quota_bytes": refusal.usage.quota_bytes}
            raise Problem(413, "quota_reached", allowance.why_refused(refusal), **usage) from refusal
        except readers.ReadersBusy as error:
            raise _ReadersBusy from error
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
        lines = self.get_object().lines.visible_to(self.user).select_related("chip_model__vendor").order_by("row")
        models = lines.order_by().values_list("chip_model", flat=True).distinct()
        return self.answer_page(lines, LineSerializer, doubts=doubts(models))

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """The original file, byte for byte; a nil return has none."""
        submission = self.get_object()
        if submission.nil:
            raise NotFound
        return sent_file(request, submission.file_sha256, submission.file_name)

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
        found = submission.receipts.visible_to(self.user).filter(kind=kind).first()
        if found is None:
            raise NotFound
        return found

    @extend_schema(request=AttestBody, responses=OneSubmissionSerializer)
    @action(detail=True, methods=["post"])
    def attest(self, request: Request, pk: str) -> Response:
        """Send a draft to the regulator under the declaration; its receipt follows."""
        at = self.last_byte_at()

        def act(
            submission: Submission,
            full_name: str = "",
            declaration: str = CURRENT.version,
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

        @transaction.atomic
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
            except DamagedOriginal as error:
                message = _("The file that is kept was damaged: send it again, and it is made good.")
                raise Problem(409, "damaged_original", message) from error
            except TooLateToRepudiate as error:
                raise Problem(409, "too_late", _("The days within which it could be repudiated are over.")) from error

        return once(self.request, self.user, act)


def _locked(error: Locked) -> Problem:
    return Problem(409, "period_locked", why_locked(error.term), locks_on=error.term.locks_on)


def _open_questions(error: OpenQuestions) -> Problem:
    message = _("Some lines do not add up: correct them, or confirm each question with a reason.")
    return Problem(409, "open_questions", message, questions=[question_told(question) for question in error.questions])
