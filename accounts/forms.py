"""Forms of signing in, which refuse who is locked out, and of what belongs to one's account."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    UserTokenForm,
)
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, ReauthenticateWebAuthnForm
from django import forms
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts import asking, lock_out, tokens
from accounts.models import Scope, User

by_register = asking.asked_by_register()


class _RefusesLocked(BaseAuthenticateForm):
    """A code is not even looked at while the account is locked for this address."""

    def clean_code(self) -> str:
        if lock_out.is_locked(context.request, self.user):
            raise get_adapter().validation_error("incorrect_code")
        code: str = super().clean_code()
        return code


class FactorForm(_RefusesLocked, AuthenticateForm):
    """Whose code it is, is nobody yet: the register looks the factor up, and writes down that it was used."""

    clean_code = by_register(_RefusesLocked.clean_code)
    save = by_register(AuthenticateForm.save)


class _KeyRefusesLocked(AuthenticateWebAuthnForm):
    """The same of a security key, of whose failures allauth tells nobody."""

    def clean_credential(self) -> Authenticator:
        if lock_out.is_locked(context.request, self.user):
            raise get_adapter().validation_error("incorrect_code")
        try:
            return super().clean_credential()
        except (forms.ValidationError, KeyError) as error:
            # Not where the account was tried too often from all addresses: that may have been others.
            if getattr(error, "code", "") == "too_many_login_attempts":
                raise
            lock_out.note_failure(context.request, self.user)
            # Of what lacks a part allauth's error is none of a form's.
            raise get_adapter().validation_error("incorrect_code") from error


class KeyForm(_KeyRefusesLocked):
    """The same by a security key."""

    clean_credential = by_register(_KeyRefusesLocked.clean_credential)
    save = by_register(AuthenticateWebAuthnForm.save)


class FactorAgainForm(_RefusesLocked, ReauthenticateForm):
    pass


class KeyAgainForm(_KeyRefusesLocked, ReauthenticateWebAuthnForm):
    pass


class PasswordForm(ChangePasswordForm):
    """Whoever found a session open guesses the password here as little as at the door."""

    def clean_oldpassword(self) -> str:
        given: str = self.cleaned_data["oldpassword"]
        if not lock_out.is_password_of(self.user, given):
            raise get_account_adapter().validation_error("enter_current_password")
        return given


class ForgottenForm(ResetPasswordForm):
    """Whose address it is, the register looks up, and makes the link."""

    users: list[User]

    @by_register
    def clean_email(self) -> str:
        email: str = get_account_adapter().clean_email(self.cleaned_data["email"].lower())
        # All whose address it is now. allauth would send to where a link waits to be followed as well, to nobody else
        # where somebody has followed one, and to nobody whose address was written with capital letters.
        found = User.objects.filter(email__iexact=email, is_active=True)
        self.users = [user for user in found if user.email.lower() == email]
        return email

    save = by_register(ResetPasswordForm.save)


class LinkForm(UserTokenForm):
    """Whose link it is, and whether it still holds, the register looks up."""

    clean = by_register(UserTokenForm.clean)


class ForgottenNewForm(ResetPasswordKeyForm):
    """Who holds the link is not signed in: the register writes the password down."""

    save = by_register(ResetPasswordKeyForm.save)


class MailAddressField(forms.EmailField):
    """A mail address in small letters, as all are kept, and no longer than can be kept."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Mail address"), max_length=254, **kwargs)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").lower()


class MailForm(AddEmailForm):
    """Another mail address of one's own. Whether another account has it is not looked at, so that nobody is told."""

    email = MailAddressField()

    def clean_email(self) -> str:
        adapter = get_account_adapter()
        email: str = adapter.clean_email(self.cleaned_data["email"])
        if email == self.user.email.lower():
            raise adapter.validation_error("duplicate_email")
        return email

    def save(self, request: HttpRequest) -> EmailAddress:
        # What waited waits no longer. Nor does the address of now, which allauth wrote down as unproven: it would take
        # that for what waits, and from the account.
        with transaction.atomic():
            # Of two links that are asked for at once the later finds the other.
            User.objects.visible_to(self.user).select_for_update(no_key=True).get(pk=self.user.pk)
            EmailAddress.objects.filter(user=self.user, verified=False).delete()
            waiting = EmailAddress(user=self.user, email=self.cleaned_data["email"])
            waiting.save()
        waiting.send_confirmation(request)
        return waiting


def waiting_of(user: User) -> EmailAddress | None:
    """The address that is to be the one of `user`, once its link is followed."""
    waiting = EmailAddress.objects.filter(user=user, verified=False).exclude(email=user.email.lower())
    return waiting.order_by("pk").last()


class UsernameField(forms.CharField):
    """A name to sign in with, which nobody has yet and which no pseudonym can come to be."""

    default_error_messages = {"taken": _("Somebody has this name already.")}

    def __init__(self, **kwargs: Any) -> None:
        signs = RegexValidator(r"\A[\w.@+-]+\Z", _("Letters, digits and . @ + - _ only."))
        pseudonyms = RegexValidator(
            r"\Aperson-", _("Names that begin like this stand for people who were pseudonymised."), inverse_match=True,
            flags=re.IGNORECASE,
        )  # fmt: skip
        super().__init__(label=_("Name to sign in with"), max_length=150, validators=[signs, pseudonyms], **kwargs)

    def clean(self, value: Any) -> str:
        name: str = super().clean(value)
        # Whoever asks for a name learns that it is taken, and nothing else of whom.
        with asking.asked_by_register():
            is_taken = User.objects.filter(username__iexact=name).exists()
        if is_taken:
            raise forms.ValidationError(self.error_messages["taken"])
        return name


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=_("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )
    ends_on = forms.DateField(
        label=_("Last day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})
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
