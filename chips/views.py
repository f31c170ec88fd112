"""What was filed, as its page shows it: lines, what was noticed, what does not add up, and what its reader may do."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from chips import submissions
from chips.catalogue import doubts
from chips.differences import differences
from chips.forms import RedeclareForm, ReturnForm
from chips.history import last_accepted_before
from chips.intake.faults import Fault
from chips.models import Submission, SubmissionStatus, Upload
from chips.originals import sent_file
from chips.review import earlier_remarks
from chips.submissions import Superseded, WrongStatus, is_repudiable

PAGE = 25


@require_GET
def show_submission(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """What was filed: its lines, what the check noticed, and the steps that the reader may take."""
    submission = visible(request, submission_id)
    lines = submission.lines.visible_to(request.user).select_related("chip_model__vendor").order_by("row")
    language = get_language() or "en"
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    upload = Upload.objects.filter(submission=submission).first()
    is_reviewer = request.user.role == Role.REGULATOR
    asked = submissions.questions_with_reasons(submission) if request.user.role != Role.ANALYST else []
    context = {
        "submission": submission,
        "page": page,
        "doubts": doubts(line.chip_model_id for line in page),
        "comment": submission.comment_for(request.user),
        "line_comments": {} if submission.comment_for(request.user) is None else _by_row(submission.line_comments),
        "warnings": [Fault.from_data(data).worded(language) for data in submission.warnings],
        "normalisations": (upload.report or {}).get("normalisations", []) if upload else [],
        "questions": [(question, question.worded(language)["message"], reason) for question, reason in asked],
        "is_open_question": any(reason is None for _question, reason in asked),
        "mend_form": upload and RedeclareForm(upload=upload),
        "upload": upload,
        "return_form": ReturnForm(),
        "is_filer": request.user.role == Role.OPERATOR,
        "is_reviewer": is_reviewer,
        "is_repudiable": is_repudiable(submission, timezone.now()),
        "remarks": earlier_remarks(submission, request.user),
        "has_receipt": submission.receipts.visible_to(request.user).exists(),
    }
    return render(request, "chips/submission.html", context)


def _by_row(comments: list[dict[str, Any]]) -> dict[int, str]:
    return {said["row"]: said["comment"] for said in comments}


@require_GET
def show_changes(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """What changed since the last quarter, line by line: loaded into the submission's page."""
    submission = visible(request, submission_id)
    before = last_accepted_before(submission)
    context: dict[str, Any] = {"submission": submission, "before": before}
    if before is not None:
        address = reverse("inventory-differences", args=[submission.centre.code])
        context["differences"] = differences(before, submission)
        context["differences_url"] = f"{address}?from={before.pk}&to={submission.pk}"
    return render(request, "chips/_changes.html" if request.htmx else "chips/changes.html", context)


@require_GET
def download_file(request: SignedInRequest, submission_id: int) -> HttpResponseBase:
    """The original, byte for byte."""
    submission = visible(request, submission_id)
    if submission.nil:
        raise Http404
    return sent_file(request, submission.file_sha256, submission.file_name)


@for_roles(Role.OPERATOR)
@require_POST
def withdraw(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Take back a draft, or what no regulator has decided yet."""
    done = _("Withdrawn. It stays readable here.")
    return take_step(request, submission_id, done, lambda s: submissions.withdraw(s, by=request.user))


def visible(request: SignedInRequest, submission_id: int) -> Submission:
    """The submission, where the reader may see it; what may not be seen does not exist."""
    # People are looked up where they are told: joining them takes the planner longer than all else together.
    found = Submission.objects.visible_to(request.user).select_related("centre__region", "period")
    return get_object_or_404(found, pk=submission_id)


def take_step(
    request: SignedInRequest,
    submission_id: int,
    done: str,
    step: Callable[[Submission], Submission],
    then: str | None = None,
) -> HttpResponse:
    """Take a step and say so; whoever comes second is told who was first, and nothing is done."""
    submission = visible(request, submission_id)
    page = reverse("submission", args=[submission.pk])
    try:
        step(submission)
    except WrongStatus as error:
        messages.error(request, _told_second(error.submission, request))
    except Superseded as error:
        version = error.later.version
        messages.error(
            request, _("Nothing was done: version %(version)s came later; decide that one.") % {"version": version}
        )
    else:
        messages.success(request, done)
        page = then or page
    return HttpResponseRedirect(page)


def _told_second(submission: Submission, request: SignedInRequest) -> str:
    label = submission.get_status_display()
    decided = submission.status in (SubmissionStatus.ACCEPTED, SubmissionStatus.RETURNED)
    if decided and submission.decided_by and submission.decided_at and request.user.role == Role.REGULATOR:
        told = {
            "status": label,
            "name": submission.decided_by.username,
            "time": timezone.localtime(submission.decided_at).strftime("%H:%M:%S"),
        }
        return _("Nothing was done: %(name)s decided it at %(time)s, and it is “%(status)s” now.") % told
    return _("Nothing was done: it is “%(status)s” already, since somebody else took a step before you.") % {
        "status": label
    }
