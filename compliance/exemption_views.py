"""Pages of exemptions: what is asked for, proposed, granted, refused and revoked, and what there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from centres.models import Centre, Region
from chips.timeliness import office_of
from compliance import effects, exemption_states, exemptions
from compliance.exemption_effects import effects_of
from compliance.exemption_forms import (
    FULL,
    LOWER,
    ApproveForm,
    AskForm,
    GrantForm,
    ProposalForm,
    RefuseForm,
    RevokeForm,
    SendBackForm,
)
from compliance.exemption_list import as_csv, choice_of, chosen, states_for
from compliance.looked_at import looked_at_status
from compliance.models import DeterminationRun, Exemption, ExemptionRequest, ExemptionStatus, Mandate
from compliance.reading import percent_text

PAGE = 50
SHOWN_WAITING = 50
# Of whom the office is named.
_DECIDERS = ("proposed_by", "granted_by", "revoked_by", "closed_by")


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def list_exemptions(request: SignedInRequest) -> HttpResponse:
    """What is asked for or proposed and waits, and the exemptions that there are or were."""
    mandates, regions = _mandates_and_regions(request)
    choice = choice_of(request.GET, mandates, regions)
    query = request.GET.copy()
    query.pop("page", None)
    waiting = ExemptionRequest.objects.visible_to(request.user).waiting().select_related("centre__region", "mandate")
    proposed = Exemption.objects.visible_to(request.user).proposed().select_related("centre__region", "mandate")
    context = {
        "choice": choice,
        "states": [(state.value, state.label) for state in states_for(request.user)],
        "mandates": mandates,
        "regions": regions,
        "page": Paginator(chosen(request.user, choice), PAGE).get_page(request.GET.get("page")),
        "address": query.urlencode(),
        "waiting": [] if request.user.role == Role.ANALYST else waiting[:SHOWN_WAITING],
        "proposed": proposed.order_by("proposed_at", "pk")[:SHOWN_WAITING] if _decides(request) else [],
    }
    return render(request, "compliance/exemptions.html", context)


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def export_exemptions(request: SignedInRequest) -> StreamingHttpResponse:
    """The exemptions that the reader chose, as CSV."""
    choice = choice_of(request.GET, *_mandates_and_regions(request))
    answer = StreamingHttpResponse(as_csv(chosen(request.user, choice)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="exemptions.csv"'
    return answer


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def show_exemption(request: SignedInRequest, exemption_id: int) -> HttpResponse:
    """One exemption: what it is from, when and why, and which offices proposed and granted it.

    Where it waits, what granting it would change, and the way to grant, to send back or to withdraw it.
    """
    return _show_exemption(request, _exemption(request, exemption_id))


@for_roles(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def ask_exemption(request: SignedInRequest, code: str) -> HttpResponse:
    """Ask for an exemption of a centre of one's own."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user), code=code)
    form = AskForm(request.POST or None, user=request.user, initial={"mandate": _mandate_named(request)})
    if request.method == "POST" and form.is_valid():
        try:
            asked = exemptions.ask(
                centre=centre, mandate=form.cleaned_data["mandate"], asked_by=request.user, **form.terms
            )
        except exemptions.AlreadyAsked:
            form.add_error("mandate", _("That was asked for already, and waits for an answer: withdraw it first."))
        else:
            messages.success(request, _("Asked for. The answer will stand here."))
            return redirect("exemption-request", asked.pk)
    context = {"form": form, "centre": centre, "released": exemption_states.of_centre(request.user, centre)}
    return render(request, "compliance/exemption_ask.html", context, status=looked_at_status(request, form))


@for_roles(Role.OPERATOR, Role.REGULATOR)
@require_GET
def show_request(request: SignedInRequest, request_id: int) -> HttpResponse:
    """What was asked for and what was answered; where it waits, the way to answer or to withdraw it."""
    return _show_request(request, _request(request, request_id))


@for_roles(Role.OPERATOR)
@require_POST
def withdraw_request(request: SignedInRequest, request_id: int) -> HttpResponse:
    """Take back what nobody has answered."""
    asked = _request(request, request_id)
    with _told(request, _("Withdrawn.")):
        exemptions.withdraw(request=asked, by=request.user)
    return redirect("exemption-request", asked.pk)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def refuse_request(request: SignedInRequest, request_id: int) -> HttpResponse:
    """Grant nothing of what was asked for, saying why."""
    asked = _request(request, request_id)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return _show_request(request, asked, refusing=form)
    with _told(request, _("Refused. The operator reads why.")):
        exemptions.refuse(request=asked, answer=form.cleaned_data["answer"], by=request.user)
    return redirect("exemption-request", asked.pk)


