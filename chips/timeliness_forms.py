"""What is asked of somebody who decides until when is filed, or who asks for more time."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chips.openings import LONGEST_REASON


def _day(**facts: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})
    return forms.DateField(widget=widget, input_formats=["%Y-%m-%d"], **facts)


def _reason(label: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "class": "form-control"})
    return forms.CharField(label=label, max_length=LONGEST_REASON, widget=widget)


class TermForm(forms.Form):
    """Until when is filed; whether anything is expected is asked of a single centre only."""

    due_on = _day(label=_("Due on"), help_text=_("The day counts whole, in Asia/Shanghai. What comes later is late."))
    locks_on = _day(
        label=_("Locks after"),
        required=False,
        help_text=_("The last day on which can be filed, which counts whole. Empty: it never locks."),
    )
    is_exempt = forms.BooleanField(
        label=_("Exempt: nothing is expected of this centre for this period"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    reason = _reason(_("Reason, which operators read"))

    def __init__(self, *args: Any, of_centre: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not of_centre:
            del self.fields["is_exempt"]


class AskForm(forms.Form):
    reason = _reason(_("Why it is to be opened"))


class AnswerForm(forms.Form):
    """Granted or not, with the new last day where it is."""

    granted = forms.TypedChoiceField(
        label=_("Decision"),
        choices=[("true", _("Open it")), ("false", _("Refuse"))],
        coerce="true".__eq__,
        empty_value=None,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    locks_on = _day(label=_("Can be filed until the end of"), required=False, help_text=_("Needed where it is opened."))
    answer = _reason(_("Reason, which the operator reads"))
