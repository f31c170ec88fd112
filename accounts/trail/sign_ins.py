"""Signing in and out, and failing to: heard where Django tells of it, whichever page or library it was."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from accounts import asking
from accounts.trail.models import EventKind
from accounts.trail.notes import note

_USERS = "accounts_user"


def connect() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="trail")
    user_logged_out.connect(_signed_out, dispatch_uid="trail")
    user_login_failed.connect(_failed, dispatch_uid="trail")


def _signed_in(user: Any, **signal: Any) -> None:
    asking.recognise(user.pk, user.role)
    note(EventKind.SIGN_IN, subject=_USERS, key=str(user.pk))


def _signed_out(user: Any, **signal: Any) -> None:
    if user is not None:
        note(EventKind.SIGN_OUT, subject=_USERS, key=str(user.pk))
        asking.recognise(None)


def _failed(credentials: dict[str, Any], **signal: Any) -> None:
    """What was typed is not kept: people type passwords into the wrong field."""
    from accounts.models import User

    named = str(credentials.get("username") or credentials.get("login") or "").replace("\x00", "")
    with asking.asked_by_register():
        # Who fails to sign in is nobody, and shown no account.
        known = User.objects.filter(username=named).values_list("pk", flat=True).first()
    note(EventKind.SIGN_IN_FAILED, subject=_USERS, key="" if known is None else str(known))
