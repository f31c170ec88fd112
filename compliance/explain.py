"""Why a determination says what it says: its document made again from what it names, and what became of each line."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, overload

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from chips.catalogue import DECIDING, claims_known, doubts
from chips.models import ChipModel, ChipRevision, Claim, Submission
from compliance.arithmetic import Arithmetic, arithmetic_of
from compliance.doubt import Doubt, doubt_of
from compliance.engine import COUNTED, DOMESTIC, FOREIGN, UNKNOWN, origin_of
from compliance.facts import facts_of_draft
from compliance.inputs import Inputs
from compliance.judging import judged
from compliance.measure import Measured
from compliance.models import Determination, Provision
from compliance.reproduce import Reproduction, reproduce

ORIGIN_NAMES = {DOMESTIC: "domestic", FOREIGN: "foreign", UNKNOWN: "unknown"}
# Why a line is left out, in the words of pages; the codes are the engine's, in its order.
EXCLUDED = {
    "class": _("not a class of chip that the rule counts"),
    "workload": _("not a workload that the rule counts"),
    "status": _("not in a status that the rule counts"),
    "acquired_after_as_of": _("acquired after the day that is asked about"),
    "acquired_before": _("acquired before the day from which the rule counts"),
}


class ExplainedLine(NamedTuple):
    """A line of the document, under its row in the operator's file: its origin, and why it is left out, if it is."""

    row: int
    chip_model: ChipModel
    # What the catalogue knew of the model on that day; None where it knew nothing.
    revision: ChipRevision | None
    line: dict[str, Any]
    origin: str
    excluded: str | None
    # Whether it counts cannot be told, since the day it was acquired is not known.
    is_uncertain: bool
    # What is contested or yet to be verified of the chip, in words.
    doubts: list[str]


class LeftOut(NamedTuple):
    """How much was left out for one reason."""

    reason: str
    lines: int
    units: int


class KnownChip(NamedTuple):
    """What the catalogue knew of a chip model on the day that is asked about, and who says so."""

    chip_model: ChipModel
    revision: ChipRevision | None
    # Those of the revision's claims that the engine reads.
    claims: list[Claim]


class Explanation(NamedTuple):
    reproduction: Reproduction
    # The document, made again; and what the engine answers to it now, by which the lines are told.
    document: dict[str, Any]
    # As it is kept.
    answer: dict[str, Any]
    # None where there is no share.
    arithmetic: Arithmetic | None
    left_out: list[LeftOut]
    chips: list[KnownChip]
    # By what sources said of the chips until then.
    doubt: Doubt
    # What was claimed of the chips only since, and is in nothing of this.
    claimed_since: list[Claim]
    lines: "ExplainedLines"

    @property
    def is_reproduced(self) -> bool:
        """Whether what was made again is what is kept, to the byte."""
        return self.reproduction.is_reproduced


class NotExplained(Exception):
    """The records that a determination names are no longer such that the engine answers: see `reproduction`."""

    def __init__(self, reproduction: Reproduction) -> None:
        super().__init__(f"Determination {reproduction.determination_id} cannot be made again.")
        self.reproduction = reproduction


class Prospect(NamedTuple):
    """What a draft would come to under a provision, were it accepted as it is."""

    provision: Provision
    answer: dict[str, Any]
    measured: Measured


def explain(determination: Determination) -> Explanation:
    """The document that `determination` answered, made again from the records that it names, and what it rests on.

    The determination's `inputs.NAMED` records are read already. Raises `NotExplained`.
    """
    reproduction = reproduce(determination)
    inputs, reply = reproduction.inputs, reproduction.answer
    if inputs is None or reply is None:
        raise NotExplained(reproduction)
    chips = _chips(inputs.models, determination.known_at)
    return Explanation(
        reproduction=reproduction,
        document=inputs.document,
        answer=determination.answer,
        arithmetic=arithmetic_of(inputs.document, reply),
        left_out=_left_out(inputs.document, reply),
        chips=[_known(chip, inputs.revisions.get(key)) for key, chip in chips.items()],
        doubt=doubt_of(
            inputs.document,
            reply,
            inputs.models,
            chips,
            is_state_funded_known=determination.centre_record.state_funded is not None,
        ),
        claimed_since=_claimed_since(inputs.models, determination.known_at),
        lines=ExplainedLines(inputs, reply, chips),
    )


