"""Who tries the demonstration: a user of each role, and a second regulator, since nobody approves their own writing.

Passwords, and the secrets of second factors, are made once, at random, and kept in a file.
"""

import json
import os
import secrets
import time
from datetime import date
from pathlib import Path
from typing import Any

from allauth.mfa import app_settings as factor_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken, Membership, Role, User
from centres.models import Operator

# No mail is ever sent there (RFC 2606); it tells the demonstration's users from everybody else's.
_DOMAIN = "demonstration.invalid"
# The first of a role is named like it.
_USERS: tuple[tuple[str, Role, str], ...] = (
    ("regulator", Role.REGULATOR, "en"),
    ("operator", Role.OPERATOR, "zh-hans"),
    ("analyst", Role.ANALYST, "en"),
    ("administrator", Role.ADMINISTRATOR, "en"),
    ("second-regulator", Role.REGULATOR, "zh-hans"),
)


def kept_in() -> Path:
    """The file of names and passwords, readable by its owner only."""
    return Path(settings.VAR_DIR) / "demo-users.json"


def demonstration_users() -> list[User]:
    """The users of the demonstration, as they were made; none where it is not loaded."""
    return list(User.objects.filter(email__endswith=f"@{_DOMAIN}").order_by("pk"))


def taken_names() -> list[str]:
    """Names of the users to come that somebody has already."""
    wanted = [name for name, _role, _language in _USERS]
    return sorted(User.objects.filter(username__in=wanted).values_list("username", flat=True))


@transaction.atomic
def create_users(acts_for: Operator) -> list[User]:
    """Make them all, in the order of `_USERS`; the operator's acts for `acts_for`. Passwords come with
    `renew_passwords`."""
    users = []
    for name, role, language in _USERS:
        user = User.objects.create(
            username=name,
            email=f"{name}@{_DOMAIN}",
            role=role,
            language=language,
            all_regions=role == Role.REGULATOR,
        )
        if role == Role.OPERATOR:
            Membership.objects.create(user=user, operator_id=acts_for.pk, from_on=date(2023, 1, 1), is_lead=True)
        users.append(user)
    renew_passwords(users)
    return users


@transaction.atomic
def renew_passwords(users: list[User]) -> None:
    """Give `users` new passwords, tokens and, where their role needs one, second factors; write them to the file."""
    entries = []
    for user in users:
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        ApiToken.objects.filter(user=user).delete()
        now = timezone.now()
        secret = tokens.make(
            user=user, name="demonstration", scopes=tokens.scopes_of(user), ends_at=now + tokens.LONGEST, now=now
        )
        entry = _entry(user, password, secret)
        Authenticator.objects.filter(user=user).delete()
        if user.needs_second_factor:
            entry["second_factor"] = generate_totp_secret()
            TOTP.activate(user, entry["second_factor"])
        entries.append(entry)
    _write(json.dumps(entries, ensure_ascii=False, indent=1) + "\n")


def read_users() -> list[dict[str, Any]] | None:
    """What the file tells; None where there is no file."""
    try:
        entries: list[dict[str, Any]] = json.loads(kept_in().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return entries


def first_of_each_role(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what the file tells, one user a role."""
    first: dict[str, dict[str, Any]] = {}
    for entry in entries:
        first.setdefault(entry["role"], entry)
    return list(first.values())


def code_of(entry: dict[str, Any]) -> str:
    """What an authenticator app of this user would show now; nothing where their role needs none."""
    secret: str | None = entry.get("second_factor")
    if secret is None:
        return ""
    return format_hotp_value(hotp_value(secret, int(time.time()) // factor_settings.TOTP_PERIOD))


def _entry(user: User, password: str, token: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": user.username,
        "role": user.role,
        "password": password,
        "token": token,
        "language": user.language,
    }
    operator = Operator.objects.filter(pk__in=user.operator_ids).first()
    if operator is not None:
        entry["operator"] = operator.name_en
        entry["centres"] = list(operator.centres.order_by("code").values_list("code", flat=True))
    return entry


def _write(text: str) -> None:
    path = kept_in()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    # Nobody else may read it at any moment.
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
