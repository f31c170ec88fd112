"""Pages of what deserves a question: movements, their evidence, and the way to dismiss them."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from chips.timeliness import office_of
from compliance import movement_list
from compliance.decision_forms import reason_field
from compliance.models import Movement, MovementKind
from compliance.movement_list import MovementState
from compliance.movements import CannotDismiss, dismiss

PAGE = 50


class DismissForm(forms.Form):
    """Why a movement deserves no question any more."""

    reason = reason_field(gettext_lazy("Why this is answered"))


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def list_movements(request: SignedInRequest) -> HttpResponse:
    """What was seen in the inventories of a region and deserves a question."""
    chosen, periods, regions = movement_list.choice_of(request.user, request.GET)
    page = Paginator(movement_list.movements_chosen(request.user, chosen), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "chosen": chosen,
        "periods": periods,
        "regions": regions,
        "kinds": MovementKind.choices,
        "states": MovementState.choices,
        "page": page,
        "told": movement_list.told(page),
        "address": query.urlencode(),
    }
    return render(request, "compliance/movements.html", context)


@for_roles(Role.REGULATOR, Role.ANALYST)
@require_GET
def export_movements(request: SignedInRequest) -> StreamingHttpResponse:
    """The movements that the reader chose, as CSV."""
    chosen, _periods, _regions = movement_list.choice_of(request.user, request.GET)
    found = movement_list.movements_chosen(request.user, chosen)
    answer = StreamingHttpResponse(movement_list.as_csv(found), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="movements.csv"'
    return answer


@for_roles(Role.REGULATOR, Role.ANALYST)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def show_movement(request: SignedInRequest, movement_id: int) -> HttpResponse:
    """One movement with the lines that show it; a regulator answers it for good."""
    visible = Movement.objects.visible_to(request.user).select_related("centre__region", "period", "dismissed_by")
    movement = get_object_or_404(visible, pk=movement_id)
    may_dismiss = request.user.role == Role.REGULATOR
    form = DismissForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if not may_dismiss:
            raise PermissionDenied
        if form.is_valid():
            return _dismissed(request, movement, form.cleaned_data["reason"])
        status = 422
    (told,) = movement_list.told([movement])
    context = {
        "told": told,
        "movement": movement,
        "form": form,
        "may_dismiss": may_dismiss and told.state == MovementState.OPEN,
        "office": office_of(movement.dismissed_by) if movement.dismissed_by else "",
        "inventories": [(one, movement_list.lines_of(movement, one)) for one in movement_list.inventories_of(movement)],
    }
    return render(request, "compliance/movement.html", context, status=status)


def _dismissed(request: SignedInRequest, movement: Movement, reason: str) -> HttpResponseRedirect:
    try:
        dismiss(movement=movement, by=request.user, reason=reason)
    except CannotDismiss:
        messages.error(request, _("It was dismissed already, or is no longer seen. Nothing was changed."))
    else:
        messages.success(request, _("Dismissed. It is asked again only if other numbers are found."))
    return HttpResponseRedirect(reverse("movement", args=[movement.pk]))
