import sys
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate

from accounts import asking


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.trail import sign_ins, tables, tasks_asking
        from accounts.wall import tables as walled

        _ask_as_command()
        pre_migrate.connect(_wait_for_no_lock_too_long, sender=self)
        # Models are there only now.
        from allauth.mfa.signals import authentication_failed, authenticator_added

        from accounts.lock_out import note_wrong_code
        from accounts.second_factor import note_as_shown

        authenticator_added.connect(note_as_shown)
        authentication_failed.connect(note_wrong_code)
        # When it is sent, every room's tables are made.
        post_migrate.connect(tables.attach, sender=self)
        post_migrate.connect(walled.attach, sender=self)
        pre_migrate.connect(walled.keep_key, sender=self)
        post_migrate.connect(walled.keep_key, sender=self)
        sign_ins.connect()
        tasks_asking.connect()


def _ask_as_command() -> None:
    """A command that was not begun by `manage.py`, but by Django's own ways, asks in the register's name like it."""
    begun_by = Path(sys.argv[0])
    if asking.who() is None and (begun_by.name == "django-admin" or begun_by.parts[-2:] == ("django", "__main__.py")):
        asking.begin(asking.Asking("command", place=" ".join(sys.argv[1:2]), is_register=True))


def _wait_for_no_lock_too_long(using: str, **signal: Any) -> None:
    """A migration that waits for a lock makes everybody wait behind it: it gives up instead, and is run again."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
