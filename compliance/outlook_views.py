"""Pages of what is foreseen: of the country and its provinces, and of one centre."""

from collections.abc import Iterable
from itertools import chain

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from centres.models import Centre
from compliance import exemption_states
from compliance.models import Outlook
from compliance.outlook import page
from compliance.outlook.export import as_csv

PAGE = 25
_ROWS_AT_ONCE = 2_000


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def show_outlook(request: SignedInRequest) -> HttpResponse:
    """When the country, its provinces and its centres will meet the steps of a mandate."""
    choice, choices = page.choice_of(request.user, request.GET)
    if choice is None:
        return render(request, "compliance/outlook.html", {"choice": None})
    listed = Paginator(page.centres(request.user, choice), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "choice": choice,
        **choices,
        "page": listed,
        "listed": page.standings(listed),
        "standings": page.Standing.choices,
        "due": page.due_in(choice.period.code, choice.step_from),
        "address": query.urlencode(),
    }
    if request.htmx.target == "centres":
        return render(request, "compliance/outlook.html#centres", context)
    sums, errors = page.sums(request.user, choice), page.errors_for(request.user)
    context |= {
        "focus": page.focus_of(request.user, choice, sums, errors),
        "rows": page.region_rows(sums, [step.step_from for step, _named in choices["steps"]]),
        "map": page.tiles_of(sums, choices["regions"], choice),
    }
    return render(request, "compliance/outlook.html", context)


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def export_outlook(request: SignedInRequest) -> StreamingHttpResponse:
    """The sums, and the centres that the reader chose, as CSV."""
    choice, _choices = page.choice_of(request.user, request.GET)
    if choice is None:
        raise Http404
    chosen = page.centres(request.user, choice).iterator(_ROWS_AT_ONCE)
    name = f"outlook-{choice.period.code}-{choice.mandate.code}.csv"
    return _file(chain(page.sums(request.user, choice), chosen), name)


@require_GET
def show_centre_outlook(request: SignedInRequest, code: str) -> HttpResponse:
    """When one centre will meet the steps of each mandate that asks something of it."""
    visible = Centre.objects.visible_to(request.user).select_related("operator", "region")
    centre = get_object_or_404(visible, code=code)
    outlooks = page.outlooks_of(request.user, centre)
    told = page.told_by_mandate(outlooks, page.errors_for(request.user))
    context = {
        "centre": centre,
        "outlooks": told,
        "period": outlooks[0].period if outlooks else None,
        "made_at": outlooks[0].made_at if outlooks else None,
        "exemptions": exemption_states.not_ended(request.user, centre),
    }
    return render(request, "compliance/outlook_centre.html", context)


@require_GET
def export_centre_outlook(request: SignedInRequest, code: str) -> StreamingHttpResponse:
    """What is foreseen of one centre, as CSV."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user), code=code)
    return _file(page.outlooks_of(request.user, centre), f"outlook-{centre.code}.csv")


def _file(outlooks: Iterable[Outlook], name: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(as_csv(outlooks), content_type="text/csv; charset=utf-8", headers=headers)
