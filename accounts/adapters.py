"""What allauth asks of this register: nobody registers, mails lead to its address, secrets are kept sealed."""

import base64
import hashlib
from collections.abc import Callable
from contextvars import copy_context
from pathlib import PurePosixPath
from threading import Thread
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import account_mails, again, asking, second_factor
from accounts.access import SignedInRequest
from accounts.models import User
from accounts.views import speak


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators and by invitation, never by who comes along."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _(
            "The name and the password do not go together, or the account is closed. "
            "The password tells capital letters from small ones."
        ),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your password."),
        "too_many_login_attempts": _("That was wrong too often. Try again in five minutes."),
        "rate_limited": _("That was wrong too often. Try again in five minutes."),
        "duplicate_email": _("This is your mail address already."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        return not again.was_shown_lately(self.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor shows that; a password alone is what a thief may have."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [method for method in methods if method["id"].startswith("mfa_")]
        return factors or methods

    def set_password(self, user: Any, password: str) -> None:
        # Nothing else of a row that was read before: whoever closed the account meanwhile, or took rights from it,
        # would see that undone.
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_reset_password_from_key_url(self, key: str) -> str:
        # Not of the request's host: who asks could write another into it.
        uid, _dash, secret = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": secret})
        return f"{settings.SITE_URL}{path}"

    def login(self, request: HttpRequest, user: Any) -> None:
        # All that was due was shown: what signing in writes down is written in their own name.
        asking.recognise(user.pk, user.role)
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """Who signs in meets the language that they chose last."""
        response: HttpResponse = super().post_login(request, user, **more)
        speak(response, user.language)
        return response

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        # As above.
        path = reverse("account_confirm_email", kwargs={"key": emailconfirmation.key})
        return f"{settings.SITE_URL}{path}"

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        address = emailconfirmation.email_address
        link = self.get_email_confirmation_url(request, emailconfirmation)
        account_mails.send_confirmation(address.user, address.email, link)

    def confirm_email(self, request: SignedInRequest, email_address: EmailAddress) -> bool:
        """Let the account have the address whose link was followed, and tell the one that it had.

        The register writes it down: PostgreSQL lets nobody change that of their own account, so that what is slipped
        into a page of theirs cannot, and whether another account has the address only the register sees.
        """
        try:
            with asking.asked_by_register(), transaction.atomic():
                # In the order of `MailForm.save`. What was closed or superseded since it was looked up is not there.
                own = User.objects.visible_to(request.user).select_for_update(no_key=True)
                user = get_object_or_404(own, pk=email_address.user_id, is_active=True)
                waiting = EmailAddress.objects.filter(user=user, verified=False).select_for_update()
                address = get_object_or_404(waiting, pk=email_address.pk)
                address.user, before = user, user.email
                # Of those that were given by whoever made the account allauth knows nothing.
                others = User.objects.filter(email__iexact=address.email).exclude(pk=user.pk)
                confirmed: bool = not others.exists() and super().confirm_email(request, address)
        except IntegrityError as error:
            # Another account proved it in the same moment.
            if _constraint_of(error) != "unique_verified_email":
                raise
            confirmed = False
        if confirmed:
            account_mails.tell_of_change(user, "email_confirmed", to=before)
        else:
            messages.error(request, gettext("Another account has this mail address."))
        return confirmed

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("account_email")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **more: Any
    ) -> None:
        """Say on the next page what was changed, in the words of the mail; and nothing of what is plain to see."""
        told = PurePosixPath(message_template or "").stem
        if text := account_mails.CHANGES.get(told):
            messages.success(request, gettext(text))
        elif more.get("message"):
            messages.add_message(request, level, more["message"])

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        # The answer would tell by its time whether somebody has the address.
        beside(account_mails.send_reset, user, context["password_reset_url"])

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **more: Any) -> None:
        change = template_prefix.rpartition("/")[2]
        # Of another mail address `confirm_email` tells: allauth may not know the one of before.
        if change != "email_changed":
            account_mails.tell_of_change(user, change)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are kept encrypted under the register's key."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right, or was used before. The next one comes within half a minute."),
        "cannot_delete_authenticator": _("Your role needs a second factor: set another one up first."),
    }

    def encrypt(self, text: str) -> str:
        return _sealing().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _sealing().decrypt(encrypted_text.encode()).decode()

    @asking.asked_by_register()
    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        # Asked of who has given a password, too, and is nobody until the second factor.
        enabled: bool = super().is_mfa_enabled(user, types)
        return enabled

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        user: User = authenticator.user
        if not user.needs_second_factor or authenticator.type not in second_factor.FACTORS:
            return True
        others = Authenticator.objects.filter(user=user, type__in=second_factor.FACTORS).exclude(pk=authenticator.pk)
        return others.exists()


def beside(call: Callable[..., None], *args: Any) -> None:
    """Have `call`, which asks nothing of the database, done while the answer goes out. A process that is ended in
    good order waits for it."""
    Thread(target=copy_context().run, args=(call, *args)).start()


def _constraint_of(error: IntegrityError) -> str | None:
    """By its name the constraint that PostgreSQL would not have broken."""
    diagnosed = getattr(error.__cause__, "diag", None)
    return getattr(diagnosed, "constraint_name", None)


def _sealing() -> MultiFernet:
    """Seals with the key of today, and opens what was sealed with those before it."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(b"second factors: " + force_bytes(key)).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
