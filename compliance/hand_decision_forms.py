"""What is asked of somebody who decides by hand."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import Centre
from compliance.decision_forms import day_field, reason_field
from compliance.hand_decisions import WrongHandDecision, check_hand_decision
from compliance.looked_at import LookedAtForm
from compliance.models import Provision, Ruling


class HandDecisionForm(LookedAtForm):
    ruling = forms.ChoiceField(
        label=_("Decision"),
        choices=[(value, capfirst(label)) for value, label in Ruling.choices],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    from_on = day_field(_("From"), help_text=_("It holds from this day on, until the next decision."))
    reason = reason_field(_("Reason, which the operator reads"))
    judged_by = ("ruling", "from_on")

    def __init__(self, *args: Any, centre: Centre, provision: Provision, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of: dict[str, Any] = {"centre": centre, "provision": provision, "by": user}

    @property
    def decision(self) -> dict[str, Any]:
        """What is decided, from when on and why; the form is valid."""
        return {name: self.cleaned_data[name] for name in ("ruling", "from_on", "reason")}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors:
            try:
                check_hand_decision(**self.of, **self.decision)
            except WrongHandDecision as wrong:
                self.add_wrong(wrong.wrong)
        return found
