"""Documents for the engine's tests: one that is valid, and ways to change it."""

import copy
import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[2] / "vectors" / "engine.jsonl"


def vectors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def line(quantity: int = 1, *, designer: str | None = "CN", **changes: Any) -> dict[str, Any]:
    return {
        "chip": "Ascend 910B",
        "class": "accelerator",
        "quantity": quantity,
        "workload": "training",
        "status": "in_service",
        "acquired_on": "2025-01-01",
        "designer_country": designer,
        "fabricator_country": designer,
        "compute": "320",
        "unit_price": "100000.00",
    } | changes


def document(*lines: dict[str, Any], comparator: str = "at_least", threshold: str = "0.5") -> dict[str, Any]:
    return copy.deepcopy(
        {
            "as_of": "2025-12-31",
            "provision": {
                "metric": "units",
                "origin_rule": "designer",
                "domestic": ["CN"],
                "population": {"classes": None, "workloads": None, "statuses": None, "acquired_from": None},
                "scope": {
                    "kinds": None,
                    "regions": None,
                    "ownership": None,
                    "state_funded": None,
                    "commissioned_from": None,
                    "commissioned_to": None,
                    "progress_under": None,
                },
                "steps": [{"from": "2025-01-01", "comparator": comparator, "threshold": threshold}],
            },
            "centre": {
                "kind": "intelligent",
                "region": "3101",
                "ownership": "local_soe",
                "state_funded": True,
                "commissioned_on": None,
                "progress": None,
            },
            "exemptions": [],
            "reported": True,
            "lines": list(lines),
        }
    )
