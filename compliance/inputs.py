"""What determinations were made of, read again by the keys that they name: for many at once, by a fixed number of
queries, and whatever was learned since."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db import connection

from chips.models import ChipModel, ChipRevision
from compliance.facts import centre_of, exemptions_of, rule_under
from compliance.inventories import line_of
from compliance.models import Determination, Exemption

# One row a submission: its lines as parallel arrays, in the order of the operator's spreadsheet.
_LINES = """
    SELECT submission_id, array_agg("row" ORDER BY "row"), array_agg(chip_model_id ORDER BY "row"),
           array_agg(quantity ORDER BY "row"), array_agg(workload ORDER BY "row"), array_agg(status ORDER BY "row"),
           array_agg(acquired_on::text ORDER BY "row"), array_agg(unit_price_cny::text ORDER BY "row")
    FROM chips_inventoryline WHERE submission_id = ANY(%s) GROUP BY submission_id
"""
# What a determination names by foreign keys; whoever hands determinations to `inputs_of` has these read with them.
NAMED = ("centre", "provision__mandate", "period", "centre_record", "submission", "hand_decision")


class NamedRecord(NamedTuple):
    """A record that a determination names: of what kind, as a code, under which key, and what it is called.

    Without a key: one or more of them, and which cannot be told.
    """

    kind: str
    key: int | None
    name: str = ""


class Inputs(NamedTuple):
    """What a determination was made of, and the engine's document that this comes to."""

    determination: Determination
    document: dict[str, Any]
    # The row of each of the document's lines in the operator's file, and the key of its chip model.
    rows: list[int]
    models: list[int]
    # By chip model: the revisions that the determination names.
    revisions: dict[int, ChipRevision]
    exemptions: list[Exemption]
    # What it names and is not there.
    missing: list[NamedRecord]


class _Filed(NamedTuple):
    """The lines of a submission as parallel columns."""

    rows: list[int]
    models: list[int]
    columns: list[list[Any]]


_NOTHING = _Filed([], [], [[], [], [], [], []])


def inputs_of(determinations: Iterable[Determination]) -> Iterator[Inputs]:
    """The inputs of each of `determinations`, whose `NAMED` records are read already, in their order."""
    made = list(determinations)
    revisions = ChipRevision.objects.in_bulk({key for one in made for key in one.chip_revisions})
    exemptions = Exemption.objects.in_bulk({key for one in made for key in one.exemptions})
    filed = _filed({one.submission_id for one in made if one.submission_id is not None})
    models = {model for columns in filed.values() for model in columns.models}
    # For those of which a determination names no revision.
    chips = ChipModel.objects.filter(pk__in=models).order_by().first_called()
    before: tuple[Any, list[dict[str, Any]]] = (None, [])
    for one in made:
        named = {revisions[key].chip_model_id: revisions[key] for key in one.chip_revisions if key in revisions}
        columns = filed.get(one.submission_id or 0, _NOTHING)
        # The determinations of a centre and a period mostly rest on the same lines, and stand side by side.
        same = (one.submission_id, tuple(one.chip_revisions))
        if before[0] != same:
            before = same, list(_lines(columns, named, chips))
        granted = [exemptions[key] for key in one.exemptions if key in exemptions]
        missing = [NamedRecord("chip_revision", key) for key in one.chip_revisions if key not in revisions]
        missing += [NamedRecord("exemption", key) for key in one.exemptions if key not in exemptions]
        document = _document(one, before[1], granted)
        yield Inputs(one, document, columns.rows, columns.models, named, granted, missing)


def _document(made: Determination, lines: list[dict[str, Any]], granted: list[Exemption]) -> dict[str, Any]:
    return {
        "as_of": made.period.ends_on.isoformat(),
        "provision": rule_under(made.provision, made.hand_decision),
        "centre": centre_of(made.centre_record),
        "exemptions": exemptions_of(granted, made.known_at),
        "reported": made.submission_id is not None,
        "lines": lines,
    }


def _filed(submissions: set[int]) -> dict[int, _Filed]:
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [list(submissions)])
        return {key: _Filed(rows, models, columns) for key, rows, models, *columns in cursor.fetchall()}


def _lines(
    filed: _Filed, named: dict[int, ChipRevision], chips: dict[int, tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    for model, *values in zip(filed.models, *filed.columns, strict=True):
        revision = named.get(model)
        # A model that is gone from under its lines has no name: the document says so by its digest.
        called = (revision.name, revision.chip_class) if revision else chips.get(model, ("", ""))
        yield line_of(called, revision, *values)
