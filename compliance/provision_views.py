"""Pages of provisions on their way from draft to issue."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from compliance import effects, provisions, touched
from compliance.looked_at import sealed
from compliance.models import Provision
from compliance.provision_forms import CommentForm
from compliance.provision_wording import refused_in_words
from compliance.provisions import StepRefused, require_writer
from compliance.reading import readings_of
from compliance.step_line import drawn


@require_GET
def show_provision(request: SignedInRequest, provision_id: int) -> HttpResponse:
    """A provision: how it reads in both languages, what it says in law, and how far it is on its way."""
    provision = _provision(request, provision_id)
    return render(request, "compliance/provision.html", _shown(request, provision, CommentForm()))


@for_roles(Role.REGULATOR)
@require_GET
def show_effects(request: SignedInRequest, provision_id: int) -> HttpResponse:
    """Whose outcome issuing a provision would change: loaded into its page."""
    provision = _under_way(request, provision_id)
    context = {"provision": provision, "effects": effects.of_provision(provision).visible_to(request.user)}
    template = "compliance/_effects.html" if request.htmx else "compliance/provision_effects.html"
    return render(request, template, context)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def take_step(request: SignedInRequest, provision_id: int, step: str) -> HttpResponse:
    """Take a step with a provision that needs nothing else: propose, take back, discard, …"""
    provision = _provision(request, provision_id)
    act, said = _STEPS[step]
    if _taken(request, lambda: act(provision=provision, by=request.user)):
        messages.success(request, said())
    return redirect("provision", provision.pk)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def approve_provision(request: SignedInRequest, provision_id: int) -> HttpResponse:
    """Approve what another wrote, just as it was read on the page."""
    provision = _provision(request, provision_id)
    seal = request.POST.get("seal", "")
    if _taken(request, lambda: provisions.approve(provision=provision, by=request.user, seal=seal)):
        messages.success(request, _("Approved. It is not in force before it is issued."))
    return redirect("provision", provision.pk)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def send_back(request: SignedInRequest, provision_id: int) -> HttpResponse:
    """Make what another wrote a draft again, saying what is to be changed."""
    provision = _provision(request, provision_id)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return render(request, "compliance/provision.html", _shown(request, provision, form), status=422)
    comment = form.cleaned_data["comment"]
    if _taken(request, lambda: provisions.send_back(provision=provision, by=request.user, comment=comment)):
        messages.success(request, _("Sent back. Its author reads the comment."))
    return redirect("provision", provision.pk)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def issue_provision(request: SignedInRequest, provision_id: int) -> HttpResponse:
    """Issue an approved provision, for good, having seen what that changes: the button comes with the effects."""
    provision = _under_way(request, provision_id)
    if "issue" not in provisions.steps_open(provision, request.user):
        messages.error(request, _("A provision is issued once another than its author has approved it."))
        return redirect("provision", provision.pk)
    if request.method == "POST":
        return _issue(request, provision)
    context: dict[str, Any] = {"provision": provision}
    if "look" in request.GET:
        context |= {"effects": effects.of_provision(provision), "seen": _seen(provision)}
    if request.htmx:
        return render(request, "compliance/_provision_issue_look.html", context)
    context |= {
        "readings": readings_of(provision),
        "drawing": drawn([provision], timezone.localdate()),
        "reopened": _reopened(provision),
    }
    return render(request, "compliance/provision_issue.html", context)


def _issue(request: SignedInRequest, provision: Provision) -> HttpResponse:
    if request.POST.get("seen") != _seen(provision):
        messages.error(request, _("Nothing was issued: look first at what it changes, as it stands now."))
        return redirect("provision-issue", provision.pk)
    try:
        run = provisions.issue(provision=provision, by=request.user, seal=provisions.seal_of(provision))
    except StepRefused as refusal:
        messages.error(request, refused_in_words(refusal))
        return redirect("provision", provision.pk)
    messages.success(request, _("Issued. It stays as it is, and can only be superseded or repealed from a day on."))
    return redirect("determination-run", run.pk) if run else redirect("provision", provision.pk)


def _seen(provision: Provision) -> str:
    """What whoever issues `provision` must say that was seen: what it says, and which quarters it decides anew."""
    return sealed("issue", provision.pk, provisions.seal_of(provision), *touched.periods_of_provision(provision))


def _shown(request: SignedInRequest, provision: Provision, comment: CommentForm) -> dict[str, Any]:
    """What the page of a provision shows; who wrote and approved it is for those who write."""
    steps = provisions.steps_open(provision, request.user)
    is_under_way = not provision.issued_at and not provision.discarded_at
    return {
        "provision": provision,
        "readings": readings_of(provision),
        "drawing": drawn([provision], timezone.localdate()),
        "steps": steps,
        "may_write": provisions.may_write(request.user),
        "is_author": provision.written_by_id == request.user.pk,
        "seal": provisions.seal_of(provision),
        "reopened": _reopened(provision) if is_under_way else [],
        "is_under_way": is_under_way,
        "form": comment,
        "superseded_on": None if is_under_way else provisions.superseded_on(provision),
    }


def _reopened(provision: Provision) -> list[str]:
    return [period.code for period in provisions.reopened(provision, timezone.localdate())]


def _provision(request: SignedInRequest, provision_id: int) -> Provision:
    visible = Provision.objects.visible_to(request.user).select_related(
        "mandate", "written_by", "approved_by", "issued_by"
    )
    return get_object_or_404(visible, pk=provision_id)


def _under_way(request: SignedInRequest, provision_id: int) -> Provision:
    """A provision that is not issued yet, for those who write; any other is not there."""
    require_writer(request.user)
    under_way = Provision.objects.visible_to(request.user).under_way()
    return get_object_or_404(under_way.select_related("mandate", "written_by"), pk=provision_id)


def _taken(request: SignedInRequest, act: Callable[[], object]) -> bool:
    """Whether `act` was done; where it was refused, the next page says why."""
    try:
        act()
    except StepRefused as refusal:
        messages.error(request, refused_in_words(refusal))
        return False
    return True


_STEPS: dict[str, tuple[Callable[..., Provision], Callable[[], str]]] = {
    "propose": (provisions.propose, lambda: _("Proposed. Another regulator of the whole country approves it.")),
    "take-back": (provisions.take_back, lambda: _("Taken back: it is a draft again.")),
    "withdraw-approval": (provisions.withdraw_approval, lambda: _("The approval is withdrawn: it waits again.")),
    "discard": (provisions.discard, lambda: _("Discarded. It can be restored.")),
    "restore": (provisions.restore, lambda: _("Restored: it is a draft again.")),
}
