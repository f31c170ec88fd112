"""What is asked of somebody who tries a rule."""

import json
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import User
from centres.models import ReportingPeriod
from chips.forms import PeriodChoice
from compliance.models import Provision
from compliance.provision_faults import faults_of_rule
from compliance.provisions import may_write
from compliance.reading import fault_in_words
from compliance.simulate import with_threshold

_LONGEST_RULE = 20_000


def rules_to_try(user: User) -> QuerySet[Provision]:
    """The provisions whose rule `user` may try: those that are issued, and drafts for those who write them."""
    seen = Provision.objects.visible_to(user)
    known = seen.issued() | seen.under_way() if may_write(user) else seen.issued()
    return known.select_related("mandate").order_by("mandate__code", "-from_on", "-pk")


class _RuleChoice(forms.ModelChoiceField):
    """The provisions, those of a mandate together."""

    def label_from_instance(self, provision: Any) -> str:
        names = {"mandate": provision.mandate.code, "day": date_format(provision.from_on, "DATE_FORMAT")}
        if provision.issued_at:
            return _("%(mandate)s, issued from %(day)s") % names
        return _("%(mandate)s, %(stage)s, from %(day)s") % {**names, "stage": provision.stage.label}


class TrialForm(forms.Form):
    """A rule, as it stands or changed, and the period that it is tried on."""

    provision = _RuleChoice(
        Provision.objects.none(),
        label=_lazy("Rule"),
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    period = PeriodChoice(
        ReportingPeriod.objects.none(),
        label=_lazy("Reporting period"),
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    comparator = forms.ChoiceField(
        label=_lazy("With another threshold"),
        choices=[("at_least", _lazy("at least")), ("over", _lazy("over"))],
        initial="at_least",
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    # Seven places of a percent are the nine of a share.
    threshold = forms.DecimalField(
        label=_lazy("Percent"),
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=7,
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}),
    )
    rule = forms.CharField(
        label=_lazy("The whole rule as data"),
        required=False,
        max_length=_LONGEST_RULE,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 14, "spellcheck": "false"}),
        help_text=_lazy("Where something stands here, it is tried in place of the rule chosen above."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(_RuleChoice, self.fields["provision"]).queryset = rules_to_try(user)
        begun = ReportingPeriod.objects.visible_to(user).begun(localdate())
        cast(PeriodChoice, self.fields["period"]).queryset = begun.order_by("-code")

    def clean_rule(self) -> dict[str, Any] | None:
        """The rule that was typed in; None where none was."""
        text = self.cleaned_data["rule"]
        if not text.strip():
            return None
        try:
            rule = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValidationError(_("This is no JSON: %(fault)s."), params={"fault": error}) from error
        faults = list(faults_of_rule(rule))
        if faults:
            raise ValidationError([f"{fault.path}: {fault_in_words(fault)}" for fault in faults])
        return cast(dict[str, Any], rule)

    def trial(self) -> dict[str, Any]:
        """What `simulate.request_simulation` is given of a form that is valid."""
        cleaned = self.cleaned_data
        provision, period, threshold = cleaned["provision"], cleaned["period"], cleaned["threshold"]
        rule = cleaned["rule"] or provision.rule
        if threshold is not None:
            share = f"{threshold.scaleb(-2).normalize():f}"
            comparator = cleaned["comparator"] or "at_least"
            rule = with_threshold(rule, day=period.ends_on, comparator=comparator, threshold=share)
        return {"mandate": provision.mandate, "rule": rule, "period": period, "provision": provision}
