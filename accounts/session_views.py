"""The sessions in which one is signed in: when, from where, with which browser; and the way to end them."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest
from accounts.models import User


@require_GET
def list_sessions(request: SignedInRequest) -> HttpResponse:
    """One's sessions, latest first; those that ended by themselves are not among them."""
    found = UserSession.objects.purge_and_list(request.user)
    sessions = sorted(found, key=lambda session: session.created_at, reverse=True)
    here = request.session.session_key
    return render(request, "accounts/sessions.html", {"sessions": sessions, "here": here})


@require_POST
def end_session(request: SignedInRequest, session_id: int) -> HttpResponse:
    """End one of one's own sessions: its next request is asked to sign in."""
    get_object_or_404(_own(request.user), pk=session_id).end()
    messages.success(request, _("The session is ended."))
    return redirect("sessions")


@require_POST
def end_others(request: SignedInRequest) -> HttpResponse:
    """End all of one's own sessions but the one that asks."""
    for session in _own(request.user).exclude(session_key=request.session.session_key):
        session.end()
    messages.success(request, _("All other sessions are ended."))
    return redirect("sessions")


def _own(user: User) -> QuerySet[UserSession]:
    return UserSession.objects.filter(user=user)
