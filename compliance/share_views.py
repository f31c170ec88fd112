"""Pages of second looks at a share."""

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from centres.models import Centre
from compliance import share_page

PAGE = 25


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def show_shares(request: SignedInRequest) -> HttpResponse:
    """The share of the country or of a province from every side, and whose verdict one of them contradicts."""
    context = share_page.of_regions(request.user, share_page.choice_of(request.user, request.GET))
    if "stories" in context:
        page = Paginator(context["stories"], PAGE).get_page(request.GET.get("page"))
        query = request.GET.copy()
        query.pop("page", None)
        context |= {
            "page": page,
            "told_twice": [share_page.told_twice(one) for one in page],
            "address": query.urlencode(),
        }
    return render(request, "compliance/shares.html", context)


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def export_shares(request: SignedInRequest) -> StreamingHttpResponse:
    """Every look at each province that the reader sees whole, as CSV."""
    chosen = share_page.choice_of(request.user, request.GET)
    answer = StreamingHttpResponse(share_page.as_csv(request.user, chosen), content_type="text/csv; charset=utf-8")
    name = f"shares-{chosen.period.code}.csv" if chosen.period else "shares.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def show_centre_shares(request: SignedInRequest, code: str) -> HttpResponse:
    """The share of one centre from every side; what deserves a question is not told to whom it would be put."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user).select_related("operator", "region"), code=code)
    context = share_page.of_centre(request.user, centre, request.GET.get("period"))
    return render(request, "compliance/shares_centre.html", context)
