"""An explanation as JSON, whole or without its lines: what the API answers, and what pages give to be kept."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from chips.models import ChipRevision, Claim
from compliance import wording
from compliance.arithmetic import Arithmetic, Bound, bound_in_words, exact, sum_in_words
from compliance.doubt import Case, ContestedFigure, Doubt, Supposed, UnknownOrigin, unknown_in_words
from compliance.explain import EXCLUDED, ExplainedLine, Explanation, KnownChip
from compliance.models import Determination, Exemption
from compliance.reading import rule_in_words
from compliance.reproduce import told as reproduction_told
from compliance.shares import parts_of, percent_of

Json = dict[str, Any]

# So many lines are written at once.
_CHUNK = 500


def told(explanation: Explanation, determination: Determination, provisional: Iterable[str]) -> Json:
    """All of an explanation but the lines: in the reader's language where it is in words."""
    inputs = explanation.reproduction.inputs
    rule, answer = explanation.document["provision"], explanation.answer
    decision, provision, submission = determination.hand_decision, determination.provision, determination.submission
    return {
        "provenance": determination.centre.provenance,
        "provisional": list(provisional),
        "sentence": wording.sentence_of(determination),
        "rule": {
            "in_words": rule_in_words(rule, determination.as_of),
            "mandate": provision.mandate.code,
            "provision": provision.pk,
            "from_on": provision.from_on.isoformat(),
            "citation": provision.citation,
            "confidence": provision.mandate.confidence,
            "hand_decision": decision
            and {
                "id": decision.pk,
                "ruling": decision.ruling,
                "from_on": decision.from_on.isoformat(),
                "reason": decision.reason,
            },
        },
        "answer": answer,
        "arithmetic": explanation.arithmetic and _arithmetic(explanation.arithmetic),
        "left_out": [one._asdict() | {"in_words": str(EXCLUDED[one.reason])} for one in explanation.left_out],
        "doubt": _doubt(explanation.doubt, rule["metric"]),
        "claimed_since": [{"chip_model": one.chip_model_id, **_claim(one)} for one in explanation.claimed_since],
        "chips": [_chip(one) for one in explanation.chips],
        "centre_record": _record(determination),
        "submission": submission
        and {
            "id": submission.pk,
            "version": submission.version,
            "status": submission.status,
            "accession_number": submission.accession_number,
            "lines_sha256": submission.lines_sha256 or None,
        },
        "exemptions": [_exemption(one, determination.known_at) for one in inputs.exemptions] if inputs else [],
        **{key: reproduction_told(explanation.reproduction)[key] for key in ("is_reproduced", "differences")},
    }


def line_told(one: ExplainedLine) -> Json:
    """A line, under its row in the operator's file."""
    return {
        "row": one.row,
        "chip_model": one.chip_model.pk,
        # None: the catalogue knew nothing of the model on that day.
        "chip_revision": one.revision and one.revision.pk,
        "line": one.line,
        "origin": one.origin,
        "excluded": one.excluded,
        "is_uncertain": one.is_uncertain,
        "doubts": one.doubts,
    }


def written(explanation: Explanation, known: Json, *, with_lines: bool) -> Iterator[str]:
    """The JSON of an explanation of which `known` is `told`, a part after the other.

    Without its lines both lists of them are null: the document's own, and those that are explained.
    """
    plain = {key: value for key, value in explanation.document.items() if key != "lines"}
    yield _dumped(known)[:-1] + ',"document":' + _dumped(plain)[:-1]
    if not with_lines:
        yield ',"lines":null},"lines":null}'
        return
    yield ',"lines":['
    yield from _listed(explanation.document["lines"])
    yield ']},"lines":['
    size = len(explanation.lines)
    yield from _listed(line_told(explanation.lines[index]) for index in range(size))
    yield "]}"


def etag_of(known: Json, *, with_lines: bool) -> str:
    """The entity tag of what `written` gives: the lines follow from what is `known`, which holds the digest of their
    document, and from the language that their doubts are told in."""
    text = _dumped([known, with_lines, get_language()])
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def share_told(fraction: str | None) -> Json | None:
    """The engine's ``"13/25"`` as the API gives a share."""
    if fraction is None:
        return None
    numerator, denominator = parts_of(fraction)
    return {"numerator": numerator, "denominator": denominator, "percent": percent_of(fraction)}


