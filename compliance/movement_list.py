"""Which movements a reader chose to see, as rows of a page and of a file."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import Region, ReportingPeriod
from chips.models import ChipClass, ChipModel, InventoryLine, LineStatus, Submission
from chips.safe_cells import safe_cell
from compliance.models import Movement, MovementKind, MovementQuerySet
from compliance.movement_wording import chips_of, movement_in_words

COLUMNS = (
    "id", "centre", "provenance", "region", "period", "kind", "state", "found_at", "gone_at", "dismissed_at",
    "dismissal_reason", "evidence",
)  # fmt: skip
SHOWN_LINES = 200
_MARK = "\ufeff"
_LINES_AT_ONCE = 1000


class MovementState(TextChoices):
    OPEN = "open", _("open")
    DISMISSED = "dismissed", _("dismissed")
    GONE = "gone", _("no longer seen")


class Chosen(NamedTuple):
    """What the reader chose to see; None: all of it."""

    state: MovementState | None
    kind: MovementKind | None
    period: ReportingPeriod | None
    region: Region | None


class Told(NamedTuple):
    """A movement, its state, and what its evidence says."""

    movement: Movement
    state: MovementState
    sentence: str


def choice_of(user: User, query: Mapping[str, str]) -> tuple[Chosen, list[ReportingPeriod], list[Region]]:
    """What an address names (open ones where it names no state), the periods and the regions there are to choose."""
    seen = Movement.objects.visible_to(user)
    of_period = Exists(seen.filter(period=OuterRef("pk")))
    periods = list(ReportingPeriod.objects.visible_to(user).filter(of_period).order_by("-code"))
    regions = list(Region.objects.visible_to(user).filter(Exists(seen.filter(centre__region=OuterRef("pk")))))
    state, kind = query.get("state", MovementState.OPEN), query.get("kind")
    chosen = Chosen(
        state=MovementState(state) if state in MovementState.values else None,
        kind=MovementKind(kind) if kind in MovementKind.values else None,
        period=next((one for one in periods if one.code == query.get("period")), None),
        region=next((one for one in regions if one.code == query.get("region")), None),
    )
    return chosen, periods, regions


def movements_chosen(user: User, chosen: Chosen) -> MovementQuerySet:
    """The movements that `user` may know of and chose, latest period first."""
    found = Movement.objects.visible_to(user).select_related("centre__region", "period", "dismissed_by")
    match chosen.state:
        case MovementState.OPEN:
            found = found.open()
        case MovementState.DISMISSED:
            found = found.filter(dismissed_at__isnull=False)
        case MovementState.GONE:
            found = found.filter(dismissed_at__isnull=True, gone_at__isnull=False)
    if chosen.kind:
        found = found.filter(kind=chosen.kind)
    if chosen.period:
        found = found.filter(period=chosen.period)
    if chosen.region:
        found = found.filter(centre__region=chosen.region)
    return found


def told(movements: Iterable[Movement]) -> list[Told]:
    """`movements` in words, by one query for the models that they name."""
    found = list(movements)
    keys = {key for movement in found for key in chips_of(movement)}
    chips = {chip.pk: chip for chip in ChipModel.objects.filter(pk__in=keys).select_related("vendor")}
    return [Told(one, state_of(one), movement_in_words(one, chips)) for one in found]


def state_of(movement: Movement) -> MovementState:
    if movement.dismissed_at is not None:
        return MovementState.DISMISSED
    return MovementState.OPEN if movement.gone_at is None else MovementState.GONE


def inventories_of(movement: Movement) -> list[Submission]:
    """The inventories that it was seen in, as they stood when it was found: of its period, and of the one after where
    something left."""
    periods = [movement.period]
    if movement.kind == MovementKind.PASSING_THROUGH:
        periods += ReportingPeriod.objects.filter(code__gt=movement.period_id).order_by("code")[:1]
    standing = [
        Submission.objects.accepted_as_known(period, movement.found_at).filter(centre=movement.centre_id)
        for period in periods
    ]
    return [submission for found in standing for submission in found.select_related("period", "centre")]


def lines_of(movement: Movement, submission: Submission) -> list[InventoryLine]:
    """The lines of an inventory in service that the evidence is about, largest first."""
    lines = submission.lines.filter(status=LineStatus.IN_SERVICE).select_related("chip_model__vendor")
    if keys := chips_of(movement):
        lines = lines.filter(chip_model__in=keys)
    elif movement.kind == MovementKind.COMPUTE_APART:
        lines = lines.filter(chip_model__chip_class=ChipClass.ACCELERATOR)
    return list(lines.order_by("-quantity", "row")[:SHOWN_LINES])


def as_csv(movements: MovementQuerySet) -> Iterator[str]:
    """The movements as CSV in parts, their evidence in words; no cell of it is taken for a formula."""
    yield _MARK + _lines([COLUMNS])
    lines = []
    for movement in movements.iterator(_LINES_AT_ONCE):
        lines.append(movement)
        if len(lines) == _LINES_AT_ONCE:
            yield _lines(map(_cells, told(lines)))
            lines = []
    yield _lines(map(_cells, told(lines)))


def _cells(one: Told) -> list[Any]:
    movement = one.movement
    moments = (movement.found_at, movement.gone_at, movement.dismissed_at)
    return [
        movement.pk, movement.centre.code, movement.centre.provenance, movement.centre.region_id, movement.period_id,
        movement.kind, one.state.value, *(at and at.isoformat() for at in moments), movement.dismissal_reason,
        one.sentence,
    ]  # fmt: skip


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()
