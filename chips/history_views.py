"""Pages of what a centre's inventory was, and of what changed between two versions of it."""

from typing import Any, cast

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from accounts.models import User
from centres.models import Centre, ReportingPeriod
from chips import history
from chips.catalogue import doubts
from chips.differences import differences
from chips.forms import PeriodChoice

PAGE = 100
DAY = "%Y-%m-%d"


class AsKnownForm(forms.Form):
    """Which quarter, and as known on which day."""

    period = PeriodChoice(
        ReportingPeriod.objects.none(),
        label=_("Reporting period"),
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    known_on = forms.DateField(
        label=_("As known at the end of"),
        input_formats=[DAY],
        widget=forms.DateInput(format=DAY, attrs={"type": "date", "class": "form-control"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        period = cast(PeriodChoice, self.fields["period"])
        period.queryset = ReportingPeriod.objects.visible_to(user).begun(timezone.localdate()).order_by("-code")


@require_GET
def show_history(request: SignedInRequest, code: str) -> HttpResponse:
    """The inventory that stood for a quarter as it was known on a day: the latest quarter filed, and today, else."""
    centre = _centre(request, code)
    versions = list(history.versions(request.user, centre))
    today = timezone.localdate()
    begun = ReportingPeriod.objects.visible_to(request.user).begun(today)
    latest = versions[0].period_id if versions else begun.last()
    form = AsKnownForm(
        {
            "period": request.GET.get("period") or latest,
            "known_on": request.GET.get("known_on") or today.strftime(DAY),
        },
        user=request.user,
    )
    context: dict[str, Any] = {"centre": centre, "form": form}
    if not form.is_valid():
        return render(request, "chips/history.html", context, status=422)
    period, known_on = form.cleaned_data["period"], form.cleaned_data["known_on"]
    found = history.as_known(request.user, centre, period, known_on)
    context |= {
        "found": found,
        "versions": [version for version in versions if version.period_id == period.code],
        "all_versions": versions,
    }
    if found.standing is not None:
        lines = found.standing.lines.visible_to(request.user).select_related("chip_model__vendor").order_by("row")
        page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
        address = f"period={period.code}&known_on={known_on:{DAY}}"
        context |= {"page": page, "doubts": doubts(line.chip_model_id for line in page), "address": address}
    return render(request, "chips/history.html", context)


@require_GET
def show_differences(request: SignedInRequest, code: str) -> HttpResponse:
    """What changed between two versions of a centre's inventories, of one quarter or of two."""
    centre = _centre(request, code)
    versions = list(history.versions(request.user, centre))
    by_key = {str(version.pk): version for version in versions}
    before, after = (by_key.get(request.GET.get(name, "")) for name in ("from", "to"))
    if before is None or after is None:
        raise Http404
    found = differences(before, after)
    context = {
        "centre": centre,
        "all_versions": versions,
        "differences": found,
        "page": Paginator(found.lines, PAGE).get_page(request.GET.get("page")),
        "address": f"from={before.pk}&to={after.pk}",
    }
    return render(request, "chips/differences.html", context)


def _centre(request: SignedInRequest, code: str) -> Centre:
    visible = Centre.objects.visible_to(request.user).select_related("region", "operator")
    return get_object_or_404(visible, code=code)
