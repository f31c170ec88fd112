"""Who has filed, late, or not at all; until when is filed, and how a locked period is opened."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role
from centres.models import Centre, FilingTerm, Region, ReportingPeriod
from centres.terms import Term, WrongTerm, set_term, term_of, term_of_period
from chips import openings
from chips.models import OpeningRequest
from chips.timeliness import Filed, FilingState, Ledger, ListedRows, Tally, as_csv, office_of, why_locked
from chips.timeliness_forms import AnswerForm, AskForm, TermForm

PAGE = 50
SHOWN_REQUESTS = 20


class Choice(NamedTuple):
    """What the reader chose to see; None: all of them."""

    period: ReportingPeriod
    region: Region | None
    state: FilingState | None
    filed: Filed | None


class RegionRow(NamedTuple):
    """How many centres of a region (None: of all) filed when; those that did not, by how much time is left."""

    region: Region | None
    on_time: int
    filed_late: int
    due: int
    late: int
    missing: int
    exempt: int

    @property
    def not_at_all(self) -> int:
        return self.due + self.late + self.missing

    @property
    def total(self) -> int:
        return self.on_time + self.filed_late + self.not_at_all + self.exempt


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def show_timeliness(request: SignedInRequest) -> HttpResponse:
    """What is expected for a period and what came, by region and centre by centre."""
    periods = list(ReportingPeriod.objects.visible_to(request.user).begun(timezone.localdate()).order_by("-code"))
    if not periods:
        return render(request, "chips/timeliness.html", {"choice": None})
    regions = list(Region.objects.visible_to(request.user))
    choice = _choice(request, periods, regions)
    ledger = _ledger(request, choice)
    tallies = ledger.tallies()
    query = request.GET.copy()
    query.pop("page", None)
    waiting = OpeningRequest.objects.visible_to(request.user).waiting().select_related("centre", "period")
    context = {
        "choice": choice,
        "periods": periods,
        "regions": regions,
        "region_code": choice.region.code if choice.region else "",
        "states": FilingState.choices,
        "filed_choices": Filed.choices,
        "term": term_of_period(choice.period),
        "region_rows": region_rows(tallies, regions),
        "page": Paginator(ListedRows(ledger, tallies), PAGE).get_page(request.GET.get("page")),
        "address": query.urlencode(),
        "waiting": waiting[:SHOWN_REQUESTS] if request.user.role == Role.REGULATOR else [],
        "decides": request.user.role == Role.REGULATOR,
        "decides_for_all": request.user.role == Role.REGULATOR and request.user.sees_whole_country,
    }
    return render(request, "chips/timeliness.html", context)


@for_roles(Role.OPERATOR, Role.REGULATOR, Role.ANALYST)
@require_GET
def export_timeliness(request: SignedInRequest) -> HttpResponse:
    """The rows that the reader chose, as CSV."""
    periods = list(ReportingPeriod.objects.visible_to(request.user).begun(timezone.localdate()).order_by("-code"))
    if not periods:
        raise Http404
    choice = _choice(request, periods, list(Region.objects.visible_to(request.user)))
    answer = HttpResponse(as_csv(_ledger(request, choice)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="timeliness-{choice.period.code}.csv"'
    return answer


def _choice(request: SignedInRequest, periods: list[ReportingPeriod], regions: list[Region]) -> Choice:
    """What an address names and is not there counts as not chosen; first comes the period that ended last."""
    query, today = request.GET, timezone.localdate()
    ended = next((period for period in periods if period.ends_on < today), periods[0])
    state, filed = query.get("state"), query.get("filed")
    return Choice(
        period=next((period for period in periods if period.code == query.get("period")), ended),
        region=next((region for region in regions if region.code == query.get("region")), None),
        state=FilingState(state) if state in FilingState.values else None,
        filed=Filed(filed) if filed in Filed.values else None,
    )


def _ledger(request: SignedInRequest, choice: Choice) -> Ledger:
    centres = Centre.objects.visible_to(request.user)
    if choice.region:
        centres = centres.filter(region=choice.region)
    return Ledger(centres, choice.period, timezone.now(), choice.state, choice.filed)


def region_rows(tallies: Sequence[Tally], regions: Sequence[Region]) -> list[RegionRow]:
    """The tallies as a table: a row for each region of which anything is expected, and all of them last."""
    counted: Counter[tuple[str | None, str]] = Counter()
    for tally in tallies:
        # What was not filed is told apart by its state, all else by when it came.
        kind = str(tally.state) if tally.filed == Filed.NOT_AT_ALL else f"filed {tally.filed}"
        for region in (tally.region, None):
            counted[region, kind] += tally.centres
    kinds = ("filed on_time", "filed late", "due", "late", "missing", "filed exempt")
    seen = {tally.region for tally in tallies}
    shown: list[Region | None] = [region for region in regions if region.pk in seen]
    return [
        RegionRow(region, *(counted[region.pk if region else None, kind] for kind in kinds))
        for region in [*shown, None]
    ]


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def set_period_term(request: SignedInRequest, period_code: str) -> HttpResponse:
    """Until when every centre files: for those who regulate the whole country."""
    if not request.user.sees_whole_country:
        raise PermissionDenied
    period = get_object_or_404(ReportingPeriod.objects.visible_to(request.user), code=period_code)
    return _set_term(request, period, None, term_of_period(period))


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def set_centre_term(request: SignedInRequest, period_code: str, code: str) -> HttpResponse:
    """Until when one centre files, or that it need not."""
    period = get_object_or_404(ReportingPeriod.objects.visible_to(request.user), code=period_code)
    centre = get_object_or_404(Centre.objects.visible_to(request.user), code=code)
    return _set_term(request, period, centre, term_of(centre, period))


def _set_term(request: SignedInRequest, period: ReportingPeriod, centre: Centre | None, term: Term) -> HttpResponse:
    initial = {"due_on": term.due_on, "locks_on": term.locks_on, "is_exempt": term.is_exempt}
    form = TermForm(request.POST or None, initial=initial, of_centre=centre is not None)
    if request.method == "POST" and form.is_valid():
        try:
            set_term(period=period, centre=centre, recorded_by=request.user, **form.cleaned_data)
        except WrongTerm as wrong:
            _add_errors(form, wrong)
        else:
            messages.success(request, _("Recorded. It holds from now on."))
            return HttpResponseRedirect(f"{reverse('timeliness')}?period={period.code}")
    history = _history(request, period, centre)
    context = {"form": form, "period": period, "centre": centre, "term": term, "history": history}
    status = 422 if request.method == "POST" else 200
    return render(request, "chips/timeliness_term.html", context, status=status)


def _history(request: SignedInRequest, period: ReportingPeriod, centre: Centre | None) -> list[FilingTerm]:
    """What was decided of the period, and of the centre where one is asked about; latest first."""
    terms = FilingTerm.objects.visible_to(request.user).filter(period=period).select_related("recorded_by", "centre")
    own = terms.filter(centre__isnull=True)
    if centre is not None:
        own = own | terms.filter(centre=centre)
    return list(own.order_by("-recorded_at", "-pk"))


@for_roles(Role.OPERATOR)
@require_http_methods(["GET", "POST"])
def ask_opening(request: SignedInRequest, period_code: str, code: str) -> HttpResponse:
    """Why a period is locked for a centre, and the way to ask for it to be opened."""
    period = get_object_or_404(ReportingPeriod.objects.visible_to(request.user), code=period_code)
    centre = get_object_or_404(Centre.objects.visible_to(request.user), code=code)
    form = AskForm(request.POST or None)
    here = reverse("ask-opening", args=[period.code, centre.code])
    if request.method == "POST" and form.is_valid():
        try:
            openings.ask_to_open(
                centre=centre, period=period, reason=form.cleaned_data["reason"], asked_by=request.user
            )
        except openings.NotLocked:
            messages.success(request, _("It is not locked: an inventory can be filed."))
        except openings.AlreadyAsked:
            messages.error(request, _("It was asked for already; the answer will stand here."))
        else:
            messages.success(request, _("Asked for. The answer will stand here."))
        return HttpResponseRedirect(here)
    term = term_of(centre, period)
    visible = OpeningRequest.objects.visible_to(request.user).filter(centre=centre, period=period)
    asked = list(visible.select_related("answered_by").order_by("-asked_at"))
    context = {
        "form": form,
        "period": period,
        "centre": centre,
        "term": term,
        "why": why_locked(term) if term.is_locked(timezone.now()) else None,
        "asked": [(one, office_of(one.answered_by) if one.answered_by else "") for one in asked],
        "is_waiting": any(one.answered_at is None for one in asked),
    }
    return render(request, "chips/timeliness_opening.html", context, status=422 if request.method == "POST" else 200)


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["GET", "POST"])
def answer_opening(request: SignedInRequest, request_id: int) -> HttpResponse:
    """Open a locked period for the centre that asks, until a day; or refuse, saying why."""
    visible = OpeningRequest.objects.visible_to(request.user).select_related("centre", "period", "answered_by")
    asked = get_object_or_404(visible, pk=request_id)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            openings.answer_request(request=asked, answered_by=request.user, **form.cleaned_data)
        except openings.AlreadyAnswered:
            messages.error(request, _("Nothing was done: somebody was quicker."))
            return HttpResponseRedirect(reverse("answer-opening", args=[asked.pk]))
        except WrongTerm as wrong:
            _add_errors(form, wrong)
        else:
            messages.success(request, _("Answered."))
            return HttpResponseRedirect(f"{reverse('timeliness')}?period={asked.period.code}")
    context = {"form": form, "asked": asked, "term": term_of(asked.centre, asked.period)}
    status = 422 if request.method == "POST" else 200
    return render(request, "chips/timeliness_answer.html", context, status=status)


def _add_errors(form: Form, wrong: WrongTerm) -> None:
    for name, message in wrong.wrong.items():
        form.add_error(name if name in form.fields else None, message)
