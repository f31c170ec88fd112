"""Accepted inventories as PostgreSQL hands them over, a few texts a submission, and as the engine counts them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.db import connection

from chips.models import ChipModel, ChipRevision
from compliance.ahead import Ahead, Row, read_ahead
from compliance.engine import KeptInventory, Kind, checked_kind

# One row a submission: the first and the last day, and four cells a line, all but the kind in JSON, in the order of the
# operator's spreadsheet. To take one text apart costs a fraction of what reading rows does. No cell holds a comma.
_LINES = """
    SELECT submission_id,
           coalesce(min(acquired_on) || ',' || max(acquired_on), ',') || ',' || string_agg(
               chip_model_id || ' ' || workload || ' ' || status || ',' || quantity || ','
               || coalesce('"' || acquired_on || '"', 'null') || ',' || coalesce('"' || unit_price_cny || '"', 'null'),
               ',' ORDER BY "row"
           ) AS lines
    FROM chips_inventoryline WHERE submission_id = ANY(%s::bigint[])
    GROUP BY submission_id ORDER BY submission_id
"""
_NOTHING = KeptInventory([], [], [], [], "", "")
# Of fewer a thread and a cursor of the server's cost more than they save.
_MANY = 1_000


class Inventories:
    """The inventories of submissions, with what the catalogue says of their chips."""

    def __init__(self, submissions: Collection[int], revision_of: dict[int, ChipRevision]) -> None:
        """Those of `submissions`; `revision_of`: by chip model what is known of it. Two queries."""
        self._kinds = _Kinds(revision_of)
        self._asked = list(submissions)
        self._coming: Iterator[Row] | None = None
        self._ahead: Ahead | None = None
        # Texts: a country's inventories would take ten times the memory, which takes time to come by.
        self._read: dict[int, str] = {}
        self._taken: tuple[int | None, KeptInventory] = (None, _NOTHING)

    @contextmanager
    def read_ahead(self) -> Iterator[None]:
        """As long as this lasts, of many some are worked on while PostgreSQL reads the next; within a transaction.

        Few are there when it begins. Best asked for in the order of their keys.
        """
        if self._coming is None and len(self._asked) < _MANY:
            self._coming = self._at_once()
            self._read.update(self._coming)
            for lines in self._read.values():
                # What is to be asked of the catalogue for them is asked now.
                list(map(self._kinds.__getitem__, lines.split(",")[2::4]))
        if self._coming is not None:
            yield
            return
        _ = self._kinds.unrevised
        with read_ahead(_LINES, [self._keys()]) as self._ahead:
            self._coming = self._ahead.rows
            yield
            # Those that were not asked for.
            self._read.update(self._coming)

    @property
    def are_coming(self) -> bool:
        """Whether they are read ahead: nothing is asked of PostgreSQL for them once that began."""
        return self._ahead is not None

    def finish_reading(self) -> None:
        """Wait until PostgreSQL has handed over all of them, so that something else can be asked of it."""
        if self._ahead is not None:
            self._ahead.finish()

    def catalogue(self) -> dict[int, tuple[str, ChipRevision | None]]:
        """By chip model: its class, and what is known of it."""
        return self._kinds.catalogue()

    def of(self, submission: int) -> KeptInventory:
        """The inventory of a submission; one of no line for a nil return."""
        if self._taken[0] != submission:
            lines = self._lines(submission)
            self._taken = submission, self._taken_apart(lines) if lines else _NOTHING
        return self._taken[1]

    def _lines(self, submission: int) -> str | None:
        if submission not in self._read:
            if self._coming is None:
                self._coming = self._at_once()
            for key, lines in self._coming:
                self._read[key] = lines
                # They come in the order of their keys: a nil return has no line, and is passed by.
                if key >= submission:
                    break
        return self._read.get(submission)

    def _at_once(self) -> Iterator[Row]:
        if not self._asked:
            return iter(())
        with connection.cursor() as cursor:
            cursor.execute(_LINES, [self._keys()])
            return iter(cursor.fetchall())

    def _keys(self) -> str:
        # One text: PostgreSQL reads a list of ten thousand numbers one expression after the other.
        return f"{{{','.join(map(str, self._asked))}}}"

    def _taken_apart(self, lines: str) -> KeptInventory:
        cells = lines.split(",")
        kinds = list(map(self._kinds.__getitem__, cells[2::4]))
        return KeptInventory(kinds, cells[3::4], cells[4::4], cells[5::4], first_day=cells[0], last_day=cells[1])


class _Kinds(dict[str, Kind]):
    """The engine's kinds by what a line calls them: chip model, workload and status."""

    def __init__(self, revisions: dict[int, ChipRevision]) -> None:
        self._revisions = revisions

    @cached_property
    def unrevised(self) -> dict[int, tuple[str, str]]:
        """By chip model the name and the class that it was first recorded with, of those of which nothing is known."""
        return ChipModel.objects.exclude(pk__in=self._revisions).order_by().first_called()

    def catalogue(self) -> dict[int, tuple[str, ChipRevision | None]]:
        """By chip model: its class, and what is known of it."""
        unrevised = {model: (chip_class, None) for model, (_, chip_class) in self.unrevised.items()}
        return {**unrevised, **{key: (one.chip_class, one) for key, one in self._revisions.items()}}

    def __missing__(self, called: str) -> Kind:
        model, workload, status = called.split(" ")
        revision = self._revisions.get(int(model))
        chip = (revision.name, revision.chip_class) if revision else self.unrevised[int(model)]
        # A revision that is only supposed has no key either.
        key = revision.pk if revision else None
        kind = self[called] = checked_kind(line_of(chip, revision, 1, workload, status, None, None), key)
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
