"""A database whose owner is no superuser, as `docs/deploy.md` has it made."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from accounts.wall.tables import CALLED, WALL
from tests import walls

OWNER, DATABASE = "plain_owner", "plainly_owned"

pytestmark = pytest.mark.django_db


def of_owner() -> str:
    """The address by which the owner logs in to their database."""
    of_tests = walls.application_url().rpartition("/")[0]
    return f"{of_tests.replace(walls.APP, OWNER, 1)}/{DATABASE}"


@pytest.fixture
def owned() -> Iterator[str]:
    server = connection.settings_dict
    known = {"host": server["HOST"], "port": server["PORT"] or None, "user": server["USER"], "dbname": "postgres"}
    with closing(psycopg2.connect(**known, password=server["PASSWORD"])) as superuser:
        superuser.autocommit = True
        with superuser.cursor() as cursor:
            # What a run that was stopped left behind.
            cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            cursor.execute(f"DROP ROLE IF EXISTS {OWNER}")
            cursor.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{walls.PASSWORD}'")
            cursor.execute(f"GRANT {WALL} TO {OWNER} WITH INHERIT FALSE, SET TRUE")
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            yield of_owner()
            cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {OWNER}")


def migrate(url: str, *to: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", *to]
    own = os.environ | {"DATABASE_URL": url}
    run = subprocess.run(command, cwd=settings.BASE_DIR, env=own, capture_output=True, text=True, timeout=120)
    assert not run.returncode, run.stdout + run.stderr


def test_its_schema_is_made_and_functions_of_the_wall_are_replaced_and_put_back(owned: str) -> None:
    migrate(owned)
    migrate(owned, "compliance", "0020")
    migrate(owned)
    with closing(psycopg2.connect(owned)) as read, read.cursor() as cursor:
        cursor.execute(
            "SELECT proowner::regrole::text, prosecdef, has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc "
            "WHERE proname = 'check_determinations'"
        )
        assert cursor.fetchall() == [(WALL, True, False)]
        cursor.execute(
            "SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "AND has_function_privilege('public', oid, 'EXECUTE') "
            "EXCEPT SELECT unnest(%s::text[]::regprocedure[])::oid",
            [list(CALLED)],
        )
        assert not cursor.fetchall()