def _dumped(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _listed(items: Iterable[Json]) -> Iterator[str]:
    """The items of a list, in chunks."""
    chunk: list[Json] = []
    before = ""
    for item in items:
        chunk.append(item)
        if len(chunk) == _CHUNK:
            yield before + _dumped(chunk)[1:-1]
            before = ","
            chunk.clear()
    if chunk:
        yield before + _dumped(chunk)[1:-1]


def _arithmetic(reckoned: Arithmetic) -> Json:
    weights = ("domestic", "foreign", "unknown", "maybe_domestic", "maybe_foreign", "maybe_unknown")
    return {
        "metric": reckoned.metric,
        **{name: exact(getattr(reckoned, name)) for name in weights},
        "in_words": sum_in_words(reckoned),
        "low": _bound(reckoned.low, reckoned),
        "high": _bound(reckoned.high, reckoned),
    }


def _bound(one: Bound, reckoned: Arithmetic) -> Json:
    return {
        "domestic": exact(one.domestic),
        "total": exact(one.total),
        "domestic_times_denominator": exact(one.left),
        "total_times_numerator": exact(one.right),
        "is_met": one.is_met,
        "in_words": bound_in_words(one, reckoned),
    }


def _doubt(doubt: Doubt, metric: str) -> Json:
    return {
        "unknown_origin": doubt.unknown and _unknown(doubt.unknown, metric),
        "contested": [_contested(one) for one in doubt.contested],
        "worst": doubt.worst and _supposed(doubt.worst),
        "best": doubt.best and _supposed(doubt.best),
        "contested_unread": [{"chip_model": chip.pk, "figure": figure} for chip, figure in doubt.unread],
        "if_state_funded": doubt.state_funded and _supposed(doubt.state_funded),
    }


def _unknown(unknown: UnknownOrigin, metric: str) -> Json:
    return {
        "units": unknown.units,
        "lines": unknown.lines,
        "all_domestic": _supposed(unknown.all_domestic),
        "all_foreign": _supposed(unknown.all_foreign),
        "decisive": None if unknown.decisive is None else exact(unknown.decisive),
        "in_words": unknown_in_words(unknown, metric),
    }


def _supposed(supposed: Supposed) -> Json:
    return supposed._asdict() | {"low": share_told(supposed.low), "high": share_told(supposed.high)}


def _contested(one: ContestedFigure) -> Json:
    return {
        "chip_model": one.chip_model.pk,
        "figure": one.figure,
        "counted": one.counted,
        "cases": [_case(case) for case in one.cases],
    }


def _case(case: Case) -> Json:
    return {"value": case.value, "claims": [_claim(claim) for claim in case.claims], **_supposed(case.supposed)}


def _chip(one: KnownChip) -> Json:
    return {
        "chip_model": one.chip_model.pk,
        "vendor": one.chip_model.vendor.name,
        "name": one.revision.name if one.revision else one.chip_model.name,
        "revision": one.revision and _revision(one.revision),
        "claims": [_claim(claim) for claim in one.claims],
    }


def _revision(revision: ChipRevision) -> Json:
    return {
        "id": revision.pk,
        "from_on": revision.from_on.isoformat(),
        "recorded_at": revision.recorded_at.isoformat(),
        "designer_country": revision.designer_country,
        "fabricator_country": revision.fabricator_country,
        "compute": revision.compute,
        "claims": revision.claims,
    }


def _claim(claim: Claim) -> Json:
    return {
        "id": claim.pk,
        "figure": claim.figure,
        "value": claim.value,
        "source": claim.source,
        "confidence": claim.confidence,
        "read_on": claim.read_on and claim.read_on.isoformat(),
        "recorded_at": claim.recorded_at.isoformat(),
    }


def _record(determination: Determination) -> Json:
    record = determination.centre_record
    return {
        "id": record.pk,
        "from_on": record.from_on.isoformat(),
        "recorded_at": record.recorded_at.isoformat(),
        # Null: not known, and read as no.
        "state_funded": record.state_funded,
    }


def _exemption(exemption: Exemption, known_at: datetime) -> Json:
    """An exemption as it was known then, and whether it was revoked since."""
    revoked_from_on = exemption.revoked_since(known_at)
    return {
        "id": exemption.pk,
        "from_on": exemption.from_on.isoformat(),
        "to_on": exemption.to_on.isoformat(),
        "ends_on": exemption.ends_on(known_at).isoformat(),
        "revoked_since_from_on": revoked_from_on and revoked_from_on.isoformat(),
        "threshold": None if exemption.threshold is None else str(exemption.threshold),
        "reason": exemption.reason,
    }
