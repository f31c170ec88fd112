"""The page of the trail, for regulators of the whole country, and its two files."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import AuditHead, Role
from accounts.trail import export, reading
from accounts.trail.models import may_read


@for_roles(Role.REGULATOR)
@require_GET
def list_events(request: SignedInRequest) -> HttpResponse:
    """What happened, newest first, as far as the reader asks for it."""
    _require_reader(request)
    return _listed(request, reading.EventChoice(request.GET))


def _listed(request: SignedInRequest, form: reading.EventChoice) -> HttpResponse:
    is_valid = form.is_valid()
    found = list(reading.chosen(request.user, form.cleaned_data)[: reading.PAGE + 1]) if is_valid else []
    shown = found[: reading.PAGE]
    head = AuditHead.objects.visible_to(request.user).order_by("-seq").first()
    context = {
        "form": form,
        "told": reading.told(request.user, shown),
        "address": _address(request),
        "older": shown[-1].pk if len(found) > reading.PAGE else None,
        "is_later": bool(is_valid and form.cleaned_data["before"]),
        "head": head,
        "signed_at": head and datetime.fromisoformat(head.signed_at),
    }
    return render(request, "accounts/trail.html", context, status=200 if is_valid else 422)


@for_roles(Role.REGULATOR)
@require_GET
def export_events(request: SignedInRequest) -> HttpResponse | StreamingHttpResponse:
    """The events that the reader asks for, as lines of JSON."""
    _require_reader(request)
    form = reading.EventChoice(request.GET)
    if not form.is_valid():
        return _listed(request, form)
    lines = reading.as_lines(request.user, reading.chosen(request.user, form.cleaned_data))
    headers = {"Content-Disposition": 'attachment; filename="trail.jsonl"'}
    return StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8", headers=headers)


@for_roles(Role.REGULATOR)
@require_GET
def export_trail(request: SignedInRequest) -> StreamingHttpResponse:
    """The whole trail as it is sealed, to be verified elsewhere."""
    _require_reader(request)
    headers = {"Content-Disposition": 'attachment; filename="originmark-trail.txt"'}
    return StreamingHttpResponse(export.lines(), content_type="text/plain; charset=utf-8", headers=headers)


def _require_reader(request: SignedInRequest) -> None:
    if not may_read(request.user):
        raise PermissionDenied


def _address(request: HttpRequest) -> str:
    """What is asked for, without the place of the page in the list."""
    query = request.GET.copy()
    query.pop("before", None)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return query.urlencode()
