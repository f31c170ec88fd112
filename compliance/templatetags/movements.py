"""Movements as pages show them: what kind, and what the evidence says."""

from collections.abc import Mapping

from django import template
from django.utils.text import capfirst

from compliance.chip_facts import ChipFacts
from compliance.models import Movement, MovementKind
from compliance.movement_wording import movement_in_words

register = template.Library()


@register.simple_tag
def movement_kind(value: str) -> str:
    """The kind of a movement as the beginning of a sentence."""
    return str(capfirst(MovementKind(value).label))


@register.simple_tag
def movement_sentence(movement: Movement, chips: Mapping[int, ChipFacts]) -> str:
    """What the evidence says; `chips` are the facts of all models."""
    return movement_in_words(movement, {key: facts.chip for key, facts in chips.items()})
