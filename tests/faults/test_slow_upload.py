"""A file that is slow to read holds up nobody else."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from chips.submissions import hold
from compliance.determine import determine
from compliance.models import Determination
from tests import cast


@pytest.mark.django_db(transaction=True)
def test_the_country_is_determined_while_one_centres_file_is_being_read() -> None:
    where = cast.centre()
    held, done = Event(), Event()

    def read_slowly() -> None:
        try:
            with transaction.atomic():
                hold(where)
                held.set()
                assert done.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_slowly)
        assert held.wait(30)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            determine(period=cast.period(), cause="test")
        finally:
            done.set()
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
        reading.result(30)
    assert Determination.objects.filter(centre=where).count() == 3
