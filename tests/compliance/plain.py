"""The contract read again, slowly and plainly, for tests alone: it shares no code with what it is held against.

Shares are found by trying every way of counting each uncertain line and of settling each unknown origin; helps by
counting up from nought. Records are read one by one, each by a loop over all of its table.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import product
from typing import Any

from centres.models import Centre, CentreRecord, ReportingPeriod
from chips.models import ChipRevision, Submission
from compliance.models import Exemption, HandDecision, Mandate, Provision

Json = dict[str, Any]
# How many times all that counts is tried to be added before nothing is taken to help.
GREATEST_HELP = 200


def document_of(centre: Centre, mandate: Mandate, period: ReportingPeriod, known_at: datetime) -> Json | None:
    """What is asked of a centre under a mandate; None where no provision holds, it is not known, or it had closed."""
    day = period.ends_on
    provision = _last(
        [p for p in Provision.objects.filter(mandate=mandate) if _known(p.issued_at, known_at) and p.from_on <= day],
        lambda p: (p.from_on,),
    )
    record = _last(
        [r for r in CentreRecord.objects.filter(centre=centre) if r.recorded_at <= known_at and r.from_on <= day],
        lambda r: (r.from_on, r.recorded_at, r.pk),
    )
    if provision is None or record is None or record.status == "closed":
        return None
    rule = json.loads(json.dumps(provision.rule))
    decision = _last(
        [
            d
            for d in HandDecision.objects.filter(centre=centre, provision=provision)
            if d.decided_at <= known_at and d.from_on <= day
        ],
        lambda d: (d.from_on, d.decided_at, d.pk),
    )
    if decision is not None and decision.ruling == "applies":
        rule["scope"] = provision.case_by_case
    standing = _last(
        [s for s in Submission.objects.filter(centre=centre, period=period) if s.status == "accepted"
         and _known(s.decided_at, known_at)],
        lambda s: (s.version,),
    )  # fmt: skip
    return {
        "as_of": day.isoformat(),
        "provision": rule,
        "centre": {
            "kind": record.kind,
            "region": record.region_code,
            "ownership": record.ownership,
            "state_funded": record.state_funded is True,
            "commissioned_on": record.commissioned_on.isoformat() if record.commissioned_on else None,
            "progress": str(record.progress) if record.progress is not None else None,
        },
        "exemptions": list(_exemptions(centre, mandate, known_at)),
        "reported": standing is not None,
        "lines": [_line(line, day, known_at) for line in standing.lines.order_by("row")] if standing else [],
    }


def _exemptions(centre: Centre, mandate: Mandate, known_at: datetime) -> Iterator[Json]:
    for exemption in Exemption.objects.filter(centre=centre, mandate=mandate).order_by("pk"):
        if exemption.granted_at is None or exemption.granted_at > known_at:
            continue
        end = exemption.to_on
        if exemption.revoked_from_on and _known(exemption.revoked_at, known_at):
            end = min(end, exemption.revoked_from_on - timedelta(days=1))
        if end >= exemption.from_on:
            threshold = None if exemption.threshold is None else str(exemption.threshold)
            yield {"from": exemption.from_on.isoformat(), "to": end.isoformat(), "threshold": threshold}


def _line(line: Any, day: date, known_at: datetime) -> Json:
    revision = _last(
        [
            r
            for r in ChipRevision.objects.filter(chip_model=line.chip_model)
            if r.from_on <= day and r.recorded_at <= known_at
        ],
        lambda r: (r.from_on, r.recorded_at, r.pk),
    )
    return {
        "chip": revision.name if revision else line.chip_model.name,
        "class": revision.chip_class if revision else line.chip_model.chip_class,
        "quantity": line.quantity,
        "workload": line.workload,
        "status": line.status,
        "acquired_on": line.acquired_on.isoformat() if line.acquired_on else None,
        "designer_country": revision.designer_country if revision else None,
        "fabricator_country": revision.fabricator_country if revision else None,
        "compute": revision.compute if revision else None,
        "unit_price": str(line.unit_price_cny) if line.unit_price_cny is not None else None,
    }


def _known(at: datetime | None, known_at: datetime) -> bool:
    return at is not None and at <= known_at


def _last(found: list[Any], order: Any) -> Any:
    return sorted(found, key=order)[-1] if found else None


def answer_to(document: Json) -> Json:
    """The contract's answer, without `next_step`, `excluded` as pairs."""
    rule, as_of = document["provision"], document["as_of"]
    reply: Json = dict.fromkeys(
        ("outcome", "reason", "low", "high", "threshold", "comparator", "replace", "add", "shortfall")
    )
    reply["excluded"] = []
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    reply["digest"] = hashlib.sha256(canonical.encode()).hexdigest()
    begun = sorted((step for step in rule["steps"] if step["from"] <= as_of), key=lambda step: step["from"])
    if not _is_in_scope(document["centre"], rule["scope"]):
        return reply | {"outcome": "out_of_scope"}
    if not begun:
        return reply | {"outcome": "not_in_force"}
    covering = [e for e in document["exemptions"] if e["from"] <= as_of and (e["to"] is None or as_of <= e["to"])]
    threshold = Fraction(begun[-1]["threshold"])
    is_exempt = any(e["threshold"] is None for e in covering)
    if not is_exempt:
        threshold = min([threshold, *(Fraction(e["threshold"]) for e in covering)])
    reply |= {"threshold": _text(threshold), "comparator": begun[-1]["comparator"]}
    if is_exempt:
        return reply | {"outcome": "exempt"}
    if not document["reported"]:
        return reply | {"outcome": "not_reported"}
    return reply | _counted(document, threshold, begun[-1]["comparator"])


