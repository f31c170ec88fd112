"""What is known of chips, beside what is filed of them."""

from django import template

register = template.Library()


@register.filter
def of(found: dict[int, list[str]], key: int) -> list[str]:
    """What is found of the thing with this key; nothing where there is nothing."""
    return found.get(key, [])
