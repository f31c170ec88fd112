"""API tokens: named, for some purposes, with an end; shown once, kept as a hash, revoked at once."""

import hashlib
import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, Scope, User
from centres.models import Operator
from tests import cast
from tests.cast import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/accounts/tokens/"


def asked(secret: str) -> Client:
    return Client(headers={"Authorization": f"Token {secret}"})


def a_token(client: Client, *scopes: str, days: int = 30) -> Any:
    last = timezone.localdate() + timedelta(days=days)
    return client.post(PAGE, {"name": "nightly report", "scopes": scopes, "ends_on": last.isoformat()})


def secret_in(answer: Any) -> str:
    found = re.search(r'id="secret" value="(om_[\w-]{43})"', answer.content.decode())
    assert found
    return found[1]


def test_it_is_shown_once_and_only_its_hash_is_kept() -> None:
    client = signed_in(cast.analyst())
    secret = secret_in(a_token(client, "read"))
    kept = ApiToken.objects.get()
    assert kept.key_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    again = client.get(PAGE).content.decode()
    assert "nightly report" in again
    assert secret not in again
    assert asked(secret).get("/api/v1/me/").json()["username"] == "analyst"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_last_day_is_offered_as_a_browser_reads_it(language: str) -> None:
    client = signed_in(cast.analyst())
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    last = timezone.localdate() + timedelta(days=90)
    assert f'name="ends_on" value="{last.isoformat()}"' in client.get(PAGE).content.decode()


def test_its_use_is_told() -> None:
    user = cast.analyst()
    secret = cast.token(user)
    assert ApiToken.objects.get().last_used_at is None
    asked(secret).get("/api/v1/me/")
    used = ApiToken.objects.get().last_used_at
    assert used is not None
    assert timezone.now() - used < timedelta(minutes=1)


def test_it_does_what_it_is_for_and_nothing_else(owner: Operator) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    draft = cast.file(cast.centre(owner=owner), cast.period(), status="draft", by=filer, ascend=8)
    reader, sender = asked(cast.token(filer, Scope.READ)), asked(cast.token(filer, Scope.FILE))
    address = f"/api/v1/submissions/{draft.pk}/"
    assert reader.get(address).status_code == 200
    refused = reader.post(f"{address}withdraw/", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"], refused.json()["scope"]) == (403, "scope_missing", "file")
    assert sender.get(address).json()["scope"] == "read"
    assert sender.post(f"{address}withdraw/", {}, content_type="application/json").status_code == 200


def test_no_scope_allows_more_than_the_role(owner: Operator) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    sent = cast.file(cast.centre(owner=owner), cast.period(), status="submitted", by=filer, ascend=8)
    answer = asked(cast.token(filer, *Scope)).post(f"/api/v1/submissions/{sent.pk}/accept/")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert a_token(signed_in(filer), "decide").status_code == 422


@pytest.mark.parametrize("over", ["revoked", "ended", "closed"])
def test_what_is_over_is_answered_like_what_never_was(over: str) -> None:
    user = cast.analyst()
    secret = cast.token(user)
    assert asked(secret).get("/api/v1/me/").status_code == 200
    now = timezone.now()
    if over == "revoked":
        signed_in(user).post(f"{PAGE}{ApiToken.objects.get().pk}/revoke/")
    elif over == "ended":
        ApiToken.objects.update(created_at=now - timedelta(days=2), ends_at=now - timedelta(seconds=1))
    else:
        User.objects.update(is_active=False)
    answer, never = asked(secret).get("/api/v1/me/"), asked("om_never").get("/api/v1/me/")
    assert (answer.status_code, answer.content) == (never.status_code, never.content) == (401, never.content)


@pytest.mark.parametrize(("days", "status"), [(-1, 422), (0, 200), (365, 200), (366, 422)])
def test_it_ends_within_a_year(days: int, status: int) -> None:
    assert a_token(signed_in(cast.analyst()), "read", days=days).status_code == status


def test_another_s_is_not_there() -> None:
    cast.token(cast.analyst())
    other = signed_in(cast.regulator())
    assert other.post(f"{PAGE}{ApiToken.objects.get().pk}/revoke/").status_code == 404
    assert "of a test" not in other.get(PAGE).content.decode()
    assert ApiToken.objects.get().revoked_at is None


def test_a_session_decides_by_the_api_only_when_it_lately_showed_who_it_is(owner: Operator) -> None:
    filer = cast.user("filer", cast.Role.OPERATOR, acts_for=owner)
    sent = cast.file(cast.centre(owner=owner), cast.period(), status="submitted", by=filer, ascend=8)
    regulator = cast.regulator()
    client = signed_in(regulator)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 11 * 60
    session.save()
    address = f"/api/v1/submissions/{sent.pk}/accept/"
    refused = client.post(address, {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "reauthentication_due")
    # A token has shown its secret with the request.
    assert asked(cast.token(regulator)).post(address, {}, content_type="application/json").status_code == 200


def test_tokens_from_before_are_kept_as_hashes_with_an_end() -> None:
    user = cast.analyst()
    key = "0123456789abcdef" * 2 + "01234567"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created timestamptz NOT NULL, user_id bigint)"
        )
        cursor.execute("INSERT INTO authtoken_token VALUES (%s, now(), %s)", [key, user.pk])
    migration = import_module("accounts.migrations.0005_hash_old_tokens")
    with connection.schema_editor() as editor:
        migration.hash_old_tokens(apps, editor)
    assert asked(key).get("/api/v1/me/").json()["username"] == "analyst"
    assert ApiToken.objects.get().ends_at > timezone.now() + timedelta(days=89)
    assert "authtoken_token" not in connection.introspection.table_names()
