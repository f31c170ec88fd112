"""A wrong setting of mails stops the start with a sentence that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MAIL = {"EMAIL_HOST": "smtp.example.org", "SITE_URL": "https://a.example", "DEFAULT_FROM_EMAIL": "a@example.org"}


def settings_with(expression: str, environment: dict[str, str]) -> str:
    """What `expression` is with these settings, or the last line of why there are none."""
    program = f"from config import settings; print({expression})"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True
    )
    return (run.stdout or run.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"REMINDER_DAYS": "-7,soon"}, "REMINDER_DAYS is '-7,soon'; it must be whole numbers of days"),
        ({"REMINDER_DAYS": "1.5"}, "REMINDER_DAYS is '1.5'; it must be whole numbers of days"),
        ({"EMAIL_USE_TLS": "true", "EMAIL_USE_SSL": "true"}, "EMAIL_USE_TLS and EMAIL_USE_SSL are both true"),
        ({"EMAIL_PORT": "smtp"}, "EMAIL_PORT is 'smtp'; it must be a whole number."),
        (MAIL | {"DEFAULT_FROM_EMAIL": ""}, "DEFAULT_FROM_EMAIL is not set"),
        (MAIL | {"SITE_URL": "a.example"}, "SITE_URL must begin with http:// or https://"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], told: str) -> None:
    assert told in settings_with("settings.DEBUG", environment)


def test_what_is_not_set_has_a_default() -> None:
    assert settings_with("settings.REMINDER_DAYS", {}) == "[-7, -1, 1, 7]"
    assert settings_with("settings.REMINDER_DAYS", {"REMINDER_DAYS": ""}) == "[]"
    assert settings_with("settings.REMINDER_DAYS", {"REMINDER_DAYS": " 3, -3"}) == "[-3, 3]"
    assert settings_with("settings.EMAIL_FILE_PATH", {"VAR_DIR": "/there"}) == "/there/mail"
    assert settings_with("settings.EMAIL_PORT", MAIL | {"EMAIL_USE_TLS": "true"}) == "587"
    assert settings_with("settings.EMAIL_PORT", MAIL | {"EMAIL_USE_SSL": "true"}) == "465"
    assert settings_with("hasattr(settings, 'EMAIL_BACKEND')", MAIL) == "False"


def test_the_password_can_be_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    assert settings_with("settings.EMAIL_HOST_PASSWORD", {"EMAIL_HOST_PASSWORD_FILE": str(secret)}) == "open sesame"
