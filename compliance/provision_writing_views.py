"""Pages on which a provision is written: every part a field, and how it reads beside them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from compliance import provisions
from compliance.models import Mandate, Provision
from compliance.provision_faults import faults_of
from compliance.provision_forms import Entry, RepealForm
from compliance.provision_wording import refused_in_words
from compliance.provisions import StepRefused, WrongProvision, require_writer
from compliance.reading import readings_of
from compliance.step_line import drawn

# What an unfinished entry may still lack before it can be read.
_NOT_READ = ("/legal_text", "/citation", "/link")


@for_roles(Role.REGULATOR)
@require_http_methods(["GET", "POST"])
def write_provision(request: SignedInRequest, code: str) -> HttpResponse:
    """Write a new provision of a mandate; it begins as the one that ``supersedes`` names, where it names one."""
    require_writer(request.user)
    mandate = get_object_or_404(Mandate.objects.visible_to(request.user), code=code)
    basis = _basis(request, mandate)
    entry = Entry(request.user, _sent(request), provisions.document_of(basis) | {"from_on": ""} if basis else None)

    def write(document: dict[str, Any]) -> Provision:
        return provisions.write(mandate=mandate, by=request.user, document=document)

    return _entered(request, entry, write, {"mandate": mandate, "basis": basis})


@for_roles(Role.REGULATOR)
@require_http_methods(["GET", "POST"])
def rewrite_provision(request: SignedInRequest, provision_id: int) -> HttpResponse:
    """Write one's own draft anew."""
    visible = Provision.objects.visible_to(request.user).select_related("mandate")
    provision = get_object_or_404(visible, pk=provision_id)
    if "rewrite" not in provisions.steps_open(provision, request.user):
        messages.error(request, _("A draft is changed by whoever wrote it, before it is proposed."))
        return redirect("provision", provision.pk)
    entry = Entry(request.user, _sent(request), provisions.document_of(provision))

    def rewrite(document: dict[str, Any]) -> Provision:
        return provisions.rewrite(provision=provision, by=request.user, document=document)

    return _entered(request, entry, rewrite, {"mandate": provision.mandate, "provision": provision})


@for_roles(Role.REGULATOR)
@require_POST
def read_entry(request: SignedInRequest) -> HttpResponse:
    """How what is being typed reads, in both languages, or what is wrong with it: beside the fields, as one types."""
    require_writer(request.user)
    return render(request, "compliance/_provision_reading.html", _read(Entry(request.user, request.POST)))


@for_roles(Role.REGULATOR)
@require_http_methods(["GET", "POST"])
def repeal_mandate(request: SignedInRequest, code: str) -> HttpResponse:
    """Write the provision that repeals a mandate from a day on: it goes the same way as any other."""
    require_writer(request.user)
    mandate = get_object_or_404(Mandate.objects.visible_to(request.user), code=code)
    standing = provisions.latest_issued(mandate)
    if standing is None or standing.is_repeal:
        raise Http404
    form = RepealForm(_sent(request))
    if request.method == "POST":
        try:
            repeal = provisions.write(mandate=mandate, by=request.user, document=form.document(standing))
        except WrongProvision as wrong:
            form.show_all(wrong.faults)
        else:
            return redirect("provision", repeal.pk)
    context = {"form": form, "mandate": mandate}
    return render(request, "compliance/provision_repeal.html", context, status=422 if request.method == "POST" else 200)


def _entered(
    request: SignedInRequest, entry: Entry, write: Callable[[dict[str, Any]], Provision], context: dict[str, Any]
) -> HttpResponse:
    """Write what was entered, or show the fields with what is wrong, or with how it reads."""
    status = 200
    if entry.is_written:
        try:
            written = write(entry.document())
        except WrongProvision as wrong:
            entry.show(wrong.faults)
            status = 422
        except StepRefused as refusal:
            messages.error(request, refused_in_words(refusal))
            return redirect("provision", refusal.provision.pk)
        else:
            messages.success(request, _("Written. Nothing is in force by it yet."))
            return redirect("provision", written.pk)
    context |= {"entry": entry, **_read(entry)}
    return render(request, "compliance/provision_write.html", context, status=status)


def _read(entry: Entry) -> dict[str, Any]:
    """How an entry reads, and its line over time; or what is wrong with it so far."""
    document = entry.document()
    unread = [fault for fault in faults_of(document) if not fault.path.startswith(_NOT_READ)]
    if unread:
        return {"faults": entry.named(unread)}
    provision = provisions.unsaved(document)
    return {
        "readings": readings_of(provision),
        "drawing": drawn([provision], timezone.localdate()),
        "reads": provision,
    }


def _basis(request: SignedInRequest, mandate: Mandate) -> Provision | None:
    """The issued provision that a new one is to supersede, which the address names."""
    asked = request.GET.get("supersedes")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        raise Http404
    return get_object_or_404(mandate.provisions.issued(), pk=asked)


def _sent(request: SignedInRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None
