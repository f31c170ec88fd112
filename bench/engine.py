"""How fast the engine answers, against merely reading and writing the same bytes as JSON."""

import json
import random
from time import process_time

from bench.figure import Figure
from compliance.engine import answer_text

DOCUMENTS, LINES, REPEATS = 10_000, 20, 5


def run() -> list[Figure]:
    texts = _documents()
    bare = engine = float("inf")
    # Interleaved, and the best of each: on a shared machine the least disturbed run tells most.
    for _ in range(REPEATS):
        bare = min(bare, _seconds(texts, _read_and_write))
        engine = min(engine, _seconds(texts, _answer))
    return [
        Figure(
            name="engine answers",
            value=engine,
            unit="s",
            against="json.loads + json.dumps",
            against_value=bare,
            ratio=engine / bare,
            goal="<= 4",
            met=engine <= 4 * bare,
            size=f"{DOCUMENTS} documents of {LINES} lines",
        )
    ]


def _read_and_write(text: str) -> str:
    return json.dumps(json.loads(text))


def _answer(text: str) -> str:
    return json.dumps(answer_text(text))


def _seconds(texts: list[str], work: object) -> float:
    assert callable(work)
    started = process_time()
    for text in texts:
        work(text)
    return process_time() - started


def _documents() -> list[str]:
    """Documents whose lines differ in every value, from one seed."""
    draw = random.Random(1)
    rule = {
        "metric": "units",
        "origin_rule": "designer",
        "domestic": ["CN"],
        "population": {
            "classes": ["accelerator", "cpu", "storage"],
            "workloads": None,
            "statuses": ["in_service"],
            "acquired_from": None,
        },
        "scope": dict.fromkeys(
            ("kinds", "regions", "ownership", "state_funded", "commissioned_from", "commissioned_to", "progress_under")
        ),
        "steps": [{"from": "2025-01-01", "comparator": "over", "threshold": "0.5"}],
    }
    centre = {
        "kind": "intelligent",
        "region": "3101",
        "ownership": "local_soe",
        "state_funded": True,
        "commissioned_on": "2024-05-01",
        "progress": "100",
    }
    return [
        json.dumps(
            {
                "as_of": "2025-12-31",
                "provision": rule,
                "centre": centre,
                "exemptions": [],
                "reported": True,
                "lines": [_line(draw) for _ in range(LINES)],
            }
        )
        for _ in range(DOCUMENTS)
    ]


def _line(draw: random.Random) -> dict[str, object]:
    country = draw.choice(["CN", "CN", "US", None])
    return {
        "chip": f"chip {draw.randrange(70)}",
        "class": draw.choice(["accelerator", "cpu", "storage"]),
        "quantity": draw.randrange(1, 10_000),
        "workload": draw.choice(["training", "inference", "mixed"]),
        "status": draw.choice(["in_service", "in_service", "spare"]),
        "acquired_on": f"{draw.randrange(2020, 2026)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
        "designer_country": country,
        "fabricator_country": country,
        "compute": f"{draw.randrange(1, 1000)}.{draw.randrange(10)}",
        "unit_price": f"{draw.randrange(1_000, 300_000)}.{draw.randrange(100):02}",
    }
