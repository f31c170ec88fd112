"""What PostgreSQL still reads is worked on already; whoever leaves before the end leaves nothing behind."""

import threading
from collections.abc import Iterator
from datetime import date
from itertools import islice

import psycopg2
import pytest
from django.db import DataError, connection, transaction
from django.utils import timezone

from centres.models import Centre, CentreRecord
from chips.models import Submission
from compliance import ahead, inventories
from compliance import determine as determining
from compliance.determine import determine
from compliance.facts import Facts
from compliance.judging import Judged, judged
from compliance.models import Determination, DeterminationRun
from tests import cast
from tests.compliance.filed import inventory

pytestmark = pytest.mark.django_db

_NUMBERS = "SELECT n, 12 / (n - %s) FROM generate_series(1, 5000) n"


@pytest.fixture(autouse=True)
def _none_are_few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(inventories, "_MANY", 1)
    monkeypatch.setattr(ahead, "_FIRST", 1)
    yield
    assert not {"ahead", "behind"} & {thread.name for thread in threading.enumerate()}


def test_every_row_comes_in_its_order() -> None:
    with ahead.read_ahead(_NUMBERS, [0]) as coming:
        assert [number for number, _ in coming.rows] == list(range(1, 5001))


def test_what_goes_wrong_in_the_middle_is_raised_where_rows_are_taken() -> None:
    with pytest.raises(DataError), transaction.atomic(), ahead.read_ahead(_NUMBERS, [3000]) as coming:
        list(coming.rows)


def test_who_leaves_before_the_end_can_ask_for_something_else() -> None:
    with transaction.atomic(), ahead.read_ahead(_NUMBERS, [0]) as coming:
        assert next(coming.rows) == (1, 12)
    with pytest.raises(ZeroDivisionError), transaction.atomic(), ahead.read_ahead(_NUMBERS, [0]) as coming:
        raise ZeroDivisionError
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def _filed() -> list[Centre]:
    """Centres of which some filed in another order than they were made, a nil return, or nothing."""
    made = [cast.centre(f"SH-0{number}") for number in range(1, 10)]
    for place, where in enumerate(reversed(made[1:])):
        inventory(where, *({"chip": "Ascend 910B", "quantity": line + place} for line in range(1, place + 1)))
    return made


def _told(where: list[Centre]) -> set[tuple[object, ...]]:
    found = Determination.objects.filter(centre__in=where)
    return {
        (*row[:4], tuple(row[4]), str(row[5]))
        for row in found.values_list(
            "centre_id", "provision_id", "digest", "submission_id", "chip_revisions", "answer"
        )
    }  # fmt: skip


def test_a_country_is_determined_as_its_centres_are_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _filed()
    nil, *_ = Submission.objects.filter(centre__in=made, nil=True)
    with transaction.atomic():
        determine(period=cast.period(), cause="test", centres=made)
        together = _told(made)
        transaction.set_rollback(True)
    monkeypatch.setattr(inventories, "_MANY", 1_000)
    for where in made:
        determine(period=cast.period(), cause="test", centres=[where])
    assert together == _told(made)
    assert {submission for _, _, _, submission, revisions, _ in together if not revisions} == {None, nil.pk}
    assert not DeterminationRun.objects.exists()


def test_what_is_judged_sooner_than_it_is_read_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _filed()
    # Nobody asks for the inventories of those that have closed: the others are judged while these are still read.
    for where in made[1:6]:
        CentreRecord.objects.create(
            centre=where, from_on=date(2025, 1, 1), recorded_at=timezone.now(), kind="intelligent",
            ownership="local_soe", status="closed", region_code="3101", reason="closed",
        )  # fmt: skip
    monkeypatch.setattr(ahead, "_GROWTH", 1)
    slow = "SELECT one.* FROM ({}) one, LATERAL (SELECT pg_sleep(0.1), one.submission_id AS of) waited"
    monkeypatch.setattr(inventories, "_LINES", slow.format(inventories._LINES))
    assert determine(period=cast.period(), cause="test", centres=made).made == 12


def test_what_goes_wrong_in_reading_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _filed()
    wrong = "SELECT submission_id, lines || repeat('', (1 / (submission_id - {}))::int) FROM ({}) one"
    key = made[4].submissions.get().pk
    monkeypatch.setattr(inventories, "_LINES", wrong.format(key, inventories._LINES))
    with pytest.raises(DataError, match="division by zero"):
        determine(period=cast.period(), cause="test", centres=made)


def test_what_goes_wrong_in_storing_is_what_is_said() -> None:
    made = _filed()
    with pytest.raises(psycopg2.DataError, match="too long"), transaction.atomic():
        determine(period=cast.period(), cause="x" * 300, centres=made)
    assert not Determination.objects.filter(centre__in=made).exists()


def test_what_goes_wrong_in_judging_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _filed()

    def cut_short(facts: Facts) -> Iterator[Judged]:
        yield from islice(judged(facts), 3)
        raise ZeroDivisionError

    monkeypatch.setattr(determining, "judged", cut_short)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        determine(period=cast.period(), cause="test", centres=made)
    assert not Determination.objects.filter(centre__in=made).exists()
