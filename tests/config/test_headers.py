"""Every answer's headers: the policy, what a browser may do with it, and that no cache keeps what is somebody's own."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from tests import cast
from tests.config.crawl import NOT_LED_TO, pages_of, routes, whole_register

LOOKERS = ("regulator", "owner", "analyst", "administrator")


def policy_of(answer: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


def check_policy(answer: Any) -> None:
    policy = policy_of(answer)
    assert (
        policy["default-src"] == policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    )
    assert policy["script-src"] == policy["form-action"] == ["'self'"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]


@pytest.mark.django_db
def test_every_answer_to_somebody_has_the_policy_and_is_kept_by_no_cache(settings: Settings, tmp_path: Any) -> None:
    # The register's 404 and 500 are what people meet; DEBUG's own pages have no policy.
    settings.DEBUG, settings.FILES_DIR = False, tmp_path
    people = whole_register()
    come_to = set()
    for who in LOOKERS:
        for name, address, answer in pages_of(people[who]):
            check_policy(answer)
            assert answer.headers["Cache-Control"] == "private, no-store", address
            if answer.status_code == 200:
                come_to.add(name)
    # A new page is led to, or it is said why not.
    pages = {name for name in routes() if not name.startswith("api:")}
    assert pages - come_to <= NOT_LED_TO


@pytest.mark.django_db
def test_what_no_link_leads_to_has_the_policy_too() -> None:
    somebody = Client()
    somebody.force_login(cast.regulator())
    for name in sorted(NOT_LED_TO):
        with suppress(NoReverseMatch):
            address = reverse(name)
            check_policy(Client().get(address))
            check_policy(answer := somebody.get(address))
            if name not in ("healthz", "readyz"):
                assert answer.headers["Cache-Control"] == "private, no-store", name


@pytest.mark.django_db
def test_refusals_have_the_policy_too() -> None:
    client = Client()
    for address in ("/accounts/sign-in/", "/no/such/page/", "/healthz", "/api/v1/me/", "/review/"):
        check_policy(client.get(address))
    forged = Client(enforce_csrf_checks=True).post("/accounts/sign-in/", {"username": "a"})
    assert forged.status_code == 403
    assert "came from a page that is too old" in forged.content.decode()
    check_policy(forged)
    client.force_login(cast.analyst())
    too_large = client.post("/accounts/language/", {"next": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    assert too_large.status_code == 413
    check_policy(too_large)


OWN = {
    "DEBUG": "false", "SECURE": "true", "SECRET_KEY": "for this test only" * 4, "ALLOWED_HOSTS": "testserver",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}  # fmt: skip
PRODUCTION = """
import json, django
django.setup()
from django.test import Client
from django.urls import NoReverseMatch, reverse
safe, plain = Client(), Client()
page = safe.get("/accounts/sign-in/", secure=True)
chosen = safe.post("/accounts/language/", {"language": "en"}, secure=True)
bare = plain.get("/api/v1/me/")
print(json.dumps({
    "headers": dict(page.headers),
    "cookies": {name: [kept["secure"], kept["path"], kept["domain"], kept["samesite"]] for name, kept in
                safe.cookies.items()},
    "session": django.conf.settings.SESSION_COOKIE_NAME,
    "session is for servers alone": django.conf.settings.SESSION_COOKIE_HTTPONLY,
    "led on": plain.get("/accounts/sign-in/").status_code,
    "bare": [bare.status_code, bare.json()["code"]],
}))
"""


@pytest.mark.django_db(transaction=True)
def test_production_speaks_https_alone_and_keeps_cookies_to_its_own_host() -> None:
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "-v0"], cwd=settings.BASE_DIR,
        env=os.environ | OWN, check=True,
    )  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", PRODUCTION], cwd=settings.BASE_DIR, env=os.environ | OWN, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["headers"]["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert told["cookies"] == {
        "__Host-csrf": [True, "/", "", "Lax"],
        "__Host-language": [True, "/", "", "Lax"],
    }
    assert (told["session"], told["session is for servers alone"]) == ("__Host-session", True)
    assert told["led on"] == 301
    assert told["bare"] == [403, "https_required"]


DEFECT = """
import django
django.setup()
from django.core.handlers.base import BaseHandler
from django.test import Client
def defect(*args):
    raise RuntimeError("what went wrong")
BaseHandler.resolve_request = defect
print(Client(raise_request_exception=False).get("/healthz", secure=True).status_code)
"""


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_in_production_is_written_down_by_who_runs_it() -> None:
    run = subprocess.run(
        [sys.executable, "-c", DEFECT], cwd=settings.BASE_DIR, env=os.environ | OWN, capture_output=True, text=True
    )
    assert run.stdout == "500\n"
    assert "RuntimeError: what went wrong" in run.stderr
    assert "Traceback" in run.stderr
