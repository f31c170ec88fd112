"""Exemptions and what is decided by hand, as pages show them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template

from compliance.exemption_states import ExemptionState
from compliance.hand_decisions import HandDecisionState
from compliance.models import Exemption
from compliance.reading import percent_text

register = template.Library()

# A shape and the name of a colour, as outcomes have them.
_MARKS = {
    ExemptionState.PROPOSED: ("○", "not-reported"),
    ExemptionState.SENT_BACK: ("×", "quiet"),
    ExemptionState.WITHDRAWN: ("×", "quiet"),
    ExemptionState.TO_COME: ("○", "not-reported"),
    ExemptionState.IN_FORCE: ("◇", "quiet"),
    ExemptionState.ENDING_SOON: ("△", "non-compliant"),
    ExemptionState.ENDED: ("–", "quiet"),
    ExemptionState.REVOKED: ("×", "quiet"),
}
_DECIDED = {
    HandDecisionState.UNDECIDED: ("△", "non-compliant"),
    HandDecisionState.APPLIES: ("●", "not-reported"),
    HandDecisionState.RELEASED: ("◇", "quiet"),
    HandDecisionState.UNKNOWN: ("?", "undetermined"),
}


@register.inclusion_tag("compliance/_outcome.html")
def exemption_state(value: str) -> dict[str, Any]:
    """The badge of where an exemption stands."""
    known = ExemptionState(value)
    shape, colour = _MARKS[known]
    return {"shape": shape, "colour": colour, "label": known.label}


@register.inclusion_tag("compliance/_outcome.html")
def hand_decision_state(value: str) -> dict[str, Any]:
    """The badge of what was decided by hand."""
    known = HandDecisionState(value)
    shape, colour = _DECIDED[known]
    return {"shape": shape, "colour": colour, "label": known.label}


@register.filter
def ends_as_known(exemption: Exemption, known_at: datetime) -> date:
    """The last day that it covers, as known at an instant."""
    return exemption.ends_on(known_at)


@register.filter
def revoked_since(exemption: Exemption, known_at: datetime) -> date | None:
    """The day from which it covers nothing, where it was revoked after an instant."""
    return exemption.revoked_since(known_at)


@register.filter
def in_percent(share: Decimal) -> str:
    """A share from 0 to 1 as percent, exactly: ``37.5%``."""
    return f"{percent_text(str(share))}%"
