"""The way of an operator's file: sent, read by a worker, mended, and attested."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import SignedInRequest, for_roles, takes_bodies_of
from accounts.again import asked_again
from accounts.models import Role
from centres.converters import as_code
from centres.models import Centre, ReportingPeriod
from centres.terms import term_of
from chips import allowance, submissions, uploads
from chips.declaration import CURRENT
from chips.errors_workbook import XLSX, errors_of_upload
from chips.forms import LONGEST_REASON, AttestForm, FilingForm, MendForm, RedeclareForm, texts_of
from chips.intake.check import Report
from chips.intake.columns import COLUMNS
from chips.intake.formats import GREATEST_FILE
from chips.mending import SHOWN, Mend, mends
from chips.models import ChipModel, Submission, SubmissionStatus, Upload, UploadStatus
from chips.originals import sent_file
from chips.receipts import DamagedOriginal
from chips.submissions import OpenQuestions, ReasonMissing, SameAsAccepted, WrongStatus
from chips.template import template_for
from chips.timeliness import Locked, require_open, why_locked
from chips.uploads import MendedMeanwhile, NotMendable
from chips.views import visible

# A small file is read before its sender has looked up: then there is no page in between.
_WAITED = 1.0
_PASTED = "pasted.tsv"


# A file within the limit, or as many cells, and the rest of the form.
@takes_bodies_of(2 * GREATEST_FILE)
@for_roles(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def file_inventory(request: SignedInRequest, code: str) -> HttpResponse:
    """Send a centre's inventory: it is kept, and read by a worker."""
    # The body is read with the first look at the form: after that, this is the instant of its last byte.
    posted, files = request.POST or None, request.FILES or None
    received_at = timezone.now()
    centre = get_object_or_404(Centre.objects.visible_to(request.user).select_related("region", "operator"), code=code)
    form = FilingForm(posted, files, user=request.user, initial={"period": request.GET.get("period")})
    locked: ReportingPeriod | None = None
    if posted is not None and form.is_valid():
        try:
            return _received(request, centre, form.cleaned_data, received_at)
        except Locked as error:
            locked = form.cleaned_data["period"]
            form.add_error("period", why_locked(error.term))
        except allowance.OverAllowance as refusal:
            form.add_error(None, allowance.why_refused(refusal))
        except OSError:
            form.add_error(
                None, _("The file could not be kept: the server's disk is full. Nothing was stored; try later.")
            )
    usage = allowance.usage_of(centre.operator)
    context = {"centre": centre, "form": form, "columns": COLUMNS, "locked": locked, "usage": usage}
    return render(request, "chips/file_inventory.html", context, status=200 if posted is None else 422)


def _received(request: SignedInRequest, centre: Centre, asked: dict[str, Any], received_at: datetime) -> HttpResponse:
    period = asked["period"]
    if asked["nil"]:
        require_open(centre, period, received_at)
        draft = submissions.store_nil_draft(
            centre=centre, period=period, created_by=request.user, received_at=received_at
        )
        return redirect("submission", draft.pk)
    file = asked["file"] or SimpleUploadedFile(_PASTED, asked["cells"].encode(errors="surrogatepass"))
    with _on_disk(file) as path:
        upload = uploads.receive(
            path=path,
            name=file.name or "",
            centre=centre,
            period=period,
            sent_by=request.user,
            received_at=received_at,
            declared_lines=asked["declared_lines"],
            declared_units=asked["declared_units"],
        )
    return redirect(_next_page(uploads.once_read(upload, within=_WAITED)))


@contextmanager
def _on_disk(file: UploadedFile) -> Iterator[Path]:
    """The file at a path; its name is a label and no path."""
    with tempfile.NamedTemporaryFile() as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _next_page(upload: Upload) -> str:
    """Where its sender goes on: the draft that it is, else the page of the upload."""
    if upload.status == UploadStatus.READ:
        return reverse("submission", args=[upload.submission_id])
    return reverse("upload", args=[upload.pk])


