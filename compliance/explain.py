"""Why a determination says what it says: its document made again from what it names, and what became of each line."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from chips.catalogue import doubts
from chips.models import ChipModel, Submission
from compliance.engine import DOMESTIC, FOREIGN, UNKNOWN, answer, origin_of
from compliance.facts import facts_of_determination, facts_of_draft
from compliance.measure import COUNTED, Measured, measure
from compliance.models import Determination, Provision

ORIGIN_NAMES = {DOMESTIC: "domestic", FOREIGN: "foreign", UNKNOWN: "unknown"}
# Why a line is left out, in the words of pages; the codes are the engine's.
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
    line: dict[str, Any]
    origin: str
    excluded: str | None
    # Whether it counts cannot be told, since the day it was acquired is not known.
    is_uncertain: bool
    # What is contested or yet to be verified of the chip, in words.
    doubts: list[str]


class Explanation(NamedTuple):
    document: dict[str, Any]
    answer: dict[str, Any]
    lines: list[ExplainedLine]
    # Whether the document made again has the digest that the determination kept.
    is_reproduced: bool


class Prospect(NamedTuple):
    """What a draft would come to under a provision, were it accepted as it is."""

    provision: Provision
    answer: dict[str, Any]
    measured: Measured


def explain(determination: Determination) -> Explanation:
    """The document that `determination` answered, made again from the revisions that it names."""
    facts = facts_of_determination(determination)
    document = facts.document(determination.centre_record, determination.provision)
    reply = answer(document)
    return Explanation(
        document=document,
        answer=determination.answer,
        lines=_explained_lines(document, reply, determination.submission),
        is_reproduced=reply == determination.answer,
    )


def prospects(submission: Submission) -> list[Prospect]:
    """What `submission` would come to under each provision in force, were it what stands for its centre."""
    facts = facts_of_draft(submission)
    found = []
    for record in facts.records:
        for provision in facts.provisions:
            document = facts.document(record, provision)
            reply = answer(document)
            found.append(Prospect(provision, reply, measure(document, reply)))
    return found


def _explained_lines(
    document: dict[str, Any], reply: dict[str, Any], submission: Submission | None
) -> list[ExplainedLine]:
    if submission is None:
        return []
    stored = submission.lines.select_related("chip_model__vendor").order_by("row")
    doubtful = doubts(filed.chip_model_id for filed in stored)
    excluded = {entry["line"]: entry["reason"] for entry in reply["excluded"]}
    is_counted = reply["outcome"] in COUNTED
    origin = origin_of(document["provision"])
    has_start = document["provision"]["population"]["acquired_from"] is not None
    return [
        ExplainedLine(
            row=filed.row,
            chip_model=filed.chip_model,
            line=line,
            origin=ORIGIN_NAMES[origin(line)],
            excluded=excluded.get(index),
            doubts=doubtful.get(filed.chip_model_id, []),
            is_uncertain=is_counted and has_start and line["acquired_on"] is None and index not in excluded,
        )
        for index, (filed, line) in enumerate(zip(stored, document["lines"], strict=True))
    ]