def _is_in_scope(centre: Json, scope: Json) -> bool:
    on, progress = centre["commissioned_on"], centre["progress"]
    tests = [
        scope["kinds"] is None or centre["kind"] in scope["kinds"],
        scope["regions"] is None or any(centre["region"].startswith(prefix) for prefix in scope["regions"]),
        scope["ownership"] is None or centre["ownership"] in scope["ownership"],
        scope["state_funded"] is None or centre["state_funded"] == scope["state_funded"],
        scope["commissioned_from"] is None or (on is not None and on >= scope["commissioned_from"]),
        scope["commissioned_to"] is None or (on is not None and on <= scope["commissioned_to"]),
        scope["progress_under"] is None
        or (progress is not None and Fraction(progress) < Fraction(scope["progress_under"])),
    ]
    return all(tests)


def _counted(document: Json, threshold: Fraction, comparator: str) -> Json:
    rule, as_of = document["provision"], document["as_of"]
    excluded, certain, uncertain = [], [], []
    for index, line in enumerate(document["lines"]):
        reason = _why_left_out(line, rule["population"], as_of)
        if reason:
            excluded.append((index, reason))
        elif rule["population"]["acquired_from"] is not None and line["acquired_on"] is None:
            uncertain.append(line)
        else:
            certain.append(line)
    reply: Json = {"excluded": excluded}
    weights = [_weight(line, rule["metric"]) for line in (*certain, *uncertain)]
    if any(weight is None for weight in weights):
        return reply | {"outcome": "undetermined", "reason": "missing_weight"}
    if not certain:
        if uncertain:
            return reply | {"outcome": "undetermined", "reason": "unknown_population"}
        return reply | {"outcome": "empty"}
    shares = list(_shares(certain, uncertain, rule))
    (low, domestic, total), (high, _domestic, _total) = min(shares), max(shares)
    # Of several ways to the least share, the contract counts in every uncertain line that is not domestic.
    domestic, total = max(((d, t) for share, d, t in shares if share == low), key=lambda way: way[1])
    reply |= {"low": _text(low), "high": _text(high)}

    def meets(share: Fraction) -> bool:
        return share > threshold if comparator == "over" else share >= threshold

    if meets(low):
        reply["outcome"] = "compliant"
    elif meets(high):
        reply |= {"outcome": "undetermined", "reason": "unknown_origin"}
    else:
        reply["outcome"] = "non_compliant"
    if rule["metric"] == "units":
        replaced = (n for n in range(int(total - domestic) + 1) if meets(Fraction(domestic + n, total)))
        added = (n for n in range(GREATEST_HELP * int(total)) if meets(Fraction(domestic + n, total + n)))
        reply |= {"replace": next(replaced, None), "add": next(added, None)}
    return reply | {"shortfall": _text(max(Fraction(0), threshold * total - domestic))}


def _why_left_out(line: Json, population: Json, as_of: str) -> str | None:
    if population["classes"] is not None and line["class"] not in population["classes"]:
        return "class"
    if population["workloads"] is not None and line["workload"] not in population["workloads"]:
        return "workload"
    if population["statuses"] is not None and line["status"] not in population["statuses"]:
        return "status"
    if line["acquired_on"] is not None and line["acquired_on"] > as_of:
        return "acquired_after_as_of"
    since = population["acquired_from"]
    return "acquired_before" if since and line["acquired_on"] and line["acquired_on"] < since else None


def _weight(line: Json, metric: str) -> Fraction | None:
    if metric == "units":
        return Fraction(line["quantity"])
    figure = line["compute" if metric == "compute" else "unit_price"]
    return line["quantity"] * Fraction(figure) if figure is not None and Fraction(figure) > 0 else None


def _origin(line: Json, rule: Json) -> bool | None:
    """Whether the line is domestic; None where that is not known."""
    designer, fabricator = (
        None if line[key] is None else line[key] in rule["domestic"]
        for key in ("designer_country", "fabricator_country")
    )
    if rule["origin_rule"] == "designer":
        return designer
    if rule["origin_rule"] == "fabricator":
        return fabricator
    if designer is False or fabricator is False:
        return False
    return True if designer and fabricator else None


def _shares(certain: list[Json], uncertain: list[Json], rule: Json) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
    """Share, domestic and total weight of every way of counting uncertain lines and settling unknown origins."""
    for counted_in in product((True, False), repeat=len(uncertain)):
        counted = certain + [line for line, is_in in zip(uncertain, counted_in, strict=True) if is_in]
        settled = [(origin,) if (origin := _origin(line, rule)) is not None else (True, False) for line in counted]
        weights = [_weight(line, rule["metric"]) or Fraction(0) for line in counted]
        total = sum(weights, Fraction(0))
        for origins in product(*settled):
            domestic = sum((w for w, is_home in zip(weights, origins, strict=True) if is_home), Fraction(0))
            yield domestic / total, domestic, total


def _text(fraction: Fraction) -> str:
    return f"{fraction.numerator}/{fraction.denominator}"
