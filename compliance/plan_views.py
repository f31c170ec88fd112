"""Pages of the way to comply."""

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from centres.models import Centre
from compliance import plan_page


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def show_plan(request: SignedInRequest, code: str) -> HttpResponse:
    """The least cards and the cheapest mix by which a centre comes to comply; the address holds what was asked."""
    context = plan_page.of_centre(_centre(request, code), request.GET)
    status = 422 if "form" in context and "plan" not in context else 200
    return render(request, "compliance/plan.html", context, status=status)


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def export_plan(request: SignedInRequest, code: str) -> StreamingHttpResponse:
    """The mix that the page shows, as CSV; where the page shows no plan, there is no table."""
    centre = _centre(request, code)
    context = plan_page.of_centre(centre, request.GET)
    if "plan" not in context:
        raise Http404
    answer = StreamingHttpResponse(plan_page.as_csv(context["plan"]), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="plan-{centre.code}.csv"'
    return answer


def _centre(request: SignedInRequest, code: str) -> Centre:
    return get_object_or_404(Centre.objects.visible_to(request.user).select_related("operator", "region"), code=code)
