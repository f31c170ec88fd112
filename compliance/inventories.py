"""Accepted inventories as PostgreSQL hands them over, a few texts a submission, and as the engine counts them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection

from chips.models import ChipModel, ChipRevision
from compliance.engine import Inventory, Kind, checked_kind

# One row a submission, in the order of the operator's spreadsheet. Texts: taking one apart costs a fraction of what
# reading an array does. No cell of them holds a comma.
_COLUMNS = """
    SELECT submission_id,
           string_agg(chip_model_id || ' ' || workload || ' ' || status, ',' ORDER BY "row"),
           string_agg(quantity::text, ',' ORDER BY "row"),
           string_agg(coalesce(acquired_on::text, ''), ',' ORDER BY "row"),
           string_agg(coalesce(unit_price_cny::text, ''), ',' ORDER BY "row")
    FROM chips_inventoryline WHERE submission_id = ANY(%s::bigint[]) GROUP BY submission_id
"""
_NOTHING = Inventory([], [], [], [])


class _Columns(NamedTuple):
    """The lines of a submission, column by column."""

    kinds: str
    quantities: str
    days: str
    prices: str


class Inventories:
    """The inventories of submissions, with what the catalogue says of their chips."""

    def __init__(self, submissions: Iterable[int], revision_of: dict[int, ChipRevision]) -> None:
        """Those of `submissions`; `revision_of`: by chip model what is known of it. Two queries."""
        self._kinds = _Kinds(revision_of)
        with connection.cursor() as cursor:
            cursor.execute(_COLUMNS, [list(submissions)])
            self._columns = {submission: _Columns(*columns) for submission, *columns in cursor.fetchall()}

    def catalogue(self) -> dict[int, tuple[str, ChipRevision | None]]:
        """By chip model: its class, and what is known of it."""
        return self._kinds.catalogue()

    def of(self, submission: int) -> Inventory:
        """The inventory of a submission; one of no line for a nil return."""
        columns = self._columns.get(submission)
        if columns is None:
            return _NOTHING
        return Inventory(
            list(map(self._kinds.__getitem__, columns.kinds.split(","))),
            list(map(int, columns.quantities.split(","))),
            columns.days.split(","),
            columns.prices.split(","),
        )

    def revisions(self, submission: int) -> list[int]:
        """The keys of the chip revisions that the inventory of a submission rests on, in their order."""
        columns = self._columns.get(submission)
        if columns is None:
            return []
        called = set(columns.kinds.split(","))
        for kind in called:
            # Known from here on, if it was not counted yet.
            self._kinds[kind]
        return sorted({key for kind in called if (key := self._kinds.revision_of[kind]) is not None})


class _Kinds(dict[str, Kind]):
    """The engine's kinds by what the columns call them: chip model, workload and status."""

    def __init__(self, revisions: dict[int, ChipRevision]) -> None:
        self._chips = ChipModel.objects.exclude(pk__in=revisions).order_by().first_called()
        self._revisions = revisions
        # By what a kind is called: the key of the revision behind it; None where there is none, or it is only supposed.
        self.revision_of: dict[str, int | None] = {}

    def catalogue(self) -> dict[int, tuple[str, ChipRevision | None]]:
        """By chip model: its class, and what is known of it."""
        unrevised = {model: (chip_class, None) for model, (_, chip_class) in self._chips.items()}
        return {**unrevised, **{key: (one.chip_class, one) for key, one in self._revisions.items()}}

    def __missing__(self, called: str) -> Kind:
        model, workload, status = called.split(" ")
        revision = self._revisions.get(int(model))
        chip = (revision.name, revision.chip_class) if revision else self._chips[int(model)]
        self.revision_of[called] = revision.pk if revision else None
        kind = self[called] = checked_kind(line_of(chip, revision, 1, workload, status, None, None))
        return kind


def line_of(
    chip: tuple[str, str],
    revision: ChipRevision | None,
    quantity: int,
    workload: str,
    status: str,
    acquired_on: str | None,
    unit_price: str | None,
) -> dict[str, Any]:
    """The engine's line of a `chip` (its name and class), of which the catalogue knows a `revision`, or nothing."""
    name, chip_class = chip
    return {
        "chip": name,
        "class": chip_class,
        "quantity": quantity,
        "workload": workload,
        "status": status,
        "acquired_on": acquired_on,
        "designer_country": revision.designer_country if revision else None,
        "fabricator_country": revision.fabricator_country if revision else None,
        "compute": revision.compute if revision else None,
        "unit_price": unit_price,
    }
