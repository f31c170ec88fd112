"""What is asked of somebody who lets a claim count, or records something else of a centre."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import Centre, CentreKind, CentreRecord, CentreStatus, Ownership
from centres.records import FACTS, Fault, WrongTable, records_of_table
from chips.catalogue import revisions_after
from chips.models import Claim
from compliance.looked_at import LookedAtForm

LONGEST_REASON = 2000


def day_field(label: Any, **facts: Any) -> forms.DateField:
    """A day, typed or picked."""
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})
    return forms.DateField(label=label, widget=widget, input_formats=["%Y-%m-%d"], **facts)


def reason_field(label: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "class": "form-control"})
    return forms.CharField(label=label, max_length=LONGEST_REASON, widget=widget)


class FromForm(forms.Form):
    """From which day on something is to hold: asked first, so that its effects can be shown."""

    from_on = day_field(
        _("Counts from"), help_text=_("Determinations of periods that end on or after this day are looked at again.")
    )


class AdoptionForm(LookedAtForm):
    """That a claim counts from the day of which the effects were shown."""

    judged_by = ("from_on",)

    from_on = forms.DateField(input_formats=["%Y-%m-%d"], widget=forms.HiddenInput)
    reason = reason_field(_("Reason, which stands beside the decision"))

    def __init__(self, *args: Any, claim: Claim, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.claim = claim

    def comes_to(self, given: Mapping[str, Any]) -> list[object]:
        """The revisions that would follow: they rest on what else was decided of the model, too."""
        following = revisions_after(self.claim.chip_model, [self.claim], from_on=given["from_on"])
        return [(revision.from_on, revision.claims) for revision in following]


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select(attrs={"class": "form-select"}))


def _number(label: Any, **facts: Any) -> forms.DecimalField:
    widget = forms.TextInput(attrs={"class": "form-control", "inputmode": "decimal"})
    return forms.DecimalField(label=label, required=False, min_value=0, widget=widget, **facts)


class RecordForm(LookedAtForm):
    """What rules read of a centre, from a day on."""

    judged_by = ("from_on", *FACTS)

    from_on = day_field(_("From"), help_text=_("From this day on, until the next record. The past stays as it was."))
    status = _choice(_("Status"), CentreStatus.choices)
    kind = _choice(_("Kind"), CentreKind.choices)
    ownership = _choice(_("Ownership"), Ownership.choices)
    state_funded = forms.TypedChoiceField(
        label=_("State-funded"),
        required=False,
        choices=[("", _("not known")), ("True", _("yes")), ("False", _("no"))],
        coerce="True".__eq__,
        empty_value=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    progress = _number(_("Percent built"), max_digits=5, decimal_places=2, max_value=100)
    commissioned_on = day_field(_("Commissioned on"), required=False)
    region_code = forms.CharField(
        label=_("Region code"),
        max_length=6,
        help_text=_("2, 4 or 6 digits of GB/T 2260."),
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )
    capacity = _number(_("Computing power, PFLOPS dense FP16"), max_digits=14, decimal_places=3)
    power = _number(_("Power, MW"), max_digits=10, decimal_places=3)
    reason = reason_field(_("Reason, which stands beside the record"))


class TableForm(LookedAtForm):
    """Many records at once: `records`, unsaved, where the form is valid, else `faults`, cell by cell."""

    table = forms.CharField(
        label=_("The table, as CSV"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "form-control code", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.records: list[CentreRecord] = []
        self.faults: list[Fault] = []

    def clean_table(self) -> str:
        text: str = self.cleaned_data["table"]
        try:
            self.records = records_of_table(text, centres=Centre.objects.visible_to(self.user), by=self.user)
        except WrongTable as wrong:
            self.faults = wrong.faults
            raise forms.ValidationError(_("Each cell that cannot be taken is named above."), code="invalid") from wrong
        return text

    def comes_to(self, given: Mapping[str, Any]) -> list[object]:
        """The records: what a blank cell comes to depends on what is recorded."""
        return [(one.centre_id, one.from_on, *(getattr(one, name) for name in FACTS)) for one in self.records]
