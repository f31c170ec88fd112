"""Pages that people look at: the dashboard, a centre, the reports."""

from typing import Any

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role, User
from centres.models import Centre, ReportingPeriod
from chips import uploads
from chips.catalogue import has_contested
from chips.models import Figure
from compliance.facts import provisions_in_force
from compliance.models import CurrentDetermination, Mandate, Outcome, Provision
from compliance.provisional import reasons_of
from reports import build, centre_page, dashboard, tile_map
from reports.choice import choice_of
from reports.models import ReportRun, RunStatus

PAGE = 25
SHOWN_WAITING = 5


@require_GET
def show_dashboard(request: SignedInRequest) -> HttpResponse:
    """How the country's centres stand in a period; an operator's own centres alone."""
    choice, periods, mandates, regions = choice_of(request.user, request.GET)
    context: dict[str, Any] = {"choice": choice, "periods": periods, "mandates": mandates, "regions": regions}
    if choice is None:
        context |= _waiting(request.user)
        context["centres"] = Centre.objects.visible_to(request.user).select_related("region", "operator")[:PAGE]
        return render(request, "reports/dashboard_empty.html", context)
    listed = Paginator(dashboard.determined_centres(request.user, choice), PAGE)
    context |= {
        "page": listed.get_page(request.GET.get("page")),
        "address": _address(request),
        "outcome_choices": Outcome.choices,
        "provision": provision_of(choice.mandate, choice.period),
    }
    shown = list(context["page"])
    if request.htmx.target == "centres":
        return render(request, "reports/dashboard.html#centres", context | _provisional(shown))
    illustrative = list(dashboard.illustrative(request.user, choice))
    context |= {"illustrative": illustrative, **_provisional(shown + illustrative), **_waiting(request.user)}
    return render(request, "reports/dashboard.html", context | _national(request, context))


def _waiting(user: User) -> dict[str, Any]:
    """What waits for the reader, the oldest of it."""
    waiting = dashboard.awaiting(user)
    return {
        "waiting": waiting[:SHOWN_WAITING],
        "waiting_count": waiting.count(),
        "exemption_requests": dashboard.exemption_requests(user),
        "exemption_proposals": dashboard.exemption_proposals(user),
        "uploads": uploads.unfinished(user)[:SHOWN_WAITING],
    }


def _provisional(shown: list[CurrentDetermination]) -> dict[str, Any]:
    """Which of the determinations that are shown may still become others."""
    return {"provisional": reasons_of((one.determination for one in shown), now=timezone.now())}


def _national(request: SignedInRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What is summed over centres that are not the reader's own."""
    user, choice = request.user, context["choice"]
    rows = dashboard.mandate_rows(user, choice.period, choice.region)
    trend = dashboard.trend(user, choice.region)
    earlier = [period for period in context["periods"] if period.code < choice.period.code]
    shown = request.GET.get("map")
    return {
        "is_national": bool(rows),
        "rows": rows,
        "row": next((row for row in rows if row.mandate == choice.mandate), None),
        "close": dashboard.close_to_passing(user, choice),
        "fallen": dashboard.fallen(user, choice, earlier[0] if earlier else None),
        "trend": trend,
        "now": next((point for point in trend if point["period"] == choice.period.code), None),
        "chart": dashboard.chart_of(trend),
        "contested_compute": has_contested(Figure.FP16_TFLOPS),
        "workloads": dashboard.workloads(user, choice.period, choice.region),
        "map": tile_map.map_of(tile_map.tiles(user, choice.period, choice.mandate), shown),
    }


def provision_of(mandate: Mandate, period: ReportingPeriod) -> Provision | None:
    """The provision of a mandate that holds on the period's last day."""
    return next(iter(provisions_in_force(period, timezone.now(), [mandate])), None)


def _address(request: SignedInRequest) -> str:
    """The query of this page without its page number, to which a link adds one."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


@require_GET
def show_centre(request: SignedInRequest, code: str) -> HttpResponse:
    """One centre: how it stands, what it filed, how it came there."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user).select_related("operator", "region"), code=code)
    return render(request, "reports/centre.html", centre_page.content(request.user, centre, request.GET.get("period")))


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_http_methods(["GET", "POST"])
def list_runs(request: SignedInRequest) -> HttpResponse:
    """The reports that were built, and the way to have one built."""
    if not request.user.sees_whole_country:
        raise Http404
    if request.method == "POST":
        asked = request.POST.get("period", "")
        period = next((period for period in dashboard.periods_seen(request.user) if period.code == asked), None)
        if period is None:
            raise Http404
        run = build.request_run(period=period, requested_by=request.user)
        return HttpResponseRedirect(reverse("report-run", args=[run.pk]))
    runs = ReportRun.objects.visible_to(request.user).select_related("period", "requested_by")
    context = {
        "page": Paginator(runs, PAGE).get_page(request.GET.get("page")),
        "periods": dashboard.periods_seen(request.user),
    }
    return render(request, "reports/runs.html", context)


@require_GET
def show_run(request: SignedInRequest, run_id: int) -> HttpResponse:
    """One report: its progress while it is built, then what it is made of."""
    run = get_object_or_404(
        ReportRun.objects.visible_to(request.user).select_related("period", "requested_by"), pk=run_id
    )
    is_waiting = run.is_under_way and run.pk in build.left_undone(timezone.now())
    template = "reports/run.html#progress" if request.htmx.target == "progress" else "reports/run.html"
    return render(request, template, {"run": run, "is_waiting": is_waiting})


@require_GET
def download_run(request: SignedInRequest, run_id: int) -> FileResponse:
    """The sealed bytes of a report that is ready."""
    run = get_object_or_404(ReportRun.objects.visible_to(request.user), pk=run_id, status=RunStatus.READY)
    return FileResponse(
        build.sealed_file(run).open("rb"), as_attachment=True, filename=run.file_name, content_type="text/csv"
    )