@contextmanager
def _told(request: SignedInRequest, done: str) -> Iterator[None]:
    """Say that it is `done`, or that somebody was quicker."""
    try:
        yield
    except exemptions.NoLongerWaiting:
        messages.error(request, _("Nothing was done: somebody was quicker."))
    else:
        messages.success(request, done)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def grant_request(request: SignedInRequest, request_id: int) -> HttpResponse:
    """Grant what was asked for, or less of it, knowing what that changes."""
    asked = _request(request, request_id)
    form = GrantForm(request.POST, asked=asked)
    if form.is_valid() and form.is_taken(request):
        try:
            exemption, run = exemptions.grant_request(request=asked, by=request.user, **form.terms)
        except exemptions.NoLongerWaiting:
            messages.error(request, _("Nothing was done: somebody was quicker."))
            return redirect("exemption-request", asked.pk)
        return _granted(request, exemption, run)
    return _show_request(request, asked, granting=form)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def propose_exemption(request: SignedInRequest) -> HttpResponse:
    """Propose an exemption for another regulator to grant, knowing what it would change."""
    initial = {"centre": request.GET.get("centre", ""), "mandate": _mandate_named(request)}
    form = ProposalForm(request.POST or None, initial=initial, user=request.user)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        of = {"centre": form.cleaned_data["centre"], "mandate": form.cleaned_data["mandate"]}
        if form.is_taken(request):
            exemption = exemptions.propose(by=request.user, **of, **form.terms)
            messages.success(request, _("Proposed. It releases from nothing until another regulator grants it."))
            return redirect("exemption", exemption.pk)
        context |= _looked_at(**of, **form.days_and_threshold)
    return render(request, "compliance/exemption_propose.html", context, status=looked_at_status(request, form))


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def approve_exemption(request: SignedInRequest, exemption_id: int) -> HttpResponse:
    """Grant what another proposed, knowing what that changes."""
    exemption = _exemption(request, exemption_id)
    if exemption.status == ExemptionStatus.PROPOSED and exemption.proposed_by != request.user:
        form = ApproveForm(request.POST, exemption=exemption, effects=effects_of(exemption))
        if not (form.is_valid() and form.is_taken(request)):
            return _show_exemption(request, exemption, approving=form)
    seen = request.POST.get("seen", "")
    try:
        return _granted(request, *exemptions.approve(exemption=exemption, by=request.user, seen=seen))
    except (exemptions.OwnProposal, exemptions.NoLongerProposed, exemptions.ChangedMeanwhile) as refusal:
        return _not_done(request, exemption, refusal)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def send_exemption_back(request: SignedInRequest, exemption_id: int) -> HttpResponse:
    """Turn down what another proposed, saying why."""
    exemption = _exemption(request, exemption_id)
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _show_exemption(request, exemption, sending_back=form)
    try:
        exemptions.send_back(exemption=exemption, comment=form.cleaned_data["comment"], by=request.user)
    except (exemptions.OwnProposal, exemptions.NoLongerProposed) as refusal:
        return _not_done(request, exemption, refusal)
    messages.success(request, _("Sent back. Whoever proposed it reads why."))
    return redirect("exemption", exemption.pk)


@for_roles(Role.REGULATOR)
@require_POST
def withdraw_exemption(request: SignedInRequest, exemption_id: int) -> HttpResponse:
    """Take back what one proposed oneself."""
    exemption = _exemption(request, exemption_id)
    try:
        exemptions.withdraw_proposal(exemption=exemption, by=request.user)
    except (exemptions.NotItsProposer, exemptions.NoLongerProposed) as refusal:
        return _not_done(request, exemption, refusal)
    messages.success(request, _("Withdrawn."))
    return redirect("exemption", exemption.pk)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def revoke_exemption(request: SignedInRequest, exemption_id: int) -> HttpResponse:
    """Let an exemption cover nothing from a day on, knowing what that changes."""
    exemption = _exemption(request, exemption_id)
    if exemption.revoked_at or not exemption.granted_at:
        return redirect("exemption", exemption.pk)
    form = RevokeForm(request.POST or None, exemption=exemption)
    context: dict[str, Any] = {"form": form, "exemption": exemption}
    if request.method == "POST" and form.is_valid():
        if form.is_taken(request):
            return _revoke(request, exemption, form)
        context["effects"] = form.effects
    return render(request, "compliance/exemption_revoke.html", context, status=looked_at_status(request, form))


def _revoke(request: SignedInRequest, exemption: Exemption, form: RevokeForm) -> HttpResponseRedirect:
    try:
        run = exemptions.revoke(exemption=exemption, by=request.user, **form.cleaned_data)[1]
    except (exemptions.AlreadyRevoked, exemptions.ChangedMeanwhile) as refusal:
        return _not_done(request, exemption, refusal)
    messages.success(request, _("Revoked."))
    return redirect("determination-run", run.pk) if run else redirect("exemption", exemption.pk)


