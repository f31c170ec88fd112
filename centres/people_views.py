"""An operator's people: who acts for it, who was invited, and the page that an invitation leads to."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import asking, invitations
from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Invitation, Membership, Role, User
from centres.models import Operator
from centres.people_forms import InviteForm, JoinForm


@for_roles(Role.OPERATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def list_people(request: SignedInRequest) -> HttpResponse:
    """Who acts for the operators that one leads, who was asked, and the way to ask another."""
    led = _led(request.user)
    form = InviteForm(request.POST or None, led=led, initial={"language": request.user.language})
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data | {"operator_id": form.cleaned_data["operator"].pk}
        asked.pop("operator")
        invitations.invite(**asked, by=request.user, now=timezone.now())
        messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": asked["email"]})
        return redirect("people")
    context = {"form": form, "operators": [_people_of(operator, request.user) for operator in led]}
    return render(request, "centres/people.html", context, status=422 if form.is_bound else 200)


@for_roles(Role.OPERATOR)
@asked_again("POST")
@require_POST
def dismiss(request: SignedInRequest, membership_id: int) -> HttpResponse:
    """End at once that somebody acts for an operator that one leads; oneself one cannot."""
    theirs = Membership.objects.visible_to(request.user).on(timezone.localdate()).exclude(user=request.user)
    membership = get_object_or_404(theirs.select_related("user"), pk=membership_id)
    invitations.dismiss(membership, by=request.user, now=timezone.now())
    told = _("%(name)s acts for the operator no more, from now on.") % {"name": membership.user.username}
    messages.success(request, told)
    return redirect("people")


@for_roles(Role.OPERATOR)
@require_POST
def revoke(request: SignedInRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    now = timezone.now()
    ours = Invitation.objects.visible_to(request.user).open_at(now)
    invitations.revoke(get_object_or_404(ours, pk=invitation_id), by=request.user, now=now)
    messages.success(request, _("The invitation is void."))
    return redirect("people")


@login_not_required
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, key: str) -> HttpResponse:
    """Where an invitation leads: to an account of one's own, or, signed in as an operator's person, to one click."""
    try:
        invitation = invitations.find(key, timezone.now())
        if isinstance(request.user, User):
            return _join_as(request, request.user, invitation)
        return _join_anew(request, invitation)
    except invitations.InvitationOver:
        return render(request, "centres/invitation_over.html", status=410)


def _join_as(request: HttpRequest, user: User, invitation: Invitation) -> HttpResponse:
    if user.role != Role.OPERATOR:
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, invitation)
    try:
        invitations.accept(invitation, user=user, now=timezone.now())
    except invitations.ActsAlready:
        messages.error(request, _("You act for this operator already."))
    return redirect("dashboard")


def _join_anew(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST or None, email=invitation.email)
    if not form.is_valid():
        return _page(request, invitation, form=form, status=422 if form.is_bound else 200)
    try:
        invitations.accept_as_new(
            invitation,
            username=form.cleaned_data["username"],
            full_name=form.cleaned_data["full_name"],
            password=form.cleaned_data["password1"],
            now=timezone.now(),
        )
    except invitations.NameTaken:
        form.add_error("username", form.fields["username"].error_messages["taken"])
        return _page(request, invitation, form=form, status=422)
    messages.success(request, _("Your account is made: sign in with it."))
    return redirect("account_login")


def _page(request: HttpRequest, invitation: Invitation, *, status: int = 200, **more: Any) -> HttpResponse:
    with asking.asked_by_register():
        operator = Operator.objects.get(pk=invitation.operator_id)
    context = {"invitation": invitation, "operator": operator} | more
    return render(request, "centres/invitation.html", context, status=status)


def _led(user: User) -> QuerySet[Operator]:
    return Operator.objects.visible_to(user).filter(pk__in=user.led_operator_ids).order_by("pk")


def _people_of(operator: Operator, user: User) -> dict[str, Any]:
    now = timezone.now()
    members = Membership.objects.visible_to(user).on(timezone.localdate(now)).filter(operator_id=operator.pk)
    asked = Invitation.objects.visible_to(user).open_at(now).filter(operator_id=operator.pk)
    return {
        "operator": operator,
        "members": list(members.select_related("user").order_by("user__username")),
        "asked": list(asked.order_by("-created_at")),
    }
