"""What the database itself holds of provisions, whoever writes to it past the product."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg2.sql import SQL, Composable

from accounts.models import User
from compliance import provisions
from compliance.models import Provision
from tests import cast
from tests.compliance.written import approved, draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def author() -> User:
    return cast.regulator("author")


@pytest.fixture
def other() -> User:
    return cast.regulator("other")


def refused(sql: str | Composable, *values: str | int) -> str:
    """Why the database refuses a statement."""
    with pytest.raises(IntegrityError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
    return str(raised.value)


def update(provision: Provision, assignments: str, *values: str | int) -> str:
    statement = SQL("UPDATE compliance_provision SET {} WHERE id = %s").format(SQL(assignments))
    return refused(statement, *values, provision.pk)


def test_nobody_approves_what_they_wrote(author: User, other: User) -> None:
    proposed = provisions.propose(provision=draft(author), by=author)
    assert "provision_approved_by_another" in update(proposed, "approved_by_id = %s, approved_at = now()", author.pk)
    # Nor as somebody else's: who wrote it stays.
    said = update(proposed, "written_by_id = %s, approved_by_id = %s, approved_at = now()", other.pk, author.pk)
    assert "Who wrote a provision" in said
    assert "Who wrote a provision" in update(proposed, "written_by_id = NULL")


def test_nothing_is_issued_without_an_approval_nor_approved_before_it_is_proposed(author: User, other: User) -> None:
    written = draft(author)
    assert "provision_issued_approved" in update(written, "issued_at = now()")
    assert "provision_approved_whole" in update(written, "approved_by_id = %s, approved_at = now()", other.pk)


@pytest.mark.parametrize(
    "assignment",
    [
        "rule = jsonb_set(rule, '{metric}', '\"compute\"')",
        "from_on = '2026-01-01'",
        "legal_text = 'another'",
        "link = ''",
        "case_by_case = rule->'scope'",
    ],
)
@pytest.mark.parametrize("stage", ["approved", "issued"])
def test_what_is_approved_or_issued_stays_as_it_is(author: User, other: User, stage: str, assignment: str) -> None:
    standing = approved(author, other)
    if stage == "issued":
        provisions.issue(provision=standing, by=other)
    assert ("cannot be changed" if stage == "approved" else "stays as it is") in update(standing, assignment)


@pytest.mark.parametrize(
    "assignment", ["issued_at = NULL", "discarded_at = now()", "approved_by_id = NULL, approved_at = NULL"]
)
def test_what_is_issued_is_not_taken_back(author: User, other: User, assignment: str) -> None:
    standing = approved(author, other)
    provisions.issue(provision=standing, by=author)
    assert "stays as it is" in update(standing, assignment)


@pytest.mark.parametrize("make", [lambda author, other: draft(author), approved], ids=["draft", "approved"])
def test_none_is_deleted(author: User, other: User, make: Callable[[User, User], Provision]) -> None:
    standing = make(author, other)
    assert "is discarded, not removed" in refused("DELETE FROM compliance_provision WHERE id = %s", standing.pk)
    provisions_that_ship = Provision.objects.filter(written_by=None)[0]
    assert "not removed" in refused("DELETE FROM compliance_provision WHERE id = %s", provisions_that_ship.pk)


@pytest.mark.parametrize(
    "steps",
    [
        '[{"from": "2025-10-01", "threshold": "0.5"}, {"from": "2025-10-01", "threshold": "0.6"}]',
        # The same day in other spellings is the same day.
        '[{"from": "2025-10-01", "threshold": "0.5"}, {"from": "2025-10-1", "threshold": "0.6"}]',
        '[{"from": "2025-10-01", "threshold": "0.5"}, {"from": " 2025-10-01", "threshold": "0.6"}]',
        '[{"from": null, "threshold": "0.5"}]',
        '[{"threshold": "0.5"}]',
        "null",
    ],
)
def test_two_steps_never_begin_on_one_day(author: User, steps: str) -> None:
    assert "provision_steps_apart" in update(draft(author), "rule = jsonb_set(rule, '{steps}', %s::jsonb)", steps)


def test_two_provisions_of_a_mandate_are_never_issued_from_one_day(author: User, other: User) -> None:
    first, second = approved(author, other), approved(author, other)
    provisions.issue(provision=first, by=other)
    assert "provision_one_a_day" in update(second, "issued_at = now(), issued_by_id = %s", other.pk)
    with pytest.raises(provisions.SameDay):
        provisions.issue(provision=second, by=other)
