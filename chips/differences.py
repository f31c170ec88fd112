"""What changed between two submissions, line by line.

Lines have no identity across files. Those that are equal in everything but their row are told to be the same, and of
what is left the nearest are told to be one line that changed.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import connection
from django.db.models import Q, Sum

from chips.models import ChipModel, InventoryLine, LineStatus, Submission

# What is left of a side, at most, to be told line by line; beyond that only the units by model are.
GREATEST_PAIRED = 20_000
SHOWN = 100
FIELDS = (
    "chip_model_id", "quantity", "workload", "status", "acquired_on", "acquisition", "unit_price_cny",
    "serial_numbers", "note",
)  # fmt: skip
# In which lines must agree to be told to be one that changed: the nearest first.
NEARNESS: tuple[tuple[str, ...], ...] = (
    ("chip_model_id", "workload", "status", "acquired_on", "acquisition"),
    ("chip_model_id", "acquired_on"),
    ("chip_model_id",),
)


class Kind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that was added or removed, or one that `was` another and changed in `fields`."""

    kind: Kind
    line: InventoryLine
    was: InventoryLine | None = None
    fields: tuple[str, ...] = ()

    @property
    def serials_gained(self) -> list[str]:
        """Of a line that changed, the serial numbers that it did not have."""
        return _without(self.line.serial_numbers, self.was.serial_numbers) if self.was else []

    @property
    def serials_lost(self) -> list[str]:
        """Of a line that changed, the serial numbers that it has no more."""
        return _without(self.was.serial_numbers, self.line.serial_numbers) if self.was else []


@dataclass(frozen=True, slots=True)
class StatusUnits:
    """The units of a model in one status, before and after."""

    status: LineStatus
    opening: int
    closing: int

    @property
    def change(self) -> int:
        return self.closing - self.opening


@dataclass(frozen=True, slots=True)
class ModelUnits:
    """The units of a model in all statuses, before and after, and in each."""

    chip_model: ChipModel
    opening: int
    closing: int
    by_status: list[StatusUnits]

    @property
    def change(self) -> int:
        return self.closing - self.opening


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed from `before` (None: there was nothing) to `after`.

    `only_before` and `only_after` count the lines that have no equal in the other submission. Where either is over the
    limit, `is_told_by_line` is false and `lines` empty: only `by_model` says then what changed.
    """

    before: Submission | None
    after: Submission
    unchanged: int
    only_before: int
    only_after: int
    is_told_by_line: bool
    # In the order of rows.
    lines: list[Difference] = field(default_factory=list)
    by_model: list[ModelUnits] = field(default_factory=list)

    @property
    def added(self) -> list[InventoryLine]:
        return [one.line for one in self.lines if one.kind == Kind.ADDED]

    @property
    def removed(self) -> list[InventoryLine]:
        return [one.line for one in self.lines if one.kind == Kind.REMOVED]

    @property
    def changed(self) -> list[Difference]:
        return [one for one in self.lines if one.kind == Kind.CHANGED]

    @property
    def is_same(self) -> bool:
        """Whether both hold the same lines, in whatever order."""
        return self.only_before == self.only_after == 0

    @property
    def first_lines(self) -> list[Difference]:
        """What a page shows that does not turn them over."""
        return self.lines[:SHOWN]

    @property
    def units_before(self) -> int:
        return self.before.units if self.before else 0

    @property
    def units_after(self) -> int:
        return self.after.units

    @property
    def units_change(self) -> int:
        return self.units_after - self.units_before

    @property
    def moved_models(self) -> list[ModelUnits]:
        """The models of which there are more or fewer units, in all or in some status."""
        return [one for one in self.by_model if any(units.change for units in one.by_status)]


def differences(before: Submission | None, after: Submission, *, limit: int = GREATEST_PAIRED) -> Differences:
    """What changed from `before` to `after`, by line where at most `limit` lines of either have no equal in the other.

    Five queries, however many lines there are; in the database two sorts of all lines, here only those without equal.
    """
    (left_before, rows_before), (left_after, rows_after) = _without_equal(before, after, limit)
    is_told = left_before <= limit and left_after <= limit
    by_model = units_by_model(before, after)
    models = {one.chip_model.pk: one.chip_model for one in by_model}
    lines = pair(_lines(before, rows_before, models), _lines(after, rows_after, models)) if is_told else []
    return Differences(
        before=before,
        after=after,
        unchanged=after.line_count - left_after,
        only_before=left_before,
        only_after=left_after,
        is_told_by_line=is_told,
        lines=lines,
        by_model=by_model,
    )


def is_same(before: Submission, after: Submission) -> bool:
    """Whether both hold the same lines, in whatever order and whatever the catalogue calls their chips."""
    if (before.nil, before.line_count, before.units) != (after.nil, after.line_count, after.units):
        return False
    return differences(before, after, limit=0).is_same


def units_by_model(before: Submission | None, after: Submission) -> list[ModelUnits]:
    """The units of each model and status in both submissions, by vendor and model; of statuses, those that occur."""
    was, became = Q(submission=before.pk if before else None), Q(submission=after.pk)
    found: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    sums = (
        InventoryLine.objects.filter(submission__in=[one.pk for one in (before, after) if one])
        .order_by()
        .values_list("chip_model_id", "status")
        .annotate(opening=Sum("quantity", filter=was, default=0), closing=Sum("quantity", filter=became, default=0))
    )
    for chip_model, status, opening, closing in sums:
        found[chip_model][status] = (opening, closing)
    return [
        ModelUnits(
            chip_model,
            sum(opening for opening, _ in found[chip_model.pk].values()),
            sum(closing for _, closing in found[chip_model.pk].values()),
            [
                StatusUnits(status, *found[chip_model.pk][status])
                for status in LineStatus
                if status in found[chip_model.pk]
            ],
        )
        for chip_model in ChipModel.objects.filter(pk__in=found).select_related("vendor")
    ]


def pair(before: Sequence[InventoryLine], after: Sequence[InventoryLine]) -> list[Difference]:
    """Lines of which none equals one of the other side: which became which, in the order of rows.

    Of lines that are equally near, the first before becomes the first after.
    """
    left_before = {line.row: line for line in sorted(before, key=_row)}
    left_after = {line.row: line for line in sorted(after, key=_row)}
    made = []
    for names in NEARNESS:
        waiting: dict[tuple[object, ...], deque[InventoryLine]] = defaultdict(deque)
        for line in left_before.values():
            waiting[_values(line, names)].append(line)
        for line in list(left_after.values()):
            candidates = waiting[_values(line, names)]
            if candidates:
                was = candidates.popleft()
                made.append(Difference(Kind.CHANGED, line, was, differing(was, line)))
                del left_before[was.row], left_after[line.row]
    made.extend(Difference(Kind.REMOVED, line) for line in left_before.values())
    made.extend(Difference(Kind.ADDED, line) for line in left_after.values())
    return sorted(made, key=lambda one: (one.line.row, one.kind))


def differing(before: InventoryLine, after: InventoryLine) -> tuple[str, ...]:
    """The fields in which two lines differ."""
    return tuple(name for name in FIELDS if getattr(before, name) != getattr(after, name))


def _without_equal(
    before: Submission | None, after: Submission, limit: int
) -> tuple[tuple[int, list[int]], tuple[int, list[int]]]:
    """Of each side, how many lines have no equal on the other, and the rows of those, `limit` of them at most."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_EQUAL, {"before": before.pk if before else None, "after": after.pk, "limit": limit})
        left_before, left_after, rows_before, rows_after = cursor.fetchone()
    return (left_before, rows_before or []), (left_after, rows_after or [])


