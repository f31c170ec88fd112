"""A rule tried on a period: how all would be judged by it, beside what stands."""

from collections import Counter
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from centres.models import Centre, Provenance
from centres.periods import closes_at
from chips.models import ChipClass
from compliance.curve import Curve
from compliance.facts import Facts, facts_of_period
from compliance.judging import judged, many_judged
from compliance.models import CurrentDetermination, Determination, Mandate, Provision, SimulatedChange, Simulation

# What shares are told by, side by side.
MEASURES = ("units", "compute")


class _Standing(NamedTuple):
    """What stands of a centre today."""

    outcome: str
    determination_id: int


@many_judged()
def tried(simulation: Simulation, *, known_at: datetime) -> tuple[dict[str, Any], list[SimulatedChange]]:
    """What comes of judging the rule by what is known at `known_at`: `Simulation.result`, and whose outcome changes.

    Nothing is stored. Counts and curves are of filings, as rollups are: what was worked out for a centre that never
    filed is in none, and stands among the changes alone.
    """
    codes = simulation.region_codes
    centres = None if codes is None else Centre.objects.filter(region__in=codes)
    facts = facts_of_period(simulation.period, centres, [simulation.mandate], known_at=known_at)
    standing, counts = _today(simulation)
    curves = {measure: Curve() for measure in MEASURES}
    changes = []
    # The rule itself comes first; the others weigh the same lines by the measures that it does not.
    metric, illustrative = simulation.rule["metric"], Provenance.ILLUSTRATIVE.value
    granted = _granted(facts, simulation.mandate)
    with facts.inventories.read_ahead():
        for record, provision, answered in judged(facts._replace(provisions=_weighed(simulation))):
            centre, measure, reply = record.centre_id, provision.rule["metric"], answered.reply
            is_filed = record.provenance != illustrative
            if is_filed and measure in curves:
                curves[measure].add(reply, granted.get(centre))
            if measure != metric:
                continue
            outcome, before = reply["outcome"], standing[centre].outcome if centre in standing else ""
            if is_filed:
                counts["then", record.region_id, outcome] += 1
                # Whoever was not determined yet stands nowhere among today's counts.
                counts["now", record.region_id, ""] += not before
            if before != outcome:
                change = SimulatedChange(simulation_id=simulation.pk, centre_id=centre, answer_after=answered.answer)
                change.outcome_before, change.outcome_after = before, outcome
                changes.append(change)
    _add_answers_before(changes, standing)
    return _result(simulation, facts, counts, curves, changes), changes


def _today(simulation: Simulation) -> tuple[dict[int, _Standing], Counter[tuple[str, str, str]]]:
    """What stands under the mandate, by centre; and how many of each region and outcome."""
    current = CurrentDetermination.objects.filter(period=simulation.period, mandate=simulation.mandate)
    if simulation.region_codes is not None:
        current = current.filter(region__in=simulation.region_codes)
    standing: dict[int, _Standing] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    columns = ("centre_id", "region_id", "outcome", "determination_id", "centre__provenance")
    for centre, region, outcome, determination, provenance in current.values_list(*columns):
        standing[centre] = _Standing(outcome, determination)
        counts["now", region, outcome] += provenance != Provenance.ILLUSTRATIVE
    return standing, counts


def _weighed(simulation: Simulation) -> list[Provision]:
    """The rule, and the same with each of `MEASURES` that it does not weigh by."""
    measures = dict.fromkeys((simulation.rule["metric"], *MEASURES))
    return [
        # Under the provision's own key what was decided by hand under it holds here, too.
        Provision(
            pk=simulation.provision_id,
            mandate=simulation.mandate,
            rule=weighed_by(simulation.rule, measure),
            case_by_case=simulation.case_by_case,
        )
        for measure in measures
    ]


def weighed_by(rule: dict[str, Any], measure: str) -> dict[str, Any]:
    """`rule` with `measure` as its metric.

    A rule that does not weigh by compute itself counts accelerator cards alone then: nobody states it of CPUs and
    memory, and a line without it would leave every share unknown.
    """
    weighed = rule | {"metric": measure}
    if measure == "compute" != rule["metric"] and _counts_accelerators_and_more(rule):
        weighed["population"] = rule["population"] | {"classes": [ChipClass.ACCELERATOR.value]}
    return weighed


def _counts_accelerators_and_more(rule: dict[str, Any]) -> bool:
    classes = rule["population"]["classes"]
    return classes is None or (ChipClass.ACCELERATOR in classes and len(classes) > 1)


def _granted(facts: Facts, mandate: Mandate) -> dict[int, Fraction]:
    """By centre the lowest threshold that was granted to it for the period's last day."""
    day, lowest = facts.period.ends_on, dict[int, Fraction]()
    for (centre, of_mandate), exemptions in facts.exemptions.items():
        for one in exemptions if of_mandate == mandate.pk else ():
            if one.threshold is not None and one.from_on <= day <= one.ends_on(facts.known_at):
                lowest[centre] = min(Fraction(one.threshold), lowest.get(centre, Fraction(one.threshold)))
    return lowest


def _add_answers_before(changes: list[SimulatedChange], standing: dict[int, _Standing]) -> None:
    """Put what the engine answered for what stands beside what it answers now."""
    keys = {
        change.centre_id: standing[change.centre_id].determination_id for change in changes if change.outcome_before
    }
    answers = dict(Determination.objects.filter(pk__in=keys.values()).values_list("pk", "answer"))
    for change in changes:
        change.answer_before = answers[keys[change.centre_id]] if change.outcome_before else None


def _result(
    simulation: Simulation,
    facts: Facts,
    counts: Counter[tuple[str, str, str]],
    curves: dict[str, Curve],
    changes: list[SimulatedChange],
) -> dict[str, Any]:
    """What `Simulation.result` holds: counts by region and outcome ("": not determined), now and then, and the rest."""
    places = sorted({(region, outcome) for (_, region, outcome), count in counts.items() if count})
    illustrative = {record.centre_id for record in facts.records if record.provenance == Provenance.ILLUSTRATIVE}
    step = _step_in_force(simulation.rule, facts.period.ends_on)
    return {
        "as_of": facts.period.ends_on.isoformat(),
        "is_open": facts.known_at < closes_at(facts.period),
        "comparator": step and step["comparator"],
        "threshold": step and step["threshold"],
        "judged": len(facts.records) - len(illustrative),
        "illustrative": len(illustrative),
        "changed": sum(change.centre_id not in illustrative for change in changes),
        "without_history": facts.without_history,
        "counts": [
            {
                "region": region,
                "outcome": outcome,
                "now": counts["now", region, outcome],
                "then": counts["then", region, outcome],
            }
            for region, outcome in places
        ],
        "curves": {measure: curve.as_data() for measure, curve in curves.items()},
        "compute_of_accelerators": weighed_by(simulation.rule, "compute")["population"]
        != simulation.rule["population"],
    }


def _step_in_force(rule: dict[str, Any], day: date) -> dict[str, Any] | None:
    begun = [step for step in rule["steps"] if step["from"] <= day.isoformat()]
    return max(begun, key=lambda step: step["from"], default=None)
