"""The forms by which an operator's people are invited, and by which they come."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.forms import MailAddressField, UsernameField
from accounts.models import Role, User
from centres.models import Operator
from centres.templatetags.names import named

_CLASSES = {"operator": "form-select", "language": "form-select", "is_lead": "form-check-input"}


class InviteForm(forms.Form):
    """Whom to ask, for which of the operators that one leads."""

    operator = forms.ModelChoiceField(Operator.objects.none(), label=_("Operator"), empty_label=None)
    email = MailAddressField()
    is_lead = forms.BooleanField(label=_("may invite and dismiss people as well"), required=False)
    language = forms.ChoiceField(label=_("Language of the mail"), choices=settings.LANGUAGES)

    def __init__(self, *args: Any, led: QuerySet[Operator], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        operator: Any = self.fields["operator"]
        operator.queryset = led
        operator.label_from_instance = named
        for name, field in self.fields.items():
            field.widget.attrs["class"] = _CLASSES.get(name, "form-control")


class JoinForm(forms.Form):
    """The account of who was invited."""

    full_name = forms.CharField(label=_("Your full name"), max_length=150)
    username = UsernameField()
    password1 = forms.CharField(label=_("New password"), strip=False, widget=forms.PasswordInput)
    password2 = forms.CharField(label=_("The new password once more"), strip=False, widget=forms.PasswordInput)

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two are not the same."))
        elif first:
            like = User(
                username=cleaned.get("username", ""), first_name=cleaned.get("full_name", ""), email=self.email,
                role=Role.OPERATOR,
            )  # fmt: skip
            try:
                validate_password(first, like)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned
