"""Pages of rules and of what they come to."""

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from chips.models import Submission
from chips.receipt_pdf import receipt_pdf
from compliance import explain, wording
from compliance.models import Determination
from compliance.receipts import determination_receipt


@require_GET
def show_prospects(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """What a submission would come to under each mandate, were it accepted as it is: loaded into its page."""
    visible = Submission.objects.visible_to(request.user).select_related("period", "centre")
    submission = get_object_or_404(visible, pk=submission_id)
    found = [
        (
            prospect,
            wording.determination_in_words(prospect.answer, prospect.measured.units, prospect.provision.rule["metric"]),
            wording.gap_in_words(prospect.answer),
        )
        for prospect in explain.prospects(submission)
    ]
    template = "compliance/_prospects.html" if request.htmx else "compliance/prospects.html"
    return render(request, template, {"prospects": found, "submission": submission})


@require_GET
def download_receipt(request: SignedInRequest, determination_id: int) -> HttpResponse:
    """The receipt of a determination, as `verify_receipt` takes it."""
    receipt, name = _receipt(request, determination_id)
    content = json.dumps(receipt, ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return HttpResponse(content, content_type="application/json", headers=headers)


@require_GET
def download_receipt_pdf(request: SignedInRequest, determination_id: int) -> HttpResponse:
    """The receipt of a determination to print and keep, in both languages."""
    receipt, name = _receipt(request, determination_id)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(receipt_pdf(receipt), content_type="application/pdf", headers=headers)


def _receipt(request: SignedInRequest, determination_id: int) -> tuple[dict[str, Any], str]:
    visible = Determination.objects.visible_to(request.user).select_related(
        "centre", "provision__mandate", "submission"
    )
    determination = get_object_or_404(visible, pk=determination_id)
    receipt = determination_receipt(determination)
    if receipt is None:
        raise Http404
    return receipt, f"{determination.centre.code}-{determination.period_id}-{determination.provision.mandate.code}"
