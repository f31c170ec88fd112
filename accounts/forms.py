"""Forms of signing in, which refuse who is locked out, and of what belongs to one's account."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts import lock_out, tokens
from accounts.models import Scope, User


class _RefusesLocked(BaseAuthenticateForm):
    """A code is not even looked at while the account is locked for this address."""

    def clean_code(self) -> str:
        if lock_out.is_locked(context.request, self.user):
            raise get_adapter().validation_error("incorrect_code")
        code: str = super().clean_code()
        return code


class FactorForm(_RefusesLocked, AuthenticateForm):
    pass


class FactorAgainForm(_RefusesLocked, ReauthenticateForm):
    pass


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )
    ends_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        today = timezone.localdate()
        super().__init__(*args, **kwargs)
        self.initial = {"scopes": [Scope.READ], "ends_on": today + timedelta(days=90)}
        self.user = user
        scopes = cast(forms.MultipleChoiceField, self.fields["scopes"])
        scopes.choices = [(scope.value, scope.label) for scope in tokens.scopes_of(user)]
        self.latest = today + tokens.LONGEST - timedelta(days=1)
        self.fields["ends_on"].widget.attrs |= {"min": today.isoformat(), "max": self.latest.isoformat()}

    def clean_ends_on(self) -> date:
        day: date = self.cleaned_data["ends_on"]
        if not timezone.localdate() <= day <= self.latest:
            message = _("A token ends within a year: %(latest)s at the latest.")
            raise forms.ValidationError(message % {"latest": date_format(self.latest, "SHORT_DATE_FORMAT")})
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if day := cleaned.pop("ends_on", None):
            # With the end of that day.
            cleaned["ends_at"] = timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
        return cleaned
