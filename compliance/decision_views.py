"""Decisions that have centres determined anew: which claim counts, and what is recorded of centres.

Each is shown with the centres whose outcome it would flip before it is taken.
"""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from accounts.pseudonyms import pseudonym_of
from centres.models import Centre, CentreRecord
from centres.records import FACTS, WrongRecord, changed_record, record_all, record_on
from chips.catalogue import adopt
from chips.catalogue_views import decides_on_catalogue
from chips.models import Claim
from compliance import effects
from compliance.decision_forms import AdoptionForm, FromForm, RecordForm, TableForm
from compliance.looked_at import looked_at_status


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def decide_chip(request: SignedInRequest, chip_id: int, claim_id: int) -> HttpResponse:
    """Let a claim count from a day on, knowing whose outcome that flips."""
    if not decides_on_catalogue(request.user):
        raise PermissionDenied
    claims = Claim.objects.visible_to(request.user).select_related("chip_model__vendor")
    claim = get_object_or_404(claims, pk=claim_id, chip_model=chip_id)
    model = claim.chip_model
    form = AdoptionForm(request.POST or None, claim=claim)
    if form.is_valid() and form.is_taken(request):
        told = {name: form.cleaned_data[name] for name in ("from_on", "reason")}
        adopt(model=model, claims=[claim], decided_by=pseudonym_of(request.user), by=request.user, **told)
        messages.success(request, _("Decided. The centres that it touches are being determined anew."))
        return redirect("chip", model.pk)
    asked = FromForm(request.GET or None, initial={"from_on": timezone.localdate()}, auto_id="id_asked_%s")
    from_on = _day_looked_at(asked, form)
    context: dict[str, Any] = {"asked": asked, "form": form, "claim": claim, "chip": model, "from_on": from_on}
    if from_on is not None:
        context["effects"] = effects.of_adoption(model=model, claims=[claim], from_on=from_on)
        context["seen"] = form.seal_of({"from_on": from_on})
    status = 422 if asked.errors else looked_at_status(request, form)
    return render(request, "compliance/decide_chip.html", context, status=status)


def _day_looked_at(asked: FromForm, form: AdoptionForm) -> date | None:
    """The day of which the effects are shown: what was sent, else what was asked for, else today; None: neither."""
    if form.is_bound:
        return form.cleaned_data.get("from_on")
    if asked.is_bound:
        return asked.cleaned_data["from_on"] if asked.is_valid() else None
    return timezone.localdate()


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def record_centre(request: SignedInRequest, code: str) -> HttpResponse:
    """Record something else of a centre from a day on, knowing whose outcome that flips."""
    centre = get_object_or_404(Centre.objects.visible_to(request.user), code=code)
    today = record_on(centre, timezone.localdate())
    form = RecordForm(request.POST or None, initial=_initial(today))
    context: dict[str, Any] = {"form": form, "centre": centre}
    record = _record(request, centre, form) if request.method == "POST" and form.is_valid() else None
    if record is not None and form.is_taken(request):
        record_all([record], by=request.user)
        messages.success(request, _("Recorded. What it touches is being determined anew."))
        if Centre.objects.visible_to(request.user).filter(pk=centre.pk).exists():
            return redirect("centre", centre.code)
        # It was moved to where somebody else sees it.
        return redirect("determination-runs")
    if record is not None:
        context["effects"] = effects.of_records([record])
    records = CentreRecord.objects.visible_to(request.user).filter(centre=centre)
    context["records"] = records.select_related("recorded_by").order_by("-from_on", "-recorded_at")
    return render(request, "compliance/record_centre.html", context, status=looked_at_status(request, form))


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def record_table(request: SignedInRequest) -> HttpResponse:
    """Record something else of many centres at once, all or none, knowing whose outcome that flips."""
    form = TableForm(request.POST or None, user=request.user)
    context: dict[str, Any] = {"form": form, "columns": ("code", "from_on", "reason", *FACTS)}
    if request.method == "POST" and form.is_valid():
        records = form.records
        if form.is_taken(request):
            record_all(records, by=request.user)
            said = ngettext("%(count)d record was written.", "%(count)d records were written.", len(records))
            messages.success(request, said % {"count": len(records)})
            return redirect("determination-runs")
        context |= {"records": records, "effects": effects.of_records(records).visible_to(request.user)}
    context["faults"] = form.faults
    return render(request, "compliance/record_table.html", context, status=looked_at_status(request, form))


def _record(request: SignedInRequest, centre: Centre, form: RecordForm) -> CentreRecord | None:
    """The record that `form` asks for, unsaved; None where it is wrong, which the form then says."""
    facts = {name: form.cleaned_data[name] for name in FACTS}
    from_on: date = form.cleaned_data["from_on"]
    reason = form.cleaned_data["reason"]
    before = record_on(centre, from_on)
    try:
        return changed_record(centre, from_on=from_on, facts=facts, reason=reason, by=request.user, before=before)
    except WrongRecord as wrong:
        for name, message in wrong.wrong.items():
            form.add_error(name if name in form.fields else None, message)
        return None


def _initial(record: CentreRecord | None) -> dict[str, Any]:
    known = {name: getattr(record, name) for name in FACTS} if record else {}
    return known | {"from_on": timezone.localdate()}
