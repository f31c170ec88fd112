import sys
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate

from accounts import asking
from accounts.wall.tables import APP


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.trail import sign_ins, tables, tasks_asking
        from accounts.wall import tables as walled

        _ask_as_command()
        connection_created.connect(_require_belief, dispatch_uid="wall")
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


def _require_belief(connection: Any, **signal: Any) -> None:
    """Work that is nobody's would see nothing, and say so of everything, where PostgreSQL does not believe it."""
    who = asking.who()
    if connection.settings_dict["USER"] != APP or who is None or not who.is_register:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('wall.is_register') IS NOT NULL")
        if not cursor.fetchone()[0]:
            # There are no tables yet.
            return
        cursor.execute("SELECT wall.is_register()")
        if not cursor.fetchone()[0]:
            raise ImproperlyConfigured(
                "PostgreSQL does not believe who is asking. Where SECRET_KEY is another than before, run manage.py "
                "migrate; else its clock and this one are more than a minute apart."
            )


def _wait_for_no_lock_too_long(using: str, **signal: Any) -> None:
    """A migration that waits for a lock makes everybody wait behind it: it gives up instead, and is run again."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
