"""The list of exemptions: what a reader chose to see of it, page by page or as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Role, User
from centres.models import Region
from chips.safe_cells import safe_cell
from compliance.exemption_states import ExemptionState, with_states
from compliance.models import Exemption, Mandate

COLUMNS = (
    "exemption", "centre", "centre_name_en", "centre_name_zh", "provenance", "region", "mandate", "from_on", "to_on",
    "ends_on", "threshold", "state", "reason", "granted_at", "revoked_from_on", "revocation_reason",
)  # fmt: skip
# By it a spreadsheet knows that the file is UTF-8.
_MARK = "\ufeff"
_LINES_AT_ONCE = 1000


class Choice(NamedTuple):
    """What the reader chose to see; None or "": all of it."""

    state: ExemptionState | None
    mandate: Mandate | None
    region: Region | None
    search: str


def choice_of(query: QueryDict, mandates: Sequence[Mandate], regions: Sequence[Region]) -> Choice:
    """The choice that an address names; what it names and is not there counts as not chosen."""
    state = query.get("state")
    return Choice(
        state=ExemptionState(state) if state in ExemptionState.values else None,
        mandate=next((mandate for mandate in mandates if mandate.code == query.get("mandate")), None),
        region=next((region for region in regions if region.code == query.get("region")), None),
        search=query.get("search", "")[:100].replace("\0", ""),
    )


def states_for(user: User) -> list[ExemptionState]:
    """The states that `user` can choose: what nobody granted is shown to regulators alone."""
    never_granted = (ExemptionState.PROPOSED, ExemptionState.SENT_BACK, ExemptionState.WITHDRAWN)
    return [state for state in ExemptionState if user.role == Role.REGULATOR or state not in never_granted]


def chosen(user: User, choice: Choice) -> QuerySet[Any]:
    """The exemptions that `user` may know of and chose, each with its `ends` and `state`; those that end last first.

    Without a state: those that were granted.
    """
    found = with_states(Exemption.objects.visible_to(user), timezone.localdate())
    found = found.filter(state=choice.state) if choice.state else found.filter(granted_at__isnull=False)
    if choice.mandate:
        found = found.filter(mandate=choice.mandate)
    if choice.region:
        found = found.filter(centre__region=choice.region)
    for word in choice.search.split():
        found = found.filter(
            Q(centre__code__icontains=word) | Q(centre__name_en__icontains=word) | Q(centre__name_zh__icontains=word)
        )
    return found.select_related("centre__region", "mandate").order_by("-ends", "-pk")


def as_csv(exemptions: QuerySet[Any]) -> Iterator[str]:
    """The exemptions as CSV in parts; no cell of it is taken for a formula."""
    yield _MARK + _lines([COLUMNS])
    lines = []
    for exemption in exemptions.iterator(_LINES_AT_ONCE):
        lines.append(_cells(exemption))
        if len(lines) == _LINES_AT_ONCE:
            yield _lines(lines)
            lines = []
    yield _lines(lines)


def _cells(exemption: Any) -> list[Any]:
    centre = exemption.centre
    return [
        exemption.pk,
        *map(safe_cell, (centre.code, centre.name_en, centre.name_zh, centre.provenance, centre.region_id)),
        exemption.mandate.code,
        exemption.from_on,
        exemption.to_on,
        exemption.ends,
        None if exemption.threshold is None else f"{exemption.threshold.normalize():f}",
        exemption.state,
        safe_cell(exemption.reason),
        exemption.granted_at and timezone.localtime(exemption.granted_at).isoformat(),
        exemption.revoked_from_on,
        safe_cell(exemption.revocation_reason),
    ]


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