def prospects(submission: Submission) -> list[Prospect]:
    """What `submission` would come to under each provision in force, were it what stands for its centre."""
    return [Prospect(one.provision, one.answer, one.measured) for one in judged(facts_of_draft(submission))]


class ExplainedLines(Sequence[ExplainedLine]):
    """The lines of a document as they are explained, each made when it is asked for: there can be very many."""

    def __init__(self, inputs: Inputs, reply: dict[str, Any], chips: dict[int, ChipModel]) -> None:
        self._inputs, self._chips = inputs, chips
        self._doubts = doubts(chips, inputs.determination.known_at)
        self._excluded = {entry["line"]: entry["reason"] for entry in reply["excluded"]}
        self._origin = origin_of(inputs.document["provision"])
        has_start = inputs.document["provision"]["population"]["acquired_from"] is not None
        self._may_be_uncertain = has_start and reply["outcome"] in COUNTED

    def __len__(self) -> int:
        return len(self._inputs.rows)

    @overload
    def __getitem__(self, place: int) -> ExplainedLine: ...
    @overload
    def __getitem__(self, place: slice) -> list[ExplainedLine]: ...
    def __getitem__(self, place: int | slice) -> ExplainedLine | list[ExplainedLine]:
        indexes = range(len(self))[place]
        return self._line(indexes) if isinstance(indexes, int) else [self._line(index) for index in indexes]

    def _line(self, index: int) -> ExplainedLine:
        inputs, line = self._inputs, self._inputs.document["lines"][index]
        model, excluded = inputs.models[index], self._excluded.get(index)
        return ExplainedLine(
            row=inputs.rows[index],
            chip_model=self._chips[model],
            revision=inputs.revisions.get(model),
            line=line,
            origin=ORIGIN_NAMES[self._origin(line)],
            excluded=excluded,
            is_uncertain=self._may_be_uncertain and excluded is None and line["acquired_on"] is None,
            doubts=self._doubts.get(model, []),
        )


def _chips(models: Iterable[int], known_at: datetime) -> dict[int, ChipModel]:
    """The models with these keys, in the order of their names, with their claims as known at `known_at`."""
    found = ChipModel.objects.filter(pk__in=set(models)).select_related("vendor")
    found = found.prefetch_related(Prefetch("claims", claims_known(known_at)))
    return {chip.pk: chip for chip in found.order_by("vendor__name", "name")}


def _claimed_since(models: Iterable[int], known_at: datetime) -> list[Claim]:
    """What was claimed after `known_at` of the figures of these models that a determination can rest on."""
    since = Claim.objects.filter(chip_model__in=set(models), figure__in=DECIDING, recorded_at__gt=known_at)
    return list(since.select_related("chip_model__vendor").order_by("recorded_at", "pk"))


def _known(chip: ChipModel, revision: ChipRevision | None) -> KnownChip:
    named = set(revision.claims) if revision else set()
    read = [claim for claim in chip.claims.all() if claim.pk in named and claim.figure in DECIDING]
    return KnownChip(chip, revision, read)


def _left_out(document: dict[str, Any], reply: dict[str, Any]) -> list[LeftOut]:
    """How many lines, and units, were left out for which reason, in the engine's order of reasons."""
    found: dict[str, list[int]] = {}
    for entry in reply["excluded"]:
        found.setdefault(entry["reason"], []).append(document["lines"][entry["line"]]["quantity"])
    return [LeftOut(reason, len(found[reason]), sum(found[reason])) for reason in EXCLUDED if reason in found]
