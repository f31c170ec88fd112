"""Whether determinations can be made again, to the byte, of the records that they name, and name what was known.

Those records are never changed, so that nothing that was learned since can tell: what differs was tampered with, or
is a fault of the register. The engine answers the document anew by its plain way, not by the one that judges periods.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

from chips.models import ChipRevision, Claim, Figure
from chips.receipts import lines_sha256
from compliance.engine import DocumentFault, answer
from compliance.inputs import NAMED, Inputs, NamedRecord, inputs_of
from compliance.known import Misnamed, misnamed
from compliance.measure import measure
from compliance.models import Determination

# So many determinations, and so many of their lines, are held in memory at once.
BATCH = 500
BATCH_LINES = 100_000
_MEASURED = (
    "units_domestic", "units_foreign", "units_unknown", "compute_domestic", "compute_foreign", "compute_unknown",
)  # fmt: skip


class Difference(NamedTuple):
    """A part of a determination that comes out otherwise: as it is kept, and as it is made again.

    `part` is ``digest``, ``outcome``, ``as_of``, a measured column, or ``answer/`` and a key of the engine's answer;
    ``document`` where the engine refuses the document: made again is its fault. ``records`` where one that is named is
    not there: kept is which, made again is None. A column of keys, such as ``submission_id``, where other records than
    those that it names were known at its instant.
    """

    part: str
    kept: Any
    made_again: Any


class Reproduction(NamedTuple):
    """What came of making a determination again."""

    determination_id: int
    # None where a record that it names by foreign key is not there.
    inputs: Inputs | None
    # The engine's answer now; None where it gives none.
    answer: dict[str, Any] | None
    differences: list[Difference]
    # Records that contradict what was kept of them elsewhere.
    suspects: list[NamedRecord]

    @property
    def is_reproduced(self) -> bool:
        return not self.differences


def reproduce(determination: Determination) -> Reproduction:
    """Make `determination` again; its `NAMED` records are read already. Nothing is stored."""
    (inputs,) = inputs_of([determination])
    return _reproduced(inputs, misnamed([determination]).get(determination.pk, []))


def reproduce_all(determinations: QuerySet[Determination]) -> Iterator[Reproduction]:
    """Make each of `determinations` again, batch by batch in the order of their keys, in bounded memory.

    Six queries a batch, however many determinations are in it, eight or nine for each period and instant of which
    any of it is, and two or three for each that is not reproduced.
    """
    ordered = determinations.order_by("pk")
    after = 0
    while keys := _next_batch(ordered.filter(pk__gt=after)):
        after = keys[-1]
        found = {made.pk: made for made in Determination.objects.filter(pk__in=keys).select_related(*NAMED)}
        wrong = misnamed(found.values())
        # One by one: of a batch's documents only one is held.
        for inputs in inputs_of(found[key] for key in keys if key in found):
            yield _reproduced(inputs, wrong.get(inputs.determination.pk, []))
        yield from (_without_records(key) for key in keys if key not in found)


def told(one: Reproduction) -> dict[str, Any]:
    """What came of making a determination again, as JSON takes it."""
    named: dict[str, Any] = {"determination": one.determination_id, "centre": None, "mandate": None, "period": None}
    if one.inputs is not None:
        made = one.inputs.determination
        named |= {"centre": made.centre.code, "mandate": made.provision.mandate.code, "period": made.period_id}
    differences = [
        {"part": part, "kept": _plain(kept), "made_again": _plain(made_again)}
        for part, kept, made_again in one.differences
    ]
    suspects = [suspect._asdict() for suspect in one.suspects]
    return named | {"is_reproduced": one.is_reproduced, "differences": differences, "suspects": suspects}


def _next_batch(ordered: QuerySet[Determination]) -> list[int]:
    """The next keys, as many as fit: at least one."""
    keys: list[int] = []
    lines: dict[int | None, int] = {}
    for key, submission, count in ordered.values_list("pk", "submission_id", "submission__line_count")[:BATCH]:
        lines[submission] = count or 0
        if keys and sum(lines.values()) > BATCH_LINES:
            break
        keys.append(key)
    return keys


def _without_records(key: int) -> Reproduction:
    return Reproduction(key, None, None, [Difference("records", NamedRecord("some", None), None)], [])


def _reproduced(inputs: Inputs, wrong: list[Misnamed]) -> Reproduction:
    differences = [Difference("records", record, None) for record in inputs.missing]
    differences += [Difference(*one) for one in wrong]
    try:
        reply = answer(inputs.document)
    except DocumentFault as fault:
        refused = Difference("document", inputs.determination.digest, fault)
        return Reproduction(inputs.determination.pk, inputs, None, [*differences, refused], _suspects(inputs))
    differences += _differences(inputs, reply)
    suspects = _suspects(inputs) if differences else []
    return Reproduction(inputs.determination.pk, inputs, reply, differences, suspects)


def _differences(inputs: Inputs, reply: dict[str, Any]) -> list[Difference]:
    made, kept = inputs.determination, inputs.determination.answer
    parts: list[tuple[str, Any, Any]] = [
        ("digest", made.digest, reply["digest"]),
        ("outcome", made.outcome, reply["outcome"]),
        ("as_of", made.as_of.isoformat(), inputs.document["as_of"]),
    ]
    parts += [(f"answer/{key}", kept.get(key), reply.get(key)) for key in {**reply, **kept}]
    measured = zip(_MEASURED, measure(inputs.document, reply).columns(), strict=True)
    parts += [(column, _exact(getattr(made, column)), _exact(again)) for column, again in measured]
    return [Difference(*part) for part in parts if part[1] != part[2]]


def _exact(value: int | Decimal | str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _suspects(inputs: Inputs) -> list[NamedRecord]:
    """The records of `inputs` that contradict what else was kept of them: lines their digest, revisions their claims.

    Of other records nothing else is kept; where none of these contradicts, one of those was changed, or the
    determination itself.
    """
    submission = inputs.determination.submission
    suspects = []
    if submission is not None and submission.lines_sha256 and lines_sha256(submission) != submission.lines_sha256:
        suspects.append(NamedRecord("lines", submission.pk, submission.accession_number or str(submission.pk)))
    named = {key for revision in inputs.revisions.values() for key in revision.claims}
    claims = Claim.objects.in_bulk(named)
    suspects += [
        NamedRecord("chip_revision", revision.pk, revision.name)
        for revision in inputs.revisions.values()
        if not _rests_on(revision, claims)
    ]
    return suspects


def _rests_on(revision: ChipRevision, claims: dict[int, Claim]) -> bool:
    """Whether a revision says what its claims say."""
    said = {claims[key].figure: claims[key].value for key in revision.claims if key in claims}
    return (revision.designer_country, revision.fabricator_country, revision.compute) == (
        said.get(Figure.DESIGNER_COUNTRY),
        said.get(Figure.FABRICATOR_COUNTRY),
        said.get(Figure.FP16_TFLOPS),
    )


def _plain(value: Any) -> Any:
    """A value as JSON takes it; decimals as texts, a record by its kind and key, a fault in the engine's words."""
    match value:
        case Decimal():
            return f"{value:f}"
        case NamedRecord():
            return value.kind if value.key is None else f"{value.kind} {value.key}"
        case DocumentFault():
            return f"{value.path}: {value.message}"
        case _:
            return value