@for_roles(Role.OPERATOR)
@require_GET
def show_upload(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """An upload while it is read, then what is to be mended of it; a page without fault leads on to the draft."""
    upload = _visible(request, upload_id)
    if upload.status == UploadStatus.READ:
        page = _next_page(upload)
        return HttpResponseClientRedirect(page) if request.htmx else HttpResponseRedirect(page)
    return _show(request, upload, RedeclareForm(upload=upload))


def _show(request: SignedInRequest, upload: Upload, form: RedeclareForm, status: int = 200) -> HttpResponse:
    report = Report.from_data(upload.report) if upload.status == UploadStatus.FAULTY and upload.report else None
    offered, models = _offered(upload), ChipModel.objects.visible_to(request.user)
    context = {
        "upload": upload,
        "is_open": upload.status in allowance.UNREAD,
        "is_faulty": report is not None,
        "report": report and report.worded(get_language() or "en"),
        "mends": offered,
        "is_mendable": any(mend.target for mend in offered),
        "is_declared_otherwise": any(mend.is_declared for mend in offered),
        "models": models.select_related("vendor") if any(m.takes_text for m in offered) else [],
        "form": form,
    }
    template = "chips/_upload.html" if request.htmx else "chips/upload.html"
    return render(request, template, context, status=status)


@for_roles(Role.OPERATOR)
@require_POST
def mend(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Mend cells in the page, and have the file read again."""
    upload = _visible(request, upload_id)
    form = MendForm(request.POST, upload=upload, offered=_offered(upload))
    if not form.is_valid():
        if upload.status == UploadStatus.FAULTY:
            return _show(request, upload, form, status=422)
        messages.error(request, _("Nothing was mended: give a row, a column, and what the cell should hold."))
        return redirect(_next_page(upload))
    found = form.cleaned_data["answers"] + form.single_correction()
    if not found and not form.is_redeclared():
        messages.error(request, _("Nothing was mended: give what a cell should hold."))
        return redirect(_next_page(upload))
    seen, declared = form.cleaned_data["seen"], form.declared()
    return _step(request, lambda: uploads.mend(upload, found, by=request.user, seen=seen, declared=declared), upload)


def _offered(upload: Upload) -> list[Mend]:
    """What the page offers to mend of an upload."""
    if upload.status != UploadStatus.FAULTY or upload.report is None:
        return []
    return mends(Report.from_data(upload.report), get_language() or "en")[:SHOWN]


@for_roles(Role.OPERATOR)
@require_POST
def undo_mending(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Have the file read as it was sent."""
    upload = _visible(request, upload_id)
    return _step(request, lambda: uploads.undo(upload, by=request.user), upload)


@for_roles(Role.OPERATOR)
@require_POST
def retry_upload(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Read anew what could not be read."""
    upload = _visible(request, upload_id)
    return _step(request, lambda: uploads.retry(upload), upload)


@for_roles(Role.OPERATOR)
@require_POST
def discard_upload(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Lay an upload aside."""
    upload = _visible(request, upload_id)
    try:
        uploads.discard(upload, by=request.user)
    except (NotMendable, WrongStatus):
        messages.error(request, _("Nothing was done: it was sent or discarded meanwhile."))
        return redirect("upload", upload.pk)
    messages.success(request, _("Discarded. The file is kept, and nothing of it was sent."))
    return redirect("centre", upload.centre.code)


def _step(request: SignedInRequest, step: Any, upload: Upload) -> HttpResponse:
    try:
        done = step()
    except MendedMeanwhile:
        messages.error(request, _("Somebody mended it meanwhile; look again."))
        upload.refresh_from_db()
        return redirect(_next_page(upload))
    except (NotMendable, WrongStatus):
        messages.error(request, _("Nothing was done: it was read, sent or discarded meanwhile."))
        upload.refresh_from_db()
        return redirect(_next_page(upload))
    return redirect(_next_page(uploads.once_read(done, within=_WAITED)))


@for_roles(Role.OPERATOR)
@require_GET
def download_upload(request: SignedInRequest, upload_id: int) -> HttpResponseBase:
    """The file as it was sent, byte for byte."""
    upload = _visible(request, upload_id)
    return sent_file(request, upload.file_sha256, upload.file_name)


@for_roles(Role.OPERATOR)
@require_GET
def download_marked(request: SignedInRequest, upload_id: int) -> FileResponse:
    """The operator's own workbook with what is wrong marked in its cells."""
    return errors_of_upload(_visible(request, upload_id), get_language() or "en")


@for_roles(Role.OPERATOR)
@require_GET
def download_template(request: SignedInRequest, code: str) -> HttpResponse:
    """`inventory-template.xlsx`: for the centre, the period and the reader's language, with last quarter's lines."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user), code=code)
    begun = ReportingPeriod.objects.visible_to(request.user).begun(timezone.localdate())
    period = get_object_or_404(begun, code=as_code(request.GET.get("period")))
    content = template_for(centre, period, get_language() or "en")
    response = HttpResponse(content, content_type=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="inventory-template.xlsx"'
    return response


@for_roles(Role.OPERATOR)
@require_POST
def confirm_questions(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Stand by what does not add up, each question with a reason."""
    submission = visible(request, submission_id)
    try:
        submissions.confirm(submission, texts_of(request.POST, "reason-", LONGEST_REASON), by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except WrongStatus:
        messages.error(request, _("Nothing was done: it was sent or discarded meanwhile."))
    return redirect(reverse("submission", args=[submission.pk]) + "#questions")


@for_roles(Role.OPERATOR)
@asked_again("GET", "POST")
@require_http_methods(["GET", "POST"])
def attest(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Sign the declaration and send a draft to the regulator."""
    posted = request.POST or None
    at = timezone.now()
    submission = visible(request, submission_id)
    if submission.status != SubmissionStatus.DRAFT:
        messages.info(request, _("This was sent or discarded already."))
        return redirect("submission", submission.pk)
    amended = submissions.standing(submission)
    form = AttestForm(posted, user=request.user, is_amendment=amended is not None)
    if posted is not None and form.is_valid():
        refused = _attested(request, submission, form, at)
        if refused is None:
            return redirect("receipt", submission.pk)
        form.add_error(None, refused)
    context = {
        "submission": submission,
        "form": form,
        "declaration": CURRENT.text(get_language() or "en"),
        "amended": amended,
        "term": term_of(submission.centre, submission.period),
        "is_late": at >= term_of(submission.centre, submission.period).filing_ended_at,
        "is_open_question": any(reason is None for _q, reason in submissions.questions_with_reasons(submission)),
    }
    return render(request, "chips/attest.html", context, status=200 if posted is None else 422)


def _attested(request: SignedInRequest, submission: Submission, form: AttestForm, at: datetime) -> str | None:
    """Attest; what stands against it in words, None where it is done."""
    asked = form.cleaned_data
    try:
        submissions.attest(
            submission,
            by=request.user,
            full_name=asked["full_name"],
            amendment_reason=asked.get("amendment_reason", ""),
            at=at,
        )
    except WrongStatus as error:
        label = error.submission.get_status_display()
        return _("It is “%(status)s” already: somebody else took a step before you.") % {"status": label}
    except Locked as error:
        return why_locked(error.term)
    except OpenQuestions:
        return _("Some lines do not add up: correct them, or confirm each question with a reason.")
    except ReasonMissing as error:
        version = error.amended.version
        return _("Version %(version)s was accepted meanwhile: say why it is amended.") % {"version": version}
    except DamagedOriginal:
        return _("The file that is kept was damaged: send it again, and it is made good.")
    except SameAsAccepted as error:
        version = error.amended.version
        return _("The lines are those of version %(version)s, which was accepted: there is nothing to amend.") % {
            "version": version
        }
    return None


def _visible(request: SignedInRequest, upload_id: int) -> Upload:
    found = Upload.objects.visible_to(request.user).select_related("centre__region", "period", "submission")
    return get_object_or_404(found, pk=upload_id)
