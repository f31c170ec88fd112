"""What is asked of somebody who adds to the catalogue."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from centres.models import Confidence
from chips.models import ORIGIN_FIGURES, Figure

_PATTERNS = {
    Figure.DESIGNER_COUNTRY: (r"[A-Z]{2}", _("A country is written by its two letters, such as CN (ISO 3166).")),
    Figure.FABRICATOR_COUNTRY: (r"[A-Z]{2}", _("A country is written by its two letters, such as CN (ISO 3166).")),
    Figure.EXPORT_CONTROLLED_ON: (r"20\d{2}-\d{2}-\d{2}", _("A day is written like 2025-12-31.")),
}
_DECIMAL = (r"\d{1,18}(\.\d{1,9})?", _("A decimal number is due here, such as 320 or 61.44."))


class ClaimForm(forms.Form):
    """One value of one figure, with who says so."""

    figure = forms.ChoiceField(
        label=_("Figure"), choices=Figure.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    value = forms.CharField(
        label=_("Value"), max_length=80, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=1000,
        help_text=_("Who says so, and where it can be read."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
    )
    confidence = forms.ChoiceField(
        label=_("Confidence"), choices=Confidence.choices, widget=forms.Select(attrs={"class": "form-select"})
    )
    read_on = forms.DateField(
        label=_("Read on"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        figure, value = cleaned.get("figure"), cleaned.get("value")
        if figure and value and (problem := problem_of(Figure(figure), value)):
            self.add_error("value", problem)
        return cleaned


def problem_of(figure: Figure, value: str) -> str | None:
    """Why `value` is no value of `figure`, in the reader's words; None where it is one."""
    if figure in ORIGIN_FIGURES and figure not in _PATTERNS:
        return None
    pattern, message = _PATTERNS.get(figure, _DECIMAL)
    if re.fullmatch(pattern, value, re.ASCII) is None:
        return str(message)
    if figure == Figure.EXPORT_CONTROLLED_ON:
        try:
            date.fromisoformat(value)
        except ValueError:
            return _now("%(day)s is no day of the calendar.") % {"day": value}
    return None
