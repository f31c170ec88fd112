"""What PostgreSQL says of a row that it refuses: which rule was broken, and nothing of the row."""

import io
from collections.abc import Callable

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from accounts.wall.filling import fill
from centres.models import Operator

pytestmark = pytest.mark.django_db


def stored() -> None:
    Operator.objects.create(name_en="Quartz", ownership="private")


def copied() -> None:
    columns = "name_en, name_zh, ownership, provenance"
    with connection.cursor() as cursor:
        row = io.StringIO("Quartz\t\tprivate\tfiled\n")
        fill(cursor, "centres_operator", f"COPY centres_operator ({columns}) FROM STDIN", row)


@pytest.mark.parametrize("write", [stored, copied])
def test_a_refused_row_is_not_repeated(write: Callable[[], None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE centres_operator ADD CONSTRAINT planted CHECK (false) NOT VALID")
    with pytest.raises((DatabaseError, psycopg2.Error)) as refused, transaction.atomic():
        write()
    for error in filter(None, (refused.value, refused.value.__cause__)):
        assert str(error) == 'new row for relation "centres_operator" violates check constraint "planted"'