def _granted(request: SignedInRequest, exemption: Exemption, run: DeterminationRun | None) -> HttpResponseRedirect:
    if run is None:
        messages.success(request, _("Granted. No quarter that anybody filed for ends while it holds."))
        return redirect("exemption", exemption.pk)
    messages.success(request, _("Granted. The centre is being determined anew."))
    return redirect("determination-run", run.pk)


def _not_done(request: SignedInRequest, exemption: Exemption, refusal: Exception) -> HttpResponseRedirect:
    said = {
        exemptions.OwnProposal: _("Nothing was done: another than whoever proposed it grants it or sends it back."),
        exemptions.NotItsProposer: _("Nothing was done: only whoever proposed it withdraws it."),
        exemptions.ChangedMeanwhile: _("Something was changed after you looked, and nothing was done: look again."),
    }
    messages.error(request, said.get(type(refusal), _("Nothing was done: somebody was quicker.")))
    return redirect("exemption", exemption.pk)


def _show_exemption(
    request: SignedInRequest,
    exemption: Any,
    approving: ApproveForm | None = None,
    sending_back: SendBackForm | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "exemption": exemption,
        "asked": None if request.user.role == Role.ANALYST else _request_of(request, exemption),
        "offices": {name: office_of(who) for name in _DECIDERS if (who := getattr(exemption, name))},
    }
    if exemption.status == ExemptionStatus.PROPOSED:
        approving = approving or ApproveForm(exemption=exemption, effects=effects_of(exemption))
        of = {name: getattr(exemption, name) for name in ("centre", "mandate", "from_on", "to_on")}
        context |= {
            "answers": exemptions.answered_by(exemption),
            "effects": approving.effects,
            "overlapping": exemption_states.overlapping(**of),
            "is_own": exemption.proposed_by_id == request.user.pk,
            "approving": approving,
            "sending_back": sending_back or SendBackForm(),
        }
    return render(request, "compliance/exemption.html", context, status=looked_at_status(request, approving))


def _show_request(
    request: SignedInRequest,
    asked: ExemptionRequest,
    granting: GrantForm | None = None,
    refusing: RefuseForm | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "asked": asked,
        "office": office_of(asked.answered_by) if asked.answered_by else "",
        "decides": _decides(request) and not asked.answered_at and not asked.withdrawn_at,
        "granting": granting or GrantForm(initial=_as_asked(asked), asked=asked),
        "refusing": refusing or RefuseForm(),
    }
    if granting and granting.is_valid():
        given = granting.cleaned_data
        of = {"centre": asked.centre, "mandate": asked.mandate, "from_on": given["from_on"], "to_on": given["to_on"]}
        context |= {"effects": granting.effects, "overlapping": exemption_states.overlapping(**of)}
    status = looked_at_status(request, granting or refusing)
    return render(request, "compliance/exemption_request.html", context, status=status)


def _as_asked(asked: ExemptionRequest) -> dict[str, Any]:
    percent = None if asked.threshold is None else percent_text(str(asked.threshold))
    extent = FULL if asked.threshold is None else LOWER
    return {"from_on": asked.from_on, "to_on": asked.to_on, "extent": extent, "percent": percent}


def _looked_at(
    *, centre: Centre, mandate: Mandate, from_on: date, to_on: date, threshold: Decimal | None
) -> dict[str, Any]:
    """What granting that would change, and what covers that time already."""
    of: dict[str, Any] = {"centre": centre, "mandate": mandate, "from_on": from_on, "to_on": to_on}
    return {
        "effects": effects.of_exemption(**of, threshold=threshold),
        "overlapping": exemption_states.overlapping(**of),
    }


def _decides(request: SignedInRequest) -> bool:
    return request.user.role == Role.REGULATOR


def _exemption(request: SignedInRequest, exemption_id: int) -> Any:
    visible = exemption_states.with_states(Exemption.objects.visible_to(request.user), timezone.localdate())
    related = visible.select_related("centre__region", "centre__operator", "mandate", *_DECIDERS)
    return get_object_or_404(related, pk=exemption_id)


def _request(request: SignedInRequest, request_id: int) -> ExemptionRequest:
    visible = ExemptionRequest.objects.visible_to(request.user)
    related = visible.select_related("centre__operator", "centre__region", "mandate", "answered_by", "exemption")
    return get_object_or_404(related, pk=request_id)


def _request_of(request: SignedInRequest, exemption: Exemption) -> ExemptionRequest | None:
    return ExemptionRequest.objects.visible_to(request.user).filter(exemption=exemption).first()


def _mandates_and_regions(request: SignedInRequest) -> tuple[list[Mandate], list[Region]]:
    return list(Mandate.objects.visible_to(request.user)), list(Region.objects.visible_to(request.user))


def _mandate_named(request: SignedInRequest) -> Mandate | None:
    code = request.GET.get("mandate", "").replace("\0", "")
    return Mandate.objects.visible_to(request.user).filter(code=code).first()
