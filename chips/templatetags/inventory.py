"""Columns of an inventory by the names that operators know, and instants as receipts hold them."""

from datetime import datetime

from django import template
from django.utils import formats, timezone

from centres.templatetags.names import reads_chinese
from chips.intake.columns import COLUMNS

register = template.Library()

_CHINESE = {
    column: next(name for name in (*also, column) if not name.isascii() or name == column)
    for column, also in COLUMNS.items()
}


@register.filter
def column_name(column: str) -> str:
    """The column's name in the reader's language, the canonical one behind it where that is another."""
    return f"{_CHINESE[column]} ({column})" if reads_chinese() else column


@register.filter
def instant(text: str) -> str:
    """An instant of a receipt, as pages show one."""
    return formats.date_format(timezone.localtime(datetime.fromisoformat(text)), "SHORT_DATETIME_FORMAT")
