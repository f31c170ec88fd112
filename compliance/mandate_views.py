"""Pages of mandates: how they stand, what they ask for over time, and how one is added."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from compliance.mandates import create_mandate
from compliance.models import Mandate
from compliance.provision_forms import MandateForm
from compliance.provisions import may_write, require_writer
from compliance.reading import readings_of
from compliance.standings import issued_of, rows_of, sort_out, standings
from compliance.step_line import drawn

PAGE = 50


@require_GET
def list_mandates(request: SignedInRequest) -> HttpResponse:
    """Every mandate, and how it stands today."""
    page = Paginator(Mandate.objects.visible_to(request.user), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "standings": standings(page, request.user, timezone.localdate()),
        "may_write": may_write(request.user),
    }
    return render(request, "compliance/mandates.html", context)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def write_mandate(request: SignedInRequest) -> HttpResponse:
    """Add a mandate, as it was published; its provisions are written afterwards."""
    require_writer(request.user)
    form = MandateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            mandate = create_mandate(by=request.user, **form.cleaned_data)
        except ValidationError as wrong:
            form.add_error(None, wrong)
        else:
            messages.success(request, _("The mandate is there. Write its first provision next."))
            return redirect("mandate", mandate.code)
    return render(
        request, "compliance/mandate_write.html", {"form": form}, status=422 if request.method == "POST" else 200
    )


@require_GET
def show_mandate(request: SignedInRequest, code: str) -> HttpResponse:
    """A mandate: its source and how far to trust it, what it asks for over time, and its provisions."""
    mandate = get_object_or_404(Mandate.objects.visible_to(request.user), code=code)
    today = timezone.localdate()
    visible = mandate.provisions.visible_to(request.user).select_related("mandate", "written_by")
    sorted_out = sort_out(visible, today)
    context = {
        "mandate": mandate,
        "in_force": sorted_out.in_force,
        "rows": rows_of(sorted_out),
        "readings": readings_of(sorted_out.in_force) if sorted_out.in_force else None,
        "drawing": drawn(issued_of(sorted_out), today),
        "may_write": may_write(request.user),
    }
    return render(request, "compliance/mandate.html", context)
