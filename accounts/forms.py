"""Forms of signing in that refuse who is locked out."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm

from accounts import lock_out


class _RefusesLocked:
    """A code is not even looked at while the account is locked for this address."""

    user: Any

    def clean_code(self) -> str:
        if lock_out.is_locked(context.request, self.user):
            raise get_adapter().validation_error("incorrect_code")
        code: str = super().clean_code()  # type: ignore[misc]
        return code


class FactorForm(_RefusesLocked, AuthenticateForm):
    pass


class FactorAgainForm(_RefusesLocked, ReauthenticateForm):
    pass
