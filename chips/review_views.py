"""Review: the regulator's queue, and what is decided of a submission."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from chips import review, submissions
from chips.forms import ReturnForm
from chips.serials import claimed_elsewhere
from chips.timeliness import ListedRows, Row
from chips.views import take_step, visible

PAGE = 50
SHOWN_REPUDIATED = 10
# What the queue can be narrowed to.
NEW, CHANGED, OVERDUE = "new", "changed", "overdue"


@for_roles(Role.REGULATOR)
@require_GET
def show_queue(request: SignedInRequest) -> HttpResponse:
    """What waits for a decision, oldest first: filed for the first time, or changed since it was last decided; or what
    is overdue, and waits for its operator."""
    waiting = review.waiting(request.user)
    ledger = review.overdue(request.user, timezone.now())
    overdue: Sequence[Row] = ListedRows(ledger, ledger.tallies()) if ledger else []
    shown = request.GET.get("show", "")
    chosen: Any = {NEW: waiting.new, CHANGED: waiting.changed, OVERDUE: overdue}.get(shown, waiting.all)
    context = {
        "page": Paginator(chosen, PAGE).get_page(request.GET.get("page")),
        "shown": shown,
        "ledger": ledger,
        "overdue_count": len(overdue),
        "new_count": waiting.new.count(),
        "changed_count": waiting.changed.count(),
        "repudiated": review.repudiated(request.user)[:SHOWN_REPUDIATED],
    }
    return render(request, "chips/queue.html", context)


@for_roles(Role.REGULATOR)
@require_GET
def show_serial_claims(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """The serial numbers of a submission that another centre claims too: loaded into its page, for regulators alone."""
    submission = visible(request, submission_id)
    context = {"submission": submission, "serial_claims": claimed_elsewhere(submission, request.user)}
    template = "chips/_serial_claims.html" if request.htmx else "chips/serial_claims.html"
    return render(request, template, context)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def accept(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Accept what was submitted; its centre is determined at once."""
    done = _("Accepted. The centre is being determined.")
    return take_step(request, submission_id, done, lambda s: submissions.accept(s, by=request.user))


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def return_for_correction(request: SignedInRequest, submission_id: int) -> HttpResponse:
    """Return what was submitted, saying why, and of which lines."""
    form = ReturnForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what is to be corrected, in 2,000 characters at most; 500 for a line."))
        return redirect("submission", visible(request, submission_id).pk)
    return take_step(
        request,
        submission_id,
        _("Returned for correction."),
        lambda s: submissions.return_for_correction(
            s, by=request.user, comment=form.cleaned_data["comment"], line_comments=form.cleaned_data["line_comments"]
        ),
        then=reverse("review"),
    )
