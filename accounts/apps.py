from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        pre_migrate.connect(_wait_for_no_lock_too_long, sender=self)
        # Models are there only now.
        from allauth.mfa.signals import authentication_failed, authenticator_added

        from accounts.lock_out import note_wrong_code
        from accounts.second_factor import note_as_shown

        authenticator_added.connect(note_as_shown)
        authentication_failed.connect(note_wrong_code)


def _wait_for_no_lock_too_long(using: str, **signal: Any) -> None:
    """A migration that waits for a lock makes everybody wait behind it: it gives up instead, and is run again."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
