"""The forms by which administrators make accounts and change what they are for."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.administration import Acting, Rights
from accounts.forms import MailAddressField, UsernameField
from accounts.models import Role
from centres.models import Operator, Region
from centres.templatetags.names import named

# So many are named where what was typed fits several.
_NAMED_AT_MOST = 5


def today_or_later(day: date) -> None:
    """Refuse to say today that something held before."""
    if day < timezone.localdate():
        raise forms.ValidationError(_("It can begin today or later: what held before stays as it was."))


class OperatorField(forms.CharField):
    """An operator by its code or a name in either language, of those in `among`; there are too many for a list."""

    def __init__(self, **kwargs: Any) -> None:
        self.among: QuerySet[Operator] = Operator.objects.none()
        super().__init__(label=_("Operator"), max_length=200, **kwargs)

    def clean(self, value: Any) -> Any:
        typed: str = super().clean(value)
        if not typed:
            return None
        exactly = self.among.filter(Q(uscc__iexact=typed) | Q(name_en__iexact=typed) | Q(name_zh=typed))[:2]
        like = self.among.filter(Q(uscc__istartswith=typed) | Q(name_en__icontains=typed) | Q(name_zh__icontains=typed))
        found = list(exactly) or list(like[: _NAMED_AT_MOST + 1])
        if len(found) == 1:
            return found[0]
        raise forms.ValidationError(_which(found))


def _which(found: list[Operator]) -> Any:
    if not found:
        return _("No operator is called so or has this code.")
    names = [f"{named(one)} ({one.uscc})" if one.uscc else named(one) for one in found[:_NAMED_AT_MOST]]
    return _("Several are called so, such as: %(names)s. Give the code or the whole name.") % {
        "names": "; ".join(names)
    }


class RightsForm(forms.Form):
    """A role, and of a regulator the provinces or the whole country."""

    role = forms.ChoiceField(label=_("Role"), choices=[(role.value, capfirst(role.label)) for role in Role])
    all_regions = forms.BooleanField(label=_("the whole country"), required=False)
    region_codes = forms.MultipleChoiceField(
        label=_("Provinces"), required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )

    def __init__(self, *args: Any, regions: Iterable[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provinces: Any = self.fields["region_codes"]
        provinces.choices = [(region.code, named(region)) for region in regions]
        dressed(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_regulator = cleaned.get("role") == Role.REGULATOR
        if is_regulator and cleaned.get("all_regions") == bool(cleaned.get("region_codes")):
            self.add_error("region_codes", _("A regulator has either the whole country or some provinces."))
        return cleaned

    @property
    def rights(self) -> Rights:
        """What was chosen; provinces are a regulator's alone."""
        role = Role(self.cleaned_data["role"])
        if role != Role.REGULATOR:
            return Rights(role)
        return Rights(role, self.cleaned_data["all_regions"], tuple(self.cleaned_data["region_codes"]))


class ActingForm(forms.Form):
    """For which operator somebody acts, from when until when."""

    # Where another role is chosen these are hidden, and a browser refuses to send what is hidden and required.
    use_required_attribute = False
    operator = OperatorField(help_text=_("Its code, or its name in either language."))
    acting_from_on = forms.DateField(label=_("First day"), validators=[today_or_later])
    acting_to_on = forms.DateField(label=_("Last day"), required=False, help_text=_("Empty: until somebody ends it."))
    is_lead = forms.BooleanField(label=_("may invite and dismiss people as well"), required=False)

    def __init__(self, *args: Any, operators: QuerySet[Operator], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        operator: Any = self.fields["operator"]
        operator.among = operators
        dressed(self)

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        if field_name == "acting_from_on":
            return timezone.localdate()
        return super().get_initial_for_field(field, field_name)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("acting_from_on"), cleaned.get("acting_to_on")
        if first and last and last < first:
            self.add_error("acting_to_on", _("The last day is before the first."))
        return cleaned

    @property
    def acting(self) -> Acting:
        asked = self.cleaned_data
        return Acting(asked["operator"].pk, asked["acting_from_on"], asked["acting_to_on"], asked["is_lead"])


class AccountForm(RightsForm):
    """A new account; for which operator its person acts is asked beside it (`ActingForm`)."""

    username = UsernameField()
    full_name = forms.CharField(label=_("Full name"), max_length=150)
    email = MailAddressField()
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    field_order = ["username", "full_name", "email", "language", "role"]


class AssignmentForm(RightsForm):
    """What an account is for from a day on."""

    from_on = forms.DateField(label=_("From"), validators=[today_or_later])
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class EndForm(forms.Form):
    """The last day on which somebody acts for an operator."""

    last_on = forms.DateField(label=_("Last day"))

    def clean_last_on(self) -> date:
        day: date = self.cleaned_data["last_on"]
        if day < timezone.localdate() - timedelta(days=1):
            raise forms.ValidationError(_("Yesterday at the earliest, which ends it at once."))
        return day


class ReasonForm(forms.Form):
    """Why a step is taken: the step itself stands in the address."""

    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dressed(self)


class ChoiceForm(forms.Form):
    """Which accounts are listed."""

    search = forms.CharField(required=False, max_length=100)
    role = forms.ChoiceField(required=False, choices=[("", _("Every role")), *Role.choices])
    state = forms.ChoiceField(
        required=False,
        choices=[("", _("Every state")), ("active", _("active")), ("closed", pgettext_lazy("account", "closed"))],
    )


def dressed(form: forms.Form) -> None:
    """Give the fields of `form` the look of the register's."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(field, forms.DateField):
            widget.input_type, widget.format = "date", "%Y-%m-%d"
        if isinstance(widget, forms.CheckboxInput):
            widget.attrs["class"] = "form-check-input"
        elif not isinstance(widget, forms.CheckboxSelectMultiple):
            widget.attrs["class"] = "form-select" if isinstance(widget, forms.Select) else "form-control"
