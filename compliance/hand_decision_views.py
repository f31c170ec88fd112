"""Pages of what is decided by hand: the list of centres, and one of them with what was decided of it."""

from datetime import date
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from centres.models import Centre, CentreRecord, ReportingPeriod
from chips.timeliness import office_of
from compliance import effects, hand_decisions
from compliance.hand_decision_forms import HandDecisionForm
from compliance.looked_at import looked_at_status
from compliance.models import HandDecision, Provision
from compliance.reading import centres_in_words, regions_by_code

PAGE = 50


class Choice(NamedTuple):
    """What the reader chose to see: a provision, and the day (today, or the last of a period that ended)."""

    provision: Provision | None
    day: date
    period: ReportingPeriod | None


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def list_by_hand(request: SignedInRequest) -> HttpResponse:
    """The centres that a rule leaves to be decided by hand, undecided first; apart, those of which nobody can tell."""
    now = timezone.now()
    ended = ReportingPeriod.objects.visible_to(request.user).filter(ends_on__lt=timezone.localdate())
    periods = list(ended.order_by("-code")[:PAGE])
    choice, provisions = _choice(request, periods)
    context: dict[str, Any] = {"choice": choice, "provisions": provisions, "periods": periods}
    if choice.provision is not None and choice.provision.case_by_case is not None:
        found = hand_decisions.listed(choice.provision, user=request.user, day=choice.day, known_at=now)
        scope = choice.provision.case_by_case
        unknown = Paginator(found.unknown, PAGE).get_page(request.GET.get("unknown"))
        context |= {
            "page": Paginator(found.by_hand, PAGE).get_page(request.GET.get("page")),
            "address": _without(request, "page"),
            "unknown_page": unknown,
            "unknown_address": _without(request, "unknown"),
            "unknown": [(one, hand_decisions.missing_facts(one, scope)) for one in unknown],
            **_scopes(choice.provision),
        }
    return render(request, "compliance/case_by_case.html", context)


def _without(request: SignedInRequest, name: str) -> str:
    """The parameters of the address but for `name`: each list is turned over by itself."""
    query = request.GET.copy()
    query.pop(name, None)
    return query.urlencode()


def _scopes(provision: Provision) -> dict[str, str]:
    """The rule's own scope and the wider one, in words."""
    regions = regions_by_code()
    own, wider = provision.rule["scope"], provision.case_by_case or provision.rule["scope"]
    return {"own_scope": centres_in_words(own, regions), "wider_scope": centres_in_words(wider, regions)}


def _choice(request: SignedInRequest, periods: list[ReportingPeriod]) -> tuple[Choice, list[Provision]]:
    """What an address names and is not there counts as not chosen."""
    period = next((period for period in periods if period.code == request.GET.get("period")), None)
    day = period.ends_on if period else timezone.localdate()
    provisions = hand_decisions.provisions_on(day, timezone.now())
    named = [provision for provision in provisions if provision.mandate.code == request.GET.get("mandate")]
    return Choice(next(iter(named or provisions), None), day, period), provisions


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def show_by_hand(request: SignedInRequest, provision_id: int, code: str) -> HttpResponse:
    """One centre under a provision that is decided by hand: what was decided of it, and the way to decide."""
    centre, provision = _asked(request, provision_id, code)
    return _show_by_hand(request, centre, provision, None)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_POST
def decide_by_hand(request: SignedInRequest, provision_id: int, code: str) -> HttpResponse:
    """Decide by hand whether the rule applies to a centre, knowing what that changes."""
    centre, provision = _asked(request, provision_id, code)
    form = HandDecisionForm(request.POST, centre=centre, provision=provision, user=request.user)
    if form.is_valid() and form.is_taken(request):
        run = hand_decisions.decide(centre=centre, provision=provision, by=request.user, **form.decision)[1]
        messages.success(request, _("Decided."))
        return redirect("determination-run", run.pk) if run else redirect("hand-decision", provision.pk, centre.code)
    return _show_by_hand(request, centre, provision, form)


def _asked(request: SignedInRequest, provision_id: int, code: str) -> tuple[Centre, Provision]:
    visible = Centre.objects.visible_to(request.user).select_related("region", "operator")
    issued = Provision.objects.visible_to(request.user).issued()
    provision = get_object_or_404(issued.select_related("mandate"), pk=provision_id)
    if provision.case_by_case is None:
        raise Http404
    return get_object_or_404(visible, code=code), provision


def _show_by_hand(
    request: SignedInRequest, centre: Centre, provision: Provision, form: HandDecisionForm | None
) -> HttpResponse:
    user, today = request.user, timezone.localdate()
    decisions = HandDecision.objects.visible_to(user).filter(centre=centre, provision=provision)
    decisions = decisions.select_related("decided_by").order_by("-decided_at", "-pk")
    context: dict[str, Any] = {
        "centre": centre,
        "provision": provision,
        "standing": next((one for one in hand_decisions.of_centre(user, centre) if one.provision == provision), None),
        "record": CentreRecord.objects.visible_to(user).as_of(today, timezone.now()).filter(centre=centre).first(),
        "decisions": [(one, office_of(one.decided_by)) for one in decisions],
        **_scopes(provision),
        "form": form or HandDecisionForm(centre=centre, provision=provision, user=user, initial={"from_on": today}),
    }
    if form is not None and form.is_valid():
        ruling, from_on = form.cleaned_data["ruling"], form.cleaned_data["from_on"]
        context["effects"] = effects.of_hand_decision(
            centre=centre, provision=provision, ruling=ruling, from_on=from_on
        )
    return render(request, "compliance/case_by_case_centre.html", context, status=looked_at_status(request, form))
