"""What is asked of somebody who asks for an exemption, proposes, grants or revokes one."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from centres.models import Centre
from centres.templatetags.names import named
from compliance.decision_forms import day_field, reason_field
from compliance.effects import Effects, of_exemption, of_revocation
from compliance.exemption_effects import flips_of, seal_of
from compliance.exemptions import WrongExemption, check_revocation, check_terms, check_within
from compliance.looked_at import LookedAtForm
from compliance.models import Exemption, ExemptionRequest, Mandate

FULL, LOWER = "full", "lower"


class MandateField(forms.ModelChoiceField):
    def label_from_instance(self, mandate: Mandate) -> str:
        return f"{mandate.code} · {named(mandate)}"


class TermsForm(LookedAtForm):
    """From when until when, and whether fully or down to a threshold, of a centre and a mandate that are known."""

    from_on = day_field(_("From"))
    to_on = day_field(
        _("Until"), help_text=_("The last day that it covers, which counts whole. An end is required; ask again later.")
    )
    extent = forms.ChoiceField(
        label=_("What is exempt"),
        choices=[
            (FULL, _("Everything: the centre need not meet the mandate")),
            (LOWER, _("Part of it: the centre need meet only a lower threshold")),
        ],
        initial=FULL,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    percent = forms.DecimalField(
        label=_("Lower threshold, in percent"),
        required=False,
        max_digits=10,
        decimal_places=7,
        min_value=Decimal(0),
        max_value=Decimal(100),
        help_text=_("Only for a lower threshold: above 0 and below what the rule asks for in that time."),
        widget=forms.NumberInput(attrs={"class": "form-control", "step": "any", "min": "0", "max": "100"}),
    )
    reason = reason_field(_("Reason, which the operator reads"))
    judged_by: tuple[str, ...] = ("from_on", "to_on", "extent", "percent")

    def __init__(self, *args: Any, asked: ExemptionRequest | None = None, **kwargs: Any) -> None:
        """`asked` is the request that is answered: its mandate is not asked for again, and no more than it granted."""
        super().__init__(*args, **kwargs)
        self.asked = asked

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("extent") == LOWER and found.get("percent") is None and "percent" not in self.errors:
            self.add_error("percent", _("Give the threshold that it must still meet."))
        if found.get("extent") == FULL and found.get("percent") is not None:
            self.add_error("percent", _("Leave it empty where everything is exempt."))
        mandate = self.asked.mandate if self.asked else found.get("mandate")
        if mandate is not None and not self.errors:
            try:
                check_terms(mandate=mandate, **self.terms)
                if self.asked:
                    check_within(self.asked, **self.days_and_threshold)
            except WrongExemption as wrong:
                of_threshold = "percent" if found["extent"] == LOWER else "extent"
                self.add_wrong(
                    {of_threshold if name == "threshold" else name: message for name, message in wrong.wrong.items()}
                )
        return found

    @property
    def threshold(self) -> Decimal | None:
        """The share from 0 to 1 that is still to be met; None: none is."""
        if self.cleaned_data["extent"] == FULL:
            return None
        return Decimal(self.cleaned_data["percent"]).scaleb(-2)

    @property
    def terms(self) -> dict[str, Any]:
        """What is exempt, when and why; the form is valid."""
        return {**self.days_and_threshold, "reason": self.cleaned_data["reason"]}

    @property
    def days_and_threshold(self) -> dict[str, Any]:
        """What is exempt, and when: what effects depend on; the form is valid."""
        given = self.cleaned_data
        return {"from_on": given["from_on"], "to_on": given["to_on"], "threshold": self.threshold}


class GrantForm(TermsForm):
    """That what an operator asked for is granted, or less of it, knowing what that changes: as the page showed it."""

    asked: ExemptionRequest

    def comes_to(self, given: Mapping[str, Any]) -> list[object]:
        return flips_of(self.effects)

    @cached_property
    def effects(self) -> Effects:
        """What granting it would change; the form is valid."""
        return of_exemption(centre=self.asked.centre, mandate=self.asked.mandate, **self.days_and_threshold)


class AskForm(TermsForm):
    """An exemption that an operator asks for, for one of its centres."""

    mandate = MandateField(
        label=_("Mandate"), queryset=Mandate.objects.none(), widget=forms.Select(attrs={"class": "form-select"})
    )
    field_order = ("mandate", "from_on", "to_on", "extent", "percent", "reason")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(MandateField, self.fields["mandate"]).queryset = Mandate.objects.visible_to(user)
        self.fields["reason"].label = _("Why the centre cannot meet the mandate in that time")


class ProposalForm(TermsForm):
    """An exemption that a regulator proposes, for another to grant."""

    centre = forms.CharField(
        label=_("Centre, by its code"), max_length=20, widget=forms.TextInput(attrs={"class": "form-control"})
    )
    mandate = MandateField(
        label=_("Mandate"), queryset=Mandate.objects.none(), widget=forms.Select(attrs={"class": "form-select"})
    )
    field_order = ("centre", "mandate", "from_on", "to_on", "extent", "percent", "reason")
    judged_by = ("centre", "mandate", *TermsForm.judged_by)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(MandateField, self.fields["mandate"]).queryset = Mandate.objects.visible_to(user)
        self.user = user

    def clean_centre(self) -> Centre:
        """One that the user may not know of does not exist."""
        code = self.cleaned_data["centre"].upper()
        found = Centre.objects.visible_to(self.user).filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("There is no such centre."), code="invalid")
        return found


class ApproveForm(LookedAtForm):
    """That what another proposed is granted, knowing what that changes: as the page showed it."""

    def __init__(self, *args: Any, exemption: Exemption, effects: Effects, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exemption, self.effects = exemption, effects

    @property
    def seal(self) -> str:
        return seal_of(self.exemption, self.effects)


class SendBackForm(forms.Form):
    comment = reason_field(_("Why it is sent back, which whoever proposed it reads"))


class RefuseForm(forms.Form):
    answer = reason_field(_("Why it is refused, which the operator reads"))


class RevokeForm(LookedAtForm):
    from_on = day_field(
        _("Covers nothing from"), help_text=_("What it covered before that day was covered, and stays so.")
    )
    reason = reason_field(_("Reason, which the operator reads"))

    def __init__(self, *args: Any, exemption: Exemption, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exemption = exemption

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors:
            try:
                check_revocation(self.exemption, from_on=found["from_on"], reason=found["reason"])
            except WrongExemption as wrong:
                self.add_wrong(wrong.wrong)
        return found

    @property
    def seal(self) -> str:
        return seal_of(self.exemption, self.effects, self.cleaned_data["from_on"])

    @cached_property
    def effects(self) -> Effects:
        """What revoking it would change; the form is valid."""
        return of_revocation(self.exemption, from_on=self.cleaned_data["from_on"])
