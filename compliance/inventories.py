"""Accepted inventories as PostgreSQL hands them over, a few texts a submission, and as the engine counts them."""

from collections.abc import Iterable
from typing import Any

from django.db import connection

from chips.models import ChipModel, ChipRevision
from compliance.engine import KeptInventory, Kind, checked_kind

# One row a submission, four cells a line in the order of the operator's spreadsheet: to take one text apart costs a
# fraction of what reading rows does. No cell holds a comma.
_LINES = """
    COPY (
        SELECT submission_id,
               string_agg(
                   chip_model_id || ' ' || workload || ' ' || status || ',' || quantity || ','
                   || coalesce(acquired_on::text, '') || ',' || coalesce(unit_price_cny::text, ''),
                   ',' ORDER BY "row"
               )
        FROM chips_inventoryline WHERE submission_id = ANY(%s::bigint[]) GROUP BY submission_id
    ) TO STDOUT
"""
_NOTHING: tuple[KeptInventory, list[int]] = (KeptInventory([], [], [], []), [])


class Inventories:
    """The inventories of submissions, with what the catalogue says of their chips."""

    def __init__(self, submissions: Iterable[int], revision_of: dict[int, ChipRevision]) -> None:
        """Those of `submissions`; `revision_of`: by chip model what is known of it. Two queries.

        COPY hands each over as soon as it is read: one is taken apart while PostgreSQL reads the next.
        """
        self._kinds = _Kinds(revision_of)
        self._read: dict[int, tuple[KeptInventory, list[int]]] = {}
        with connection.cursor() as cursor:
            cursor.copy_expert(cursor.mogrify(_LINES, [list(submissions)]), self)

    def write(self, row: bytes) -> None:
        """Take in what COPY says of a submission: a row at a time."""
        submission, text = row.decode().rstrip("\n").split("\t")
        cells = text.split(",")
        called = cells[0::4]
        kinds = list(map(self._kinds.__getitem__, called))
        inventory = KeptInventory(kinds, list(map(int, cells[1::4])), cells[2::4], cells[3::4])
        # Known of every kind by now.
        revisions = set(map(self._kinds.revision_of.__getitem__, called))
        self._read[int(submission)] = inventory, sorted(key for key in revisions if key is not None)

    def catalogue(self) -> dict[int, tuple[str, ChipRevision | None]]:
        """By chip model: its class, and what is known of it."""
        return self._kinds.catalogue()

    def of(self, submission: int) -> KeptInventory:
        """The inventory of a submission; one of no line for a nil return."""
        return self._read.get(submission, _NOTHING)[0]

    def revisions(self, submission: int) -> list[int]:
        """The keys of the chip revisions that the inventory of a submission rests on, in their order."""
        return self._read.get(submission, _NOTHING)[1]


class _Kinds(dict[str, Kind]):
    """The engine's kinds by what a line calls them: chip model, workload and status."""

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
        kind = self[called] = checked_kind(line_of(chip, revision, 1, workload, status, None, None))
        self.revision_of[called] = revision.pk if revision else None
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
