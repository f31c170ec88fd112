"""Receipts: what was filed, by whom and when, for whoever must prove it; and the word that it was not theirs."""

import json

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from chips import receipts, submissions
from chips.forms import RepudiateForm
from chips.models import Receipt, ReceiptKind, Submission
from chips.receipt_pdf import receipt_pdf
from chips.submissions import TooLateToRepudiate, WrongStatus, is_repudiable
from chips.views import visible

# A receipt names who signed: for the operator and its regulators, and for nobody who merely counts.
_READERS = (Role.OPERATOR, Role.REGULATOR)


@for_roles(*_READERS)
@require_GET
def show_receipt(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The receipts of a submission, with how to check them."""
    submission = visible(request, submission_id)
    issued = [(receipt, json.loads(receipt.body)) for receipt in submission.receipts.visible_to(request.user)]
    if not issued:
        raise Http404
    context = {
        "submission": submission,
        "issued": issued,
        "received": issued[0][1],
        "is_repudiable": is_repudiable(submission, timezone.now()) and request.user.role == Role.OPERATOR,
    }
    return render(request, "chips/receipt.html", context)


@for_roles(*_READERS)
@require_GET
def download_json(request: SignedInRequest, submission_id: int, kind: str) -> HttpResponse:
    """A receipt, word for word as it was issued."""
    receipt = _receipt(request, submission_id, kind)
    return _attachment(receipt.body.encode(), "application/json", f"{_name(receipt)}.json")


@for_roles(*_READERS)
@require_GET
def download_pdf(request: SignedInRequest, submission_id: int, kind: str) -> HttpResponse:
    """A receipt to print and keep, in both languages."""
    receipt = _receipt(request, submission_id, kind)
    return _attachment(receipt_pdf(json.loads(receipt.body)), "application/pdf", f"{_name(receipt)}.pdf")


@for_roles(*_READERS)
@require_GET
def download_lines(request: SignedInRequest, submission_id: int) -> StreamingHttpResponse:
    """The lines in their canonical form: the SHA-256 of this file stands on the receipt."""
    submission = visible(request, submission_id)
    name = submission.accession_number or f"draft-{submission.pk}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.jsonl"'}
    lines = receipts.canonical_lines(submission)
    return StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8", headers=headers)


@for_roles(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def repudiate(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Say that what was filed in the operator's name is not its own."""
    submission = visible(request, submission_id)
    form = RepudiateForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            submissions.repudiate(submission, by=request.user, reason=form.cleaned_data["reason"])
        except WrongStatus as error:
            label = error.submission.get_status_display()
            messages.error(request, _("Nothing was done: it is “%(status)s”.") % {"status": label})
        except TooLateToRepudiate:
            messages.error(request, _("The days within which it could be repudiated are over: file an amendment."))
        else:
            messages.success(
                request, _("Repudiated. It stands no longer; the regulator is told, and it stays readable.")
            )
        return redirect("submission", submission.pk)
    until = receipts.repudiation_ends_at(submission)
    context = {"submission": submission, "form": form, "until": until}
    return render(request, "chips/repudiate.html", context, status=422 if request.method == "POST" else 200)


def _receipt(request: SignedInRequest, submission_id: int, kind: str) -> Receipt:
    submission: Submission = visible(request, submission_id)
    if kind not in ReceiptKind.values:
        raise Http404
    return get_object_or_404(submission.receipts.visible_to(request.user), kind=kind)


def _name(receipt: Receipt) -> str:
    return f"{receipt.submission.accession_number}-{receipt.kind}"


def _attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
