"""The three rules that countries are judged by here, and the same for zen-engine."""

import json
from typing import Any

import zen

from bench import country
from compliance.models import Mandate, Provision

SEEDED = ("SH-2023", "CN-2025", "CN-2025-NEW")


def provisions() -> list[Provision]:
    """The seeded mandates' own, asked of every centre: none is spared for lying out of scope, which costs nothing."""
    issued = [Provision.objects.issued().get(mandate__code=code) for code in SEEDED]
    anywhere = dict.fromkeys(issued[0].rule["scope"])
    return [
        Provision(pk=one.pk, mandate=Mandate.objects.get(pk=one.mandate_id), rule=one.rule | {"scope": anywhere})
        for one in issued
    ]


def decisions(rules: list[dict[str, Any]]) -> list[Any]:
    """zen-engine's decisions that tell of each rule by `units` and designer who complies, and no more than that."""
    engine = zen.ZenEngine()
    return [engine.create_decision(json.dumps(_graph(rule))) for rule in rules]


def _graph(rule: dict[str, Any]) -> dict[str, Any]:
    step = max((s for s in rule["steps"] if s["from"] <= country.ENDS_ON), key=lambda step: step["from"])
    population = rule["population"]
    counted = " and ".join(
        f"#.{key} in {json.dumps(population[name])}"
        for key, name in (("class", "classes"), ("workload", "workloads"), ("status", "statuses"))
        if population[name] is not None
    )
    meets = ">" if step["comparator"] == "over" else ">="
    expressions = {
        "domestic": f"sum(map(filter(lines, {counted} and #.designer_country == 'CN'), #.quantity))",
        "total": f"sum(map(filter(lines, {counted}), #.quantity))",
        "outcome": f"$.total == 0 ? 'empty' : $.domestic {meets} {step['threshold']} * $.total ? 'compliant' : 'not'",
    }
    nodes: list[dict[str, Any]] = [
        {"id": "asked", "name": "asked", "type": "inputNode"},
        {
            "id": "judged",
            "name": "judged",
            "type": "expressionNode",
            "content": {"expressions": [{"id": key, "key": key, "value": text} for key, text in expressions.items()]},
        },
        {"id": "told", "name": "told", "type": "outputNode"},
    ]
    edges = [("asked", "judged"), ("judged", "told")]
    return {
        "nodes": [node | {"position": {"x": 0, "y": 0}} for node in nodes],
        "edges": [{"id": a + b, "sourceId": a, "targetId": b, "type": "edge"} for a, b in edges],
    }
