"""Filing an inventory: the upload, its preview, and what is decided of it."""

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles, takes_bodies_of
from accounts.models import Role
from centres.models import Centre, ReportingPeriod
from chips import submissions
from chips.catalogue import doubts
from chips.forms import FilingForm, ReturnForm
from chips.intake.check import Report
from chips.intake.faults import Fault
from chips.intake.formats import GREATEST_FILE, MIB
from chips.models import Submission
from chips.originals import original
from chips.submissions import Superseded, WrongStatus

PAGE = 100


# A file within the limit, and the rest of its form.
@takes_bodies_of(GREATEST_FILE + MIB)
@for_roles(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def file_inventory(request: SignedInRequest, code: str) -> HttpResponse:
    """Upload a centre's inventory: its faults are told, or its draft is shown."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user).select_related("region"), code=code)
    form = FilingForm(request.POST or None, request.FILES or None, initial={"period": request.GET.get("period")})
    context: dict[str, Any] = {"centre": centre, "form": form}
    if request.method == "POST" and form.is_valid():
        period, file = form.cleaned_data["period"], form.cleaned_data["file"]
        if file is None:
            draft = submissions.store_nil_draft(centre=centre, period=period, created_by=request.user)
            return HttpResponseRedirect(reverse("submission", args=[draft.pk]))
        report, stored = store_upload(file, centre=centre, period=period, request=request)
        if stored is not None:
            return HttpResponseRedirect(reverse("submission", args=[stored.pk]))
        context["report"] = report.worded(get_language() or "en")
    status = 422 if request.method == "POST" else 200
    return render(request, "chips/file_inventory.html", context, status=status)


def store_upload(
    file: UploadedFile, *, centre: Centre, period: ReportingPeriod, request: SignedInRequest
) -> tuple[Report, Submission | None]:
    """Store an uploaded file as a draft; its name is a label and no path."""
    with tempfile.NamedTemporaryFile() as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        return submissions.store_draft(
            path=Path(copy.name), name=file.name or "", centre=centre, period=period, created_by=request.user
        )


@require_GET
def show_submission(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """What was filed: its lines, what the check warned of, and the steps that the reader may take."""
    submission = _visible(request, submission_id)
    lines = submission.lines.select_related("chip_model__vendor").order_by("row")
    language = get_language() or "en"
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    context = {
        "submission": submission,
        "page": page,
        "doubts": doubts(line.chip_model_id for line in page),
        "comment": submission.comment_for(request.user),
        "warnings": [Fault.from_data(data).worded(language) for data in submission.warnings],
        "return_form": ReturnForm(),
        "is_filer": request.user.role == Role.OPERATOR,
        "is_reviewer": request.user.role == Role.REGULATOR,
    }
    return render(request, "chips/submission.html", context)


@require_GET
def download_file(request: SignedInRequest, submission_id: int) -> FileResponse:
    """The original, byte for byte."""
    submission = _visible(request, submission_id)
    if submission.nil:
        raise Http404
    path = original(submission.file_sha256)
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=submission.file_name,
        content_type="application/octet-stream",
    )


@for_roles(Role.OPERATOR)
@require_POST
def submit(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Send a draft to the regulator."""
    return _step(request, submission_id, _("Submitted."), lambda s: submissions.submit(s, by=request.user))


@for_roles(Role.OPERATOR)
@require_POST
def withdraw(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Take back a draft, or what no regulator has decided yet."""
    done = _("Withdrawn. It stays readable here.")
    return _step(request, submission_id, done, lambda s: submissions.withdraw(s, by=request.user))


@for_roles(Role.REGULATOR)
@require_POST
def accept(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Accept what was submitted; its centre is determined at once."""
    done = _("Accepted. The centre is being determined.")
    return _step(request, submission_id, done, lambda s: submissions.accept(s, by=request.user))


@for_roles(Role.REGULATOR)
@require_POST
def return_for_correction(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Return what was submitted, saying why."""
    form = ReturnForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what is to be corrected."))
        return HttpResponseRedirect(reverse("submission", args=[_visible(request, submission_id).pk]))
    comment = form.cleaned_data["comment"]
    return _step(
        request,
        submission_id,
        _("Returned for correction."),
        lambda s: submissions.return_for_correction(s, by=request.user, comment=comment),
    )


def _visible(request: SignedInRequest, submission_id: int) -> Submission:
    visible = Submission.objects.visible_to(request.user).select_related(
        "centre__region", "centre__operator", "period", "created_by", "submitted_by", "decided_by"
    )
    return get_object_or_404(visible, pk=submission_id)


def _step(request: SignedInRequest, submission_id: int, done: str, step: Any) -> HttpResponse:
    """Take `step` with the submission and say so; where somebody was quicker, say that."""
    submission = _visible(request, submission_id)
    try:
        step(submission)
    except WrongStatus as wrong:
        status = wrong.submission.get_status_display()
        messages.error(request, _("Nothing was done: somebody was quicker. It is %(status)s.") % {"status": status})
    except Superseded as superseded:
        version = superseded.later.version
        messages.error(
            request, _("Nothing was done: version %(version)s came later; decide that one.") % {"version": version}
        )
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("submission", args=[submission.pk]))
