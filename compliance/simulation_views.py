"""Pages of what a rule would come to before it is issued."""

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from centres.models import Provenance
from chips.timeliness import office_of, offices_of
from compliance import simulate, simulation_page
from compliance.models import CurrentDetermination, Simulation, SimulationStatus
from compliance.reading import rule_in_words
from compliance.simulation_forms import TrialForm, rules_to_try
from compliance.simulation_table import as_csv

PAGE = 50


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_http_methods(["GET", "HEAD", "POST"])
def list_simulations(request: SignedInRequest) -> HttpResponse:
    """What was tried, latest first; a regulator tries another rule here."""
    if request.method != "POST":
        return _list(request, TrialForm(user=request.user, initial=_initial(request)))
    if request.user.role != Role.REGULATOR:
        raise PermissionDenied
    form = TrialForm(request.POST, user=request.user)
    if not form.is_valid():
        return _list(request, form, status=422)
    simulation = simulate.request_simulation(by=request.user, **form.trial())
    return redirect("simulation", simulation.key)


@require_GET
def show_simulation(request: SignedInRequest, key: UUID) -> HttpResponse:
    """A simulation: how far it is, and then what came of it."""
    simulation = _simulation(request, key)
    is_waiting = simulation.status == SimulationStatus.WAITING
    context: dict[str, Any] = {
        "simulation": simulation,
        "office": office_of(simulation.asked_by),
        "address": request.build_absolute_uri(request.path),
        "sentence": rule_in_words(simulation.rule, simulation.period.ends_on),
        "rule": json.dumps(simulation.rule, ensure_ascii=False, indent=2),
        "is_late": is_waiting and simulation.asked_at <= timezone.now() - simulate.SWEPT_AFTER,
    }
    if request.htmx.target == "progress":
        if not is_waiting:
            return HttpResponseClientRefresh()
        return render(request, "compliance/simulation.html#progress", context)
    if simulation.result is not None:
        context |= _result(request, simulation, simulation.result)
    return render(request, "compliance/simulation.html", context)


@require_GET
def download_changes(request: SignedInRequest, key: UUID) -> StreamingHttpResponse:
    """The centres whose outcome changes, as CSV."""
    simulation = _simulation(request, key)
    if simulation.status != SimulationStatus.READY:
        raise Http404
    rows = as_csv(simulation, simulation_page.changes_seen(simulation, request.user))
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    name = f"simulation-{simulation.mandate.code}-{simulation.period_id}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
def begin_again(request: SignedInRequest, key: UUID) -> HttpResponseRedirect:
    """Have a simulation that failed done anew; where somebody was quicker, its page shows how far it is."""
    simulation = _simulation(request, key)
    if request.user.role != Role.REGULATOR:
        raise PermissionDenied
    with suppress(simulate.NotFailed):
        simulate.begin_again(simulation)
    return redirect("simulation", simulation.key)


def _simulation(request: SignedInRequest, key: UUID) -> Simulation:
    visible = Simulation.objects.visible_to(request.user).select_related("mandate", "period", "provision", "asked_by")
    return get_object_or_404(visible, key=key)


def _initial(request: SignedInRequest) -> dict[str, Any]:
    """What the form begins with: the rule and the period that the address names, else the latest that was judged."""
    determined = CurrentDetermination.objects.visible_to(request.user).order_by("-period")
    latest = determined.values_list("period", flat=True).first()
    initial: dict[str, Any] = {"period": request.GET.get("period") or latest}
    if asked := request.GET.get("provision"):
        if not asked.isascii() or not asked.isdecimal() or len(asked) > 18:
            raise Http404
        provision = get_object_or_404(rules_to_try(request.user), pk=asked)
        initial["provision"] = provision.pk
        if "load" in request.GET:
            initial["rule"] = json.dumps(provision.rule, ensure_ascii=False, indent=2)
    return initial


def _list(request: SignedInRequest, form: TrialForm, status: int = 200) -> HttpResponse:
    visible = Simulation.objects.visible_to(request.user).select_related("mandate", "period", "provision", "asked_by")
    page = Paginator(visible.defer("result").annotate(changed=F("result__changed")), PAGE).get_page(
        request.GET.get("page")
    )
    offices = offices_of(simulation.asked_by for simulation in page)
    rows = [
        (simulation, simulation_page.asked_in_words(simulation), office)
        for simulation, office in zip(page, offices, strict=True)
    ]
    return render(request, "compliance/simulations.html", {"form": form, "page": page, "rows": rows}, status=status)


def _result(request: SignedInRequest, simulation: Simulation, result: dict[str, Any]) -> dict[str, Any]:
    """What came of it, and the page of changes that is asked for, of one kind where ``change`` names it.

    Counted are centres that file; those that never did are told of apart.
    """
    seen = simulation_page.changes_seen(simulation, request.user)
    changes = seen.exclude(centre__provenance=Provenance.ILLUSTRATIVE)
    kinds = simulation_page.by_change(changes)
    chosen = next((kind for kind in kinds if kind["name"] == request.GET.get("change")), None)
    if chosen:
        changes = changes.filter(outcome_before=chosen["outcome_before"], outcome_after=chosen["outcome_after"])
    return {
        "result": result,
        "totals": simulation_page.totals(result),
        "regions": simulation_page.region_rows(result),
        "curve": simulation_page.curve_rows(result),
        "comparators_differ": simulation_page.comparators_differ(result),
        "chart": simulation_page.chart(result),
        "kinds": kinds,
        "chosen": chosen,
        "changes": Paginator(changes, PAGE).get_page(request.GET.get("page")),
        "illustrative": seen.filter(centre__provenance=Provenance.ILLUSTRATIVE),
    }
