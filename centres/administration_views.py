"""The pages on which administrators make accounts, change what they are for, close them and open them again."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import account_mails, administration, pseudonyms, single_sign_on
from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import AccountStep, Assignment, Membership, Role, User
from accounts.second_factor import with_one
from centres.administration_forms import (
    AccountForm,
    ActingForm,
    AssignmentForm,
    ChoiceForm,
    EndForm,
    ReasonForm,
)
from centres.models import Operator, Region

PAGE = 50
# What a step does, and what is said of it.
_STEPS: dict[str, tuple[Any, Any]] = {
    "close": (administration.close, gettext_lazy("The account is closed: nobody comes in by it from now on.")),
    "open": (administration.open_again, gettext_lazy("The account is open again.")),
    "take-factors-off": (
        administration.take_factors_off,
        gettext_lazy("The second factors are off, and the sessions ended."),
    ),
    "take-sign-on-off": (
        administration.take_sign_on_off,
        gettext_lazy("The sign-on by the other system is off, and the sessions ended."),
    ),
    "pseudonymise": (pseudonyms.pseudonymise, gettext_lazy("The person is named nowhere any more but on receipts.")),
}
_REFUSALS = {
    administration.OwnAccount: gettext_lazy("Nobody does this to their own account: another administrator does."),
    administration.NoAdministrator: gettext_lazy("You are no administrator any more: another was quicker."),
    administration.AlreadySo: gettext_lazy("Nothing was done: the account is in another state by now."),
}


class Line(NamedTuple):
    """An account as the list shows it: with its provinces, or with the operators that it acts for today."""

    account: User
    provinces: list[Region]
    operators: list[Operator]
    has_factor: bool


@for_roles(Role.ADMINISTRATOR)
@require_GET
def list_accounts(request: SignedInRequest) -> HttpResponse:
    """The accounts, those by name first that were chosen."""
    form = ChoiceForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    page = Paginator(_chosen(request.user, chosen), PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "lines": _lines(request.user, list(page)), "address": query.urlencode()}
    return render(request, "centres/accounts.html", context)


def _chosen(user: User, chosen: dict[str, Any]) -> QuerySet[User]:
    found = User.objects.visible_to(user).order_by("username")
    for word in chosen.get("search", "").split():
        found = found.filter(
            Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )  # fmt: skip
    if chosen.get("role"):
        found = found.filter(role=chosen["role"])
    if chosen.get("state"):
        found = found.filter(is_active=chosen["state"] == "active")
    return found


def _lines(user: User, accounts: list[User]) -> list[Line]:
    """`accounts` as lines: four queries, for any number of them."""
    acting = Membership.objects.visible_to(user).on(timezone.localdate()).filter(user__in=accounts)
    operators_of: dict[int, list[int]] = {}
    for account_id, operator_id in acting.values_list("user_id", "operator_id"):
        operators_of.setdefault(account_id, []).append(operator_id)
    named = {key for keys in operators_of.values() for key in keys}
    operators = Operator.objects.visible_to(user).in_bulk(named)
    regions = Region.objects.visible_to(user).in_bulk()
    factors = with_one(accounts)
    return [
        Line(
            account,
            [regions[code] for code in account.region_codes if code in regions],
            [operators[key] for key in operators_of.get(account.pk, ()) if key in operators],
            account.pk in factors,
        )
        for account in accounts
    ]


@for_roles(Role.ADMINISTRATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def make_account(request: SignedInRequest) -> HttpResponse:
    """Make an account; the link by which its person sets a password goes by mail, and is in the answer this once."""
    # A form that is sent empty is one that was sent.
    sent = request.POST if request.method == "POST" else None
    form = AccountForm(sent, regions=_regions(request.user), initial={"language": "zh-hans"})
    is_operators = request.POST.get("role") == Role.OPERATOR
    acting = ActingForm(request.POST if is_operators else None, operators=Operator.objects.visible_to(request.user))
    if form.is_valid() and (acting.is_valid() or not is_operators):
        told = {name: form.cleaned_data[name] for name in ("username", "full_name", "email", "language")}
        try:
            account = administration.make(
                **told, rights=form.rights, acting=acting.acting if is_operators else None, by=request.user,
                now=timezone.now(),
            )  # fmt: skip
        except administration.NameTaken:
            form.add_error("username", form.fields["username"].error_messages["taken"])
        except administration.NoAdministrator as refused:
            form.add_error(None, _REFUSALS[type(refused)])
        else:
            link = administration.link_to_password(account)
            account_mails.send_first_link(account, link)
            return _page(request, account, link=link)
    status = 422 if form.is_bound else 200
    return render(request, "centres/account_make.html", {"form": form, "acting": acting}, status=status)


@for_roles(Role.ADMINISTRATOR)
@require_GET
def show_account(request: SignedInRequest, account_id: int) -> HttpResponse:
    """One account: who it is, what it is for and was, and what can be done with it."""
    return _page(request, _account(request, account_id))


@for_roles(Role.ADMINISTRATOR)
@asked_again("POST")
@require_POST
def assign(request: SignedInRequest, account_id: int) -> HttpResponse:
    """Give an account another role or other provinces, from a day on."""
    account = _account(request, account_id)
    form = AssignmentForm(request.POST, regions=_regions(request.user))
    if not form.is_valid():
        return _page(request, account, assignment_form=form)
    asked = form.cleaned_data
    return _done(
        request,
        account,
        lambda: administration.assign(
            account, rights=form.rights, from_on=asked["from_on"], reason=asked["reason"], by=request.user,
            now=timezone.now(),
        ),
        _("It holds from that day on."),
    )  # fmt: skip


@for_roles(Role.ADMINISTRATOR)
@asked_again("POST")
@require_POST
def let_act(request: SignedInRequest, account_id: int) -> HttpResponse:
    """Let the person of an account act for an operator."""
    account = _account(request, account_id)
    form = ActingForm(request.POST, operators=Operator.objects.visible_to(request.user))
    if form.is_valid():
        try:
            return _done(
                request, account, lambda: administration.let_act(account, form.acting, by=request.user),
                _("It acts for the operator from that day on."),
            )  # fmt: skip
        except administration.ActsAlready:
            form.add_error("operator", _("It acts for this operator on some of these days already."))
    return _page(request, account, acting_form=form)


@for_roles(Role.ADMINISTRATOR)
@asked_again("POST")
@require_POST
def end_acting(request: SignedInRequest, membership_id: int) -> HttpResponse:
    """Say until when the person of an account acts for an operator."""
    # One that is over stays as it was.
    memberships = Membership.objects.visible_to(request.user).exclude(to_on__lt=timezone.localdate())
    membership = get_object_or_404(memberships.select_related("user"), pk=membership_id)
    form = EndForm(request.POST)
    if not form.is_valid():
        return _page(request, membership.user, end_form=form, ending=membership)
    last_on = form.cleaned_data["last_on"]
    return _done(
        request, membership.user, lambda: administration.end_acting(membership, last_on=last_on, by=request.user),
        _("It acts for the operator until that day."),
    )  # fmt: skip


@for_roles(Role.ADMINISTRATOR)
@asked_again("POST")
@require_POST
def link_anew(request: SignedInRequest, account_id: int) -> HttpResponse:
    """Another link to the first password, of an account that nobody has signed in to."""
    account = _account(request, account_id)
    try:
        link = administration.link_anew(account, by=request.user, now=timezone.now())
    except tuple(_REFUSALS) as refused:
        messages.error(request, _REFUSALS[type(refused)])
        return redirect("administration-account", account.pk)
    return _page(request, account, link=link)


@for_roles(Role.ADMINISTRATOR)
@asked_again("POST")
@require_POST
def take_step(request: SignedInRequest, account_id: int, step: str) -> HttpResponse:
    """Close an account or open it again, take second factors or a sign-on off it, or pseudonymise it."""
    account = _account(request, account_id)
    if step not in _STEPS:
        raise Http404
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, account, step_form=form, step=step)
    act, said = _STEPS[step]
    reason = form.cleaned_data["reason"]
    return _done(request, account, lambda: act(account, reason=reason, by=request.user, now=timezone.now()), said)


def _done(request: SignedInRequest, account: User, act: Any, said: Any) -> HttpResponse:
    """Do it, say so, and show the account; or why it was not done."""
    try:
        act()
    except tuple(_REFUSALS) as refused:
        messages.error(request, _REFUSALS[type(refused)])
    else:
        messages.success(request, said)
    return redirect("administration-account", account.pk)


def _account(request: SignedInRequest, account_id: int) -> User:
    return get_object_or_404(User.objects.visible_to(request.user), pk=account_id)


def _regions(user: User) -> QuerySet[Region]:
    return Region.objects.visible_to(user).order_by("code")


def _page(request: SignedInRequest, account: User, *, link: str = "", **sent: Any) -> HttpResponse:
    """The account's page; where a form of it was `sent` with faults, with these."""
    user, today = request.user, timezone.localdate()
    memberships = Membership.objects.visible_to(user).filter(user=account).order_by("from_on", "pk")
    operators = Operator.objects.visible_to(user).in_bulk({one.operator_id for one in memberships})
    assignments = Assignment.objects.visible_to(user).filter(account=account).select_related("assigned_by")
    steps = AccountStep.objects.visible_to(user).filter(account=account).select_related("taken_by")
    holds = {name: getattr(account, name) for name in ("role", "all_regions", "region_codes")}
    context = {
        "line": _lines(user, [account])[0],
        "account": account,
        "is_own": account.pk == user.pk,
        "has_sign_on": single_sign_on.is_known(account),
        "link": link,
        "memberships": [(one, operators.get(one.operator_id)) for one in memberships],
        "assignments": assignments.order_by("-assigned_at", "-pk"),
        "steps": steps.order_by("-taken_at", "-pk"),
        "assignment_form": AssignmentForm(regions=_regions(user), initial=holds | {"from_on": today}),
        "acting_form": ActingForm(operators=Operator.objects.none()),
        "step_form": ReasonForm(),
        "today": today,
    }
    return render(request, "centres/account.html", context | sent, status=422 if sent else 200)
