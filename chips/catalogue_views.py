"""Pages of the catalogue: what is said of chip models, and what of it counts."""

from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.again import asked_again
from accounts.models import Role, User
from accounts.pseudonyms import names_of
from chips.catalogue import add_claim, contested_figures
from chips.catalogue_forms import ClaimForm
from chips.models import Adoption, Alias, ChipClass, ChipModel, ChipRevision, Claim, Figure

PAGE = 50


class FigureRow(NamedTuple):
    """What is claimed of one figure of a model, what counts today, and whether sources differ."""

    figure: Figure
    claims: list[Claim]
    adoption: Adoption | None
    is_contested: bool


def decides_on_catalogue(user: User) -> bool:
    """The catalogue is the whole country's: so are those who decide on it."""
    return user.role == Role.REGULATOR and user.sees_whole_country


@require_GET
def list_chips(request: SignedInRequest) -> HttpResponse:
    """The chip models, with what counts of them today."""
    today, now = timezone.localdate(), timezone.now()
    chosen, search = request.GET.get("class", ""), request.GET.get("search", "").replace("\x00", "")
    models = _searched(request.user, search).select_related("vendor").prefetch_related("claims")
    if chosen in ChipClass.values:
        models = models.filter(chip_class=chosen)
    page = Paginator(models.order_by("vendor__name", "name"), PAGE).get_page(request.GET.get("page"))
    revisions = ChipRevision.objects.visible_to(request.user).as_of(today, now)
    shown = revisions.filter(chip_model__in=[model.pk for model in page])
    revision_of = {revision.chip_model_id: revision for revision in shown}
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "rows": [(model, revision_of.get(model.pk), bool(contested_figures(model))) for model in page],
        "classes": ChipClass.choices,
        "chosen": chosen,
        "search": search,
        "address": query.urlencode(),
    }
    return render(request, "chips/catalogue.html", context)


def _searched(user: User, search: str) -> QuerySet[ChipModel]:
    models, called = ChipModel.objects.visible_to(user), Alias.objects.visible_to(user)
    for word in search.split():
        models = models.filter(
            Q(name__icontains=word)
            | Q(vendor__name__icontains=word)
            | Q(vendor__name_zh__icontains=word)
            | Q(pk__in=called.filter(text__icontains=word).values("chip_model"))
        )
    return models


@require_GET
def show_chip(request: SignedInRequest, chip_id: int) -> HttpResponse:
    """One model: every claim, the one that counts, and every decision that was taken."""
    return render(request, "chips/chip.html", _content(request.user, _chip(request, chip_id), ClaimForm()))


@for_roles(Role.REGULATOR)
@asked_again("POST")
@require_http_methods(["POST"])
def write_claim(request: SignedInRequest, chip_id: int) -> HttpResponse:
    """Add what a source says of a figure; nothing counts by it until somebody decides so."""
    if not decides_on_catalogue(request.user):
        raise PermissionDenied
    chip = _chip(request, chip_id)
    form = ClaimForm(request.POST)
    if form.is_valid():
        claim = add_claim(model=chip, **form.cleaned_data)
        return redirect("decide-chip", chip.pk, claim.pk)
    return render(request, "chips/chip.html", _content(request.user, chip, form), status=422)


def _chip(request: SignedInRequest, chip_id: int) -> ChipModel:
    adoptions = Adoption.objects.visible_to(request.user).select_related("claim").order_by("-recorded_at", "-pk")
    models = (
        ChipModel.objects.visible_to(request.user)
        .select_related("vendor")
        .prefetch_related("claims", "aliases", Prefetch("adoptions", adoptions))
    )
    return get_object_or_404(models, pk=chip_id)


def _content(user: User, chip: ChipModel, form: ClaimForm) -> dict[str, Any]:
    return {
        "chip": chip,
        "figures": _figures(chip),
        "decisions": _decisions(chip),
        "revisions": chip.revisions.visible_to(user).order_by("-from_on", "-recorded_at"),
        "decides": decides_on_catalogue(user),
        "form": form,
    }


def _decisions(chip: ChipModel) -> list[tuple[Adoption, str]]:
    """What was decided of a model, latest first, each with who decided it as they are called now."""
    adoptions = list(chip.adoptions.all())
    names = names_of(one.decided_by for one in adoptions)
    return [(one, names.get(one.decided_by, one.decided_by)) for one in adoptions]


def _figures(chip: ChipModel) -> list[FigureRow]:
    today, contested = timezone.localdate(), contested_figures(chip)
    begun = [adoption for adoption in chip.adoptions.all() if adoption.from_on <= today]
    counting = {a.figure: a for a in sorted(begun, key=lambda a: (a.from_on, a.recorded_at, a.pk))}
    rows = []
    for value in Figure.values:
        claims = [claim for claim in chip.claims.all() if claim.figure == value]
        if claims:
            rows.append(FigureRow(Figure(value), claims, counting.get(value), value in contested))
    return rows
