"""API tokens: made with a name, scopes and an end, shown once, found by their hash, revoked at once."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F

from accounts import asking
from accounts.models import ApiToken, Role, Scope, User

LONGEST = timedelta(days=366)
# What comes oftener is not written down each time.
_NOTED_EVERY = timedelta(minutes=1)
_SCOPES = {
    Role.OPERATOR: [Scope.READ, Scope.FILE],
    Role.REGULATOR: [Scope.READ, Scope.DECIDE, Scope.BUILD],
    Role.ANALYST: [Scope.READ, Scope.BUILD],
    Role.ADMINISTRATOR: [Scope.READ],
}


def scopes_of(user: User) -> list[Scope]:
    """What a token of `user` can be for."""
    return _SCOPES[Role(user.role)]


def make(*, user: User, name: str, scopes: Iterable[Scope], ends_at: datetime, now: datetime) -> str:
    """A new token of `user`: its secret, which is told this once and kept nowhere."""
    secret = f"om_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        user=user, name=name, key_sha256=_hash(secret), scopes=list(scopes), created_at=now, ends_at=ends_at
    )
    token.full_clean(exclude=("last_used_at", "revoked_at"))
    token.save()
    return secret


@asking.asked_by_register()
def find(secret: str, now: datetime) -> ApiToken | None:
    """The token of this secret, where it is good at `now`; that it was used is noted."""
    valid = ApiToken.objects.filter(ends_at__gt=now, revoked_at__isnull=True, user__is_active=True)
    token = valid.select_related("user").filter(key_sha256=_hash(secret)).first()
    if token is not None and (token.last_used_at is None or token.last_used_at < now - _NOTED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke(token: ApiToken, now: datetime) -> None:
    """Let `token` open nothing any more."""
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)


def listed(user: User) -> list[ApiToken]:
    """The tokens of `user`, those that are good first."""
    return list(ApiToken.objects.visible_to(user).order_by(F("revoked_at").asc(nulls_first=True), "-created_at"))


def is_good(token: ApiToken, now: datetime) -> bool:
    return token.revoked_at is None and token.ends_at > now


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
