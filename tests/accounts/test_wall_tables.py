"""The wall is built on every migration: what was taken away of it stands again, and its owner is behind it too."""

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts import asking
from accounts.asking import Asking
from accounts.wall.tables import STATE, attach
from tests import cast

pytestmark = pytest.mark.django_db
_POLICIES = "SELECT polname FROM pg_policy WHERE polrelid IN ('chips_upload'::regclass, 'chips_reminder'::regclass)"


def test_what_was_taken_away_stands_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP POLICY wall_seen ON chips_upload; ALTER POLICY wall_seen ON chips_reminder RENAME TO wall_x"
        )
        attach()
        cursor.execute(_POLICIES)
        assert cursor.fetchall() == [("wall_seen",), ("wall_seen",)]


@pytest.mark.parametrize(
    "opened",
    [
        "ALTER POLICY wall_seen ON chips_upload USING (true)",
        "ALTER TABLE chips_upload DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE chips_upload NO FORCE ROW LEVEL SECURITY",
        "GRANT UPDATE, TRUNCATE ON chips_upload TO originmark_app",
        "GRANT EXECUTE ON FUNCTION trail_rows() TO PUBLIC",
    ],
)
def test_what_was_opened_is_shut_again(opened: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        before = cursor.fetchone()
        cursor.execute(opened)
        cursor.execute(STATE)
        assert cursor.fetchone() != before
        attach()
        cursor.execute(STATE)
        assert cursor.fetchone() == before


def test_where_all_of_it_stands_nothing_is_done(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(4):
        attach()


def test_even_the_owner_of_a_table_is_shown_nothing_unless_somebody_asks() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE ROLE keeper; GRANT ALL ON SCHEMA public TO keeper")
        cursor.execute("ALTER TABLE centres_centre OWNER TO keeper")
        cast.centre()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ROLE keeper")
        cursor.execute("SELECT count(*) FROM centres_centre")
        assert cursor.fetchone() == (0,)
        with asking.asked_by(Asking("command", is_register=True)):
            cursor.execute("SELECT count(*) > 0 FROM centres_centre")
            assert cursor.fetchone() == (True,)
