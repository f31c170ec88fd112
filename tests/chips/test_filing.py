"""A submission's way: draft, submitted, accepted or returned; what was filed never changes."""

import json

import pytest
from django.db import IntegrityError, connection, transaction

from chips.models import Submission
from chips.submissions import Superseded, WrongStatus, accept, attest, return_for_correction, store_nil_draft, withdraw
from compliance.models import DeterminationRequest
from tests import cast

pytestmark = pytest.mark.django_db


def test_accepting_asks_for_the_determination_in_the_same_transaction() -> None:
    submission = cast.file(cast.centre(), cast.period(), status="submitted", ascend=1)
    with transaction.atomic():
        accept(submission, by=cast.regulator())
        transaction.set_rollback(True)
    assert not DeterminationRequest.objects.exists()
    submission.refresh_from_db()
    assert accept(submission, by=cast.regulator("second")).status == "accepted"
    assert DeterminationRequest.objects.get().centres == [submission.centre.pk]


def test_the_second_of_two_reviewers_is_told() -> None:
    submission = cast.file(cast.centre(), cast.period(), status="submitted", ascend=1)
    return_for_correction(submission, by=cast.regulator(), comment="Line 2 lacks a date.")
    with pytest.raises(WrongStatus) as told:
        accept(submission, by=cast.regulator("second"))
    assert told.value.submission.status == "returned"
    assert told.value.submission.decision_comment == "Line 2 lacks a date."


def test_a_nil_return_goes_the_same_way() -> None:
    filer = cast.user("filer", cast.Role.OPERATOR)
    draft = store_nil_draft(centre=cast.centre(), period=cast.period(), created_by=filer)
    assert attest(draft, by=filer, full_name="Wang").status == "submitted"
    assert withdraw(draft, by=filer).status == "withdrawn"
    with pytest.raises(WrongStatus):
        attest(draft, by=filer, full_name="Wang")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE chips_submission SET units = 5",
        "UPDATE chips_submission SET status = 'draft'",
        "DELETE FROM chips_submission",
        "UPDATE chips_inventoryline SET quantity = 5",
        "DELETE FROM chips_inventoryline",
        "UPDATE chips_submission SET decided_at = now() - interval '1 year'",
        "UPDATE chips_submission SET submitted_at = NULL",
        "UPDATE chips_submission SET warnings = '[1]'",
        "INSERT INTO chips_inventoryline (submission_id, row, chip_model_id, quantity, workload, status, acquired_on,"
        " acquisition, unit_price_cny, serial_numbers, note) SELECT submission_id, row + 1, chip_model_id, 1000,"
        " workload, status, NULL::date, acquisition, NULL::numeric, '{}'::varchar[], '' FROM chips_inventoryline",
    ],
)
def test_the_database_refuses_to_change_what_was_filed(change: str) -> None:
    cast.file(cast.centre(), cast.period(), ascend=1)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    submission = Submission.objects.get()
    assert (submission.units, submission.lines.count()) == (1, 1)


@pytest.mark.parametrize(
    ("day", "price", "refused"),
    [
        ("infinity", "1", "line_day_is_a_day"),
        ("-infinity", "1", "line_day_is_a_day"),
        ("0044-03-15 BC", "1", "line_day_is_a_day"),
        ("10000-01-01", "1", "line_day_is_a_day"),
        ("2025-01-01", "NaN", "line_price_is_a_number"),
        ("2025-01-01", "0", "line_price_above_zero"),
    ],
)
def test_the_database_refuses_what_no_rule_can_be_asked_of(day: str, price: str, refused: str) -> None:
    cast.file(cast.centre(), cast.period(), ascend=1)
    with pytest.raises(IntegrityError, match=refused), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chips_inventoryline SELECT (jsonb_populate_record(line, %s::jsonb)).*"
            " FROM chips_inventoryline line",
            [
                json.dumps(
                    {"submission_id": Submission.objects.get().pk + 1, "acquired_on": day, "unit_price_cny": price}
                )
            ],
        )


def test_an_older_version_is_not_accepted_over_a_later_one() -> None:
    where, regulator = cast.centre(), cast.regulator()
    older = cast.file(where, cast.period(), status="submitted", ascend=1)
    later = cast.file(where, cast.period(), status="submitted", ascend=2)
    for _ in ("later is submitted", "later is accepted"):
        with pytest.raises(Superseded) as told:
            accept(older, by=regulator)
        assert told.value.later == later
        if later.status == "submitted":
            later = accept(later, by=regulator)
    older.refresh_from_db()
    assert older.status == "submitted"
