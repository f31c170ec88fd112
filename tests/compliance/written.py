"""A provision as it is sent: by the fields of its page, and as the document of the API; both come to the same."""

from typing import Any

from compliance import provisions
from compliance.models import Mandate, Provision
from tests.compliance.engine.documents import document as engine_document

FORM: dict[str, Any] = {
    "from_on": "2025-10-01",
    "step-0-day": "2025-10-01",
    "step-0-comparator": "at_least",
    "step-0-threshold": "60%",
    "metric": "units",
    "origin_rule": "designer",
    "domestic": "CN",
    "classes": ["accelerator", "cpu"],
    "statuses": ["in_service"],
    "scope-kinds": ["intelligent"],
    "scope-provinces": ["31"],
    "legal_text": "At least 60% from October.",
    "legal_text_zh": "十月起不低于60%。",
    "citation": "Notice 7, article 3",
    "link": "https://example.org/notice-7",
}


def rule(**parts: Any) -> dict[str, Any]:
    """The rule that `FORM` comes to; the parts of population and scope are given by their names."""
    made: dict[str, Any] = engine_document()["provision"]
    made["population"] |= {"classes": ["accelerator", "cpu"], "statuses": ["in_service"]}
    made["scope"] |= {"kinds": ["intelligent"], "regions": ["31"]}
    made["steps"] = [{"from": "2025-10-01", "comparator": "at_least", "threshold": "0.6"}]
    for name, value in parts.items():
        place = next(p for p in (made["population"], made["scope"], made) if name in p)
        place[name] = value
    return made


def document(**parts: Any) -> dict[str, Any]:
    """What `FORM` comes to."""
    known = {
        "from_on": "2025-10-01",
        "rule": rule(),
        "case_by_case": None,
        "legal_text": "At least 60% from October.",
        "legal_text_zh": "十月起不低于60%。",
        "citation": "Notice 7, article 3",
        "link": "https://example.org/notice-7",
    }
    return known | parts


def draft(by: Any, mandate: str = "SH-2023", **parts: Any) -> Provision:
    return provisions.write(mandate=Mandate.objects.get(code=mandate), by=by, document=document(**parts))


def approved(author: Any, other: Any, **parts: Any) -> Provision:
    """A provision that `author` wrote and proposed and `other` approved."""
    proposed = provisions.propose(provision=draft(author, **parts), by=author)
    return provisions.approve(provision=proposed, by=other, seal=provisions.seal_of(proposed))