# A line as text is told from every other, and is quicker to sort than its fields. Of n equal lines on one side and m
# on the other, the first of each are the same.
_WITHOUT_EQUAL = """
WITH before AS (
    SELECT row, whole, row_number() OVER (PARTITION BY whole ORDER BY row) AS nth
    FROM (
        SELECT row, ROW(
            chip_model_id, quantity, workload, status, acquired_on, acquisition, unit_price_cny, serial_numbers, note
        )::text COLLATE "C" AS whole
        FROM chips_inventoryline WHERE submission_id = %(before)s
    ) line
), after AS (
    SELECT row, whole, row_number() OVER (PARTITION BY whole ORDER BY row) AS nth
    FROM (
        SELECT row, ROW(
            chip_model_id, quantity, workload, status, acquired_on, acquisition, unit_price_cny, serial_numbers, note
        )::text COLLATE "C" AS whole
        FROM chips_inventoryline WHERE submission_id = %(after)s
    ) line
), unequal AS (
    SELECT before.row AS before, after.row AS after FROM before FULL JOIN after USING (whole, nth)
    WHERE before.row IS NULL OR after.row IS NULL
)
SELECT count(before), count(after),
    (array_agg(before ORDER BY before) FILTER (WHERE before IS NOT NULL))[:%(limit)s],
    (array_agg(after ORDER BY after) FILTER (WHERE after IS NOT NULL))[:%(limit)s]
FROM unequal
"""


def _lines(submission: Submission | None, rows: list[int], models: dict[int, ChipModel]) -> list[InventoryLine]:
    if submission is None or not rows:
        return []
    lines = list(InventoryLine.objects.filter(submission=submission.pk, row__in=rows).order_by("row"))
    for line in lines:
        line.chip_model = models[line.chip_model_id]
    return lines


def _row(line: InventoryLine) -> int:
    return line.row


def _values(line: InventoryLine, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(getattr(line, name) for name in names)


def _without(serials: list[str], known: list[str]) -> list[str]:
    others = set(known)
    return [serial for serial in serials if serial not in others]
