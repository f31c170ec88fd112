"""Pages of what had many centres determined anew."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from chips.timeliness import offices_of
from compliance.models import DeterminationRun
from compliance.runs import changes_of, progress_of, title_of

PAGE = 50


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def list_runs(request: SignedInRequest) -> HttpResponse:
    """What had centres determined anew, latest first."""
    runs = DeterminationRun.objects.visible_to(request.user).select_related("requested_by")
    page = Paginator(runs, PAGE).get_page(request.GET.get("page"))
    offices = offices_of(run.requested_by for run in page)
    runs_told = [(run, title_of(run, request.user), office) for run, office in zip(page, offices, strict=True)]
    context = {"page": page, "runs": runs_told}
    return render(request, "compliance/runs.html", context)


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def show_run(request: SignedInRequest, run_id: int) -> HttpResponse:
    """One run: how far it is, and which outcomes it changed."""
    run = get_object_or_404(DeterminationRun.objects.visible_to(request.user), pk=run_id)
    context = {
        "run": run,
        "title": title_of(run, request.user),
        "progress": progress_of(run),
        "page": Paginator(changes_of(run, request.user), PAGE).get_page(request.GET.get("page")),
        "is_whole": request.user.sees_whole_country,
    }
    template = "compliance/run.html#progress" if request.htmx.target == "progress" else "compliance/run.html"
    return render(request, template, context)
